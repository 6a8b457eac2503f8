//! Which options a scenario can have at all, by its JSON Schema.

use std::sync::LazyLock;

use serde_json::Value;

use crate::scenario::Scenario;
use crate::strategy::Spec;

/// What goes into an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Whole,
    Other,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(|| schemars::schema_for!(Scenario).to_value());

/// What goes into the option under this path; `None` where no scenario has one.
pub fn kind_of(path: &[String]) -> Option<Kind> {
    let found = follow(&SCHEMA, path)?;
    let is_whole = types(found).any(|name| name == "integer");
    Some(if is_whole { Kind::Whole } else { Kind::Other })
}

/// The options of a strategy; none where there is no such strategy.
pub fn strategy_options(name: &str) -> Vec<String> {
    let mut generator = schemars::SchemaGenerator::default();
    let schemas = Spec::options_schemas(&mut generator);
    let Some((_, schema)) = schemas.into_iter().find(|(other, _)| *other == name) else {
        return Vec::new();
    };
    let definitions = generator.take_definitions(false);
    let reference = schema.as_value().get("$ref").and_then(Value::as_str).unwrap_or_default();
    let named = reference.rsplit('/').next().and_then(|name| definitions.get(name));
    let schema = named.unwrap_or(schema.as_value());
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}

/// The paths of all options that the scenario says or has by default, strategies left out.
pub fn paths(scenario: &Scenario) -> Vec<String> {
    let mut found = Vec::new();
    if let Ok(Value::Object(mut tables)) = serde_json::to_value(scenario) {
        tables.remove("strategies");
        tables.iter().for_each(|(key, value)| collect(key, value, &mut found));
    }
    found
}

fn collect(path: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(table) => {
            table.iter().for_each(|(key, value)| collect(&format!("{path}.{key}"), value, found));
        }
        _ => found.push(path.to_owned()),
    }
}

/// The schema below `schema` along `path`, whichever choice has it.
fn follow<'s>(schema: &'s Value, path: &[String]) -> Option<&'s Value> {
    let Some((key, rest)) = path.split_first() else {
        return Some(resolved(schema));
    };
    let schema = resolved(schema);
    let property = schema.get("properties").and_then(|all| all.get(key));
    // A strategy's label may say more than its name.
    let name = key.split('@').next().unwrap_or(key);
    let pattern = || schema.get("patternProperties")?.get(format!("^{name}(@.+)?$"));
    let element = || key.parse::<usize>().ok().and_then(|_| schema.get("items"));
    let own = property.or_else(pattern).or_else(element).and_then(|below| follow(below, rest));
    let choices = ["oneOf", "anyOf", "allOf"].into_iter();
    let choices = choices.filter_map(|word| schema.get(word)?.as_array()).flatten();
    own.or_else(|| choices.into_iter().find_map(|choice| follow(choice, path)))
}

fn resolved(schema: &Value) -> &Value {
    let name =
        schema.get("$ref").and_then(|reference| reference.as_str()?.strip_prefix("#/$defs/"));
    name.and_then(|name| SCHEMA.get("$defs")?.get(name)).unwrap_or(schema)
}

fn types(schema: &Value) -> impl Iterator<Item = &str> {
    let (one, several) = match schema.get("type") {
        Some(Value::String(name)) => (Some(name.as_str()), None),
        Some(Value::Array(names)) => (None, Some(names)),
        _ => (None, None),
    };
    one.into_iter().chain(several.into_iter().flatten().filter_map(Value::as_str))
}
