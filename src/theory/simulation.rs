//! What the closed forms are tested against: seeded Monte-Carlo runs, compared in standard errors.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::KeyRate;

/// Runs that a simulated mean is taken over.
const RUNS: u64 = 60;

/// A seeded source of chance.
pub struct Chance(ChaCha8Rng);

impl Chance {
    pub fn seeded(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Uniform in `(0, 1]`.
    pub fn unit(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// The time until the next event of a Poisson process; infinite at rate 0.
    pub fn exponential(&mut self, rate: f64) -> f64 {
        if rate > 0.0 { -self.unit().ln() / rate } else { f64::INFINITY }
    }

    /// The times of a Poisson process within `span`.
    pub fn events(&mut self, rate: f64, span: f64) -> Vec<f64> {
        let mut times = Vec::new();
        let mut time = self.exponential(rate);
        while time < span {
            times.push(time);
            time += self.exponential(rate);
        }
        times
    }

    /// Reads (`true`) and writes of one key within `span`, in order.
    pub fn requests(&mut self, rate: KeyRate, span: f64) -> Vec<(f64, bool)> {
        let times = self.events(rate.reads + rate.writes, span);
        let read_share = rate.reads / (rate.reads + rate.writes);
        times.into_iter().map(|time| (time, self.unit() <= read_share)).collect()
    }
}

/// Checks that `exact` is the ratio of what `run` adds up, part to whole, within four standard
/// errors over seeded runs.
pub fn assert_agrees(exact: f64, mut run: impl FnMut(&mut Chance) -> (f64, f64)) {
    let runs: Vec<(f64, f64)> = (0..RUNS).map(|seed| run(&mut Chance::seeded(seed))).collect();
    let (part, whole) = runs.iter().fold((0.0, 0.0), |sum, run| (sum.0 + run.0, sum.1 + run.1));
    let ratio = part / whole;
    // The variance of a ratio of means, by its linear approximation.
    let residuals = runs.iter().map(|(part, whole)| part - ratio * whole);
    let variance = residuals.map(|residual| residual * residual).sum::<f64>();
    let runs = runs.len() as f64;
    let error = (variance / (runs * (runs - 1.0))).sqrt() / (whole / runs);
    assert!(
        (exact - ratio).abs() < 4.0 * error + 1e-9,
        "predicted {exact}, simulated {ratio} with a standard error of {error}"
    );
    assert!(error < 0.02 * ratio.abs().max(0.1), "too few runs: standard error {error} of {ratio}");
}
