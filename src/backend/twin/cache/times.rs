//! How long the cache takes, and the network to it.

use std::collections::VecDeque;
use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::command::Command;
use crate::backend::spread::Law;
use crate::model::{CacheTimes, Nanos, Spread};

/// Sets these draws apart from others by the same seed.
const STREAM: u64 = 0x4e45_5420;
/// The quantiles of a table, between which a line is drawn. Beyond the outermost it is worked out.
const STEPS: usize = 1_024;
/// How many are drawn at a time: what draws them would be loaded into the processor's caches for each of
/// them else.
const DRAWN_AT_ONCE: usize = 64;

/// How long commands keep the server's only thread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Service {
    command: Nanos,
    /// A script, beside its commands.
    script: Nanos,
}

impl Service {
    pub const NONE: Self = Self { command: Nanos::ZERO, script: Nanos::ZERO };

    pub fn new(times: &CacheTimes) -> Self {
        Self { command: times.service.nanos(), script: times.script.nanos() }
    }

    pub fn of(&self, command: &Command) -> Nanos {
        let script = if command.is_script() { self.script } else { Nanos::ZERO };
        Nanos(self.command.0 * command.commands()) + script
    }
}

/// Draws round trips. The same seed gives the same on every machine.
#[derive(Clone)]
pub(super) struct RoundTrips {
    distribution: Distribution,
    chance: ChaCha8Rng,
    /// Those that have been drawn.
    drawn: VecDeque<Nanos>,
}

#[derive(Clone)]
enum Distribution {
    Constant(Nanos),
    Varied(Arc<Table>),
}

struct Table {
    law: Law,
    quantiles: Vec<f64>,
}

impl RoundTrips {
    pub fn new(spread: Spread, seed: u64) -> Self {
        let distribution = match Law::of(&spread) {
            Some(law) => Distribution::Varied(Arc::new(Table::new(law))),
            None => Distribution::Constant(spread.p50.nanos()),
        };
        Self { distribution, chance: chance(seed, 0), drawn: VecDeque::new() }
    }

    /// The same, drawn by itself.
    pub fn beside(&self, seed: u64, number: u64) -> Self {
        let distribution = self.distribution.clone();
        Self { distribution, chance: chance(seed, number), drawn: VecDeque::new() }
    }

    pub fn is_instant(&self) -> bool {
        matches!(self.distribution, Distribution::Constant(Nanos::ZERO))
    }

    pub fn draw(&mut self) -> Nanos {
        match &self.distribution {
            Distribution::Constant(span) => *span,
            Distribution::Varied(table) => {
                if self.drawn.is_empty() {
                    let drawn = (0..DRAWN_AT_ONCE).map(|_| table.at(self.chance.next_u64()));
                    self.drawn.extend(drawn);
                }
                self.drawn.pop_front().expect("some have just been drawn")
            }
        }
    }
}

fn chance(seed: u64, number: u64) -> ChaCha8Rng {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    chance.set_stream(STREAM + number);
    chance
}

impl Table {
    fn new(law: Law) -> Self {
        let steps = (0..=STEPS).map(|step| step as f64 / STEPS as f64);
        let quantiles = steps.map(|share| law.at(normal_quantile(share))).collect();
        Self { law, quantiles }
    }

    /// The span that a number of 64 bits at random stands for.
    fn at(&self, number: u64) -> Nanos {
        let place = number as f64 / 2.0_f64.powi(64) * STEPS as f64;
        let step = (place as usize).min(STEPS - 1);
        let span = if step == 0 || step == STEPS - 1 {
            self.law.at(normal_quantile(place / STEPS as f64))
        } else {
            let (low, high) = (self.quantiles[step], self.quantiles[step + 1]);
            low + (high - low) * (place - step as f64)
        };
        Nanos::rounded(span)
    }
}

/// By bisection, within 10 standard deviations.
fn normal_quantile(share: f64) -> f64 {
    let (mut low, mut high) = (-10.0, 10.0);
    for _ in 0..52 {
        let middle = 0.5 * (low + high);
        // Of the upper half by its complement, in which small tails are exact.
        let is_below = match share > 0.5 {
            true => 0.5 * libm::erfc(middle / std::f64::consts::SQRT_2) > 1.0 - share,
            false => 0.5 * libm::erfc(-middle / std::f64::consts::SQRT_2) < share,
        };
        if is_below { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Distribution as Histogram, Span};

    fn round_trips(p50: u64, p99: u64, seed: u64) -> RoundTrips {
        let spread = Spread::log_normal(Span::from_micros(p50), Span::from_micros(p99));
        RoundTrips::new(spread, seed)
    }

    #[test]
    fn the_quantiles_are_those_asked_for() {
        let mut histogram = Histogram::new();
        let mut drawn = round_trips(80, 200, 3);
        (0..200_000).for_each(|_| histogram.record(drawn.draw()));
        // ln(2.5) / 2.326 is the standard deviation; 3.09 of them make the p99.9.
        let p999 = 80.0 * libm::exp(libm::log(2.5) / 2.326_348 * 3.090_232);
        for (q, expected) in [(0.5, 80.0), (0.99, 200.0), (0.999, p999)] {
            let off = histogram.quantile(q).as_secs_f64() * 1e6 / expected - 1.0;
            assert!(off.abs() < 0.03, "p{q} is {off} off");
        }
    }

    #[test]
    fn equal_quantiles_are_exact_and_the_same_seed_draws_the_same() {
        assert_eq!(round_trips(80, 80, 3).draw(), Nanos::from_micros(80));
        let draws = |seed| {
            let mut drawn = round_trips(80, 200, seed);
            (0..50).map(|_| drawn.draw()).collect::<Vec<_>>()
        };
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
    }
}
