//! A seeded order of all keys that nobody has to keep.

use crate::workload::chance::{Axis, Draws};

/// How often a number is mixed. Each round takes every bit to half of the others.
const ROUNDS: usize = 4;

/// A bijection of `0 .. keys` onto itself, so that popular keys do not lie side by side in the store's
/// pages.
///
/// Every step of a round is a bijection of the numbers of so many bits: adding, multiplying by an odd
/// number, and adding the upper bits to the lower ones. A number that comes out too large goes in again,
/// as in a cipher of small domains (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002):
/// fewer than one in two does.
#[derive(Clone, Copy, Debug)]
pub struct Shuffle {
    keys: u32,
    mask: u64,
    fold: u32,
    rounds: [(u64, u64); ROUNDS],
}

impl Shuffle {
    pub fn new(keys: u32, seed: u64) -> Self {
        let bits = u64::BITS - u64::from(keys.saturating_sub(1)).leading_zeros();
        let mut chance = Draws::new(seed, Axis::Shuffle).stream(0);
        let rounds = [(); ROUNDS].map(|()| (chance.next(), chance.next() | 1));
        Self { keys, mask: (1 << bits) - 1, fold: bits.div_ceil(2).max(1), rounds }
    }

    /// The key in place `rank`.
    pub fn key(&self, rank: u32) -> u32 {
        let mut word = u64::from(rank);
        loop {
            for (offset, factor) in self.rounds {
                word = word.wrapping_add(offset).wrapping_mul(factor) & self.mask;
                word ^= word >> self.fold;
            }
            if word < u64::from(self.keys) {
                return word as u32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_key_has_one_place(keys in 1_u32..5_000, seed: u64) {
            let shuffle = Shuffle::new(keys, seed);
            let mut order: Vec<u32> = (0..keys).map(|rank| shuffle.key(rank)).collect();
            order.sort_unstable();
            prop_assert!(order.into_iter().eq(0..keys));
        }
    }

    #[test]
    fn neighbours_in_rank_are_no_neighbours_in_number() {
        for keys in [100, 1_000, 1 << 16, 1_000_000, u32::MAX] {
            for seed in 0..10 {
                let shuffle = Shuffle::new(keys, seed);
                let near = (1..64)
                    .filter(|&rank| shuffle.key(rank).abs_diff(shuffle.key(rank - 1)) < 2)
                    .count();
                // By chance, two in a hundred of a hundred keys.
                assert!(near <= 8, "{near} of {keys} keys, seed {seed}");
            }
        }
    }

    #[test]
    fn the_first_is_any_key_and_as_often_in_either_half() {
        let low = (0..2_000).filter(|&seed| Shuffle::new(1_000, seed).key(0) < 500).count();
        // Four standard deviations of 22.
        assert!((910..1_090).contains(&low), "{low}");
        let odd = (0..2_000).filter(|&seed| Shuffle::new(1_000, seed).key(1) % 2 == 1).count();
        assert!((910..1_090).contains(&odd), "{odd}");
    }
}
