//! What is still known of a key's versions once they have left the ring: counts and bounds over
//! ranges of versions, the older the coarser, so that memory grows with the logarithm of the writes.

use crate::model::{Nanos, Version};

/// How many ranges of one size there may be; one more, and the two oldest of them are merged.
const RANGES_PER_SIZE: usize = 2;

/// Versions `1 ..= end` of one key, thinned out.
#[derive(Default)]
pub(super) struct Past {
    /// In the order of versions, and of falling size.
    epochs: Vec<Epoch>,
    /// The prefix maximum of the invocations of all writes up to `end`.
    in_place_from: Nanos,
}

/// One version, or several of the same number, as it leaves the ring.
pub(super) struct Leaving {
    pub(super) version: Version,
    /// The latest invocation of a write up to this version.
    pub(super) in_place_from: Nanos,
    /// When this version or a later one had been seen for certain.
    pub(super) in_place_by: Nanos,
    /// Whether a write was acknowledged as this version.
    pub(super) acknowledged: bool,
    /// Reads of the measured window that returned this version.
    pub(super) reads: u64,
}

/// A range of versions, from behind the previous epoch up to `to`.
#[derive(Clone, Copy)]
pub(super) struct Epoch {
    /// The lowest version of the range that is known to exist.
    from: Version,
    to: Version,
    /// A lower bound of the instant at which any version of the range took effect.
    pub(super) in_place_from: Nanos,
    /// When `to` or a later version had been seen for certain.
    pub(super) in_place_by: Nanos,
    /// Versions that a write was acknowledged as.
    acknowledged: u64,
    reads: u64,
    /// The logarithm of the number of versions that were put together.
    size: u8,
}

impl Past {
    /// The highest version that has left the ring, or the initial one where none has.
    pub(super) fn end(&self) -> Version {
        self.epochs.last().map_or(Version::INITIAL, |epoch| epoch.to)
    }

    pub(super) fn in_place_from(&self) -> Nanos {
        self.in_place_from
    }

    /// The range in which `version` lies, for versions from 1 to `end`.
    pub(super) fn around(&self, version: Version) -> Option<&Epoch> {
        self.epochs.get(self.index(version))
    }

    pub(super) fn count_read(&mut self, version: Version) {
        let index = self.index(version);
        if let Some(epoch) = self.epochs.get_mut(index) {
            epoch.reads += 1;
        }
    }

    /// The versions `1 ..= end`, each of which a write was acknowledged as, in a single range.
    pub(super) fn of(end: Version, from: Nanos, by: Nanos, reads: u64) -> Self {
        let mut past = Self::default();
        if end > Version::INITIAL {
            past.in_place_from = from;
            past.epochs.push(Epoch {
                from: Version::INITIAL.next(),
                to: end,
                in_place_from: from,
                in_place_by: by,
                acknowledged: end.0,
                reads,
                size: end.0.ilog2() as u8,
            });
        }
        past
    }

    /// The lowest bound of the instant at which any of these versions took effect, when all had for
    /// certain, and the counted reads of them; `None` where no version has left the ring.
    pub(super) fn whole(&self) -> Option<(Nanos, Nanos, u64)> {
        let from = self.epochs.iter().map(|epoch| epoch.in_place_from).min()?;
        let by = self.epochs.last()?.in_place_by;
        Some((from, by, self.epochs.iter().map(|epoch| epoch.reads).sum()))
    }

    /// Puts all ranges together.
    pub(super) fn merge(&mut self) {
        let mut epochs = std::mem::take(&mut self.epochs).into_iter();
        let merged = epochs.next().map(|first| epochs.fold(first, Epoch::with));
        self.epochs = merged.into_iter().collect();
    }

    /// Bytes that it takes beside itself.
    pub(super) fn bytes(&self) -> usize {
        self.epochs.capacity() * size_of::<Epoch>()
    }

    /// Takes in a version above `end`.
    pub(super) fn push(&mut self, leaving: &Leaving) {
        // Between `end` and this version there may be versions of which nothing is known: they can
        // have been in place as early as `end` itself.
        let consecutive = leaving.version == self.end().next();
        let earliest = if consecutive { leaving.in_place_from } else { self.in_place_from };
        self.in_place_from = leaving.in_place_from;
        self.epochs.push(Epoch {
            from: leaving.version,
            to: leaving.version,
            in_place_from: earliest.min(leaving.in_place_by),
            in_place_by: leaving.in_place_by,
            acknowledged: u64::from(leaving.acknowledged),
            reads: leaving.reads,
            size: 0,
        });
        self.thin();
    }

    /// Acknowledged versions above `stored`: at least this many, and exactly where every version of
    /// the range around `stored` was acknowledged.
    pub(super) fn acknowledged_above(&self, stored: Option<Version>) -> u64 {
        let above = |epoch: &Epoch| match stored {
            Some(stored) if stored >= epoch.to => 0,
            Some(stored) if stored >= epoch.from => {
                epoch.acknowledged.saturating_sub(stored.0 - epoch.from.0 + 1)
            }
            _ => epoch.acknowledged,
        };
        self.epochs.iter().map(above).sum()
    }

    /// Reads of versions above `stored`: at least this many.
    pub(super) fn reads_above(&self, stored: Option<Version>) -> u64 {
        let above = self.epochs.iter().filter(|epoch| stored.is_none_or(|it| it < epoch.from));
        above.map(|epoch| epoch.reads).sum()
    }

    fn index(&self, version: Version) -> usize {
        self.epochs.partition_point(|epoch| epoch.to < version)
    }

    fn thin(&mut self) {
        let mut end = self.epochs.len();
        while end > RANGES_PER_SIZE
            && self.epochs[end - RANGES_PER_SIZE - 1].size == self.epochs[end - 1].size
        {
            let oldest = end - RANGES_PER_SIZE - 1;
            let newer = self.epochs.remove(oldest + 1);
            self.epochs[oldest] = self.epochs[oldest].with(newer);
            end = oldest + 1;
        }
    }
}

impl Epoch {
    /// This and the next one together.
    fn with(self, newer: Self) -> Self {
        Self {
            from: self.from,
            to: newer.to,
            in_place_from: self.in_place_from.min(newer.in_place_from),
            in_place_by: newer.in_place_by,
            acknowledged: self.acknowledged + newer.acknowledged,
            reads: self.reads + newer.reads,
            size: self.size.saturating_add(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past_of(versions: u64) -> Past {
        let mut past = Past::default();
        for version in 1..=versions {
            past.push(&Leaving {
                version: Version(version),
                in_place_from: Nanos(10 * version),
                in_place_by: Nanos(10 * version + 5),
                acknowledged: true,
                reads: 1,
            });
        }
        past
    }

    #[test]
    fn a_million_writes_leave_a_few_dozen_ranges() {
        assert!(past_of(1_000_000).epochs.len() <= 2 * 20);
    }

    #[test]
    fn the_newest_ranges_are_the_finest() {
        let past = past_of(1_000);
        assert!(past.epochs.is_sorted_by(|older, newer| older.size >= newer.size));
        assert!(past.epochs.is_sorted_by(|older, newer| older.to < newer.from));
        assert_eq!(past.epochs.last().map(|epoch| epoch.size), Some(0));
    }

    #[test]
    fn acknowledged_versions_above_any_point_are_counted_exactly_where_none_is_missing() {
        let past = past_of(1_000);
        for stored in 0..=1_000 {
            assert_eq!(past.acknowledged_above(Some(Version(stored))), 1_000 - stored);
        }
        assert_eq!(past.acknowledged_above(None), 1_000);
    }

    #[test]
    fn all_ranges_together_are_bounds_too() {
        let mut past = past_of(1_000);
        past.merge();
        assert_eq!(past.epochs.len(), 1);
        assert_eq!(past.whole(), Some((Nanos(10), Nanos(10_005), 1_000)));
        assert_eq!(past.acknowledged_above(Some(Version(400))), 600);
        assert_eq!((past.reads_above(Some(Version(400))), past.reads_above(None)), (0, 1_000));
        let again = Past::of(past.end(), Nanos(10), Nanos(10_005), 1_000);
        assert_eq!((again.end(), again.whole()), (past.end(), past.whole()));
        assert_eq!(again.acknowledged_above(None), 1_000);
    }

    #[test]
    fn a_skipped_version_can_have_been_in_place_as_early_as_the_one_before_it() {
        let mut past = past_of(1);
        past.push(&Leaving {
            version: Version(3),
            in_place_from: Nanos(100),
            in_place_by: Nanos(105),
            acknowledged: true,
            reads: 0,
        });
        let skipped = past.around(Version(2)).expect("the version is in the past");
        assert_eq!(skipped.in_place_from, Nanos(10));
    }

    #[test]
    fn bounds_of_a_range_hold_for_each_of_its_versions() {
        let past = past_of(1_000);
        for version in 1..=1_000 {
            let epoch = past.around(Version(version)).expect("the version is in the past");
            assert!(epoch.in_place_from <= Nanos(10 * version));
            assert!(epoch.in_place_by >= Nanos(10 * version + 5));
        }
        for stored in 0..=1_000 {
            assert!(past.reads_above(Some(Version(stored))) <= 1_000 - stored);
        }
    }
}
