//! Which strategies are on the Pareto front at which points.

use super::super::Metric;
use super::super::front::on_front;
use crate::record::sweep::{Point, Scale, Sweep};

/// What the front is of; of all three the lower is the better.
pub const FRONT: [Metric; 3] = [Metric::ReadP99, Metric::StoreReads, Metric::StaleShare];

/// For each strategy that competes in the sweep, whether it is on the front at this point; `None` where
/// it has not all three figures, or the point is invalid.
pub fn on_front_at(sweep: &Sweep, point: &Point) -> Vec<Option<bool>> {
    let labels = sweep.labels();
    let costs = |label: &&str| -> Option<[f64; 3]> {
        let [read_p99, store_reads, stale] = FRONT.map(|metric| point.figure(label, metric.name()));
        Some([read_p99?, store_reads?, stale?]).filter(|_| point.is_valid())
    };
    let known: Vec<Option<[f64; 3]>> = labels.iter().map(costs).collect();
    let mut found = on_front(&known.iter().flatten().copied().collect::<Vec<_>>()).into_iter();
    known.iter().map(|known| known.and_then(|_| found.next())).collect()
}

/// Each strategy with the part of the range over which it is on the front, in words: `everywhere`,
/// `1% to 20%, 50%`.
pub fn fronts(sweep: &Sweep) -> Vec<(&str, String)> {
    let at: Vec<_> = sweep.points.iter().map(|point| on_front_at(sweep, point)).collect();
    let labels = sweep.labels().into_iter().enumerate();
    labels.map(|(index, label)| (label, part(sweep, |point| at[point][index]))).collect()
}

/// The part of the range over which something is so, in words. Points of which nothing is known break
/// no part, and belong to none.
pub fn part(sweep: &Sweep, is_so: impl Fn(usize) -> Option<bool>) -> String {
    let known: Vec<(usize, bool)> =
        (0..sweep.points.len()).filter_map(|point| Some((point, is_so(point)?))).collect();
    if known.is_empty() {
        return "unknown".into();
    }
    if known.iter().all(|(_, is_so)| *is_so) {
        return "everywhere".into();
    }
    let written = |point: usize| sweep.points[point].written.as_str();
    let parts = known.chunk_by(|one, other| {
        // Words have no order, and so nothing between them.
        one.1 == other.1 && sweep.varied.scale != Scale::Named
    });
    let parts = parts.filter(|part| part[0].1).map(|part| match part {
        [(only, _)] => written(*only).to_owned(),
        [(first, _), .., (last, _)] => format!("{} to {}", written(*first), written(*last)),
        [] => String::new(),
    });
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() { "nowhere".into() } else { parts.join(", ") }
}
