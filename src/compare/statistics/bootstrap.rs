//! How far the true change may be from the measured one: the bootstrap by percentiles (B. Efron,
//! "Bootstrap methods: another look at the jackknife", 1979).

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::permutation::share_apart;
use super::relative_change;

/// How sure an interval is, on both sides together.
pub const CONFIDENCE: f64 = 0.95;
const RESAMPLES: usize = 5_000;
const SEED: u64 = 0x626f_6f74;

/// The change of a mean, as a share of the baseline's, with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub change: f64,
    pub low: f64,
    pub high: f64,
}

impl Spread {
    /// Whether all of it lies further from nothing than `effect`, on one side.
    pub fn is_beyond(&self, effect: f64) -> bool {
        self.low > effect || self.high < -effect
    }

    /// Whether none of it does.
    pub fn is_within(&self, effect: f64) -> bool {
        self.low >= -effect && self.high <= effect
    }
}

/// The change from the first to the second of pairs: the mean of their differences, each as a share of
/// the mean of its pair, as the test of signs has it. No single slow pair outweighs the others, and the
/// way back is the inverse of the way there.
pub fn paired_change(pairs: &[(f64, f64)]) -> Option<f64> {
    let shares: Vec<f64> = pairs.iter().map(|&(one, other)| share_apart(one, other)).collect();
    (!shares.is_empty()).then(|| as_change(shares.iter().sum::<f64>() / shares.len() as f64))
}

/// The same with its interval: whole pairs are drawn, so that what both of a pair met cancels out.
/// `None` without any.
pub fn paired_spread(pairs: &[(f64, f64)]) -> Option<Spread> {
    let change = paired_change(pairs)?;
    let shares: Vec<f64> = pairs.iter().map(|&(one, other)| share_apart(one, other)).collect();
    let mut chance = ChaCha8Rng::seed_from_u64(SEED);
    let mut resample = || {
        let drawn = (0..shares.len()).map(|_| shares[place(&mut chance, shares.len())]);
        as_change(drawn.sum::<f64>() / shares.len() as f64)
    };
    let (low, high) = percentiles((0..RESAMPLES).map(|_| resample()).collect());
    Some(Spread { change, low, high })
}

/// A difference as a share of the mean of two, as a share of the first.
fn as_change(share: f64) -> f64 {
    (2.0 + share) / (2.0 - share) - 1.0
}

/// Of runs that are no pairs: each side is drawn by itself. `None` where a side has none.
pub fn unpaired_spread(baseline: &[f64], candidate: &[f64]) -> Option<Spread> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    if baseline.is_empty() || candidate.is_empty() {
        return None;
    }
    let mut chance = ChaCha8Rng::seed_from_u64(SEED);
    let mut drawn = |values: &[f64]| {
        let sum: f64 = (0..values.len()).map(|_| values[place(&mut chance, values.len())]).sum();
        sum / values.len() as f64
    };
    let resamples = (0..RESAMPLES).map(|_| relative_change(drawn(baseline), drawn(candidate)));
    let (low, high) = percentiles(resamples.collect());
    Some(Spread { change: relative_change(mean(baseline), mean(candidate)), low, high })
}

/// A width of its own, so that the draws are the same on every machine.
fn place(chance: &mut ChaCha8Rng, among: usize) -> usize {
    chance.random_range(0..among as u32) as usize
}

fn percentiles(mut resamples: Vec<f64>) -> (f64, f64) {
    resamples.sort_by(f64::total_cmp);
    let outside = ((1.0 - CONFIDENCE) / 2.0 * RESAMPLES as f64) as usize;
    (resamples[outside], resamples[RESAMPLES - 1 - outside])
}
