//! Quantities as people write them in a scenario: `250ms`, `64MiB`, `0.95`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error as _, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Nanos;

/// A span of time, written as `250ms`, `30s`, `5m` or `1h 30m`. Never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Span {
    pub const ZERO: Self = Self(Duration::ZERO);

    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    pub const fn from_nanos(nanos: u64) -> Self {
        Self(Duration::from_nanos(nanos))
    }

    pub const fn from_micros(micros: u64) -> Self {
        Self(Duration::from_micros(micros))
    }

    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    pub const fn from_secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }

    pub fn nanos(self) -> Nanos {
        self.0.into()
    }

    pub fn half(self) -> Self {
        Self(self.0 / 2)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with('-') {
            return Err("a span of time cannot be negative".into());
        }
        humantime::parse_duration(text)
            .map(Self)
            .map_err(|error| format!("{error}; write it as `250ms`, `30s` or `5m`"))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

/// A number of bytes, written as `512B`, `4KiB` or `64MiB`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.trim()
            .parse::<ByteSize>()
            .map(|size| Self(size.as_u64()))
            .map_err(|_| "not a size; write it as `512B`, `4KiB` or `64MiB`".into())
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (divisor, unit) = match self.0 {
            size if size > 0 && size % (1 << 30) == 0 => (1 << 30, "GiB"),
            size if size > 0 && size % (1 << 20) == 0 => (1 << 20, "MiB"),
            size if size > 0 && size % (1 << 10) == 0 => (1 << 10, "KiB"),
            _ => (1, "B"),
        };
        write!(f, "{}{unit}", self.0 / divisor)
    }
}

/// A share of a whole: a number from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Share(pub f64);

impl Share {
    pub fn is_zero(&self) -> bool {
        self.0 == 0.0
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let share = f64::deserialize(deserializer)?;
        if (0.0..=1.0).contains(&share) {
            Ok(Self(share))
        } else {
            Err(D::Error::invalid_value(Unexpected::Float(share), &"a share from 0 to 1"))
        }
    }
}

impl JsonSchema for Share {
    fn schema_name() -> Cow<'static, str> {
        "Share".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "maximum": 1 })
    }
}

/// Gives a type its reading and writing as text, and says so in the JSON Schema.
macro_rules! written_as_text {
    ($type:ident, $expected:literal, $pattern:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": $expected })
            }
        }
    };
}

written_as_text!(
    Span,
    "a span of time such as \"250ms\", \"30s\" or \"5m\"",
    r"^[0-9].*[a-z]$|^0$"
);
written_as_text!(Size, "a size such as \"512B\", \"4KiB\" or \"64MiB\"", r"^[0-9].*[bB]$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_back_as_they_are_written() {
        for text in ["250ms", "30s", "5m", "1h 30m"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        for text in ["512B", "4KiB", "64MiB", "1GiB"] {
            assert_eq!(text.parse::<Size>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_negative_span_is_named_as_such() {
        assert!("-5s".parse::<Span>().unwrap_err().contains("cannot be negative"));
    }
}
