//! What the Records of a sweep say together: the figures of every strategy at every point, who is best
//! over which part of the range, and where that changes.

mod course;
mod fronts;
mod sentences;

pub use course::{Course, Crossing, Stretch, best_at, course};
pub use fronts::{FRONT, fronts, on_front_at, part};
pub use sentences::{at, sentences};

use super::verdict::{located_checks, standing};
use super::{Figure, Interval, Metric, noise};
use crate::record::sweep::{
    FORMAT, KIND, Measure, Measured, Point, Spread, Sweep, Trouble, Varied,
};
use crate::record::{Contender, Nanos, Record, Standing};

/// What is kept of every strategy at every point, in the order in which reports show it.
pub const MEASURES: [Metric; 12] = [
    Metric::ReadP50,
    Metric::ReadP99,
    Metric::UpdateP50,
    Metric::UpdateP99,
    Metric::HitRatio,
    Metric::StoreReads,
    Metric::StoreBurst,
    Metric::StaleShare,
    Metric::Staleness,
    Metric::LostWrites,
    Metric::Errors,
    Metric::Memory,
];

/// One point as it was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    pub value: f64,
    pub written: String,
    /// The file that its Record goes to, within the folder of the sweep.
    pub file: String,
    pub warnings: Vec<String>,
    pub record: Record,
}

/// The sweep that the points make; `None` where there is none.
pub fn of(varied: &Varied, simulated: bool, made: &[Made]) -> Option<Sweep> {
    let first = &made.first()?.record;
    let took = made.iter().fold(Nanos::ZERO, |sum, made| sum + made.record.took);
    Some(Sweep {
        kind: KIND.into(),
        format: FORMAT,
        tool: first.tool.clone(),
        name: first.name.clone(),
        started: first.started.clone(),
        took,
        host: first.host.clone(),
        scenario: first.scenario.clone(),
        source: first.source.clone(),
        varied: varied.clone(),
        simulated,
        cache: first.cache.clone(),
        store: first.store.clone(),
        points: made.iter().map(point).collect(),
        checks: Vec::new(),
    })
}

fn point(made: &Made) -> Point {
    let record = &made.record;
    let troubles = located_checks(record).into_iter();
    let troubles = troubles.filter(|(_, check)| check.standing > Standing::Ok);
    Point {
        value: made.value,
        written: made.written.clone(),
        plan: record.plan.hash.clone(),
        record: made.file.clone(),
        standing: record.standing(),
        troubles: troubles.map(|(place, check)| Trouble { place, check: check.clone() }).collect(),
        warnings: made.warnings.clone(),
        strategies: record.contenders.iter().map(|one| measured(record, one)).collect(),
    }
}

fn measured(record: &Record, contender: &Contender) -> Measured {
    let measure = |metric: Metric| {
        let runs = metric.of_each_run(contender);
        Measure {
            what: metric.name().into(),
            value: metric.of(contender).map(Figure::value),
            runs: runs.len() as u32,
            interval: Interval::of(&runs).map(|Interval { mean, low, high, .. }| Spread {
                mean,
                low,
                high,
            }),
            noise: noise::floor(metric, record),
        }
    };
    Measured {
        label: contender.label.clone(),
        strategy: contender.strategy.clone(),
        twin_of: contender.twin_of.clone(),
        standing: standing(contender),
        measures: MEASURES.into_iter().map(measure).collect(),
    }
}

/// A measure's bare number with its unit.
pub fn figure(metric: Metric, value: f64) -> Figure {
    // Nothing is below zero, and what is kept in a file may say anything.
    let value = value.max(0.0);
    match metric {
        Metric::HitRatio | Metric::StaleShare | Metric::Errors => Figure::Share(value),
        Metric::StoreReads => Figure::Ratio(value),
        Metric::StoreBurst | Metric::LostWrites => Figure::Count(value.round() as u64),
        Metric::Memory => Figure::Bytes(value.round() as u64),
        _ => Figure::Time(Nanos::rounded(value)),
    }
}

/// The measure by which the scenario prefers one strategy to another, and then all others that a
/// comparison looks at first.
pub fn compared(sweep: &Sweep) -> Vec<Metric> {
    let preferred = Metric::from(sweep.scenario.prefer);
    let others = Metric::PRIMARY.into_iter().filter(|metric| *metric != preferred);
    std::iter::once(preferred).chain(others).collect()
}

#[cfg(test)]
mod tests;
