//! What the cache holds, when it expires, and what goes when it is full.
//!
//! Entries lie side by side, those that expire before all others. So any of them, or any that expires, is
//! drawn in one step, and nothing need be sorted by its expiry: as in a Redis, an entry that has expired is
//! removed when somebody comes upon it, or by the [cycle](super::expiry) that looks for such. Until then it
//! takes room, but nobody sees it.

use super::bus::Tracking;
use super::eviction::Policy;
use super::expiry::Cycle;
use super::size::{self, Buckets};
use super::table::Table;
use crate::backend::Entry;
use crate::model::{Key, Nanos, prefetch};

/// Entries by key.
pub(super) struct Entries {
    table: Table,
    pub(super) slots: Vec<Slot>,
    /// So many of the first slots have a deadline.
    pub(super) expiring: usize,
    limits: Limits,
    /// Whether there is no memory left, and the policy makes none.
    is_over: bool,
    policy: Policy,
    counts: Counts,
    memory: Memory,
    tracking: Tracking,
    cycle: Cycle,
    /// A key that will be asked for soon: where it is, is being fetched from memory.
    expected: Option<Key>,
}

/// How much it may hold.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub keys: usize,
    pub bytes: u64,
}

/// What has happened so far.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub hits: u64,
    pub misses: u64,
    pub evicted: u64,
    pub expired: u64,
}

/// What is in use.
#[derive(Default)]
struct Memory {
    entries: u64,
    /// What else is kept: claims, counters, streams.
    beside: u64,
    keys: Buckets,
    expiries: Buckets,
}

/// There is no room, and the policy makes none.
#[derive(Debug)]
pub(super) struct Full;

/// An entry. It fills two lines of the processor's cache, and no part of another: of a million entries,
/// hardly any is at hand. What is at its beginning is in the first of them, what is at its end in the other.
#[repr(C, align(64))]
pub(super) struct Slot {
    pub entry: Entry,
    pub key: Key,
    /// `NEVER` where it has no expiry.
    pub deadline: Nanos,
    /// What the policy notes of its use.
    pub stamp: u32,
}

const _: () = assert!(size_of::<Slot>() == 128);

impl Entries {
    pub fn new(limits: Limits, policy: Policy, cycle: Cycle) -> Self {
        Self {
            table: Table::default(),
            slots: Vec::new(),
            expiring: 0,
            limits,
            is_over: false,
            policy,
            counts: Counts::default(),
            memory: Memory::default(),
            tracking: Tracking::default(),
            cycle,
            expected: None,
        }
    }

    /// Sets room aside for so many entries, of which none is moved then to make room for others. A system puts
    /// memory behind it as it is used.
    pub fn set_aside(&mut self, entries: usize) {
        self.slots.reserve(entries.min(self.limits.keys));
    }

    /// Who is told when a key changes.
    pub fn tracking(&mut self) -> &mut Tracking {
        &mut self.tracking
    }

    /// Whether there is anybody who may have to be told.
    pub fn is_tracked(&self) -> bool {
        self.tracking.is_in_use()
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Forgets what has happened so far.
    pub fn forget_counts(&mut self) {
        self.counts = Counts::default();
    }

    /// Bytes in use, as `used_memory` of a Redis has them.
    pub fn used_memory(&self) -> u64 {
        let Memory { entries, beside, keys, expiries } = &self.memory;
        size::EMPTY + entries + beside + keys.bytes() + expiries.bytes()
    }

    /// Says what is kept beside the entries, in bytes.
    pub fn keep_beside(&mut self, bytes: u64) {
        self.memory.beside = bytes;
    }

    /// Whether there is a limit to the memory in use.
    pub fn is_limited(&self) -> bool {
        self.limits.bytes != u64::MAX
    }

    /// Whether what takes memory is refused.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Does what is to be done before each command: evicts while more memory is in use than there is, and
    /// runs the cycles that were due by `now`.
    pub fn prepare(&mut self, now: Nanos) {
        self.run_cycles(now);
        if !self.is_limited() {
            return;
        }
        self.is_over = false;
        while self.used_memory() > self.limits.bytes {
            if !self.evict(now) {
                self.is_over = true;
                return;
            }
        }
    }

    /// Runs the cycles that were due by `now`.
    #[inline]
    pub fn run_cycles(&mut self, now: Nanos) {
        // Asked for with every command, and hardly ever is one due.
        if self.cycle.is_due(now) {
            self.run_due_cycles(now);
        }
    }

    fn run_due_cycles(&mut self, now: Nanos) {
        while let Some(due) = self.cycle.next_due(now) {
            // Where nothing expires there is nothing to look for.
            if self.expiring == 0 {
                self.cycle.skip(now);
                return;
            }
            while let Some(place) = self.cycle.find(&self.slots[..self.expiring], due) {
                self.take(place, due);
                self.counts.expired += 1;
            }
        }
    }

    /// Leaves out the cycles that were due by `now`: the server stood still.
    pub fn skip_cycles(&mut self, now: Nanos) {
        self.cycle.skip(now);
    }

    /// When the next cycle is due.
    pub fn next_cycle(&self) -> Nanos {
        self.cycle.due()
    }

    /// A key will be asked for: where its entry is may come into the processor's caches meanwhile. By the
    /// time of the next such call it has come, and so may the entry.
    pub fn expect(&mut self, key: Key) {
        let before = self.expected.replace(key);
        if let Some(place) = before.and_then(|key| self.table.place(key)) {
            let Slot { entry, stamp, .. } = &self.slots[place];
            prefetch(entry);
            prefetch(stamp);
        }
        self.table.prefetch(key);
    }

    /// The entry, if there is one: a use of it, and a hit or a miss.
    pub fn get(&mut self, key: Key, now: Nanos) -> Option<&Entry> {
        let Some(place) = self.used(key, now) else {
            self.counts.misses += 1;
            return None;
        };
        self.counts.hits += 1;
        Some(&self.slots[place].entry)
    }

    /// The entry, if there is one: a use of it, which does not count as a hit or a miss.
    pub fn look(&mut self, key: Key, now: Nanos) -> Option<&Entry> {
        self.used(key, now).map(|place| &self.slots[place].entry)
    }

    /// The entry, if there is one, without using it.
    pub fn peek(&self, key: Key, now: Nanos) -> Option<&Entry> {
        let slot = &self.slots[self.table.place(key)?];
        (slot.deadline > now).then_some(&slot.entry)
    }

    /// Sets the entry, if it may.
    pub fn set(&mut self, key: Key, entry: Entry, deadline: Nanos, now: Nanos) -> Result<(), Full> {
        if self.is_over {
            return Err(Full);
        }
        let place = self.used(key, now);
        if place.is_none() {
            self.make_room(now)?;
        }
        self.put(place, key, entry, deadline, now);
        Ok(())
    }

    /// Sets the entry, beyond the limits if the policy makes no room.
    pub fn set_anyway(&mut self, key: Key, entry: Entry, deadline: Nanos, now: Nanos) {
        let place = self.used(key, now);
        if place.is_none() {
            // Whether there is room now makes no difference.
            let _ = self.make_room(now);
        }
        self.put(place, key, entry, deadline, now);
    }

    fn put(&mut self, place: Option<usize>, key: Key, entry: Entry, deadline: Nanos, now: Nanos) {
        match place {
            Some(place) => {
                let slot = &mut self.slots[place];
                self.memory.entries -= slot.size();
                slot.entry = entry;
                self.memory.entries += slot.size();
                self.date(place, deadline, now);
            }
            None => {
                let place = self.slots.len();
                let slot = Slot { entry, key, deadline: Nanos::NEVER, stamp: 0 };
                self.memory.entries += slot.size();
                self.slots.push(slot);
                self.table.put(key, place);
                self.policy.added();
                self.policy.created(&mut self.slots[place], place, now);
                let left = self.limits.bytes.saturating_sub(self.used_memory());
                self.memory.keys.hold(self.slots.len(), left);
                if deadline != Nanos::NEVER {
                    self.date(place, deadline, now);
                }
            }
        }
        self.tracking.changed(key, now);
    }

    /// Gives the entry another deadline, which counts as a use and as a change of it.
    pub fn expire(&mut self, key: Key, deadline: Nanos, now: Nanos) {
        if let Some(place) = self.used(key, now) {
            self.date(place, deadline, now);
            self.tracking.changed(key, now);
        }
    }

    /// True if there was an entry.
    pub fn remove(&mut self, key: Key, now: Nanos) -> bool {
        let place = self.used(key, now);
        if let Some(place) = place {
            self.take(place, now);
        }
        place.is_some()
    }

    pub fn clear(&mut self, now: Nanos) {
        self.table.clear();
        self.slots.clear();
        self.expiring = 0;
        self.is_over = false;
        self.policy.clear();
        self.memory = Memory::default();
        self.tracking.flushed(now);
    }

    /// Where the entry of the key is, which is used now. One that has expired is removed.
    fn used(&mut self, key: Key, now: Nanos) -> Option<usize> {
        let place = self.table.place(key)?;
        let slot = &mut self.slots[place];
        if slot.deadline <= now {
            self.take(place, now);
            self.counts.expired += 1;
            return None;
        }
        self.policy.used(slot, place, now);
        Some(place)
    }

    /// Makes room for one more key.
    fn make_room(&mut self, now: Nanos) -> Result<(), Full> {
        while self.slots.len() >= self.limits.keys {
            if !self.evict(now) {
                return Err(Full);
            }
        }
        Ok(())
    }

    fn evict(&mut self, now: Nanos) -> bool {
        let victim = self.policy.victim(&self.slots, self.expiring, &self.table, now);
        if let Some(place) = victim {
            self.take(place, now);
            self.counts.evicted += 1;
        }
        victim.is_some()
    }

    /// Gives the entry its deadline, and the place that goes with having one.
    fn date(&mut self, place: usize, deadline: Nanos, now: Nanos) {
        let slot = &mut self.slots[place];
        let before = std::mem::replace(&mut slot.deadline, deadline);
        let mut place = place;
        if (before == Nanos::NEVER) != (deadline == Nanos::NEVER) {
            let key = slot.key;
            self.memory.entries -= size::entry(slot.entry.len(), before);
            self.memory.entries += slot.size();
            if before == Nanos::NEVER {
                self.swap(place, self.expiring);
                place = self.expiring;
                self.expiring += 1;
                let left = self.limits.bytes.saturating_sub(self.used_memory());
                self.memory.expiries.hold(self.expiring, left);
            } else {
                self.expiring -= 1;
                self.swap(place, self.expiring);
                place = self.expiring;
            }
            debug_assert_eq!(self.table.place(key), Some(place));
        }
        self.policy.dated(&mut self.slots[place], place, now);
    }

    /// Takes the entry out, whatever the reason.
    fn take(&mut self, place: usize, now: Nanos) {
        let mut place = place;
        self.memory.entries -= self.slots[place].size();
        if place < self.expiring {
            self.expiring -= 1;
            self.swap(place, self.expiring);
            place = self.expiring;
        }
        let last = self.slots.len() - 1;
        self.swap(place, last);
        self.policy.dropped(last);
        if let Some(slot) = self.slots.pop() {
            self.table.remove(slot.key);
            self.tracking.changed(slot.key, now);
        }
    }

    fn swap(&mut self, one: usize, other: usize) {
        if one != other {
            self.slots.swap(one, other);
            self.table.put(self.slots[one].key, one);
            self.table.put(self.slots[other].key, other);
            self.policy.swapped(one, other);
        }
    }
}

impl Slot {
    fn size(&self) -> u64 {
        size::entry(self.entry.len(), self.deadline)
    }
}

#[cfg(test)]
mod tests;
