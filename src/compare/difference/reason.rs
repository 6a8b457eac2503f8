//! Why it cannot be told whether a figure has changed.

use std::fmt;

use super::super::figure::share;

/// What keeps a figure from being called changed or unchanged.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// A Record, or every run of a side, is invalid.
    Invalid,
    /// There are fewer runs, or pairs, than it takes.
    TooFew { runs: usize, needed: usize, paired: bool },
    /// A strategy and its twin, the same one again, differ by as much.
    Noise(f64),
    /// Chance alone may have brought it about.
    NotSignificant(f64),
    /// The change would count, but its interval reaches to one that does not.
    Unclear,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid => f.write_str("the runs are INVALID, and their figures worse than none"),
            Self::TooFew { runs, needed, paired } => {
                let what = if *paired { "pairs" } else { "runs on a side" };
                write!(f, "{runs} valid {what} are too few: it takes {needed}")
            }
            Self::Noise(floor) => {
                write!(f, "the same strategy twice differs by {} too", share(*floor))
            }
            Self::NotSignificant(adjusted) => {
                write!(f, "chance alone may have brought it about (p {adjusted:.3})")
            }
            Self::Unclear => f.write_str(
                "the change would count, but its interval reaches to one that does not: more runs \
                 would tell",
            ),
        }
    }
}
