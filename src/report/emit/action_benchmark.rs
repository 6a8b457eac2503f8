//! What the GitHub action github-action-benchmark reads as `customSmallerIsBetter` and
//! `customBiggerIsBetter`: a list of named numbers. It tells for each file which way is better, so
//! figures go to one file or to the other.

use serde::Serialize;

use super::rows::{Row, unit};
use super::{Subject, pretty};

/// Which way is better for all figures of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    Smaller,
    Bigger,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    unit: &'static str,
    value: f64,
    /// Shown beside the value, as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    extra: String,
}

pub fn render(subject: Subject<'_>, better: Better) -> String {
    let rows = subject.rows().into_iter();
    let chosen = rows.filter(|row| row.metric.higher_is_better() == (better == Better::Bigger));
    let entries: Vec<_> = chosen.map(|row| entry(subject.name(), &row)).collect();
    pretty(&entries)
}

fn entry(scenario: &str, row: &Row) -> Entry {
    Entry {
        name: format!("{scenario} / {} / {}", row.strategy, row.metric.name()),
        unit: unit(row.figure),
        value: row.figure.value(),
        range: row.interval().map(|it| format!("± {}", (it.high - it.low) / 2.0)),
        extra: format!("{} over {} runs", row.figure, row.runs.len()),
    }
}
