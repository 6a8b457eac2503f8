//! What is known of every key's versions: a slot for each that was written, and histories as far as the memory
//! for them reaches.
//!
//! A key gets a history with its first write. When the histories together take more than they may, the
//! key that has not been in use for the longest time gives up its own, if it is at rest: no operation
//! bears on it that is in flight. What is left fits into its slot. A key that cannot be told by so few
//! numbers (writes of unknown outcome, versions that are missing or were given twice) keeps a history of
//! one version and one range, a few hundred bytes beside what histories may take.

use std::collections::VecDeque;

use super::history::History;
use super::slot::{Body, Slot};
use super::slots::Slots;
use crate::model::{Key, Nanos};

/// How many keys are looked at, at most, for each one that needs more memory: most are no longer in use.
const LOOKS: usize = 8;
/// A table of histories grows by doubling, so as much again may stand empty.
const TABLE: usize = size_of::<History>();

pub(super) struct Ledger {
    pub(super) slots: Slots,
    histories: Vec<History>,
    /// Histories that are of no key.
    free: Vec<u32>,
    /// Keys with histories that can be folded, in the order in which they are looked at.
    turns: VecDeque<u32>,
    /// What the histories of these take together, and may take.
    bytes: usize,
    most_bytes: usize,
    watermark: Nanos,
}

impl Ledger {
    pub(super) fn new(keys: u64, most_bytes: usize) -> Self {
        let keys = u32::try_from(keys).expect("the keys of a dataset fit into memory");
        Self {
            slots: Slots::new(keys),
            histories: Vec::new(),
            free: Vec::new(),
            turns: VecDeque::new(),
            bytes: 0,
            most_bytes,
            watermark: Nanos::ZERO,
        }
    }

    /// What is no older than `watermark` has to be told version by version.
    pub(super) const fn advance(&mut self, watermark: Nanos) {
        self.watermark = watermark;
    }

    /// The history of a key, to be looked at.
    pub(super) fn history(&mut self, key: u32) -> &mut History {
        let history = match self.slots.get(key).map(|slot| slot.body) {
            Some(Body::Open(open)) => open.history,
            Some(Body::Quiet(_)) | None => self.open(key),
        };
        let history = &mut self.histories[history as usize];
        history.is_in_use = true;
        history
    }

    /// The history of a key of which something new has come to be known; to be [settled](Self::settle)
    /// when it has been told.
    pub(super) fn news(&mut self, key: u32) -> &mut History {
        let reads = self.slots.get(key).map_or(0, |slot| std::mem::take(&mut slot.reads));
        let history = self.history(key);
        history.add_reads(reads);
        history
    }

    /// Brings the slot of a key up to its history.
    pub(super) fn settle(&mut self, key: u32) {
        let Some(slot) = self.slots.get(key) else { return };
        let Body::Open(open) = slot.body else { return };
        let history = &mut self.histories[open.history as usize];
        slot.show(open.history, history.newest());
        if history.weight == 0 {
            self.turns.push_back(key);
        }
        let weight = TABLE + history.bytes();
        self.bytes = self.bytes + weight - std::mem::replace(&mut history.weight, weight);
        self.fold();
    }

    /// Takes the history of a key out, if it has been written.
    pub(super) fn take(&mut self, key: Key) -> Option<History> {
        let taken = self.slots.take(key)?;
        let history = match taken.body {
            Body::Quiet(quiet) => {
                let mut history = History::default();
                history.unfold(&taken.unfold(quiet));
                history
            }
            Body::Open(open) => {
                let mut history = std::mem::take(&mut self.histories[open.history as usize]);
                history.add_reads(taken.reads);
                history
            }
        };
        Some(history)
    }

    /// Takes out the histories that have not been.
    pub(super) fn rest(&mut self) -> impl Iterator<Item = History> {
        (0..self.slots.keys()).filter_map(|key| self.take(Key(key as u64)))
    }

    /// Gives a key a history, and returns its number.
    fn open(&mut self, key: u32) -> u32 {
        self.fold();
        let number = self.free.pop().unwrap_or_else(|| {
            self.histories.push(History::default());
            (self.histories.len() - 1) as u32
        });
        let slot = self.slots.get_or(key, Slot::open(number));
        let history = &mut self.histories[number as usize];
        if let Body::Quiet(quiet) = slot.body {
            history.unfold(&slot.unfold(quiet));
            slot.reads = 0;
        }
        slot.show(number, history.newest());
        history.weight = TABLE + history.bytes();
        self.bytes += history.weight;
        self.turns.push_back(key);
        number
    }

    /// Folds histories as long as they take too much, as far as that goes now.
    fn fold(&mut self) {
        for _ in 0..LOOKS {
            if self.bytes <= self.most_bytes {
                return;
            }
            let Some(key) = self.turns.pop_front() else { return };
            let Some(slot) = self.slots.get(key) else { continue };
            let Body::Open(open) = slot.body else { continue };
            let history = &mut self.histories[open.history as usize];
            let is_in_use = std::mem::take(&mut history.is_in_use);
            if !history.is_at_rest(self.watermark) {
                self.turns.push_back(key);
                // The others will have to wait for the watermark too.
                return;
            }
            if is_in_use {
                self.turns.push_back(key);
                continue;
            }
            history.add_reads(std::mem::take(&mut slot.reads));
            self.bytes -= std::mem::take(&mut history.weight);
            match history.fold() {
                Some(folded) => {
                    slot.fold(&folded);
                    history.clear();
                    self.free.push(open.history);
                }
                None => history.shrink(self.watermark),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::history::Acknowledged;
    use crate::judge::unknown::Left;
    use crate::model::{Version, Writer};

    fn acknowledge(ledger: &mut Ledger, key: u32, version: u64) {
        let (writer, invoked) = (Writer(version), Nanos(10 * version));
        let write = Left { writer, invoked, deletes: false };
        let ended = Nanos(10 * version + 5);
        let done = Acknowledged { version: Version(version), ended, write };
        let irregular = ledger.news(key).acknowledge(done, Nanos::ZERO);
        assert_eq!(irregular, super::super::history::Irregular::default());
        ledger.settle(key);
    }

    fn is_open(ledger: &mut Ledger, key: u32) -> bool {
        let slot = ledger.slots.get(key).expect("it was written");
        matches!(slot.body, Body::Open(_))
    }

    #[test]
    fn keys_that_are_at_rest_make_room_for_others() {
        let mut ledger = Ledger::new(1_000, 20_000);
        for key in 0..1_000 {
            acknowledge(&mut ledger, key, 1);
            ledger.advance(Nanos(16));
        }
        assert!(ledger.bytes <= 20_000);
        assert!(ledger.histories.len() < 50, "{}", ledger.histories.len());
        let open = (0..1_000).filter(|key| is_open(&mut ledger, *key)).count();
        assert_eq!(open + ledger.free.len(), ledger.histories.len());
    }

    #[test]
    fn what_is_folded_still_says_what_is_in_place_and_since_when() {
        let mut ledger = Ledger::new(1, 0);
        ledger.advance(Nanos(1_000));
        for version in 1..=5 {
            acknowledge(&mut ledger, 0, version);
            ledger.fold();
            assert!(!is_open(&mut ledger, 0), "{version}");
        }
        let history = ledger.history(0);
        assert_eq!(history.in_place_before(Nanos(1_000)), Version(5));
        assert_eq!(history.acknowledged_before(Nanos(1_000)), Some(Nanos(55)));
        let by = |version| history.superseded(Version(version)).map(|it| (it.by, it.beyond_ring));
        assert_eq!(by(4), Some((Nanos(55), false)));
        assert_eq!([by(3), by(0)], [Some((Nanos(45), true)); 2]);
        assert_eq!(by(5), None);
        assert_eq!(history.lost_writes(Some((Version(2), Writer(2)))), 3);
    }

    #[test]
    fn a_key_that_may_still_change_is_not_folded() {
        let mut ledger = Ledger::new(1, 0);
        acknowledge(&mut ledger, 0, 1);
        ledger.advance(Nanos(15));
        ledger.fold();
        assert!(is_open(&mut ledger, 0));
        let write = Left { writer: Writer(9), invoked: Nanos(20), deletes: false };
        ledger.news(0).leave_unknown(write, 64);
        ledger.settle(0);
        ledger.advance(Nanos(1_000));
        ledger.fold();
        assert!(is_open(&mut ledger, 0), "it may still take effect");
        assert_eq!((ledger.bytes, ledger.turns.len()), (0, 0), "nobody looks at it again");
    }
}
