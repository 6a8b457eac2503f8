//! The highest version that each client has seen of each key, for so many pairs of the two as fit.
//!
//! A table of small sets, in which the pairs of a set stand in the order in which they were last used.
//! It grows as long as it may; then a full set forgets the pair that was used least lately.

use crate::model::{ClientId, prefetch};

/// Pairs in a set: two cache lines.
const WAYS: usize = 8;
const SETS_AT_FIRST: usize = 64;

pub(super) struct Pairs {
    /// As many as some power of two, but the first few.
    sets: Vec<[Pair; WAYS]>,
    most_sets: usize,
    forgotten: u64,
}

/// How an operation showed its client a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Read,
    Written,
}

/// The highest versions that a client has read and written of a key.
#[derive(Clone, Copy, Default)]
struct Pair {
    key: u32,
    client: u32,
    seen: Highest,
}

/// Higher versions than fit are kept as the highest that fits, which can only hide a violation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Highest {
    pub(super) read: u32,
    pub(super) written: u32,
}

impl Pairs {
    /// For at most so many pairs, rounded to a power of two.
    pub(super) fn new(most: usize) -> Self {
        let most_sets = most.next_power_of_two().div_ceil(WAYS);
        let sets = vec![[Pair::default(); WAYS]; SETS_AT_FIRST.min(most_sets)];
        Self { sets, most_sets, forgotten: 0 }
    }

    /// Pairs that were forgotten, each as often as it was.
    pub(super) const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// What `client` has seen of `key`, as far as it is remembered.
    pub(super) fn seen(&self, key: u32, client: ClientId) -> Highest {
        let set = &self.sets[self.place(key, client.0)];
        let pair = set.iter().find(|pair| pair.is_of(key, client.0));
        pair.map(|pair| pair.seen).unwrap_or_default()
    }

    /// Has what `client` has seen of `key` come into the processor's caches.
    pub(super) fn expect(&self, key: u32, client: ClientId) {
        let set = &self.sets[self.place(key, client.0)];
        prefetch(&set[0]);
        prefetch(&set[WAYS - 1]);
    }

    /// `client` was shown `version` of `key`, which is above 0.
    pub(super) fn show(&mut self, key: u32, client: ClientId, version: u32, shown: Shown) {
        let client = client.0;
        loop {
            let place = self.place(key, client);
            let set = &mut self.sets[place];
            if let Some(at) = set.iter().position(|pair| pair.is_of(key, client)) {
                set[..=at].rotate_right(1);
                return set[0].seen.raise(version, shown);
            }
            let is_full = !set[WAYS - 1].is_empty();
            if !is_full || self.sets.len() >= self.most_sets {
                self.forgotten += u64::from(is_full);
                let mut seen = Highest::default();
                seen.raise(version, shown);
                return push(&mut self.sets[place], Pair { key, client, seen });
            }
            self.grow();
        }
    }

    /// Twice as many sets: each one's pairs go to two of them, in the same order.
    fn grow(&mut self) {
        let more = vec![[Pair::default(); WAYS]; 2 * self.sets.len()];
        let sets = std::mem::replace(&mut self.sets, more);
        for pair in sets.iter().flat_map(|set| set.iter().rev()).filter(|pair| !pair.is_empty()) {
            let place = self.place(pair.key, pair.client);
            push(&mut self.sets[place], *pair);
        }
    }

    fn place(&self, key: u32, client: u32) -> usize {
        let mixed = (u64::from(key) << 32 | u64::from(client)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        ((u128::from(mixed) * self.sets.len() as u128) >> 64) as usize
    }
}

/// Puts a pair to the front of a set, and what was last in it out.
fn push(set: &mut [Pair; WAYS], pair: Pair) {
    set.rotate_right(1);
    set[0] = pair;
}

impl Pair {
    fn is_empty(&self) -> bool {
        self.seen == Highest::default()
    }

    fn is_of(&self, key: u32, client: u32) -> bool {
        self.key == key && self.client == client && !self.is_empty()
    }
}

impl Highest {
    fn raise(&mut self, version: u32, shown: Shown) {
        let of_its_kind = match shown {
            Shown::Read => &mut self.read,
            Shown::Written => &mut self.written,
        };
        *of_its_kind = version.max(*of_its_kind);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_pair_is_16_bytes() {
        assert_eq!(size_of::<Pair>(), 16);
    }

    #[test]
    fn as_long_as_it_may_grow_nothing_is_forgotten() {
        let (mut pairs, mut all) = (Pairs::new(1 << 20), HashMap::new());
        for number in 0..50_000_u32 {
            let (key, client, version) = (number % 700, number % 90, 1 + number * 7 % 1_000);
            let shown = if number % 3 == 0 { Shown::Written } else { Shown::Read };
            pairs.show(key, ClientId(client), version, shown);
            let seen: &mut Highest = all.entry((key, client)).or_default();
            seen.raise(version, shown);
        }
        assert_eq!(pairs.forgotten(), 0);
        for (&(key, client), seen) in &all {
            assert_eq!(pairs.seen(key, ClientId(client)), *seen);
        }
        assert_eq!(pairs.seen(700, ClientId(0)), Highest::default());
    }

    #[test]
    fn beyond_its_size_the_pairs_that_were_used_least_lately_are_forgotten_and_counted() {
        let mut pairs = Pairs::new(WAYS);
        for client in 0..10 {
            pairs.show(1, ClientId(client), 5, Shown::Read);
            // In use all the time.
            pairs.show(1, ClientId(0), 5, Shown::Read);
        }
        assert_eq!(pairs.forgotten(), 2);
        let known = |client| pairs.seen(1, ClientId(client)).read;
        assert_eq!([0, 1, 2, 3, 9].map(known), [5, 0, 0, 5, 5]);
    }

    #[test]
    fn however_many_pairs_come_the_table_stays_as_large_as_it_may_be() {
        let mut pairs = Pairs::new(4_096);
        for number in 0..100_000 {
            pairs.show(number, ClientId(number % 50), 1, Shown::Read);
        }
        assert_eq!(pairs.sets.len() * WAYS, 4_096);
        assert_eq!(pairs.forgotten(), 100_000 - 4_096);
    }
}
