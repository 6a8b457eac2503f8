//! The text of Go's benchmarks (golang.org/design/14313-benchmark-format), which benchstat reads: a line
//! for each run of a strategy. `benchstat a.txt b.txt` compares two Records, and `benchstat -col side`
//! the two sides of a comparison.

use std::collections::BTreeMap;

use super::Subject;
use super::rows::{Row, Side};
use crate::compare::{Figure, Metric};

pub fn render(subject: Subject<'_>) -> String {
    let mut text = format!("pkg: cacheduel\nscenario: {}\n", one_line(subject.name()));
    let parts = match subject {
        Subject::Record(record) => {
            text += &format!("tool: {}\n", one_line(&record.tool));
            vec![(None, subject.rows())]
        }
        Subject::Comparison(_) => {
            [Side::Baseline, Side::Candidate].map(|side| (Some(side), subject.side(side))).into()
        }
    };
    text += &units(parts.iter().flat_map(|(_, rows)| rows));
    for (side, rows) in parts {
        if let Some(side) = side {
            text += &format!("side: {}\n", side.name());
        }
        lines(subject.name(), &rows).iter().for_each(|line| text += line);
    }
    text
}

/// Which way is better, and that the numbers are measurements.
fn units<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let units: BTreeMap<Metric, Figure> = rows.map(|row| (row.metric, row.figure)).collect();
    let told = units.into_iter().map(|(metric, figure)| {
        let better = if metric.higher_is_better() { "higher" } else { "lower" };
        format!("Unit {} better={better}\n", unit(metric, figure))
    });
    told.collect()
}

/// As many lines for a strategy as it has runs. Each unit is a sample of its own to benchstat, so a
/// figure that some runs lack stands in fewer lines, whichever they are.
fn lines(scenario: &str, rows: &[Row]) -> Vec<String> {
    let mut strategies: Vec<&str> = rows.iter().map(|row| row.strategy.as_str()).collect();
    strategies.dedup();
    let mut lines = Vec::new();
    for strategy in strategies {
        let own: Vec<&Row> = rows.iter().filter(|row| row.strategy == strategy).collect();
        let runs = own.iter().map(|row| row.runs.len()).max().unwrap_or_default();
        for run in 0..runs {
            let figures = own.iter().filter_map(|row| {
                let value = row.runs.get(run)?;
                Some(format!(" {} {}", scaled(row.figure, *value), unit(row.metric, row.figure)))
            });
            // A name that ends in a number would have it taken for the number of processors.
            lines.push(format!(
                "BenchmarkCacheduel/scenario={}/strategy={}-1 1{}\n",
                word(scenario),
                word(strategy),
                figures.collect::<String>()
            ));
        }
    }
    lines
}

/// Seconds are what benchstat scales.
fn scaled(figure: Figure, value: f64) -> f64 {
    if matches!(figure, Figure::Time(_) | Figure::LongerThan(_)) { value / 1e9 } else { value }
}

fn unit(metric: Metric, figure: Figure) -> String {
    match figure {
        Figure::Time(_) | Figure::LongerThan(_) => format!("{}-sec", metric.slug()),
        Figure::Bytes(_) => format!("{}-B", metric.slug()),
        Figure::Share(_) | Figure::Ratio(_) | Figure::Count(_) => metric.slug().to_owned(),
    }
}

/// A name's parts are told apart by slashes and spaces.
fn word(text: &str) -> String {
    text.replace(|sign: char| sign.is_whitespace() || sign == '/', "_")
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
