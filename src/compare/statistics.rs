//! Whether two sets of runs differ, and by how much. The sample is a run, never a request: what differs
//! from one run to the next does not show within one.
//!
//! Everything here is a function of its arguments: what is left to chance is drawn from seeds of its
//! own, so that the same two Records get the same verdict wherever they are compared.

mod bootstrap;
mod change_points;
mod holm;
mod permutation;
mod ranks;

#[cfg(test)]
mod tests;

pub use bootstrap::{CONFIDENCE, Spread, paired_change, paired_spread, unpaired_spread};
pub use change_points::{SERIES_MIN, change_points};
pub use holm::holm;
pub use permutation::{sign_flip, smallest_of_pairs};
pub use ranks::{mann_whitney, smallest_of_ranks};

/// Below it, a difference is significant, once it is corrected for how many were looked at.
pub const SIGNIFICANCE: f64 = 0.05;

/// A figure of the candidate as it differs from the baseline's, as a share of the baseline's: 0.1 is a
/// tenth more. What comes from nothing has grown without bound.
pub fn relative_change(baseline: f64, candidate: f64) -> f64 {
    if baseline == candidate {
        0.0
    } else if baseline == 0.0 {
        f64::INFINITY.copysign(candidate)
    } else {
        (candidate - baseline) / baseline.abs()
    }
}

/// The middle one, or the mean of the two in the middle; 0 of none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or_default();
    (at(sorted.len().saturating_sub(1) / 2) + at(sorted.len() / 2)) / 2.0
}
