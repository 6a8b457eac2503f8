//! Which contender has the best of a metric, and which ones cannot be told from it.

use super::super::{Figure, Interval, Metric, noise};
use crate::record::Contender;

/// Fewest repeats from which an interval is worth anything.
pub const REPEATS_FOR_INTERVAL: usize = 3;

/// With fewer repeats, a smaller relative difference than this is not taken for one.
pub const DIFFERENCE_MIN: f64 = 0.2;

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
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ground {
    /// They are equal.
    Equal,
    /// Their 95 % intervals over this many repeats overlap.
    Intervals(usize),
    /// A strategy and its twin, which is the same one again, were as far apart as this share.
    Noise(f64),
    /// This many repeats are too few for the difference that there is.
    FewRepeats(usize),
}

/// The best of those that have the figure, and its peers in the order given. What differs by no more
/// than the share `noise` is noise.
pub fn best(metric: Metric, contenders: &[&Contender], noise: Option<f64>) -> Option<Best> {
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
            let ground = indistinguishable(metric, (first, figure), (contender, own), noise)?;
            Some(Peer { label: contender.label.clone(), figure: own, ground })
        })
        .collect();
    Some(Best { label: first.label.clone(), figure, as_good })
}

fn indistinguishable(
    metric: Metric,
    (a, a_figure): (&Contender, Figure),
    (b, b_figure): (&Contender, Figure),
    noise: Option<f64>,
) -> Option<Ground> {
    let (x, y) = (a_figure.value(), b_figure.value());
    if x == y {
        return Some(Ground::Equal);
    }
    let (xs, ys) = (metric.of_each_run(a), metric.of_each_run(b));
    let repeats = xs.len().min(ys.len());
    if repeats >= REPEATS_FOR_INTERVAL {
        let (xs, ys) = (Interval::of(&xs)?, Interval::of(&ys)?);
        if xs.overlaps(&ys) {
            return Some(Ground::Intervals(repeats));
        }
    }
    if let Some(floor) = noise.filter(|floor| noise::relative(x, y) <= *floor) {
        return Some(Ground::Noise(floor));
    }
    if repeats >= REPEATS_FOR_INTERVAL {
        return None;
    }
    let difference = (x - y).abs() / x.abs().max(y.abs());
    (difference < DIFFERENCE_MIN).then_some(Ground::FewRepeats(repeats.max(1)))
}
