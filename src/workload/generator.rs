//! How the load is made, which changes nothing about what is asked or when.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The load generator's own options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct GeneratorOptions {
    /// How an open loop waits for the next intended start.
    pub pacing: Pacing,
}

impl GeneratorOptions {
    /// Whether these are the usual ones.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How an open loop keeps its times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pacing {
    /// Sleeps until the kernel's timer rings: tens of microseconds late.
    #[default]
    Timer,
    /// Wakes a little early and looks at the clock until it is time: a few microseconds late, for a
    /// core of its own.
    Spin,
}
