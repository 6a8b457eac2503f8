//! How well the draws of a plan fit what was asked for.

use serde::{Deserialize, Serialize};

/// A chi-squared test of one kind of draws against the probabilities that were asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// What was drawn: `operations`, `popularity`, `gaps`.
    pub of: String,
    pub statistic: f64,
    pub degrees_of_freedom: u32,
    /// The probability of a statistic at least as large, if the draws are what was asked for.
    pub p_value: f64,
}

impl Fit {
    /// Below it, a plan is hardly what was asked for: it happens to one fit in a thousand by chance.
    pub const P_MIN: f64 = 0.001;

    pub fn is_bad(&self) -> bool {
        self.p_value < Self::P_MIN
    }

    /// `popularity p 0.42`
    pub fn told(&self) -> String {
        match self.is_bad() {
            true => format!("{} p {:.0e}", self.of, self.p_value),
            false => format!("{} p {:.3}", self.of, self.p_value),
        }
    }
}
