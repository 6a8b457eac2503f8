//! What is known of one key's versions: when each can have been in place at the earliest, and when
//! one of at least its number was for certain.
//!
//! For version v, as `METHODOLOGY.md` has it:
//!
//! * `in_place_from` = the latest invocation of a write of a version up to v. A version of which no
//!   write is known adds nothing, so the bound only becomes looser.
//! * `in_place_by` = the earliest end of an acknowledged write, or of a read, of a version from v up.
//!
//! Operations arrive in the order of their ends, so `in_place_by` is final once it is set: whoever
//! comes later cannot lower it. `in_place_from` is final for a read once every write that began
//! before the read's end has reported.

mod end;
mod folding;

use std::collections::VecDeque;

use super::past::{Leaving, Past};
use super::reach::{Reach, Reached};
use super::struck::Struck;
use super::unknown::{Left, Unknown};
use crate::model::{Nanos, Version, Writer};

/// The versions of one key that has been written.
#[derive(Default)]
pub(super) struct History {
    /// Known versions above `past`, in their order. A version that was given twice is here twice.
    recent: VecDeque<Known>,
    past: Past,
    unknown: Unknown,
    /// Ends of acknowledged writes: those that a read still to come can ask for.
    acknowledgements: VecDeque<Nanos>,
    highest_acknowledged: Option<Version>,
    /// Different versions that were acknowledged, without those that are gone.
    acknowledged: u64,
    struck: Struck,
    /// Whether `recent` may have versions of which only reads have told.
    is_told: bool,
    /// Used since it was last asked whether it is needed.
    pub(super) is_in_use: bool,
    /// The bytes that the ledger counts for it.
    pub(super) weight: usize,
}

/// One version, as one writer made it.
struct Known {
    version: Version,
    writer: Writer,
    /// When its write was invoked at the earliest, or `NEVER` while only reads have told of it.
    invoked: Nanos,
    in_place_from: Nanos,
    in_place_by: Nanos,
    /// Reads of the measured window that returned it and were not found dirty so far.
    reads: u32,
    acknowledged: bool,
    /// Whether its write was a deletion; `None` while only reads have told of it.
    deletes: Option<bool>,
}

/// A write that was acknowledged.
#[derive(Clone, Copy)]
pub(super) struct Acknowledged {
    pub(super) version: Version,
    pub(super) ended: Nanos,
    pub(super) write: Left,
}

/// What is wrong with a write, whatever was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Irregular {
    /// It began when its version or a later one was in place.
    pub(super) out_of_order: bool,
    /// Its version had been acknowledged to another write.
    pub(super) duplicate: bool,
}

/// Since when a version had been superseded, for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Superseded {
    /// At this instant at the latest.
    pub(super) by: Nanos,
    /// The ring no longer remembers the version that superseded it, so `by` is late.
    pub(super) beyond_ring: bool,
}

impl History {
    /// A write was acknowledged.
    pub(super) fn acknowledge(
        &mut self,
        Acknowledged { version, ended, write }: Acknowledged,
        watermark: Nanos,
    ) -> Irregular {
        self.note_acknowledgement(ended, watermark);
        self.invoked(write);
        // Such a version had been in place before the watermark, and so before this write began.
        if version <= self.past.end() {
            return Irregular { out_of_order: true, duplicate: false };
        }
        let given_before = self.given_before(version, write);
        if given_before {
            self.strike_from(version, write);
        }
        self.highest_acknowledged = self.highest_acknowledged.max(Some(version));
        let duplicate = self.versions(version).any(|known| known.acknowledged);
        self.acknowledged += u64::from(!duplicate);
        let index = match self.find(version, write.writer) {
            Some(index) => index,
            None => self.insert(version, write.writer, ended),
        };
        let known = &mut self.recent[index];
        known.invoked = write.invoked;
        known.deletes = Some(write.deletes);
        known.acknowledged = true;
        let out_of_order = given_before || write.invoked > known.in_place_by;
        self.settle_from(index);
        Irregular { out_of_order, duplicate: duplicate || given_before }
    }

    /// A write failed or timed out. `limit` is how many of them are told apart.
    pub(super) fn leave_unknown(&mut self, write: Left, limit: usize) -> Irregular {
        let found = self.invoked(write);
        if found.is_none() {
            self.unknown.add(write, limit);
        }
        let out_of_order = found.is_some_and(|in_place_by| write.invoked > in_place_by);
        Irregular { out_of_order, duplicate: false }
    }

    /// Whether that `writer` made `version` is no news, or too old to be any.
    pub(super) fn knows(&self, version: Version, writer: Writer) -> bool {
        version <= self.past.end() || self.find(version, writer).is_some()
    }

    /// A read that ended at `ended` returned what `writer` made as `version`.
    pub(super) fn show(&mut self, version: Version, writer: Writer, ended: Nanos) -> Irregular {
        if self.knows(version, writer) {
            return Irregular::default();
        }
        let (invoked, deletes) = self.origin_of(writer).unzip();
        let index = self.insert(version, writer, ended);
        let known = &mut self.recent[index];
        known.invoked = invoked.unwrap_or(Nanos::NEVER);
        known.deletes = deletes.flatten();
        self.is_told |= known.deletes.is_none();
        let out_of_order = invoked.is_some_and(|invoked| invoked > known.in_place_by);
        self.settle_from(index);
        Irregular { out_of_order, duplicate: false }
    }

    /// Lets go of versions beyond the newest `ring`, if they were in place before `watermark`: to
    /// any read that is still to come they are superseded for certain.
    pub(super) fn trim(&mut self, ring: usize, watermark: Nanos) {
        while self.recent.len() > ring
            && let Some(first) = self.recent.pop_front_if(|first| first.in_place_by < watermark)
        {
            let mut leaving = Leaving {
                version: first.version,
                in_place_from: first.in_place_from,
                in_place_by: first.in_place_by,
                acknowledged: first.acknowledged,
                reads: u64::from(first.reads),
            };
            while let Some(twin) = self.recent.pop_front_if(|it| it.version == first.version) {
                leaving.acknowledged |= twin.acknowledged;
                leaving.reads += u64::from(twin.reads);
            }
            self.past.push(&leaving);
        }
    }

    /// The highest version that was in place before `instant`, for certain: exact for every instant
    /// from the watermark on.
    pub(super) fn in_place_before(&self, instant: Nanos) -> Version {
        let count = match self.recent.back() {
            Some(newest) if newest.in_place_by < instant => self.recent.len(),
            _ => self.recent.partition_point(|known| known.in_place_by < instant),
        };
        match count.checked_sub(1) {
            Some(last) => self.recent[last].version,
            None => self.past.end(),
        }
    }

    /// Since when `version` had been superseded for certain, if it ever was.
    pub(super) fn superseded(&self, version: Version) -> Option<Superseded> {
        let next = version.next();
        if next <= self.past.end() {
            let epoch = self.past.around(next)?;
            return Some(Superseded { by: epoch.in_place_by, beyond_ring: true });
        }
        let known = self.recent.get(self.index(next))?;
        Some(Superseded { by: known.in_place_by, beyond_ring: false })
    }

    /// The last acknowledgement of a write before `instant`, for instants from the watermark on.
    pub(super) fn acknowledged_before(&self, instant: Nanos) -> Option<Nanos> {
        let count = self.acknowledgements.partition_point(|&ended| ended < instant);
        count.checked_sub(1).map(|last| self.acknowledgements[last])
    }

    /// What can have been in place by `ended`, the end of a read, from what is known `so_far`. Every
    /// write invoked before `watermark`, which is past `ended`, has reported.
    pub(super) fn reach(&self, so_far: Reach, ended: Nanos, watermark: Nanos) -> Reached {
        let mut reach = self.reach_in_past(so_far);
        let start = self.index(reach.newest.next());
        let mut from = self.in_place_from_below(start);
        for known in self.recent.range(start..) {
            if known.version > reach.newest.next() {
                if known.in_place_by >= watermark {
                    return Reached::Open { until: known.in_place_by, so_far: reach };
                }
                let skipped = from.min(known.in_place_by);
                if skipped > ended {
                    return Reached::Settled(reach);
                }
                reach.extend(skipped, Version(known.version.0 - 1));
            }
            // Only reads have told of this version, and its write is still in flight: it was
            // invoked after the watermark, and so after this read.
            let in_flight = known.invoked == Nanos::NEVER && known.in_place_by >= watermark;
            from = known.in_place_from;
            let in_place = from.min(known.in_place_by);
            if in_flight || in_place > ended {
                return Reached::Settled(reach);
            }
            reach.extend(in_place, known.version);
        }
        if let Some((count, invoked)) = self.unknown.invoked_by(ended) {
            reach.extend(from.max(invoked), Version(reach.newest.0 + count));
        }
        Reached::Settled(reach)
    }

    /// Counts a read of the measured window, unless it is dirty: what it returned is no write's that
    /// had begun by its end. Every write invoked up to `ended` has reported.
    pub(super) fn count_read(&mut self, version: Version, writer: Writer, ended: Nanos) -> bool {
        if version <= self.past.end() {
            self.past.count_read(version);
            return true;
        }
        let Some(index) = self.find(version, writer) else { return true };
        let known = &mut self.recent[index];
        let begun = known.invoked <= ended;
        known.reads = known.reads.saturating_add(u32::from(begun));
        begun
    }

    /// Whether the write of `version` by `writer` was a deletion; `None` where that is not known, or
    /// no longer.
    pub(super) fn deletes(&self, version: Version, writer: Writer) -> Option<bool> {
        if version <= self.past.end() {
            return None;
        }
        self.find(version, writer).and_then(|index| self.recent[index].deletes)
    }

    /// Whether another write had been acknowledged as `version`, which was in place before `write`
    /// began.
    fn given_before(&self, version: Version, write: Left) -> bool {
        self.versions(version).any(|known| {
            known.acknowledged && known.writer != write.writer && known.in_place_by < write.invoked
        })
    }

    /// Strikes out everything from `version` on that was in place before `write` began: `write` was
    /// given a version as if none of it had ever been.
    fn strike_from(&mut self, version: Version, write: Left) {
        let mut last = None;
        self.recent.retain(|known| {
            let is_gone = known.version >= version
                && known.writer != write.writer
                && known.in_place_by < write.invoked;
            if is_gone {
                self.struck.add(known.version, known.writer, known.acknowledged, known.reads);
                if known.acknowledged && last.replace(known.version) != Some(known.version) {
                    self.acknowledged -= 1;
                }
            }
            !is_gone
        });
        let remaining = self.recent.iter().rev().find(|known| known.acknowledged);
        self.highest_acknowledged = remaining.map(|known| known.version);
    }

    /// Versions that had left the ring before a read was first asked about. They did once they had
    /// been in place before the watermark of that time, and the read ended after it.
    fn reach_in_past(&self, mut reach: Reach) -> Reach {
        if reach.newest < self.past.end()
            && let Some(epoch) = self.past.around(reach.newest.next())
        {
            reach.extend(epoch.in_place_from, self.past.end());
        }
        reach
    }

    fn note_acknowledgement(&mut self, ended: Nanos, watermark: Nanos) {
        self.acknowledgements.push_back(ended);
        while self.acknowledgements.get(1).is_some_and(|&second| second < watermark) {
            self.acknowledgements.pop_front();
        }
    }

    /// A write has come to be known. Where reads have told of it before, says by when it was in
    /// place.
    fn invoked(&mut self, write: Left) -> Option<Nanos> {
        if !self.is_told {
            return None;
        }
        let index = self.recent.iter().position(|known| known.writer == write.writer)?;
        for known in self.recent.range_mut(index..).filter(|known| known.writer == write.writer) {
            known.invoked = write.invoked;
            known.deletes = Some(write.deletes);
        }
        self.is_told = self.recent.iter().any(|known| known.deletes.is_none());
        self.settle_from(index);
        Some(self.recent[index].in_place_by)
    }

    /// When the write of `writer`, which a read has just told of, was invoked, and whether it was a
    /// deletion. That can only be left open, as the beginning of time, where it may be an unknown
    /// write that is no longer told apart.
    fn origin_of(&mut self, writer: Writer) -> Option<(Nanos, Option<bool>)> {
        let mut told_before = self.recent.iter().filter(|known| known.writer == writer);
        let elsewhere = told_before.find(|known| known.invoked != Nanos::NEVER);
        let elsewhere = elsewhere.map(|known| (known.invoked, known.deletes));
        let older = self.unknown.any_older().then_some((Nanos::ZERO, None));
        let left = self.unknown.take(writer).map(|left| (left.invoked, Some(left.deletes)));
        left.or(elsewhere).or(older)
    }

    fn insert(&mut self, version: Version, writer: Writer, ended: Nanos) -> usize {
        let index = self.index(version);
        let in_place_by = self.recent.get(index).map_or(ended, |next| next.in_place_by.min(ended));
        let known = Known {
            version,
            writer,
            invoked: Nanos::NEVER,
            in_place_from: Nanos::ZERO,
            in_place_by,
            reads: 0,
            acknowledged: false,
            deletes: None,
        };
        self.recent.insert(index, known);
        index
    }

    /// Carries the latest invocation on from `index` upwards.
    fn settle_from(&mut self, index: usize) {
        let mut from = self.in_place_from_below(index);
        for known in self.recent.range_mut(index..) {
            if known.invoked != Nanos::NEVER {
                from = from.max(known.invoked);
            }
            known.in_place_from = from;
        }
    }

    fn in_place_from_below(&self, index: usize) -> Nanos {
        match index.checked_sub(1) {
            Some(last) => self.recent[last].in_place_from,
            None => self.past.in_place_from(),
        }
    }

    fn find(&self, version: Version, writer: Writer) -> Option<usize> {
        let start = self.index(version);
        let mut same = self.recent.range(start..).take_while(|known| known.version == version);
        same.position(|known| known.writer == writer).map(|offset| start + offset)
    }

    fn versions(&self, version: Version) -> impl Iterator<Item = &Known> {
        self.recent.range(self.index(version)..).take_while(move |known| known.version == version)
    }

    /// Where `version` is in the ring, or would be.
    fn index(&self, version: Version) -> usize {
        match self.recent.back() {
            Some(newest) if newest.version < version => self.recent.len(),
            _ => self.recent.partition_point(|known| known.version < version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_remembered_in_few_bytes() {
        assert!(size_of::<Known>() <= 48, "per version of the ring");
        assert!(size_of::<History>() <= 208, "per open key: {}", size_of::<History>());
    }
}
