//! How likely a stale read is by the time since the last acknowledged write of its key.

use super::FreshnessPoint;
use crate::model::Nanos;

/// The steps of each decade.
const STEPS: [u64; 3] = [1, 2, 5];
/// The upper end of the first span.
const FIRST: Nanos = Nanos::from_micros(100);
/// From 100 us, seven decades reach 1,000 s.
const DECADES: u32 = 7;

/// Counts reads in spans that grow by the steps 1, 2, 5.
pub(super) struct Freshness {
    points: Vec<FreshnessPoint>,
}

impl Freshness {
    pub(super) fn new() -> Self {
        let spans = (0..DECADES)
            .flat_map(|decade| STEPS.map(|step| FIRST.0 * 10_u64.pow(decade) * step))
            .chain([FIRST.0 * 10_u64.pow(DECADES), Nanos::NEVER.0]);
        let points = spans
            .map(|span| FreshnessPoint { since_write: Nanos(span), ..FreshnessPoint::default() });
        Self { points: points.collect() }
    }

    pub(super) fn record(&mut self, since_write: Nanos, stale: bool) {
        let index = self.points.partition_point(|point| point.since_write < since_write);
        let point = &mut self.points[index];
        point.reads += 1;
        point.stale += u64::from(stale);
    }

    /// The curve up to the last span that has reads.
    pub(super) fn into_points(mut self) -> Vec<FreshnessPoint> {
        let used = self.points.iter().rposition(|point| point.reads > 0).map_or(0, |last| last + 1);
        self.points.truncate(used);
        self.points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_holds_its_upper_end_and_not_its_lower() {
        let mut freshness = Freshness::new();
        freshness.record(Nanos::from_micros(200), false);
        freshness.record(Nanos(200_001), true);
        let points = freshness.into_points();
        let counts: Vec<_> = points.iter().map(|p| (p.since_write.0, p.reads, p.stale)).collect();
        assert_eq!(counts, [(100_000, 0, 0), (200_000, 1, 0), (500_000, 1, 1)]);
    }

    #[test]
    fn the_curve_has_no_end() {
        let mut freshness = Freshness::new();
        freshness.record(Nanos::from_secs(1_000), false);
        freshness.record(Nanos::from_secs(5_000), false);
        let points = freshness.into_points();
        let [.., last_but_one, last] = points.as_slice() else { panic!("too few points") };
        assert_eq!((last_but_one.since_write, last_but_one.reads), (Nanos::from_secs(1_000), 1));
        assert_eq!((last.since_write, last.reads), (Nanos::NEVER, 1));
    }
}
