//! A distribution of spans or counts, kept whole: merging two loses nothing.

mod reading;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use super::Nanos;

/// How sure a printed quantile has to be.
const CONFIDENCE: f64 = 0.99;

/// An HdrHistogram with three significant digits, or two where there are very many of them, written as
/// base64 of its V2 compressed form, which other HDR tools read.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution(Histogram<u64>);

impl Distribution {
    pub fn new() -> Self {
        Self(Histogram::new(3).expect("three significant digits are within the histogram's range"))
    }

    /// With two significant digits, in a sixth of the memory.
    pub fn coarse() -> Self {
        Self(Histogram::new(2).expect("two significant digits are within the histogram's range"))
    }

    pub fn record(&mut self, span: Nanos) {
        self.record_count(span.0);
    }

    /// Records the same span so many times.
    pub fn record_many(&mut self, span: Nanos, times: u64) {
        self.0.record_n(span.0, times).expect("a histogram without bounds holds any number");
    }

    /// Records a plain number, for distributions that are not of time.
    pub fn record_count(&mut self, number: u64) {
        // `saturating_record` would clamp to the range so far instead of widening it.
        self.0.record(number).expect("a histogram without bounds holds any number");
    }

    /// Adds what is in `other`, to the digits of the coarser of the two.
    pub fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("a histogram without bounds holds any other");
    }

    pub fn len(&self) -> u64 {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn mean(&self) -> f64 {
        self.0.mean()
    }

    /// The largest value, to three digits, or 0 where there is none.
    pub fn max(&self) -> Nanos {
        Nanos(self.0.max())
    }

    /// The value at quantile `q` in `[0, 1]`, whether or not the samples suffice for it.
    pub fn quantile(&self, q: f64) -> Nanos {
        Nanos(self.0.value_at_quantile(q))
    }

    /// The value at quantile `q`, or `None` where there are too few samples to certify it: at
    /// least two of them must lie beyond the true quantile with 99 % confidence.
    pub fn certified(&self, q: f64) -> Option<Nanos> {
        (self.len() >= samples_to_certify(q)).then(|| self.quantile(q))
    }

    /// The share of samples at or below `value`.
    pub fn share_up_to(&self, value: u64) -> f64 {
        if self.is_empty() { 0.0 } else { self.0.quantile_below(value) }
    }

    /// Does `read`, in which all distributions that are read may together take so many bytes of memory;
    /// what would take more is an error.
    pub fn reading_within<T>(bytes: usize, read: impl FnOnce() -> T) -> T {
        reading::within(bytes, read)
    }

    /// How many samples were longer than `span`, to the digits that are kept.
    pub fn count_beyond(&self, span: Nanos) -> u64 {
        let recorded = self.0.iter_recorded();
        let beyond = recorded.filter(|value| value.value_iterated_to() > span.0);
        beyond.map(|value| value.count_since_last_iteration()).sum()
    }

    /// The histogram itself, for interval logs and charts.
    pub fn histogram(&self) -> &Histogram<u64> {
        &self.0
    }
}

impl Default for Distribution {
    fn default() -> Self {
        Self::new()
    }
}

/// The least number of samples of which, with 99 % confidence, at least two lie beyond quantile `q`:
/// 662 for p99, 6,636 for p99.9.
pub fn samples_to_certify(q: f64) -> u64 {
    let beyond = 1.0 - q;
    let certain = |n: u64| {
        let n = n as f64;
        let none = libm::pow(q, n);
        let one = n * beyond * libm::pow(q, n - 1.0);
        1.0 - none - one >= CONFIDENCE
    };
    let mut high = 2;
    while !certain(high) {
        high *= 2;
    }
    let mut low = high / 2;
    while low + 1 < high {
        let middle = low.midpoint(high);
        if certain(middle) { high = middle } else { low = middle }
    }
    high
}

impl Serialize for Distribution {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(&self.0, &mut bytes)
            .map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&STANDARD.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for Distribution {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        reading::histogram(&text).map(Self).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_needs_two_samples_beyond_it() {
        assert_eq!(samples_to_certify(0.99), 662);
        assert_eq!(samples_to_certify(0.999), 6_636);
        let mut distribution = Distribution::new();
        for micros in 1..662 {
            distribution.record(Nanos::from_micros(micros));
        }
        assert_eq!(distribution.certified(0.99), None);
        distribution.record(Nanos::from_micros(662));
        assert!(distribution.certified(0.99).is_some());
    }

    #[test]
    fn a_distribution_holds_any_number() {
        for number in [0, 1, 2_048, 1_000_000_000, u64::MAX] {
            let mut distribution = Distribution::new();
            distribution.record_count(number);
            assert!(distribution.max().0.abs_diff(number) <= number / 1_000);
        }
    }

    #[test]
    fn a_distribution_survives_json() {
        let mut distribution = Distribution::new();
        for micros in [1, 20, 300, 4_000, 50_000] {
            distribution.record(Nanos::from_micros(micros));
        }
        let json = serde_json::to_string(&distribution).unwrap();
        assert_eq!(serde_json::from_str::<Distribution>(&json).unwrap(), distribution);
    }

    #[test]
    fn a_coarse_distribution_tells_the_same_to_two_digits_and_merges_into_a_fine_one() {
        let (mut coarse, mut fine) = (Distribution::coarse(), Distribution::new());
        for micros in 1..=1_000 {
            coarse.record(Nanos::from_micros(micros));
            fine.record(Nanos::from_micros(micros));
        }
        let near = |a: Nanos, b: Nanos| a.0.abs_diff(b.0) * 100 <= b.0;
        assert!(near(coarse.quantile(0.99), fine.quantile(0.99)));
        assert!(coarse.count_beyond(Nanos::from_micros(900)).abs_diff(100) <= 10);
        assert_eq!(coarse.count_beyond(coarse.max()), 0);
        fine.merge(&coarse);
        assert_eq!(fine.len(), 2_000);
        assert!(near(fine.quantile(0.5), Nanos::from_micros(500)));
        let json = serde_json::to_string(&coarse).unwrap();
        assert_eq!(serde_json::from_str::<Distribution>(&json).unwrap(), coarse);
    }

    #[test]
    fn an_empty_distribution_survives_json() {
        let json = serde_json::to_string(&Distribution::new()).unwrap();
        assert!(serde_json::from_str::<Distribution>(&json).unwrap().is_empty());
    }
}
