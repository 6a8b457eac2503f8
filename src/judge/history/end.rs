//! What is wrong with a key in the end: lost writes, and reads of what is nowhere.

use super::{History, Known};
use crate::model::{Version, Writer};

impl History {
    /// Acknowledged writes that `stored`, the store's row in the end, neither is nor supersedes.
    pub(in crate::judge) fn lost_writes(&self, stored: Option<(Version, Writer)>) -> u64 {
        let lost = self.recent.iter().filter(|known| known.acknowledged && known.is_lost(stored));
        self.past.acknowledged_above(stored.map(|(version, _)| version))
            + self.struck.lost_writes(stored)
            + self.crowded_out(stored)
            + lost.count() as u64
    }

    /// Acknowledged writes that another one shares its version with, below the store's: a row has but
    /// one writer, so all but one of them never came to be.
    fn crowded_out(&self, stored: Option<(Version, Writer)>) -> u64 {
        let acknowledged = self.recent.iter().filter(|known| known.acknowledged);
        let below = acknowledged.filter(|known| !known.is_lost(stored));
        let versions = below.map(|known| known.version);
        versions.clone().zip(versions.skip(1)).filter(|(one, next)| one == next).count() as u64
    }

    /// Counted reads of what `stored`, the store's row in the end, neither is nor supersedes.
    pub(in crate::judge) fn reads_of_nowhere(&self, stored: Option<(Version, Writer)>) -> u64 {
        let dirty =
            self.recent.iter().filter(|known| known.is_lost(stored) || self.is_usurped(known));
        let recent: u64 = dirty.map(|known| u64::from(known.reads)).sum();
        self.past.reads_above(stored.map(|(version, _)| version))
            + self.struck.reads_of_nowhere(stored)
            + recent
    }

    /// Counted reads of a version that turned out to be another writer's.
    pub(in crate::judge) fn reads_of_usurped(&self) -> u64 {
        let dirty = self.recent.iter().filter(|known| self.is_usurped(known));
        dirty.map(|known| u64::from(known.reads)).sum()
    }

    pub(in crate::judge) fn highest_acknowledged(&self) -> Option<Version> {
        self.highest_acknowledged
    }

    /// Versions below the highest acknowledged one that no write was acknowledged as.
    pub(in crate::judge) fn unclaimed(&self) -> u64 {
        self.highest_acknowledged.map_or(0, |highest| highest.0.saturating_sub(self.acknowledged))
    }

    /// Another write was acknowledged as this version, and this one's was not.
    fn is_usurped(&self, known: &Known) -> bool {
        !known.acknowledged && self.versions(known.version).any(|twin| twin.acknowledged)
    }
}

impl Known {
    /// Whether `stored`, the store's row in the end, neither is this nor supersedes it.
    fn is_lost(&self, stored: Option<(Version, Writer)>) -> bool {
        stored.is_none_or(|(version, writer)| {
            self.version > version || (self.version == version && self.writer != writer)
        })
    }
}
