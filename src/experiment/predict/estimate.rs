//! A measured ratio and its error, from the batches that a run is cut into.

use crate::measure::Measures;
use crate::model::Nanos;
use crate::record::{Contender, Prediction, Run};

/// Into how many batches a run is cut to see how much its figures vary.
const BATCHES: usize = 16;

/// What a ratio counts, which decides how much it varies at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Some of a whole: as independent requests.
    Share,
    /// One and more for each: what is more, as a Poisson count.
    OneAndMore,
    /// So many for each: as a Poisson count.
    Count,
    /// A sum over what is counted, of which nothing is known but how much it varies.
    Mean,
}

/// A measured ratio with its standard error, for a prediction to be put beside. `None` where there
/// is nothing to measure.
///
/// `buckets` gives part and whole for each interval of a run. The error is by how much batches of
/// intervals differ, but never less than chance alone would make it.
pub fn estimate(
    contender: &Contender,
    of: Of,
    buckets: impl Fn(&Run) -> Vec<(u64, u64)>,
) -> Option<Prediction> {
    let mut batches = Vec::new();
    for run in &contender.runs {
        let buckets = buckets(run);
        let size = buckets.len().div_ceil(BATCHES).max(1);
        batches.extend(buckets.chunks(size).map(sum));
    }
    (sum(&batches).1 > 0).then(|| of_batches(of, &batches))
}

/// How long an interval of a run's timeline is: the last one ends with the window.
pub fn span_of(run: &Run, index: usize) -> Nanos {
    let Measures { window, bucket, .. } = run.measures;
    bucket.min(window.since(Nanos(bucket.0 * index as u64)))
}

fn of_batches(of: Of, batches: &[(u64, u64)]) -> Prediction {
    let (part, whole) = sum(batches);
    let (part, whole, count) = (part as f64, whole as f64, batches.len() as f64);
    let ratio = part / whole;
    let squares: f64 = batches
        .iter()
        .map(|&(part, whole)| {
            let residual = part as f64 - ratio * whole as f64;
            residual * residual
        })
        .sum();
    let between = (squares * count / (count - 1.0).max(1.0)).sqrt() / whole;
    let variance = match of {
        Of::Share => ratio * (1.0 - ratio),
        Of::OneAndMore => ratio - 1.0,
        Of::Count => ratio,
        Of::Mean => 0.0,
    };
    let by_chance = (variance.max(0.0) / whole).sqrt();
    Prediction {
        quantity: String::new(),
        formula: String::new(),
        predicted: 0.0,
        measured: ratio,
        standard_error: between.max(by_chance),
        caveat: None,
    }
}

fn sum(pairs: &[(u64, u64)]) -> (u64, u64) {
    pairs.iter().fold((0, 0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_ratio_is_that_of_independent_requests_at_least() {
        let even = of_batches(Of::Share, &[(5, 10); 8]);
        assert!((even.measured - 0.5).abs() < 1e-12);
        assert!((even.standard_error - (0.25_f64 / 80.0).sqrt()).abs() < 1e-12);
        let loads = of_batches(Of::OneAndMore, &[(30, 10); 8]);
        assert!((loads.measured - 3.0).abs() < 1e-12);
        assert!((loads.standard_error - (2.0_f64 / 80.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn batches_that_differ_widen_it() {
        let uneven = of_batches(Of::Share, &[(0, 10), (10, 10), (0, 10), (10, 10)]);
        let even = of_batches(Of::Share, &[(5, 10); 4]);
        assert!(uneven.standard_error > even.standard_error * 2.0);
    }
}
