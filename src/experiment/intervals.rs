//! Tells of a run while it lasts: each interval of the measured window, once it has passed.

use super::Progress;
use crate::judge::Judge;
use crate::measure::{Bucket, Meter};
use crate::model::Nanos;

/// What is known of an interval of the measured window soon after it has passed. What is still in flight by
/// then is in the Record, and not here.
#[derive(Clone, Debug)]
pub struct Interval {
    /// Its number, from 0 on; all are equally wide, but for the last.
    pub index: usize,
    pub width: Nanos,
    pub bucket: Bucket,
    /// Reads that were judged by then, and how many of them are certainly stale.
    pub judged: u64,
    pub definitely_stale: u64,
}

/// Which of them have been told.
pub struct Intervals {
    opens: Nanos,
    closes: Nanos,
    width: Nanos,
    told: usize,
}

impl Intervals {
    /// Of a window, from its opening to before its end, in intervals of this width.
    pub const fn of((opens, closes): (Nanos, Nanos), width: Nanos) -> Self {
        Self { opens, closes, width, told: 0 }
    }

    /// Tells of those that were over by `now` for as long as they had lasted: so long a slow answer has to
    /// get into them.
    pub fn pass(&mut self, now: Nanos, judge: &Judge, meter: &Meter, progress: &dyn Progress) {
        while self.from(self.told + 2) <= now && self.from(self.told) < self.closes {
            self.tell(judge, meter, progress);
        }
    }

    /// Tells of those that are left of what had passed by `now`.
    pub fn finish(mut self, now: Nanos, judge: &Judge, meter: &Meter, progress: &dyn Progress) {
        while self.from(self.told) < self.closes.min(now) {
            self.tell(judge, meter, progress);
        }
    }

    fn from(&self, index: usize) -> Nanos {
        self.opens + Nanos(self.width.0 * index as u64)
    }

    fn tell(&mut self, judge: &Judge, meter: &Meter, progress: &dyn Progress) {
        let index = self.told;
        self.told += 1;
        let width = self.from(self.told).min(self.closes) - self.from(index);
        progress.interval(&|| {
            let staleness = judge.so_far(index);
            let bucket = meter.so_far(index).cloned().unwrap_or_default();
            let (judged, definitely_stale) = (staleness.reads, staleness.definitely_stale);
            Interval { index, width, bucket, judged, definitely_stale }
        });
    }
}
