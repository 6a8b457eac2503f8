//! Was it right? Judges what clients saw, and nothing else: it knows no strategy and no backend.

mod findings;

pub use findings::{Audit, Findings, FreshnessPoint, StalenessBucket, Suspect};
