//! How finely a window is told in intervals.

use super::measures::Bucket;
use crate::model::{Distribution, Nanos};

/// How finely a window is told. More is seen in finer intervals, and more has to be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timeline {
    /// Of at most 60 buckets.
    #[default]
    Usual,
    /// Of at most 240 buckets, for what passes quickly. A whole number of 100 ms each.
    Fine,
}

/// Widths of buckets, of which the finest is taken that does not make too many.
const USUAL: [Nanos; 8] = [
    Nanos::from_millis(100),
    Nanos::from_millis(250),
    Nanos::from_millis(500),
    Nanos::from_secs(1),
    Nanos::from_secs(5),
    Nanos::from_secs(15),
    Nanos::from_secs(60),
    Nanos::from_secs(600),
];
const FINE: [Nanos; 9] = [
    Nanos::from_millis(100),
    Nanos::from_millis(200),
    Nanos::from_millis(500),
    Nanos::from_secs(1),
    Nanos::from_secs(2),
    Nanos::from_secs(5),
    Nanos::from_secs(15),
    Nanos::from_secs(60),
    Nanos::from_secs(600),
];

impl Timeline {
    /// Fine where something breaks.
    pub const fn through(breaks: bool) -> Self {
        if breaks { Self::Fine } else { Self::Usual }
    }

    /// The width of the buckets in which such a window is told.
    pub fn bucket(self, window: Nanos) -> Nanos {
        let (widths, most) = match self {
            Self::Usual => (&USUAL[..], 60),
            Self::Fine => (&FINE[..], 240),
        };
        let fits = |width: &&Nanos| window.0.div_ceil(width.0) <= most;
        widths.iter().find(fits).copied().unwrap_or(Nanos(window.0.div_ceil(most)))
    }

    /// The buckets of such a window, with nothing in them. Their latencies have two digits: there are
    /// many of them, and a sixth of the memory is enough for a curve.
    pub fn empty(self, window: Nanos) -> Vec<Bucket> {
        let latency = Distribution::coarse();
        let bucket = Bucket { reads: latency.clone(), writes: latency, ..Bucket::default() };
        vec![bucket; window.0.div_ceil(self.bucket(window).0) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_has_at_most_so_many_buckets() {
        let (usual, fine) = (Timeline::Usual, Timeline::Fine);
        assert_eq!(usual.bucket(Nanos::from_secs(5)), Nanos::from_millis(100));
        assert_eq!(usual.bucket(Nanos::from_secs(8)), Nanos::from_millis(250));
        assert_eq!(usual.bucket(Nanos::from_secs(60)), Nanos::from_secs(1));
        assert_eq!(fine.bucket(Nanos::from_secs(24)), Nanos::from_millis(100));
        assert_eq!(fine.bucket(Nanos::from_secs(60)), Nanos::from_millis(500));
        for seconds in 1..5_000 {
            let window = Nanos::from_secs(seconds * 30);
            assert!(usual.empty(window).len() <= 60);
            assert!(fine.empty(window).len() <= 240);
        }
    }
}
