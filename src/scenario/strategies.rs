//! The strategies of a scenario: a table whose keys are names, so that each reads as
//! `[strategies.cache-aside]`, or `[strategies."ttl@short"]` for a second one of a kind.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{DeserializeSeed, Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::strategy::Spec;

/// The contenders, in the order in which they were written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Strategies(pub Vec<Contender>);

/// One strategy with its options, under the name it goes by in this scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Contender {
    /// `cache-aside`, or `cache-aside@label`.
    pub label: String,
    pub spec: Spec,
}

impl Contender {
    /// The options by their names in a scenario, with the defaults of those that it leaves out.
    pub fn options(&self) -> serde_json::Map<String, serde_json::Value> {
        options(&self.spec)
    }
}

/// The options of `spec` by their names in a scenario.
pub fn options(spec: &Spec) -> serde_json::Map<String, serde_json::Value> {
    match spec.write_options(serde_json::value::Serializer) {
        Ok(serde_json::Value::Object(options)) => options,
        _ => serde_json::Map::new(),
    }
}

impl Serialize for Strategies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for contender in &self.0 {
            map.serialize_entry(&contender.label, &Untagged(&contender.spec))?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Strategies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Table)
    }
}

impl JsonSchema for Strategies {
    fn schema_name() -> Cow<'static, str> {
        "Strategies".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let patterns: serde_json::Map<_, _> = Spec::options_schemas(generator)
            .into_iter()
            .map(|(name, schema)| (format!("^{name}(@.+)?$"), schema.into()))
            .collect();
        schemars::json_schema!({
            "type": "object",
            "minProperties": 1,
            "additionalProperties": false,
            "patternProperties": patterns,
        })
    }
}

/// A spec without its name, which the table's key already says.
struct Untagged<'a>(&'a Spec);

impl Serialize for Untagged<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write_options(serializer)
    }
}

struct Table;

impl<'de> Visitor<'de> for Table {
    type Value = Strategies;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of strategies")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strategies, A::Error> {
        let mut contenders = Vec::new();
        while let Some(label) = map.next_key::<String>()? {
            let spec = map.next_value_seed(Named(&label))?;
            contenders.push(Contender { label, spec });
        }
        Ok(Strategies(contenders))
    }
}

/// Reads the options of the strategy that a label names.
struct Named<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Named<'_> {
    type Value = Spec;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Spec, D::Error> {
        let name = self.0.split('@').next().unwrap_or(self.0);
        Spec::read_options(name, deserializer).unwrap_or_else(|| {
            let names: Vec<_> = Spec::ALL.iter().map(|about| format!("`{}`", about.name)).collect();
            Err(D::Error::custom(format!(
                "unknown strategy `{name}`, expected one of {}",
                names.join(", ")
            )))
        })
    }
}
