//! What breaks in the course of a run, and when.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Breakage, Nanos, Span};

/// One thing that breaks: when, for how long, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PlannedFault {
    /// When it begins, from the opening of the measured window.
    pub at: Span,
    /// How long it goes on. What happens at once has no such time.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lasts: Span,
    pub what: Breakage,
}

impl PlannedFault {
    /// When it is over, from the opening of the measured window.
    pub fn over(&self) -> Nanos {
        self.at.nanos() + self.lasts.nanos()
    }
}

fn is_zero(span: &Span) -> bool {
    span.0.is_zero()
}
