//! What a comparison of two runs of a scenario is decided by. Said beforehand, so that nobody chooses
//! afterwards what happens to differ.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// By what two runs of the scenario are told apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Gate {
    /// The figures that decide; all others are shown, and never decide. The fewer, the smaller a
    /// change that is found.
    pub primary: Vec<Gated>,
    /// Changes that are no larger are none, as a share of the baseline's figure. What is not named
    /// here has a default.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub minimum_effect: BTreeMap<Gated, Effect>,
}

/// A figure that can decide.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Gated {
    ReadP50,
    ReadP99,
    UpdateP50,
    UpdateP99,
    HitRatio,
    StoreReadsPerRequest,
    StaleShare,
    Staleness,
    LostWrites,
    Errors,
    StoreBurst,
    Throttled,
    ReadYourWrites,
    Recovery,
    Memory,
    EntrySize,
}

/// A change as a share of what it is a change of, written as `5%`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Effect(pub f64);

impl Gate {
    /// Those that decide where a scenario does not say.
    pub const PRIMARY: [Gated; 7] = [
        Gated::ReadP50,
        Gated::ReadP99,
        Gated::UpdateP50,
        Gated::UpdateP99,
        Gated::HitRatio,
        Gated::StoreReadsPerRequest,
        Gated::StaleShare,
    ];

    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The change of a figure from which on it counts, as a share of the baseline's.
    pub fn effect(&self, of: Gated) -> f64 {
        self.minimum_effect.get(&of).map_or(of.default_effect(), |effect| effect.0)
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self { primary: Self::PRIMARY.into(), minimum_effect: BTreeMap::new() }
    }
}

impl Gated {
    pub const ALL: [Self; 16] = [
        Self::ReadP50,
        Self::ReadP99,
        Self::UpdateP50,
        Self::UpdateP99,
        Self::HitRatio,
        Self::StoreReadsPerRequest,
        Self::StaleShare,
        Self::Staleness,
        Self::LostWrites,
        Self::Errors,
        Self::StoreBurst,
        Self::Throttled,
        Self::ReadYourWrites,
        Self::Recovery,
        Self::Memory,
        Self::EntrySize,
    ];

    /// A tail differs by more from run to run than a median, and a hit ratio by little: where it is
    /// high, a hundredth of it is many more misses.
    const fn default_effect(self) -> f64 {
        match self {
            Self::ReadP50 | Self::UpdateP50 => 0.05,
            Self::HitRatio => 0.01,
            Self::StoreReadsPerRequest | Self::EntrySize => 0.02,
            Self::LostWrites => 0.0,
            Self::ReadP99
            | Self::UpdateP99
            | Self::StaleShare
            | Self::Staleness
            | Self::Errors
            | Self::StoreBurst
            | Self::Throttled
            | Self::ReadYourWrites
            | Self::Recovery
            | Self::Memory => 0.1,
        }
    }
}

impl FromStr for Effect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.trim().strip_suffix('%').and_then(|it| it.trim_end().parse::<f64>().ok());
        let effect = number.filter(|number| number.is_finite() && *number >= 0.0);
        effect
            .map(|percent| Self(percent / 100.0))
            .ok_or_else(|| "expected a share in per cent such as \"5%\", not negative".into())
    }
}

impl TryFrom<String> for Effect {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Effect> for String {
    fn from(effect: Effect) -> Self {
        effect.to_string()
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded where nobody writes a digit, so that 7 % is not 7.000000000000001 %.
        write!(f, "{}%", (self.0 * 100.0 * 1e9).round() / 1e9)
    }
}

impl JsonSchema for Effect {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Effect".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^\s*[0-9.]+\s*%$",
            "description": "a share in per cent such as \"5%\"",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_reads_back_as_it_is_written() {
        for text in ["5%", "0.5%", "7%", "0%", "250%"] {
            assert_eq!(text.parse::<Effect>().unwrap().to_string(), text);
        }
        assert_eq!("12.5 %".parse(), Ok(Effect(0.125)));
        for text in ["5", "-1%", "%", "nan%", "inf%", "much"] {
            assert!(text.parse::<Effect>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let gate: Gate = toml::from_str("minimum-effect = { read-p99 = \"7%\" }").unwrap();
        assert_eq!(gate.primary, Gate::PRIMARY);
        assert!((gate.effect(Gated::ReadP99) - 0.07).abs() < 1e-12);
        assert_eq!(gate.effect(Gated::ReadP50), 0.05);
        let again: Gate = toml::from_str(&toml::to_string(&gate).unwrap()).unwrap();
        assert_eq!(again, gate);
        assert!(toml::from_str::<Gate>("minimum-effect = { p99 = \"7%\" }").is_err());
    }
}
