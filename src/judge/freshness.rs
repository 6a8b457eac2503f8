//! How likely a stale read is by the time since the last acknowledged write of its key.

use super::FreshnessPoint;
use crate::model::Nanos;

/// The steps of each decade.
const STEPS: [u64; 3] = [1, 2, 5];
/// The upper end of the first span.
const FIRST: Nanos = Nanos::from_micros(100);
/// From 100 us, seven decades reach 1,000 s.
const DECADES: u32 = 7;

/// Spans with an end; after them comes one without.
const SPANS: usize = STEPS.len() * DECADES as usize + 1;

/// The first span that can hold a number with so many leading zeros.
const FIRST_SPANS: [u8; 65] = {
    let mut first = [0; 65];
    let mut zeros = 0;
    while zeros < 64 {
        while upper_end(first[zeros] as usize).0 < 1 << (63 - zeros) {
            first[zeros] += 1;
        }
        zeros += 1;
    }
    first
};

const fn upper_end(span: usize) -> Nanos {
    if span >= SPANS {
        return Nanos::NEVER;
    }
    Nanos(FIRST.0 * 10_u64.pow((span / STEPS.len()) as u32) * STEPS[span % STEPS.len()])
}

/// Counts reads in spans that grow by the steps 1, 2, 5.
pub(super) struct Freshness {
    points: Vec<FreshnessPoint>,
}

impl Freshness {
    pub(super) fn new() -> Self {
        let points = (0..=SPANS).map(|span| FreshnessPoint {
            since_write: upper_end(span),
            ..FreshnessPoint::default()
        });
        Self { points: points.collect() }
    }

    pub(super) fn record(&mut self, since_write: Nanos, stale: bool) {
        let mut index = usize::from(FIRST_SPANS[since_write.0.leading_zeros() as usize]);
        // Between two powers of two there are at most two spans' ends.
        while self.points[index].since_write < since_write {
            index += 1;
        }
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
    fn every_number_is_in_the_first_span_that_reaches_as_far() {
        for bit in 0..64 {
            for number in [(1 << bit) - 1, 1 << bit, (1_u64 << bit).saturating_mul(3) / 2] {
                let mut freshness = Freshness::new();
                freshness.record(Nanos(number), false);
                let points = freshness.into_points();
                let [before @ .., last] = points.as_slice() else { panic!("no span: {number}") };
                assert!(number <= last.since_write.0);
                assert!(before.last().is_none_or(|span| span.since_write.0 < number));
            }
        }
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
