//! Whether a run's figures can be trusted.

use serde::{Deserialize, Serialize};

/// One check and how it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked: `dispatch lag`, `server counters`.
    pub name: String,
    pub standing: Standing,
    /// What was found, with the figures and the bound.
    pub detail: String,
}

/// How a check ended, from best to worst.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The check does not apply to this run.
    NotApplicable,
    #[default]
    Ok,
    Warn,
    /// The figures are worse than none.
    Invalid,
}

impl Standing {
    /// The word for it, as it stands in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotApplicable => "n/a",
            Self::Ok => "OK",
            Self::Warn => "WARN",
            Self::Invalid => "INVALID",
        }
    }
}
