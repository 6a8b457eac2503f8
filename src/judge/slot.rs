//! What is known of one key that was written, in 64 bytes.
//!
//! The newest version is here in place, whatever else there is: a read that returned it, and began
//! when it had long been there, is judged by these few numbers alone. Everything older is a single
//! range of versions here while the key is *quiet*. It is told version by version in a history
//! while the key is *open*, as it is after every write until the memory is needed for other keys.

use crate::model::{Nanos, Version, Writer};

/// The past of a quiet key is told from so many nanoseconds on, about a millisecond, times a number
/// of 32 bits: rounded up, so that the bound only becomes looser.
const SPAN: u64 = 1 << 20;

/// One key.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Slot {
    newest: Writer,
    in_place_by: Nanos,
    /// When the last acknowledged write ended.
    acknowledged: Nanos,
    version: u32,
    /// Counted reads of the newest version that its history does not have.
    pub(super) reads: u32,
    pub(super) body: Body,
}

/// Where the rest is.
#[derive(Clone, Copy)]
pub(super) enum Body {
    Quiet(Quiet),
    Open(Open),
}

/// Everything that a quiet key has had: every version from 1 to the newest was acknowledged once,
/// no write is of unknown outcome, and all of it was in place before the watermark.
#[derive(Clone, Copy)]
#[repr(Rust, packed(4))]
pub(super) struct Quiet {
    /// See [`super::history`], of the newest version.
    in_place_from: Nanos,
    /// When the version before the newest, or the newest, had been seen for certain.
    past_in_place_by: Nanos,
    /// Any version before the newest took effect at most so many [`SPAN`]s before that.
    past_span: u32,
    /// Counted reads of versions before the newest.
    past_reads: u32,
    deletes: bool,
}

/// A key with a history.
#[derive(Clone, Copy)]
pub(super) struct Open {
    /// Its number.
    pub(super) history: u32,
    /// Whether the newest version is in the slot, and certain.
    is_plain: bool,
    deletes: bool,
}

/// The newest version of a key, where a read of it needs no history to be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Newest {
    pub(super) version: u32,
    pub(super) writer: Writer,
    pub(super) in_place_by: Nanos,
    /// When the last acknowledged write of the key ended.
    pub(super) acknowledged: Nanos,
    pub(super) deletes: bool,
}

/// The versions of a quiet key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Folded {
    pub(super) newest: Newest,
    pub(super) in_place_from: Nanos,
    pub(super) reads: u32,
    pub(super) past_in_place_from: Nanos,
    pub(super) past_in_place_by: Nanos,
    pub(super) past_reads: u32,
}

/// What makes a read certain: it returned the newest version, which had been in place before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fresh {
    pub(super) deletes: bool,
    /// The last acknowledgement of a write before the read began.
    pub(super) acknowledged: Nanos,
}

impl Slot {
    /// Of a key with this history, which says nothing yet.
    pub(super) const fn open(history: u32) -> Self {
        Self {
            newest: Writer::LOAD,
            in_place_by: Nanos::ZERO,
            acknowledged: Nanos::ZERO,
            version: 0,
            reads: 0,
            body: Body::Open(Open { history, is_plain: false, deletes: false }),
        }
    }

    /// Whether a read from `started` on returned the newest version, that had been in place by then.
    pub(super) fn fresh(&self, version: Version, writer: Writer, started: Nanos) -> Option<Fresh> {
        let (is_plain, deletes) = match self.body {
            Body::Quiet(quiet) => (true, quiet.deletes),
            Body::Open(open) => (open.is_plain, open.deletes),
        };
        let is_newest = version.0 == u64::from(self.version) && writer == self.newest;
        let is_settled = self.in_place_by < started && self.acknowledged < started;
        (is_plain && is_newest && is_settled)
            .then_some(Fresh { deletes, acknowledged: self.acknowledged })
    }

    pub(super) const fn count_read(&mut self) {
        self.reads = self.reads.saturating_add(1);
    }

    /// Says what the newest version is, as the history of the key has it.
    pub(super) fn show(&mut self, history: u32, newest: Option<Newest>) {
        self.body = Body::Open(Open {
            history,
            is_plain: newest.is_some(),
            deletes: newest.is_some_and(|newest| newest.deletes),
        });
        if let Some(newest) = newest {
            self.set(newest);
        }
    }

    pub(super) fn fold(&mut self, folded: &Folded) {
        let span = folded.past_in_place_by - folded.past_in_place_from;
        self.set(folded.newest);
        self.reads = folded.reads;
        self.body = Body::Quiet(Quiet {
            in_place_from: folded.in_place_from,
            past_in_place_by: folded.past_in_place_by,
            past_span: u32::try_from(span.0.div_ceil(SPAN)).unwrap_or(u32::MAX),
            past_reads: folded.past_reads,
            deletes: folded.newest.deletes,
        });
    }

    /// What a quiet key's slot has of it.
    pub(super) fn unfold(&self, quiet: Quiet) -> Folded {
        let past_in_place_by = quiet.past_in_place_by;
        let past_in_place_from = match quiet.past_span {
            u32::MAX => Nanos::ZERO,
            span => past_in_place_by - Nanos(u64::from(span) * SPAN),
        };
        Folded {
            newest: Newest {
                version: self.version,
                writer: self.newest,
                in_place_by: self.in_place_by,
                acknowledged: self.acknowledged,
                deletes: quiet.deletes,
            },
            in_place_from: quiet.in_place_from,
            reads: self.reads,
            past_in_place_from,
            past_in_place_by,
            past_reads: quiet.past_reads,
        }
    }

    fn set(&mut self, newest: Newest) {
        self.version = newest.version;
        self.newest = newest.writer;
        self.in_place_by = newest.in_place_by;
        self.acknowledged = newest.acknowledged;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEWEST: Newest = Newest {
        version: 7,
        writer: Writer(70),
        in_place_by: Nanos(9_000_000_000),
        acknowledged: Nanos(9_000_000_005),
        deletes: true,
    };

    #[test]
    fn a_key_takes_64_bytes() {
        assert_eq!(size_of::<Slot>(), 64);
    }

    #[test]
    fn what_is_folded_is_there_again_with_a_looser_bound() {
        for past_in_place_from in [0, 1, 5_000_000_000, 7_999_999_999] {
            let folded = Folded {
                newest: NEWEST,
                in_place_from: Nanos(8_500_000_000),
                reads: 3,
                past_in_place_from: Nanos(past_in_place_from),
                past_in_place_by: Nanos(8_000_000_000),
                past_reads: 4,
            };
            let mut slot = Slot::open(0);
            slot.fold(&folded);
            let Body::Quiet(quiet) = slot.body else { panic!("it is quiet") };
            let unfolded = slot.unfold(quiet);
            let looser = folded.past_in_place_from - unfolded.past_in_place_from;
            assert!(unfolded.past_in_place_from <= folded.past_in_place_from);
            assert!(looser.0 < SPAN);
            let past_in_place_from = folded.past_in_place_from;
            assert_eq!(Folded { past_in_place_from, ..unfolded }, folded);
        }
    }

    #[test]
    fn only_a_read_of_the_newest_version_after_it_was_in_place_is_fresh() {
        let mut slot = Slot::open(0);
        slot.show(0, Some(NEWEST));
        let after = NEWEST.acknowledged + Nanos(1);
        let fresh = Fresh { deletes: true, acknowledged: NEWEST.acknowledged };
        assert_eq!(slot.fresh(Version(7), Writer(70), after), Some(fresh));
        assert_eq!(slot.fresh(Version(6), Writer(70), after), None);
        assert_eq!(slot.fresh(Version(7), Writer(71), after), None);
        assert_eq!(slot.fresh(Version(7), Writer(70), NEWEST.acknowledged), None);
        slot.show(0, None);
        assert_eq!(slot.fresh(Version(7), Writer(70), after), None);
    }
}
