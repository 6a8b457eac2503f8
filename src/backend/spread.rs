//! How long what is simulated takes: draws from log-normal distributions.

use std::sync::LazyLock;

use crate::model::{Nanos, Spread};

/// Quantiles of the standard normal distribution.
const Z90: f64 = 1.281_551_565_544_6;
const Z99: f64 = 2.326_347_874_040_841;

/// What time a standard normal variate stands for.
///
/// Service times are skewed, with a long tail; the log-normal is the usual model for that. Where the p90
/// says that the tail is longer than the body would have it, the tail is one of another.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    /// Median and standard deviation of the logarithm, in nanoseconds.
    mu: f64,
    sigma: f64,
    tail: Option<Tail>,
}

/// How it goes on beyond the p90.
#[derive(Clone, Copy, Debug)]
struct Tail {
    /// The logarithm of the p90, in nanoseconds.
    from: f64,
    sigma: f64,
}

impl Law {
    /// `None` where it is always the same.
    pub fn of(spread: &Spread) -> Option<Self> {
        let (p50, p99) = (spread.p50.nanos(), spread.p99.nanos());
        if p50 >= p99 || p50 == Nanos::ZERO {
            return None;
        }
        let ln = |nanos: Nanos| libm::log(nanos.0 as f64);
        let mu = ln(p50);
        let tail = spread.p90.map(|p90| {
            let from = ln(p90.nanos());
            Tail { from, sigma: (ln(p99) - from) / (Z99 - Z90) }
        });
        let sigma = tail.map_or((ln(p99) - mu) / Z99, |tail| (tail.from - mu) / Z90);
        Some(Self { mu, sigma, tail })
    }

    /// In nanoseconds.
    pub fn at(&self, normal: f64) -> f64 {
        libm::exp(match self.tail {
            Some(tail) if normal > Z90 => tail.from + tail.sigma * (normal - Z90),
            _ => self.mu + self.sigma * normal,
        })
    }

    /// The mean of that power of the time in nanoseconds: of a log-normal's part up to the p90, and of
    /// another's beyond it.
    fn moment(&self, power: f64) -> f64 {
        let whole =
            |mu: f64, sigma: f64| libm::exp(power * mu + power * power * sigma * sigma / 2.0);
        let body = whole(self.mu, self.sigma);
        let Some(tail) = self.tail else { return body };
        let beyond =
            |sigma: f64| 0.5 * libm::erfc((Z90 - power * sigma) * std::f64::consts::FRAC_1_SQRT_2);
        let of_tail = whole(tail.from - tail.sigma * Z90, tail.sigma) * beyond(tail.sigma);
        body * (1.0 - beyond(self.sigma)) + of_tail
    }
}

/// Draws times. The same seed gives the same on every machine.
#[derive(Clone, Debug)]
pub struct Durations {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Constant(Nanos),
    Varied { chance: Chance, law: Law },
}

impl Durations {
    /// `stream` sets these draws apart from others by the same seed.
    pub fn new(spread: Spread, seed: u64, stream: u64) -> Self {
        let kind = match Law::of(&spread) {
            Some(law) => Kind::Varied { chance: Chance::new(seed, stream), law },
            None => Kind::Constant(spread.p50.nanos()),
        };
        Self { kind }
    }

    pub fn draw(&mut self) -> Nanos {
        match &mut self.kind {
            Kind::Constant(nanos) => *nanos,
            Kind::Varied { chance, law } => Nanos(libm::rint(law.at(normal(chance.next()))) as u64),
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub struct Chance {
    state: u64,
}

/// The odd constant nearest to 2^64 divided by the golden ratio.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

impl Chance {
    pub const fn new(seed: u64, stream: u64) -> Self {
        Self { state: mix(mix(seed.wrapping_add(GAMMA)) ^ stream) }
    }

    /// 64 uniform bits.
    pub const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        mix(self.state)
    }
}

const fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// How often the probability of a tail is halved, and into how many cells each such part is cut. What
/// lies beyond the last is met once in a million million draws.
const OCTAVES: usize = 40;
const CELLS: usize = 64;

/// The normal quantiles at the borders of all cells, from the rarest on. In between it is a straight line:
/// in a cell that is narrow beside its own probability that is within some millionths everywhere.
static QUANTILES: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let mut quantiles = vec![0.0; OCTAVES * CELLS + 1];
    let mut near = 0.0;
    for border in (0..OCTAVES * CELLS).rev() {
        let octave = (OCTAVES - 1 - border / CELLS) as i32;
        let part = 1.0 + (border % CELLS) as f64 / CELLS as f64;
        near = upper_quantile(libm::ldexp(part, -octave - 2), near);
        quantiles[border] = near;
    }
    quantiles
});

/// Turns 64 uniform bits into a normal variate. The first of them is its sign. The place of the next one
/// that is set says which half of a half of a half of a tail it lies in, and the rest where in there.
fn normal(bits: u64) -> f64 {
    let (is_negative, bits) = (bits >> 63 == 1, bits << 1);
    let octave = (bits.leading_zeros() as usize).min(OCTAVES - 1);
    let place = (bits << octave) << 1;
    let cell = (OCTAVES - 1 - octave) * CELLS + (place >> 58) as usize;
    let within = ((place << 6) >> 11) as f64 * (1.0 / (1_u64 << 53) as f64);
    let quantiles = &*QUANTILES;
    let quantile = quantiles[cell] + within * (quantiles[cell + 1] - quantiles[cell]);
    if is_negative { -quantile } else { quantile }
}

/// The number that a normal variate exceeds with this probability, by Newton's method from one near it.
fn upper_quantile(probability: f64, near: f64) -> f64 {
    let mut quantile = near;
    for _ in 0..6 {
        let beyond = 0.5 * libm::erfc(quantile * std::f64::consts::FRAC_1_SQRT_2);
        let density =
            libm::exp(-0.5 * quantile * quantile) / libm::sqrt(2.0 * std::f64::consts::PI);
        quantile += (beyond - probability) / density;
    }
    quantile
}

impl Spread {
    /// The mean, in seconds.
    pub fn mean(&self) -> f64 {
        let varied = Law::of(self).map(|law| law.moment(1.0) / 1e9);
        varied.unwrap_or(self.p50.nanos().as_secs_f64())
    }

    /// The variance, in square seconds.
    pub fn variance(&self) -> f64 {
        let mean = self.mean();
        Law::of(self).map_or(0.0, |law| law.moment(2.0) / 1e18 - mean * mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Distribution, Span};

    fn spread(p50: u64, p99: u64) -> Spread {
        Spread::log_normal(Span::from_millis(p50), Span::from_millis(p99))
    }

    fn draws(spread: Spread, seed: u64, count: usize) -> Vec<Nanos> {
        let mut durations = Durations::new(spread, seed, 1);
        (0..count).map(|_| durations.draw()).collect()
    }

    #[test]
    fn the_quantiles_are_those_asked_for() {
        let mut distribution = Distribution::new();
        for time in draws(spread(40, 150), 3, 100_000) {
            distribution.record(time);
        }
        // The standard errors over 100,000 draws are 0.2 % for the p50 and 0.7 % for the p99.
        for (q, expected) in [(0.5, 40.0), (0.99, 150.0)] {
            let off = distribution.quantile(q).as_millis_f64() / expected - 1.0;
            assert!(off.abs() < 0.03, "p{q} is {off} off");
        }
    }

    /// Most are alike, and a few far slower.
    fn with_tail() -> Spread {
        let p90 = Some(Span::from_millis(50));
        Spread { p90, ..spread(40, 150) }
    }

    #[test]
    fn a_tail_of_its_own_begins_at_the_p90() {
        let mut distribution = Distribution::new();
        for time in draws(with_tail(), 3, 100_000) {
            distribution.record(time);
        }
        // Between the p50 and the p90 as one log-normal has it, and beyond as another: the p75 is 0.526 of
        // the way between their logarithms, the p99.9 1.731 times as far from the p90 as the p99 is.
        let way = |from: f64, to: f64, far: f64| from * libm::pow(to / from, far);
        let (p75, p999) = (way(40.0, 50.0, 0.526_3), way(50.0, 150.0, 1.731_1));
        for (q, expected) in [(0.5, 40.0), (0.75, p75), (0.9, 50.0), (0.99, 150.0), (0.999, p999)] {
            let off = distribution.quantile(q).as_millis_f64() / expected - 1.0;
            assert!(off.abs() < 0.06, "p{q} is {off} off");
        }
        let drawn = draws(with_tail(), 4, 400_000);
        let mean = drawn.iter().map(|time| time.as_secs_f64()).sum::<f64>() / drawn.len() as f64;
        assert!((mean / with_tail().mean() - 1.0).abs() < 0.01, "{mean}");
        let squares = drawn.iter().map(|time| (time.as_secs_f64() - mean).powi(2)).sum::<f64>();
        let off = squares / drawn.len() as f64 / with_tail().variance() - 1.0;
        assert!(off.abs() < 0.2, "{off}");
    }

    #[test]
    fn mean_and_variance_are_those_of_the_draws() {
        let drawn = draws(spread(40, 150), 3, 100_000);
        let seconds = || drawn.iter().map(|time| time.as_secs_f64());
        let mean = seconds().sum::<f64>() / drawn.len() as f64;
        assert!((mean / spread(40, 150).mean() - 1.0).abs() < 0.01, "{mean}");
        let squares: f64 = seconds().map(|time| (time - mean).powi(2)).sum();
        let off = squares / drawn.len() as f64 / spread(40, 150).variance() - 1.0;
        assert!(off.abs() < 0.05, "{off}");
        assert!(spread(40, 40).variance().abs() < 1e-15);
        assert!((spread(40, 40).mean() - 0.04).abs() < 1e-15);
    }

    #[test]
    fn tails_are_as_heavy_as_they_must_be() {
        let mut chance = Chance::new(5, 0);
        let mut beyond = [0_u32; 5];
        const DRAWS: u32 = 2_000_000;
        for _ in 0..DRAWS {
            let drawn = normal(chance.next());
            for (count, border) in beyond.iter_mut().zip([-1.0, 0.5, 2.0, 3.0, 4.0]) {
                *count += u32::from(drawn > border);
            }
        }
        let expected = [0.841_344_746, 0.308_537_539, 0.022_750_132, 0.001_349_898, 0.000_031_671];
        for (count, share) in beyond.into_iter().zip(expected) {
            let (mean, draws) = (share * f64::from(DRAWS), f64::from(DRAWS));
            let error = (draws * share * (1.0 - share)).sqrt();
            assert!((f64::from(count) - mean).abs() < 4.0 * error, "{count} instead of {mean}");
        }
    }

    #[test]
    fn quantiles_are_those_of_the_normal_distribution() {
        for (probability, quantile) in [
            (0.25, 0.674_489_750_196),
            (0.007_812_5, 2.417_559_016_237),
            (0.000_030_517_578_125, 4.008_772_594_169),
        ] {
            let found = QUANTILES.iter().find(|found| (*found - quantile).abs() < 1e-9);
            assert!(found.is_some(), "{probability}");
        }
        assert!(QUANTILES.is_sorted_by(|rare, usual| rare > usual));
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_stream_does_not() {
        let varied = spread(40, 150);
        assert_eq!(draws(varied, 3, 100), draws(varied, 3, 100));
        assert_ne!(draws(varied, 3, 100), draws(varied, 4, 100));
        let mut other = Durations::new(varied, 3, 2);
        assert_ne!(draws(varied, 3, 100), (0..100).map(|_| other.draw()).collect::<Vec<_>>());
    }

    /// Nothing of the machine's is in them: neither its logarithm nor its order of bytes.
    #[test]
    fn the_first_draws_are_known() {
        let drawn: Vec<u64> = draws(spread(40, 150), 3, 4).iter().map(|time| time.0).collect();
        assert_eq!(drawn, [71_396_668, 50_009_002, 48_002_350, 46_961_832]);
    }

    #[test]
    fn equal_quantiles_give_a_constant() {
        assert!(draws(spread(40, 40), 1, 100).iter().all(|time| *time == Nanos::from_millis(40)));
        assert!(draws(spread(0, 0), 1, 100).iter().all(|time| *time == Nanos::ZERO));
    }
}
