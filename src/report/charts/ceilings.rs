//! Latency against the rate, for each strategy of a search.

use std::ops::RangeInclusive;

use super::canvas::message;
use super::lines::{self, Curve};
use super::scale::{Axis, log, written};
use super::{Chart, Table, figures, words};
use crate::compare::figure::count;
use crate::record::ceilings::{Ceiling, Ceilings, Figures, Outcome};
use crate::record::{Nanos, Thresholds};

/// Rates that a search can have tried.
const RATES: RangeInclusive<f64> = 1e-6..=1e12;

/// What a certified p99 is taken from, and what is asked of it.
struct Quantile {
    slug: &'static str,
    title: &'static str,
    what: &'static str,
    of: fn(&Figures) -> Option<Nanos>,
    asked: fn(&Thresholds) -> Option<Nanos>,
}

const READS: Quantile = Quantile {
    slug: "read-p99-by-rate",
    title: "Read p99 by rate",
    what: "reads",
    of: |figures| figures.read_p99,
    asked: |thresholds| thresholds.read_p99.map(|span| span.nanos()),
};

const UPDATES: Quantile = Quantile {
    slug: "update-p99-by-rate",
    title: "Update p99 by rate",
    what: "updates",
    of: |figures| figures.update_p99,
    asked: |thresholds| thresholds.update_p99.map(|span| span.nanos()),
};

/// The p99 of reads against the rate, and that of updates where it is certified anywhere.
pub fn by_rate(record: &Ceilings) -> Vec<Chart> {
    let has_updates = points(record, &UPDATES).any(|curve| !curve.is_empty());
    let updates = has_updates.then(|| chart(record, &UPDATES));
    std::iter::once(chart(record, &READS)).chain(updates).collect()
}

fn chart(record: &Ceilings, quantile: &Quantile) -> Chart {
    let Quantile { slug, title, what, .. } = *quantile;
    let mut table = Table::new(
        format!("{title}, the median of the steps at that rate; response time"),
        [words("strategy"), figures("req/s"), figures("p99"), figures("steps")],
    );
    let mut curves = Vec::new();
    for (series, (ceiling, points)) in
        record.ceilings.iter().zip(points(record, quantile)).enumerate()
    {
        for point in &points {
            table.push([
                ceiling.label.clone(),
                super::super::ceilings::rate(point.rate),
                written(Some(point.p99)),
                count(point.steps),
            ]);
        }
        if !points.is_empty() {
            let points = points.iter().map(|point| (point.rate.log10(), log(point.p99)));
            curves.push(Curve { label: ceiling.label.clone(), series, points: points.collect() });
        }
    }
    let asked = (quantile.asked)(&record.scenario.thresholds);
    if let (Some(asked), Some((low, high))) = (asked, extent(&curves, |point| point.0)) {
        let points = vec![(low, log(asked)), (high, log(asked))];
        let series = record.ceilings.len();
        curves.push(Curve { label: "what is asked".into(), series, points });
    }
    let drawing = match (extent(&curves, |point| point.0), extent(&curves, |point| point.1)) {
        (Some(rates), Some(times)) => {
            let of_log = |log: f64| 10f64.powf(log);
            let rate = super::super::ceilings::rate;
            let x = Axis::log("requests a second", of_log(rates.0), of_log(rates.1), rate);
            let nanos = |log: f64| Nanos::rounded(of_log(log));
            let y = Axis::log_time("p99 of the response time", nanos(times.0), nanos(times.1));
            lines::chart(&x, &y, &curves)
        }
        _ => message(&format!("No step had enough {what} to certify a p99.")),
    };
    let description = format!(
        "The p99 of the response time of {what}, from their intended start, in the steps of the \
         search, both axes logarithmic; lower is better. Steps that outran the generator are left out.",
    );
    Chart { slug, title, description, table, drawing }
}

/// What the steps at one rate came to.
struct Point {
    rate: f64,
    p99: Nanos,
    steps: u64,
}

/// For each strategy, by rising rate.
fn points<'a>(
    record: &'a Ceilings,
    quantile: &'a Quantile,
) -> impl Iterator<Item = Vec<Point>> + 'a {
    record.ceilings.iter().map(|ceiling| of_ceiling(ceiling, quantile))
}

fn of_ceiling(ceiling: &Ceiling, quantile: &Quantile) -> Vec<Point> {
    let told = ceiling.steps.iter().filter(|step| step.outcome != Outcome::Outrun);
    // A logarithmic axis has no place for what no search has tried.
    let told = told.filter(|step| RATES.contains(&step.rate));
    let mut all: Vec<(f64, Nanos)> =
        told.filter_map(|step| Some((step.rate, (quantile.of)(&step.figures)?))).collect();
    all.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    let at_one_rate = all.chunk_by(|one, other| one.0 == other.0);
    at_one_rate
        .map(|steps| Point {
            rate: steps[0].0,
            p99: steps[steps.len() / 2].1,
            steps: steps.len() as u64,
        })
        .collect()
}

fn extent(curves: &[Curve], of: impl Fn(&(f64, f64)) -> f64) -> Option<(f64, f64)> {
    let places = || curves.iter().flat_map(|curve| &curve.points).map(&of);
    Some((places().reduce(f64::min)?, places().reduce(f64::max)?))
}
