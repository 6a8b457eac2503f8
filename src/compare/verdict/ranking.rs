//! Which contender has the best of a metric, and which ones cannot be told from it.

use super::super::{Figure, Metric};
use crate::record::Contender;

/// Fewest repeats from which an interval is worth anything.
const REPEATS_FOR_INTERVAL: usize = 3;

/// With fewer repeats, a smaller relative difference than this is not taken for one.
const DIFFERENCE_MIN: f64 = 0.2;

/// The 97.5 % quantile of Student's t for 1 to 30 degrees of freedom, as in any table of it.
const STUDENT_T: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];

/// The contender with the best figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    pub label: String,
    pub figure: Figure,
    /// Those that cannot be told from it.
    pub as_good: Vec<Peer>,
}

/// A contender that cannot be told from the best.
#[derive(Clone, Debug, PartialEq)]
pub struct Peer {
    pub label: String,
    pub figure: Figure,
    pub ground: Ground,
}

/// Why two figures cannot be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// They are equal.
    Equal,
    /// Their 95 % intervals over this many repeats overlap.
    Intervals(usize),
    /// This many repeats are too few for the difference that there is.
    FewRepeats(usize),
}

/// The best of those that have the figure, and its peers in the order given.
pub fn best(metric: Metric, contenders: &[&Contender]) -> Option<Best> {
    let figures: Vec<_> = contenders
        .iter()
        .filter_map(|contender| Some((*contender, metric.of(contender)?)))
        .collect();
    let sign = if metric.higher_is_better() { -1.0 } else { 1.0 };
    let cost = |figure: Figure| sign * figure.value();
    let &(first, figure) = figures.iter().min_by(|a, b| cost(a.1).total_cmp(&cost(b.1)))?;
    let as_good = figures
        .iter()
        .filter(|(contender, _)| contender.label != first.label)
        .filter_map(|&(contender, own)| {
            let ground = indistinguishable(metric, (first, figure), (contender, own))?;
            Some(Peer { label: contender.label.clone(), figure: own, ground })
        })
        .collect();
    Some(Best { label: first.label.clone(), figure, as_good })
}

fn indistinguishable(
    metric: Metric,
    (a, a_figure): (&Contender, Figure),
    (b, b_figure): (&Contender, Figure),
) -> Option<Ground> {
    let (x, y) = (a_figure.value(), b_figure.value());
    if x == y {
        return Some(Ground::Equal);
    }
    let (xs, ys) = (metric.of_each_run(a), metric.of_each_run(b));
    let repeats = xs.len().min(ys.len());
    if repeats >= REPEATS_FOR_INTERVAL {
        let ((x_low, x_high), (y_low, y_high)) = (interval(&xs), interval(&ys));
        return (x_low <= y_high && y_low <= x_high).then_some(Ground::Intervals(repeats));
    }
    let difference = (x - y).abs() / x.abs().max(y.abs());
    (difference < DIFFERENCE_MIN).then_some(Ground::FewRepeats(repeats.max(1)))
}

/// The 95 % interval of the mean over repeats, by Student's t.
fn interval(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let t = STUDENT_T.get(values.len() - 2).copied().unwrap_or(1.96);
    let half = t * (variance / n).sqrt();
    (mean - half, mean + half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_over_repeats_is_students() {
        // Mean 10, standard deviation 1, three repeats: half the width is 4.303 / sqrt(3).
        let (low, high) = interval(&[9.0, 10.0, 11.0]);
        assert!((low - (10.0 - 4.303 / 3f64.sqrt())).abs() < 1e-9);
        assert!((high - (10.0 + 4.303 / 3f64.sqrt())).abs() < 1e-9);
    }
}
