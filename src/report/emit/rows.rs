//! What every format tells, in its own way: figures by strategy and metric, and those of each run.

use super::Subject;
use crate::compare::difference::{Compared, Difference};
use crate::compare::{Figure, Interval, Metric};
use crate::record::Contender;

/// One figure of one strategy.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub strategy: String,
    pub metric: Metric,
    pub figure: Figure,
    /// The figure of each run.
    pub runs: Vec<f64>,
}

/// Which of two Records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Baseline,
    Candidate,
}

impl Side {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Candidate => "candidate",
        }
    }
}

impl Subject<'_> {
    /// The scenario's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Record(record) => &record.name,
            Self::Comparison(comparison) => &comparison.name,
        }
    }

    /// What a Record has, or the candidate of a comparison: what is new.
    pub fn rows(&self) -> Vec<Row> {
        match self {
            Self::Record(record) => {
                let competing = record.contenders.iter().filter(|one| one.twin_of.is_none());
                competing.flat_map(of_contender).collect()
            }
            Self::Comparison(_) => self.side(Side::Candidate),
        }
    }

    /// What one side of a comparison has; of a Record, which has but one, nothing.
    pub fn side(&self, side: Side) -> Vec<Row> {
        match self {
            Self::Record(_) => Vec::new(),
            Self::Comparison(comparison) => comparison
                .strategies
                .iter()
                .flat_map(|compared| of_compared(compared, side))
                .collect(),
        }
    }
}

impl Row {
    /// The mean over runs with its interval; `None` of fewer than two.
    pub fn interval(&self) -> Option<Interval> {
        Interval::of(&self.runs)
    }
}

/// The unit of a figure's bare number, as JSON has it.
pub const fn unit(figure: Figure) -> &'static str {
    match figure {
        Figure::Time(_) | Figure::LongerThan(_) => "ns",
        Figure::Share(_) | Figure::Ratio(_) => "ratio",
        Figure::Count(_) => "count",
        Figure::Bytes(_) => "bytes",
    }
}

/// Which way is better, as JSON has it.
pub const fn better(metric: Metric) -> &'static str {
    if metric.higher_is_better() { "higher" } else { "lower" }
}

fn of_contender(contender: &Contender) -> impl Iterator<Item = Row> {
    Metric::ALL.into_iter().filter_map(|metric| {
        Some(Row {
            strategy: contender.label.clone(),
            metric,
            figure: metric.of(contender)?,
            runs: metric.of_each_run(contender),
        })
    })
}

fn of_compared(compared: &Compared, side: Side) -> impl Iterator<Item = Row> {
    let row = move |difference: &Difference| {
        let (figure, runs) = match side {
            Side::Baseline => (difference.baseline, &difference.baseline_runs),
            Side::Candidate => (difference.candidate, &difference.candidate_runs),
        };
        Some(Row {
            strategy: compared.label.clone(),
            metric: difference.metric,
            figure: figure?,
            runs: runs.clone(),
        })
    };
    compared.differences.iter().filter_map(row)
}
