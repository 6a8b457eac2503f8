//! Which entry goes when there is no room, by the rules of Redis's `evict.c`.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::entries::Slot;
use super::order::Order;
use super::stamp;
use super::table::Table;
use crate::backend::{Eviction, Victim};
use crate::model::{Key, Nanos};

/// How many of the best found so far are kept from one sample to the next.
const POOL: usize = 16;

/// A policy, and what it needs to know.
pub(super) struct Policy {
    eviction: Eviction,
    finder: Finder,
    chance: ChaCha8Rng,
}

/// How the entry is found that a policy takes first.
enum Finder {
    /// By the order of use, exactly.
    Order(Order),
    /// It is the best of a few, and of the best of earlier ones.
    Sample { size: usize, drawn: Vec<(u64, Key)>, pool: Pool },
}

/// The best that samples have found, the last the first to go. They may be gone, or used since.
#[derive(Default)]
struct Pool(Vec<(u64, Key)>);

impl Policy {
    /// The same seed evicts the same entries.
    pub fn new(eviction: Eviction, victim: Victim, seed: u64) -> Self {
        let finder = match victim {
            Victim::Exact => Finder::Order(Order::default()),
            Victim::BestOf(size) => {
                Finder::Sample { size: size as usize, drawn: Vec::new(), pool: Pool::default() }
            }
        };
        Self { eviction, finder, chance: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Whether only entries that expire may go.
    const fn is_volatile(&self) -> bool {
        !self.eviction.takes_entries_without_expiry()
    }

    /// Notes an entry in the next place.
    pub fn added(&mut self) {
        if let Finder::Order(order) = &mut self.finder {
            order.grow();
        }
    }

    /// Notes that the entry in the last place is gone.
    pub fn dropped(&mut self, place: usize) {
        if let Finder::Order(order) = &mut self.finder {
            order.leave(place);
            order.shrink();
        }
    }

    /// Notes that two entries have changed places.
    pub fn swapped(&mut self, one: usize, other: usize) {
        if let Finder::Order(order) = &mut self.finder {
            order.swap(one, other);
        }
    }

    /// Notes that the entry has come to be, which is a use too. One that takes another's place in a cache
    /// that counts uses keeps its count.
    pub fn created(&mut self, slot: &mut Slot, place: usize, now: Nanos) {
        if self.counts_uses() {
            slot.stamp = stamp::fresh(now);
        }
        self.touch(slot, place, now);
    }

    /// Notes a use.
    pub fn used(&mut self, slot: &mut Slot, place: usize, now: Nanos) {
        if self.counts_uses() {
            slot.stamp = stamp::counted(slot.stamp, now, &mut self.chance);
        }
        self.touch(slot, place, now);
    }

    /// Notes that the entry has another expiry than before, which comes with a use.
    pub fn dated(&mut self, slot: &mut Slot, place: usize, now: Nanos) {
        if self.eviction == Eviction::VolatileLru {
            self.touch(slot, place, now);
        }
    }

    fn touch(&mut self, slot: &mut Slot, place: usize, now: Nanos) {
        let goes_by_use = self.eviction.is_lru();
        match &mut self.finder {
            Finder::Order(order) if self.eviction == Eviction::AllkeysFifo => order.enter(place),
            Finder::Order(order) => {
                let stays = slot.deadline == Nanos::NEVER && self.eviction == Eviction::VolatileLru;
                if stays { order.leave(place) } else { order.renew(place) }
            }
            Finder::Sample { .. } if goes_by_use => slot.stamp = stamp::seconds(now),
            Finder::Sample { .. } => {}
        }
    }

    const fn counts_uses(&self) -> bool {
        matches!(self.eviction, Eviction::AllkeysLfu | Eviction::VolatileLfu)
    }

    /// The place of the entry to go first, of `slots` of which the first `expiring` have a deadline;
    /// `None` where none may go.
    pub fn victim(
        &mut self,
        slots: &[Slot],
        expiring: usize,
        table: &Table,
        now: Nanos,
    ) -> Option<usize> {
        let candidates = if self.is_volatile() { expiring } else { slots.len() };
        let candidates = &slots[..candidates];
        if candidates.is_empty() || self.eviction == Eviction::Noeviction {
            return None;
        }
        let (eviction, chance) = (self.eviction, &mut self.chance);
        let (size, drawn, pool) = match &mut self.finder {
            _ if matches!(eviction, Eviction::AllkeysRandom | Eviction::VolatileRandom) => {
                return Some(any(candidates.len(), chance));
            }
            Finder::Order(order) => return order.oldest(),
            Finder::Sample { size, drawn, pool } => (*size, drawn, pool),
        };
        loop {
            // All are fetched before any is compared, for the processor fetches them at once.
            drawn.extend((0..size.min(candidates.len())).map(|nth| {
                // Of a few all are looked at, as in a small table of Redis's.
                let is_small = candidates.len() <= size;
                let place = if is_small { nth } else { any(candidates.len(), chance) };
                (worth(eviction, &candidates[place], now), candidates[place].key)
            }));
            for (worth, key) in drawn.drain(..) {
                pool.offer(worth, key);
            }
            while let Some((_, key)) = pool.0.pop() {
                if let Some(place) = table.place(key).filter(|&place| place < candidates.len()) {
                    return Some(place);
                }
            }
        }
    }

    pub fn clear(&mut self) {
        match &mut self.finder {
            Finder::Order(order) => order.clear(),
            Finder::Sample { pool, .. } => pool.0.clear(),
        }
    }
}

impl Pool {
    /// Keeps the entry if it is better than the worst that is kept, or if there is room.
    fn offer(&mut self, worth: u64, key: Key) {
        let at = self.0.partition_point(|&(kept, _)| kept < worth);
        if self.0.len() < POOL {
            self.0.insert(at, (worth, key));
        } else if at > 0 {
            self.0[..at].rotate_left(1);
            self.0[at - 1] = (worth, key);
        }
    }
}

fn any(count: usize, chance: &mut ChaCha8Rng) -> usize {
    chance.random_range(0..count as u64) as usize
}

/// How much is to be said for evicting the entry.
fn worth(eviction: Eviction, slot: &Slot, now: Nanos) -> u64 {
    match eviction {
        Eviction::AllkeysLfu | Eviction::VolatileLfu => {
            255 - u64::from(stamp::frequency(slot.stamp, now))
        }
        Eviction::VolatileTtl => u64::MAX - slot.deadline.0,
        _ => stamp::idle(slot.stamp, now),
    }
}
