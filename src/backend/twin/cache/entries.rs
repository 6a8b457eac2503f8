//! What the cache holds, when it expires, and what goes when it is full.

use std::collections::BTreeSet;

use bytes::Bytes;
use hashlink::LinkedHashMap;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::bus::Tracking;
use crate::model::{Key, Nanos};

/// Entries by key. An expired one is never seen again, but takes room until it is come upon, or until
/// room is needed.
pub(super) struct Entries {
    /// Where the policy asks for it, in the order of use, the least recent first.
    held: LinkedHashMap<Key, Held>,
    /// Deadlines of all entries that have one.
    deadlines: BTreeSet<(Nanos, Key)>,
    capacity: usize,
    policy: Policy,
    counts: Counts,
    tracking: Tracking,
}

/// What goes when there is no more room.
pub(super) enum Policy {
    /// Nothing: an entry under a new key is refused.
    Refuse,
    /// The least recently used entry: exactly that, where Redis takes the best of a sample.
    LeastRecentlyUsed,
    Random(Box<Draw>),
}

/// A draw among all keys, in constant time.
pub(super) struct Draw {
    chance: ChaCha8Rng,
    keys: Vec<Key>,
}

/// What has happened so far.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub hits: u64,
    pub misses: u64,
    pub evicted: u64,
    pub expired: u64,
    /// Bytes of keys and entries held now.
    pub bytes: u64,
}

/// There is no room, and the policy makes none.
#[derive(Debug)]
pub(super) struct Full;

struct Held {
    entry: Bytes,
    /// `NEVER` where it has no expiry.
    deadline: Nanos,
    /// Where `Draw` has the key.
    place: usize,
}

impl Policy {
    /// The same seed evicts the same keys.
    pub fn random(seed: u64) -> Self {
        let chance = ChaCha8Rng::seed_from_u64(seed);
        Self::Random(Box::new(Draw { chance, keys: Vec::new() }))
    }
}

impl Entries {
    /// Room for `capacity` entries.
    pub fn new(capacity: usize, policy: Policy) -> Self {
        Self {
            held: LinkedHashMap::new(),
            deadlines: BTreeSet::new(),
            capacity,
            policy,
            counts: Counts::default(),
            tracking: Tracking::default(),
        }
    }

    /// Who is told when a key changes.
    pub fn tracking(&mut self) -> &mut Tracking {
        &mut self.tracking
    }

    /// The entry, if there is one: a use of it, and a hit or a miss.
    pub fn get(&mut self, key: Key, now: Nanos) -> Option<Bytes> {
        let found = self.used(key, now).map(|held| held.entry.clone());
        if found.is_some() {
            self.counts.hits += 1;
        } else {
            self.counts.misses += 1;
        }
        found
    }

    /// The entry, if there is one, without using it.
    pub fn peek(&self, key: Key, now: Nanos) -> Option<&Bytes> {
        self.held.get(&key).filter(|held| held.deadline > now).map(|held| &held.entry)
    }

    /// Sets the entry, making room for it if it is new.
    pub fn set(&mut self, key: Key, entry: Bytes, deadline: Nanos, now: Nanos) -> Result<(), Full> {
        if self.used(key, now).is_none() {
            self.make_room(now)?;
        }
        self.put(key, entry, deadline, now);
        Ok(())
    }

    /// Sets the entry, beyond the capacity if the policy makes no room.
    pub fn set_anyway(&mut self, key: Key, entry: Bytes, deadline: Nanos, now: Nanos) {
        if self.used(key, now).is_none() {
            // Whether there is room now makes no difference.
            let _ = self.make_room(now);
        }
        self.put(key, entry, deadline, now);
    }

    fn put(&mut self, key: Key, entry: Bytes, deadline: Nanos, now: Nanos) {
        let bytes = size(&entry);
        if let Some(held) = self.used(key, now) {
            let before = std::mem::replace(&mut held.entry, entry);
            self.counts.bytes = self.counts.bytes + bytes - size(&before);
            // This tells of the change too.
            self.expire(key, deadline);
            return;
        }
        let mut place = 0;
        if let Policy::Random(draw) = &mut self.policy {
            place = draw.keys.len();
            draw.keys.push(key);
        }
        self.counts.bytes += bytes;
        self.held.insert(key, Held { entry, deadline, place });
        if deadline != Nanos::NEVER {
            self.deadlines.insert((deadline, key));
        }
        self.tracking.changed(key);
    }

    /// Gives the entry another deadline, which counts as a change of it.
    pub fn expire(&mut self, key: Key, deadline: Nanos) {
        if let Some(held) = self.held.get_mut(&key) {
            let before = std::mem::replace(&mut held.deadline, deadline);
            if before != Nanos::NEVER {
                self.deadlines.remove(&(before, key));
            }
            if deadline != Nanos::NEVER {
                self.deadlines.insert((deadline, key));
            }
            self.tracking.changed(key);
        }
    }

    /// True if there was an entry.
    pub fn remove(&mut self, key: Key, now: Nanos) -> bool {
        self.used(key, now).is_some() && self.take(key)
    }

    pub fn clear(&mut self) {
        self.held.clear();
        self.deadlines.clear();
        if let Policy::Random(draw) = &mut self.policy {
            draw.keys.clear();
        }
        self.counts.bytes = 0;
        self.tracking.flushed();
    }

    pub fn counts(&mut self, now: Nanos) -> Counts {
        self.drop_expired(now);
        self.counts
    }

    /// What is held under the key, noted as used now. One that has expired is dropped.
    fn used(&mut self, key: Key, now: Nanos) -> Option<&mut Held> {
        let found = match self.policy {
            Policy::LeastRecentlyUsed => self.held.to_back(&key),
            _ => self.held.get_mut(&key),
        };
        if found?.deadline <= now {
            self.take(key);
            self.counts.expired += 1;
            return None;
        }
        self.held.get_mut(&key)
    }

    fn make_room(&mut self, now: Nanos) -> Result<(), Full> {
        if self.held.len() < self.capacity {
            return Ok(());
        }
        self.drop_expired(now);
        while self.held.len() >= self.capacity {
            let victim = match &mut self.policy {
                Policy::Refuse => return Err(Full),
                Policy::LeastRecentlyUsed => self.held.front().map(|(&key, _)| key),
                Policy::Random(draw) => draw.any(),
            };
            self.take(victim.ok_or(Full)?);
            self.counts.evicted += 1;
        }
        Ok(())
    }

    fn drop_expired(&mut self, now: Nanos) {
        while let Some(&(deadline, key)) = self.deadlines.first()
            && deadline <= now
        {
            self.take(key);
            self.counts.expired += 1;
        }
    }

    /// Takes the entry out, whatever the reason. True if there was one.
    fn take(&mut self, key: Key) -> bool {
        let Some(held) = self.held.remove(&key) else {
            return false;
        };
        self.tracking.changed(key);
        self.counts.bytes -= size(&held.entry);
        if held.deadline != Nanos::NEVER {
            self.deadlines.remove(&(held.deadline, key));
        }
        if let Policy::Random(draw) = &mut self.policy {
            draw.keys.swap_remove(held.place);
            if let Some(moved) = draw.keys.get(held.place).and_then(|key| self.held.get_mut(key)) {
                moved.place = held.place;
            }
        }
        true
    }
}

impl Draw {
    fn any(&mut self) -> Option<Key> {
        let count = self.keys.len() as u64;
        (count > 0).then(|| self.keys[self.chance.random_range(0..count) as usize])
    }
}

fn size(entry: &Bytes) -> u64 {
    (size_of::<Key>() + entry.len()) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Nanos = Nanos::ZERO;

    fn entry() -> Bytes {
        Bytes::from_static(b"entry")
    }

    fn fill(entries: &mut Entries, keys: impl IntoIterator<Item = u64>) {
        for key in keys {
            entries.set(Key(key), entry(), Nanos::NEVER, NOW).unwrap();
        }
    }

    #[test]
    fn the_least_recently_used_entry_goes_and_no_other() {
        let mut entries = Entries::new(3, Policy::LeastRecentlyUsed);
        fill(&mut entries, [1, 2, 3]);
        entries.get(Key(1), NOW);
        fill(&mut entries, [4]);
        let held = [1, 2, 3, 4].map(|key| entries.peek(Key(key), NOW).is_some());
        assert_eq!(held, [true, false, true, true]);
        assert_eq!(entries.counts(NOW).evicted, 1);
    }

    #[test]
    fn a_full_cache_that_evicts_nothing_refuses_new_keys_only() {
        let mut entries = Entries::new(2, Policy::Refuse);
        fill(&mut entries, [1, 2]);
        assert!(entries.set(Key(3), entry(), Nanos::NEVER, NOW).is_err());
        fill(&mut entries, [2]);
        assert!(entries.remove(Key(1), NOW));
        fill(&mut entries, [3]);
    }

    #[test]
    fn an_expired_entry_makes_room_before_a_live_one_does() {
        let mut entries = Entries::new(2, Policy::LeastRecentlyUsed);
        fill(&mut entries, [1]);
        entries.set(Key(2), entry(), Nanos(10), NOW).unwrap();
        entries.set(Key(3), entry(), Nanos::NEVER, Nanos(10)).unwrap();
        assert!(entries.peek(Key(1), Nanos(10)).is_some());
        let counts = entries.counts(Nanos(10));
        assert_eq!((counts.evicted, counts.expired), (0, 1));
    }

    proptest! {
        /// The exact order of use, by a model that searches for it.
        #[test]
        fn eviction_follows_the_order_of_use(
            steps in prop::collection::vec((0_u64..12, any::<bool>()), 0..200),
        ) {
            let mut entries = Entries::new(5, Policy::LeastRecentlyUsed);
            let mut order: Vec<u64> = Vec::new();
            for (key, write) in steps {
                let held = order.contains(&key);
                prop_assert_eq!(entries.get(Key(key), NOW).is_some(), held);
                if write {
                    fill(&mut entries, [key]);
                }
                if held || write {
                    order.retain(|&used| used != key);
                    order.push(key);
                    if order.len() > 5 {
                        order.remove(0);
                    }
                }
            }
        }

        /// Whatever is done, the books agree with what is held.
        #[test]
        fn no_more_is_held_than_fits_and_every_byte_is_counted(
            seed: u64,
            steps in prop::collection::vec((0_u64..12, 0_u8..4, 1_usize..50), 0..200),
        ) {
            let mut entries = Entries::new(5, Policy::random(seed));
            for (at, (key, step, length)) in steps.into_iter().enumerate() {
                let now = Nanos(at as u64);
                let deadline = if step == 1 { now + Nanos(7) } else { Nanos::NEVER };
                match step {
                    0 => { entries.remove(Key(key), now); }
                    1 | 2 => entries.set(Key(key), vec![0; length].into(), deadline, now).unwrap(),
                    _ => { entries.get(Key(key), now); }
                }
                let counts = entries.counts(now);
                prop_assert!(entries.held.len() <= 5);
                let bytes: u64 = entries.held.values().map(|held| size(&held.entry)).sum();
                prop_assert_eq!(counts.bytes, bytes);
                let Policy::Random(draw) = &entries.policy else { unreachable!() };
                prop_assert_eq!(draw.keys.len(), entries.held.len());
                for (key, held) in &entries.held {
                    prop_assert_eq!(draw.keys[held.place], *key);
                }
            }
        }
    }
}
