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

impl Serialize for Strategies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for contender in &self.0 {
            map.serialize_entry(&contender.label, &Untagged(&contender.spec))?;
        }
        map.end()
    }
}
