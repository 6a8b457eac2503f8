//! What is made of one measured figure: a change counts when it is significant among all that were
//! looked at, and its interval lies beyond the smallest change that matters.

use super::{Change, Decision, Difference, Reason};
use crate::compare::statistics::{SIGNIFICANCE, smallest_of_pairs, smallest_of_ranks};

/// The fewest pairs, or runs on each side, from which anything is concluded.
pub const RUNS_MIN: usize = 12;
/// More than anybody corrects for.
const RUNS_MAX: usize = 100;

/// What is known beside the figure itself.
pub struct Evidence {
    pub is_invalid: bool,
    pub paired: bool,
    /// How many figures decide.
    pub family: usize,
    /// The probability, corrected for them.
    pub adjusted: f64,
    /// By how much the same strategy differs from itself.
    pub noise: Option<f64>,
}

impl Decision {
    /// Not made yet.
    pub(super) const fn open(minimum_effect: f64) -> Self {
        Self { change: Change::Inconclusive, reason: None, adjusted: None, minimum_effect }
    }
}

/// Fills in the decision of a figure that decides.
pub fn judge(difference: &mut Difference, evidence: &Evidence) {
    let Some(minimum_effect) = difference.decision.as_ref().map(|it| it.minimum_effect) else {
        return;
    };
    let ended = conclude(difference, evidence, minimum_effect);
    difference.decision = Some(Decision {
        change: *ended.as_ref().unwrap_or(&Change::Inconclusive),
        reason: ended.err(),
        adjusted: difference.probability.map(|_| evidence.adjusted),
        minimum_effect,
    });
}

fn conclude(
    difference: &Difference,
    evidence: &Evidence,
    minimum_effect: f64,
) -> Result<Change, Reason> {
    let Some(spread) = difference.spread.filter(|_| !evidence.is_invalid) else {
        return Err(Reason::Invalid);
    };
    let runs = difference.baseline_runs.len().min(difference.candidate_runs.len());
    let needed = needed(evidence);
    if runs < needed {
        return Err(Reason::TooFew { runs, needed, paired: evidence.paired });
    }
    if spread.is_within(minimum_effect) {
        return Ok(Change::Unchanged);
    }
    if !spread.is_beyond(minimum_effect) {
        // What looks like a change that matters, and is not sure, is not called the same as before.
        let is_small = spread.change.abs() <= minimum_effect;
        return if is_small { Ok(Change::Unchanged) } else { Err(Reason::Unclear) };
    }
    if evidence.adjusted > SIGNIFICANCE {
        return Err(Reason::NotSignificant(evidence.adjusted));
    }
    match evidence.noise {
        Some(noise) if noise >= spread.change.abs() => Err(Reason::Noise(noise)),
        _ => Ok(Change::of(difference.metric, spread.change > 0.0)),
    }
}

/// With many figures to correct for, even runs that are all worse may be too few to be significant.
fn needed(evidence: &Evidence) -> usize {
    let smallest = |runs: usize| match evidence.paired {
        true => smallest_of_pairs(runs),
        false => smallest_of_ranks(runs, runs),
    };
    let is_enough = |runs: &usize| smallest(*runs) * evidence.family as f64 <= SIGNIFICANCE;
    (RUNS_MIN..=RUNS_MAX).find(is_enough).unwrap_or(RUNS_MAX)
}
