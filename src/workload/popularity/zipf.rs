//! Drawing by Zipf's law in constant time, without a table of all ranks.

mod near;

use self::near::Near;
use crate::workload::chance::{Stream, unit};

/// Rank `k`, from 1 on, in proportion to `1 / k^s`: exactly, for any `s >= 0`.
///
/// Rejection-inversion (Hörmann and Derflinger, "Rejection-inversion to generate variates from monotone
/// discrete distributions", 1996). The weight of a rank is an area below the curve `1 / x^s` and ends
/// where the area up to `k + 1/2` does. The curve is convex, so that between two halves there is no less
/// area than the rank weighs: a point that falls into what there is beyond that is drawn again.
#[derive(Clone, Debug)]
pub struct ZipfRanks {
    law: Law,
    /// The ranks that are drawn most, which need no logarithm.
    near: Near,
}

#[derive(Clone, Copy, Debug)]
struct Law {
    ranks: f64,
    exponent: f64,
    /// The areas between which points are drawn.
    low: f64,
    high: f64,
    /// A point that lies no further than this below its rank belongs to it, whatever the rank.
    certain: f64,
}

impl ZipfRanks {
    pub fn new(ranks: u32, exponent: f64) -> Self {
        let law = Law::new(ranks, exponent);
        Self { law, near: Near::of(&law) }
    }

    /// The rank that `chance` draws, counted from 0.
    pub fn draw(&self, mut chance: Stream) -> u32 {
        loop {
            let draw = chance.next();
            if let Some(rank) = self.near.rank(draw).or_else(|| self.law.rank(draw)) {
                return rank;
            }
        }
    }
}

impl Law {
    fn new(ranks: u32, exponent: f64) -> Self {
        let ranks = f64::from(ranks);
        let mut law = Self { ranks, exponent, low: 0.0, high: 0.0, certain: 0.0 };
        law.low = law.area(1.5) - 1.0;
        law.high = law.area(ranks + 0.5);
        law.certain = 2.0 - law.end(law.area(2.5) - law.weight(2.0));
        law
    }

    /// The rank that a draw means, counted from 0; `None` where there must be another one.
    ///
    /// Apart from the loop of those who draw, which then has next to nothing to keep.
    #[inline(never)]
    fn rank(&self, draw: u64) -> Option<u32> {
        let area = self.high - unit(draw) * (self.high - self.low);
        let point = self.end(area);
        let rank = libm::floor(point + 0.5).clamp(1.0, self.ranks);
        let is_its_own =
            rank - point <= self.certain || area >= self.area(rank + 0.5) - self.weight(rank);
        is_its_own.then(|| rank as u32 - 1)
    }

    fn weight(&self, rank: f64) -> f64 {
        libm::pow(rank, -self.exponent)
    }

    /// The area below the curve from 1 to `end`.
    fn area(&self, end: f64) -> f64 {
        let (power, log) = (1.0 - self.exponent, libm::log(end));
        if power == 0.0 { log } else { libm::expm1(power * log) / power }
    }

    /// Where the area from 1 on is so large.
    fn end(&self, area: f64) -> f64 {
        let power = 1.0 - self.exponent;
        if power == 0.0 {
            return libm::exp(area);
        }
        // Rounding may lead past where the curve ends.
        libm::exp(libm::log1p((power * area).max(-1.0)) / power)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::chance::{Axis, Draws};

    #[test]
    fn an_area_ends_where_it_says() {
        for exponent in [0.0, 0.5, 0.99, 1.0, 1.000_000_1, 2.0, 5.0] {
            let law = Law::new(1_000_000, exponent);
            for end in [1.5, 2.0, 17.0, 1_000.0] {
                // Where an area hardly grows any more, its end is known to fewer digits than it.
                let (area, back) = (law.area(end), law.area(law.end(law.area(end))));
                assert!((back / area - 1.0).abs() < 1e-12, "{exponent}: {back} for {area}");
            }
        }
    }

    /// The few ranks of a small law, each with its exact probability; the bound is five standard
    /// deviations of the count.
    #[test]
    fn every_rank_has_its_exact_share() {
        const DRAWS: u64 = 400_000;
        for exponent in [0.0, 0.3, 0.99, 1.0, 1.7, 4.0] {
            let law = ZipfRanks::new(7, exponent);
            let draws = Draws::new(11, Axis::Key);
            let mut counts = [0_u64; 7];
            (0..DRAWS).for_each(|number| counts[law.draw(draws.stream(number)) as usize] += 1);
            let total: f64 = (1..=7).map(|rank| libm::pow(f64::from(rank), -exponent)).sum();
            for (rank, count) in (1..).zip(counts) {
                let share = libm::pow(f64::from(rank), -exponent) / total;
                let expected = share * DRAWS as f64;
                let bound = 5.0 * (expected * (1.0 - share)).sqrt();
                let off = (count as f64 - expected).abs();
                assert!(off <= bound, "{exponent}, {rank}: {count} for {expected}");
            }
        }
    }

    #[test]
    fn the_largest_exponents_and_the_most_keys_have_ranks_too() {
        let draws = Draws::new(1, Axis::Key);
        for (ranks, exponent) in [(1, 1.0), (u32::MAX, 0.0), (u32::MAX, 1.0), (9, 1e300)] {
            let law = ZipfRanks::new(ranks, exponent);
            for number in 0..1_000 {
                let rank = law.draw(draws.stream(number));
                assert!(rank < ranks && (exponent < 100.0 || rank == 0), "{rank} of {ranks}");
            }
        }
    }
}
