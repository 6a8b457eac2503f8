//! How long an API takes to answer.

use std::f64::consts::PI;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::model::{Nanos, Spread};

/// The 99 % quantile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_841;
/// Sets these draws apart from others by the same seed.
const STREAM: u64 = 0x4150_4920;

/// Draws from the log-normal distribution with the given p50 and p99. The same seed gives the same
/// latencies on every machine.
///
/// Service times are skewed, with a long tail; the log-normal is the usual model for that.
#[derive(Clone, Debug)]
pub struct Latencies {
    chance: ChaCha8Rng,
    /// Mean and standard deviation of the logarithm, in nanoseconds.
    mu: f64,
    sigma: f64,
}

impl Latencies {
    pub fn new(options: &Spread, seed: u64) -> Self {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        chance.set_stream(STREAM);
        let ln = |nanos: Nanos| libm::log(nanos.0 as f64);
        let (mu, p99) = (ln(options.p50.nanos()), ln(options.p99.nanos()));
        Self { chance, mu, sigma: (p99 - mu) / Z99 }
    }

    pub fn draw(&mut self) -> Nanos {
        // Box and Muller; from the first number's complement, whose logarithm is finite.
        let [radius, angle] = [1.0 - self.chance.random::<f64>(), self.chance.random::<f64>()];
        let normal = libm::sqrt(-2.0 * libm::log(radius)) * libm::cos(2.0 * PI * angle);
        Nanos(libm::exp(self.mu + self.sigma * normal).round() as u64)
    }
}

impl Spread {
    /// The variance of the latencies, in square seconds.
    pub fn variance(&self) -> f64 {
        let (p50, p99) = (self.p50.nanos().as_secs_f64(), self.p99.nanos().as_secs_f64());
        let sigma = libm::log(p99 / p50) / Z99;
        let spread = libm::exp(sigma * sigma);
        p50 * p50 * spread * (spread - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Distribution, Span};

    fn options(p50: u64, p99: u64) -> Spread {
        Spread { p50: Span::from_millis(p50), p99: Span::from_millis(p99) }
    }

    fn draws(options: &Spread, seed: u64, count: usize) -> Vec<Nanos> {
        let mut latencies = Latencies::new(options, seed);
        (0..count).map(|_| latencies.draw()).collect()
    }

    #[test]
    fn the_quantiles_are_those_asked_for() {
        let mut distribution = Distribution::new();
        for latency in draws(&options(40, 150), 3, 100_000) {
            distribution.record(latency);
        }
        // The standard errors over 100,000 draws are 0.2 % for the p50 and 0.7 % for the p99.
        for (q, expected) in [(0.5, 40.0), (0.99, 150.0)] {
            let off = distribution.quantile(q).as_millis_f64() / expected - 1.0;
            assert!(off.abs() < 0.03, "p{q} is {off} off");
        }
    }

    #[test]
    fn the_variance_is_that_of_the_draws() {
        let drawn = draws(&options(40, 150), 3, 100_000);
        let seconds = || drawn.iter().map(|latency| latency.as_secs_f64());
        let mean = seconds().sum::<f64>() / drawn.len() as f64;
        let squares: f64 = seconds().map(|latency| (latency - mean).powi(2)).sum();
        let off = squares / drawn.len() as f64 / options(40, 150).variance() - 1.0;
        assert!(off.abs() < 0.05, "{off}");
        assert!(options(40, 40).variance().abs() < 1e-15);
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let options = options(40, 150);
        assert_eq!(draws(&options, 3, 100), draws(&options, 3, 100));
        assert_ne!(draws(&options, 3, 100), draws(&options, 4, 100));
    }

    #[test]
    fn equal_quantiles_give_a_constant() {
        for latency in draws(&options(40, 40), 1, 100) {
            // The logarithm and back costs a few nanoseconds.
            assert!(latency.0.abs_diff(40_000_000) <= 10, "{latency}");
        }
    }
}
