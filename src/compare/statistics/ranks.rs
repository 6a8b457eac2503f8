//! The Mann-Whitney U test, for runs that are no pairs (Mann and Whitney, "On a test of whether one of
//! two random variables is stochastically larger than the other", 1947).

use statrs::distribution::{ContinuousCDF, Normal};

/// Up to so many runs on both sides together, the distribution of ranks is counted out, equal figures
/// included; beyond, it is taken to be normal.
const EXACT_MAX: usize = 40;

/// The probability of ranks at least as unevenly spread over the two sides, either way, if all figures
/// come from one source. 1 where a side has none.
///
/// Equal figures share the mean of their ranks. The exact test is conditional on them: it counts the
/// ways to deal just these ranks.
pub fn mann_whitney(one: &[f64], other: &[f64]) -> f64 {
    if one.is_empty() || other.is_empty() {
        return 1.0;
    }
    let ranks = doubled_ranks(&[one, other].concat());
    let dealt: usize = ranks[..one.len()].iter().sum();
    match ranks.len() {
        few if few <= EXACT_MAX => exact(&ranks, one.len(), dealt),
        _ => approximate(&ranks, one.len(), dealt),
    }
}

/// No sides of `one` and `other` runs have a smaller probability than this one, if no two figures are
/// equal.
pub fn smallest_of_ranks(one: usize, other: usize) -> f64 {
    if one + other > EXACT_MAX {
        return f64::MIN_POSITIVE;
    }
    let ways = (0..one).fold(1.0, |ways, k| ways * (other + one - k) as f64 / (k + 1) as f64);
    (2.0_f64 / ways).min(1.0)
}

/// Twice the rank of each, from 1, so that the mean of two ranks is a whole number too.
fn doubled_ranks(values: &[f64]) -> Vec<usize> {
    let below = |value: f64| values.iter().filter(|other| **other < value).count();
    let equal = |value: f64| values.iter().filter(|other| **other == value).count();
    values.iter().map(|&value| 2 * below(value) + equal(value) + 1).collect()
}

/// Counts the ways to deal `n` of the ranks by what they come to.
fn exact(ranks: &[usize], n: usize, dealt: usize) -> f64 {
    let total: usize = ranks.iter().sum();
    // By how many were dealt, and by their sum. Up to 2^40 ways are whole numbers of this type.
    let mut ways = vec![vec![0.0_f64; total + 1]; n + 1];
    ways[0][0] = 1.0;
    for &rank in ranks {
        for count in (1..=n).rev() {
            for sum in (rank..=total).rev() {
                ways[count][sum] += ways[count - 1][sum - rank];
            }
        }
    }
    let all: f64 = ways[n].iter().sum();
    // In units in which the mean sum is whole as well.
    let off = |sum: usize| (sum * ranks.len()).abs_diff(total * n);
    let far = ways[n].iter().enumerate().filter(|(sum, _)| off(*sum) >= off(dealt));
    far.map(|(_, ways)| ways).sum::<f64>() / all
}

/// By the normal distribution, corrected for equal figures and for continuity.
fn approximate(ranks: &[usize], n: usize, dealt: usize) -> f64 {
    let (all, one) = (ranks.len() as f64, n as f64);
    let other = all - one;
    // Each figure of t equal ones contributes its share of t^3 - t.
    let equal = |rank: usize| ranks.iter().filter(|other| **other == rank).count() as f64;
    let ties: f64 = ranks.iter().map(|&rank| equal(rank).powi(2) - 1.0).sum();
    let variance = one * other / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    let off = (dealt as f64 / 2.0 - one * (all + 1.0) / 2.0).abs();
    let z = (off - 0.5).max(0.0) / variance.sqrt();
    (2.0 * Normal::standard().sf(z)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_both_ways(one: &[f64], other: &[f64]) -> (f64, f64) {
        let ranks = doubled_ranks(&[one, other].concat());
        let dealt = ranks[..one.len()].iter().sum();
        (exact(&ranks, one.len(), dealt), approximate(&ranks, one.len(), dealt))
    }

    #[test]
    fn the_normal_distribution_is_used_as_scipy_does() {
        // scipy.stats.mannwhitneyu(male, female, method="asymptotic") of its example.
        let (male, female) = ([19.0, 22.0, 16.0, 29.0, 24.0], [20.0, 11.0, 17.0, 12.0]);
        let (_, p) = by_both_ways(&male, &female);
        assert!((p - 0.111_346_886_533_140_41).abs() < 1e-9, "{p}");
    }

    #[test]
    fn where_one_way_ends_the_other_agrees_with_it() {
        // Twenty runs on each side, with many equal figures.
        let figures = |step: usize| (0..20).map(|i| (i * step % 11) as f64).collect::<Vec<_>>();
        for up in [0.0, 1.0, 2.0, 3.0, 4.0] {
            let other: Vec<f64> = figures(7).iter().map(|figure| figure + up).collect();
            let (exact, approximate) = by_both_ways(&figures(3), &other);
            assert!((exact - approximate).abs() < 0.01, "{exact} {approximate}");
        }
        assert_eq!(mann_whitney(&[7.0; 30], &[7.0; 30]), 1.0, "equal figures differ in nothing");
        let up: Vec<f64> = (0..60).map(f64::from).collect();
        let above: Vec<f64> = up.iter().map(|figure| figure + 100.0).collect();
        assert!(mann_whitney(&up, &above) < 1e-15);
    }
}
