//! A mean over repeats, and how far the true one may be from it.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// How sure an interval is, on both sides together.
const CONFIDENCE: f64 = 0.95;

/// A mean over runs with its 95 % interval by Student's t. The sample is a run, never a request: what
/// differs from one run to the next does not show within one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub mean: f64,
    pub low: f64,
    pub high: f64,
    /// How many runs it is of.
    pub runs: usize,
}

impl Interval {
    /// `None` for fewer than two values: one says nothing of how much they differ.
    pub fn of(values: &[f64]) -> Option<Self> {
        let runs = values.len();
        if runs < 2 {
            return None;
        }
        let n = runs as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let half = quantile(n - 1.0) * (variance / n).sqrt();
        Some(Self { mean, low: mean - half, high: mean + half, runs })
    }

    pub fn overlaps(&self, other: &Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }
}

/// By how many standard errors the interval reaches to either side.
fn quantile(degrees_of_freedom: f64) -> f64 {
    let distribution = StudentsT::new(0.0, 1.0, degrees_of_freedom);
    distribution
        .expect("there is at least one degree of freedom")
        .inverse_cdf(0.5 + CONFIDENCE / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_over_repeats_is_students() {
        // Mean 10, standard deviation 1, three repeats: half the width is 4.303 / sqrt(3).
        let interval = Interval::of(&[9.0, 10.0, 11.0]).unwrap();
        assert!((interval.mean - 10.0).abs() < 1e-9);
        assert!((interval.low - (10.0 - 4.302_653 / 3f64.sqrt())).abs() < 1e-5);
        assert!((interval.high - (10.0 + 4.302_653 / 3f64.sqrt())).abs() < 1e-5);
        assert_eq!(interval.runs, 3);
    }

    #[test]
    fn quantiles_are_those_of_any_table() {
        for (degrees, tabled) in [(1.0, 12.706), (4.0, 2.776), (30.0, 2.042), (1_000.0, 1.962)] {
            assert!((quantile(degrees) - tabled).abs() < 5e-4, "{degrees}");
        }
    }

    #[test]
    fn one_run_has_none() {
        assert_eq!(Interval::of(&[4.2]), None);
        assert_eq!(Interval::of(&[]), None);
        let equal = Interval::of(&[4.0, 4.0]).unwrap();
        assert_eq!((equal.low, equal.high), (4.0, 4.0));
    }
}
