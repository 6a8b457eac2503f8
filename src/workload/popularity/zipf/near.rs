//! The first ranks of Zipf's law, found by comparing.

use super::Law;

/// So many ranks are looked up at most: of some thousand keys all, of a million two thirds of the draws.
/// They take 80 KiB, which the processor's second cache has room for.
const RANKS_MAX: usize = 8_192;
/// Where to begin to look, by the first digits of a draw.
const GUIDE_BITS: u32 = 13;
/// Where a draw may lie: its complement has so many upper halves.
const PLACES: f64 = 4_294_967_296.0;
/// How near to its borders a rank is left to the law, in places. One is the width of a place itself; of
/// the other, what rounding does to areas is less than a hundredth.
const MARGIN: f64 = 2.0;

/// Which draws certainly mean which of the first ranks at once. What is not certain is left to the law:
/// the borders between ranks, and what lies beyond a rank's weight and is drawn again.
#[derive(Clone, Debug)]
pub struct Near {
    /// Of each rank the first and the last of its draws, by the upper half of a draw's complement. So
    /// they rise with the ranks.
    bands: Box<[(u32, u32)]>,
    /// Of each beginning of a draw the first rank whose band does not end before it.
    guide: Box<[u16]>,
}

impl Near {
    pub(super) fn of(law: &Law) -> Self {
        let ranks = (law.ranks as usize).min(RANKS_MAX);
        let bands: Box<[_]> = (1..=ranks).map(|rank| band(law, rank as f64)).collect();
        let starts = (0..1_u32 << GUIDE_BITS).map(|beginning| beginning << (32 - GUIDE_BITS));
        let first_from = |start| bands.partition_point(|(_, last)| *last < start) as u16;
        Self { guide: starts.map(first_from).collect(), bands }
    }

    /// The rank, from 0 on, that a draw means, if that is certain.
    pub(super) fn rank(&self, draw: u64) -> Option<u32> {
        let place = (!draw >> 32) as u32;
        let mut rank = self.guide[(place >> (32 - GUIDE_BITS)) as usize];
        loop {
            let (first, last) = *self.bands.get(usize::from(rank))?;
            if place <= last {
                return (place >= first).then_some(u32::from(rank));
            }
            rank += 1;
        }
    }
}

/// The draws of `rank`, from 1 on: those of the last area before its end that is as large as its weight.
/// An empty band where there are none that are certain.
fn band(law: &Law, rank: f64) -> (u32, u32) {
    let end = law.area(rank + 0.5);
    let place = |area: f64| (area - law.low) / (law.high - law.low) * PLACES;
    let (first, last) = (place(end - law.weight(rank)), place(end));
    // Conversion keeps within the numbers that there are.
    ((first + MARGIN).ceil() as u32, (last - MARGIN).floor() as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::workload::chance::{Axis, Draws};

    fn any_law() -> impl Strategy<Value = Law> {
        let exponent = prop_oneof![
            0.0..3.0,
            0.9..1.1,
            Just(1.0),
            Just(0.0),
            (1e-16..1e-3).prop_map(|near| 1.0 - near),
            (1e-15..1e-3).prop_map(|near| 1.0 + near),
            3.0..400.0,
            Just(1e300),
        ];
        let ranks = prop_oneof![1_u32..20, 1_u32..5_000, 1_u32..=u32::MAX];
        (ranks, exponent).prop_map(|(ranks, exponent)| Law::new(ranks, exponent))
    }

    fn check(law: &Law, near: &Near, draw: u64) -> Result<(), TestCaseError> {
        let certain = near.rank(draw);
        prop_assert!(certain.is_none() || certain == law.rank(draw), "{:?}, {:x}", certain, draw);
        Ok(())
    }

    proptest! {
        #[test]
        fn what_is_certain_is_what_the_law_draws(law in any_law(), seed: u64) {
            let (near, draws) = (Near::of(&law), Draws::new(seed, Axis::Key));
            for number in 0..2_000 {
                check(&law, &near, draws.at(number))?;
            }
        }

        #[test]
        fn it_is_so_up_to_the_ends_of_every_band(law in any_law()) {
            let near = Near::of(&law);
            for (first, last) in near.bands.iter().filter(|(first, last)| first <= last) {
                let ends = [u64::from(*first) << 32, u64::from(*last) << 32 | 0xffff_ffff];
                for end in ends {
                    check(&law, &near, !end)?;
                }
            }
        }
    }

    #[test]
    fn next_to_all_draws_are_certain_where_ranks_are_few() {
        let draws = Draws::new(1, Axis::Key);
        for (ranks, least) in [(10, 99_000), (1_000, 99_000), (1_000_000, 64_000)] {
            let near = Near::of(&Law::new(ranks, 0.99));
            let certain = (0..100_000).filter(|&number| near.rank(draws.at(number)).is_some());
            let certain = certain.count();
            assert!(certain >= least, "{certain} with {ranks} ranks");
        }
    }
}
