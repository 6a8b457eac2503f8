//! What the draws of a plan came to in classes, beside the probability of each: what a goodness-of-fit
//! test is made from.

use super::arrival::Arrivals;
use super::curve::Curve;
use crate::model::Op;

/// Classes of about equal probability into which keys and gaps are put.
const CLASSES: usize = 64;
/// A million gaps say all that there is to say; and with many more, it would be seen that intended
/// starts are whole nanoseconds.
const GAPS_MAX: u64 = 1_000_000;
/// Above this rate a nanosecond is too coarse for the gaps between requests.
const GAPS_RATE_MAX: f64 = 1_000_000.0;

/// How often each class of draws came up.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    /// What was drawn: `operations`, `popularity`, `gaps`.
    pub of: &'static str,
    /// Of each class the draws that fell into it, and the probability that one does.
    pub classes: Vec<(u64, f64)>,
}

impl Tally {
    pub(super) fn operations(
        shares: &[(Op, f64)],
        requests: u64,
        draw: impl Fn(u64) -> Op,
    ) -> Self {
        let mut classes: Vec<_> = shares.iter().map(|(_, share)| (0, *share)).collect();
        for number in 0..requests {
            let op = draw(number);
            let class = shares.iter().position(|(one, _)| *one == op);
            classes[class.expect("every operation has a share")].0 += 1;
        }
        Self { of: "operations", classes }
    }

    /// Keys from the most popular one on, in classes of neighbouring ranks.
    pub(super) fn popularity(
        ranked: &[(u32, f64)],
        requests: u64,
        draw: impl Fn(u64) -> u32,
    ) -> Self {
        let mut classes: Vec<(u64, f64)> = Vec::new();
        let mut class_of = vec![0_u8; ranked.len()];
        for (key, chance) in ranked {
            match classes.last_mut() {
                Some(last) if last.1 < 1.0 / CLASSES as f64 => last.1 += chance,
                _ => classes.push((0, *chance)),
            }
            class_of[*key as usize] = (classes.len() - 1) as u8;
        }
        for number in 0..requests {
            classes[usize::from(class_of[draw(number) as usize])].0 += 1;
        }
        Self { of: "popularity", classes }
    }

    /// Gaps of a Poisson process, in time that runs as fast as the rate is high: there they are
    /// exponential with mean 1, whatever the rate does. `None` where starts are too close to tell.
    pub(super) fn gaps(curve: &Curve, arrivals: Arrivals, requests: u64) -> Option<Self> {
        if curve.peak() > GAPS_RATE_MAX {
            return None;
        }
        let mut classes = vec![(0, 1.0 / CLASSES as f64); CLASSES];
        let mut before = 0.0;
        for start in arrivals.take(requests.min(GAPS_MAX) as usize) {
            let count = curve.count(start);
            let up_to = -libm::expm1(before - count);
            classes[((up_to * CLASSES as f64) as usize).min(CLASSES - 1)].0 += 1;
            before = count;
        }
        Some(Self { of: "gaps", classes })
    }
}

#[cfg(test)]
mod tests;
