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

/// What the label of a twin ends with.
const AGAIN: &str = "again";

impl Strategies {
    /// Has every contender run against itself: after each comes its twin, the same strategy with the
    /// same options under the label `ttl@again`, or `ttl@short again`.
    pub fn with_twins(&self) -> Self {
        let with_twin = |one: &Contender| {
            [one.clone(), Contender { label: label_of_twin(&one.label), spec: one.spec.clone() }]
        };
        Self(self.0.iter().flat_map(with_twin).collect())
    }

    /// The label of the contender that `one` is the twin of, by its label and its options.
    pub fn twin_of(&self, one: &Contender) -> Option<&str> {
        let is_twin =
            |other: &&Contender| label_of_twin(&other.label) == one.label && other.spec == one.spec;
        self.0.iter().find(is_twin).map(|other| other.label.as_str())
    }
}

fn label_of_twin(label: &str) -> String {
    let separator = if label.contains('@') { ' ' } else { '@' };
    format!("{label}{separator}{AGAIN}")
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(strategies: &Strategies) -> Vec<&str> {
        strategies.0.iter().map(|one| one.label.as_str()).collect()
    }

    #[test]
    fn a_twin_comes_after_each_and_is_known_by_label_and_options() {
        let once: Strategies =
            toml::from_str("[no-cache]\n[\"ttl@short\"]\nttl = \"1s\"\n").unwrap();
        assert!(once.0.iter().all(|one| once.twin_of(one).is_none()));
        let mut twice = once.with_twins();
        let expected = ["no-cache", "no-cache@again", "ttl@short", "ttl@short again"];
        assert_eq!(labels(&twice), expected);
        let twins: Vec<_> = twice.0.iter().map(|one| twice.twin_of(one)).collect();
        assert_eq!(twins, [None, Some("no-cache"), None, Some("ttl@short")]);
        let text = toml::to_string(&twice).unwrap();
        assert_eq!(toml::from_str::<Strategies>(&text).unwrap(), twice);
        twice.0[3].spec = once.0[0].spec.clone();
        assert_eq!(twice.twin_of(&twice.0[3]), None, "it is another strategy");
    }
}
