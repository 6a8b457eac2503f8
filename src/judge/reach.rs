//! What can have been in place by the end of a read, as far as it is known.

use crate::model::{Nanos, Version};

/// How far it is known what can have been in place by the end of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    /// The earliest instant at which the version after the one that was read can have been in
    /// place, if it can have been by the read's end.
    pub(super) earliest: Option<Nanos>,
    /// The highest version that can have been in place by the read's end.
    pub(super) newest: Version,
}

/// What a read's reach is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    Settled(Reach),
    /// This far at least. A write that is still in flight may yet claim a version that looks
    /// skipped: to be asked again from here when the watermark is past `until`.
    Open {
        until: Nanos,
        so_far: Reach,
    },
}

impl Reach {
    /// At the end of a read of which nothing is known but the version that it returned.
    pub(super) const fn of(version: Version) -> Self {
        Self { earliest: None, newest: version }
    }

    /// Versions up to `newest` can have been in place, the first of them at `instant`.
    pub(super) fn extend(&mut self, instant: Nanos, newest: Version) {
        self.earliest.get_or_insert(instant);
        self.newest = newest;
    }
}
