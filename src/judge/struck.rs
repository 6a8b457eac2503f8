//! Versions that were given out a second time: what they stood for is gone.
//!
//! Where versions are counted in a cache's memory, losing that memory takes the latest versions with
//! it, and the next writes are given the same numbers again. A write that was acknowledged as a
//! version which another had been acknowledged as before it even began shows that the earlier one,
//! and every later version of that time, has been lost.

use crate::model::{Version, Writer};

/// Acknowledged writes and counted reads of versions that are gone. Nearly all keys have none.
#[derive(Default)]
#[expect(clippy::box_collection, reason = "nearly all keys have none, and pay eight bytes for it")]
pub(super) struct Struck(Option<Box<Vec<Gone>>>);

struct Gone {
    version: Version,
    writer: Writer,
    acknowledged: bool,
    /// Counted reads that returned it.
    reads: u64,
}

impl Struck {
    pub(super) fn add(&mut self, version: Version, writer: Writer, acknowledged: bool, reads: u32) {
        let gone = Gone { version, writer, acknowledged, reads: reads.into() };
        self.0.get_or_insert_default().push(gone);
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Acknowledged writes of these that `stored`, the store's row in the end, neither is nor
    /// supersedes.
    pub(super) fn lost_writes(&self, stored: Option<(Version, Writer)>) -> u64 {
        self.lost(stored).filter(|gone| gone.acknowledged).count() as u64
    }

    /// Counted reads of these that `stored` neither is nor supersedes.
    pub(super) fn reads_of_nowhere(&self, stored: Option<(Version, Writer)>) -> u64 {
        self.lost(stored).map(|gone| gone.reads).sum()
    }

    /// Should the store hold one of these after all, it is the other row under its number that is
    /// gone, and none of these up to it.
    fn lost(&self, stored: Option<(Version, Writer)>) -> impl Iterator<Item = &Gone> {
        let all = self.0.as_deref().map_or(&[][..], Vec::as_slice);
        let survivor = stored.filter(|(version, writer)| {
            all.iter().any(|gone| (gone.version, gone.writer) == (*version, *writer))
        });
        all.iter().filter(move |gone| survivor.is_none_or(|(version, _)| gone.version > version))
    }
}
