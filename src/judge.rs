//! Was it right? Judges what clients saw, and nothing else: it knows no strategy and no backend.

mod audit;
mod findings;
mod freshness;
mod history;
mod judging;
mod ledger;
mod pairs;
mod past;
mod reach;
mod sessions;
mod slot;
mod slots;
mod struck;
#[cfg(test)]
mod tests;
mod unknown;
mod waiting;

pub use audit::{Cached, EndKey, EndState, Reckoning};
pub use findings::{Audit, Findings, FreshnessPoint, StalenessBucket, Suspect};
pub use judging::{Judge, Memory, Rules};
