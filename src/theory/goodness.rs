//! Goodness of fit: whether counts are such as their probabilities would give.

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// A class that fewer are expected in is taken together with its neighbours: below that, the statistic
/// is not distributed as the test assumes (Cochran, "Some methods for strengthening the common
/// chi-squared tests", 1954).
const EXPECTED_MIN: f64 = 5.0;

/// Pearson's chi-squared test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GoodnessOfFit {
    /// The sum of `(observed - expected)^2 / expected` over all classes.
    pub statistic: f64,
    /// One less than there are classes.
    pub degrees_of_freedom: u32,
    /// The probability of a statistic at least as large, if the probabilities are right.
    pub p_value: f64,
}

/// Tests counts against the probabilities of their classes, which add up to 1. `None` where there are
/// too few counts for two classes, and so nothing to test.
///
/// A class without probability cannot come up: if it did, the probabilities are certainly wrong, and
/// the statistic is the largest that there is.
pub fn chi_squared(classes: &[(u64, f64)]) -> Option<GoodnessOfFit> {
    let total = classes.iter().map(|(count, _)| count).sum::<u64>() as f64;
    let possible = || classes.iter().filter(|(_, chance)| *chance > 0.0);
    let merged = merged(possible().map(|(count, chance)| (*count as f64, chance * total)));
    let is_impossible = classes.iter().any(|(count, chance)| *chance <= 0.0 && *count > 0);
    let degrees = merged.len().saturating_sub(1).max(usize::from(is_impossible)) as u32;
    let distribution = ChiSquared::new(f64::from(degrees)).ok()?;
    let statistic = match is_impossible {
        true => f64::MAX,
        false => merged.iter().map(|(count, expected)| (count - expected).powi(2) / expected).sum(),
    };
    let p_value = if is_impossible { 0.0 } else { distribution.sf(statistic) };
    Some(GoodnessOfFit { statistic, degrees_of_freedom: degrees, p_value })
}

/// Observed and expected counts, neighbours taken together until enough are expected in each.
fn merged(classes: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut merged: Vec<(f64, f64)> = Vec::new();
    for (count, expected) in classes {
        match merged.last_mut() {
            Some(last) if last.1 < EXPECTED_MIN => *last = (last.0 + count, last.1 + expected),
            _ => merged.push((count, expected)),
        }
    }
    // What is left over at the end has no neighbour after it.
    if merged.len() > 1
        && let Some((count, expected)) = merged.pop_if(|last| last.1 < EXPECTED_MIN)
        && let Some(last) = merged.last_mut()
    {
        *last = (last.0 + count, last.1 + expected);
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p_value(statistic: f64, degrees: u32) -> f64 {
        ChiSquared::new(f64::from(degrees)).unwrap().sf(statistic)
    }

    /// The usual table of critical values (Pearson and Hartley, "Biometrika tables for
    /// statisticians", table 8).
    #[test]
    fn the_distribution_is_that_of_the_tables() {
        let table = [
            (1, 0.05, 3.841_46),
            (1, 0.01, 6.634_90),
            (2, 0.05, 5.991_46),
            (4, 0.001, 18.466_8),
            (10, 0.5, 9.341_82),
            (10, 0.05, 18.307_0),
            (30, 0.01, 50.892_2),
            (63, 0.05, 82.528_7),
            (100, 0.001, 149.449),
        ];
        for (degrees, expected, critical) in table {
            let found = p_value(critical, degrees);
            assert!((found / expected - 1.0).abs() < 1e-4, "{degrees}, {expected}: {found}");
        }
        assert_eq!(p_value(0.0, 3), 1.0);
    }

    /// Mendel's peas (1866), round or angular and yellow or green, in a ratio of 9:3:3:1: a fit that
    /// every textbook has as 0.470 with 3 degrees of freedom.
    #[test]
    fn a_known_fit_comes_out_as_known() {
        let peas = [(315, 9.0 / 16.0), (101, 3.0 / 16.0), (108, 3.0 / 16.0), (32, 1.0 / 16.0)];
        let fit = chi_squared(&peas).unwrap();
        assert_eq!(fit.degrees_of_freedom, 3);
        assert!((fit.statistic - 0.470_02).abs() < 1e-4, "{fit:?}");
        assert!((fit.p_value - 0.925_4).abs() < 1e-3, "{fit:?}");
    }

    #[test]
    fn classes_with_few_expected_are_taken_together() {
        // Expected are 3, 3, 40, 50, 2 and 2: they become 6, 40 and 54.
        let classes = [(4, 0.03), (2, 0.03), (40, 0.4), (50, 0.5), (1, 0.02), (3, 0.02)];
        let fit = chi_squared(&classes).unwrap();
        assert_eq!(fit.degrees_of_freedom, 2);
        assert!(fit.statistic < 1e-9, "{fit:?}");
        assert_eq!(chi_squared(&[(2, 0.5), (2, 0.5)]), None, "four say nothing");
        assert_eq!(chi_squared(&[(100, 1.0)]), None, "nothing else could have come");
        assert_eq!(chi_squared(&[]), None);
    }

    #[test]
    fn what_cannot_be_is_no_fit() {
        let fit = chi_squared(&[(100, 1.0), (1, 0.0)]).unwrap();
        assert_eq!((fit.p_value, fit.degrees_of_freedom), (0.0, 1));
        let fit = chi_squared(&[(60, 0.5), (40, 0.5), (0, 0.0)]).unwrap();
        // (10^2 + 10^2) / 50
        assert_eq!((fit.statistic, fit.degrees_of_freedom), (4.0, 1));
    }
}
