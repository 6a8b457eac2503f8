//! How much of what clients read was old, how old it was, and how soon after a write.

use super::super::tables::possibly_stale;
use super::bars::{self, Bar, Part};
use super::canvas::{Drawing, Entry, Swatch, message};
use super::lines::{self, Curve};
use super::scale::{Axis, log, written};
use super::{Chart, Table, figures, words};
use crate::compare::Figure;
use crate::compare::figure::{count, share, time};
use crate::record::{Contender, Distribution, FreshnessPoint, Nanos, Record};

/// Fewer reads than this do not make a point of the freshness curve.
const READS_PER_POINT: u64 = 30;

const NO_STALE_READS: &str = "No stale reads: every read returned what it had to.";

/// Stale reads as a share of all: certain ones, and those that may have been.
pub fn shares(record: &Record) -> Chart {
    let title = "Stale reads";
    let columns = [
        words("strategy"),
        figures("certainly stale"),
        figures("perhaps stale"),
        figures("stale reads"),
        figures("judged reads"),
    ];
    let mut table = Table::new(format!("{title}, as shares of judged reads"), columns);
    let mut bars = Vec::new();
    for contender in &record.contenders {
        let stale = contender.total(|run| run.findings.definitely_stale);
        let reads = contender.total(|run| run.findings.reads);
        let (definite, possible) = (contender.stale_share(), possibly_stale(contender));
        let text = |part: Option<f64>| part.map(share).unwrap_or_default();
        table.push([
            contender.label.clone(),
            text(definite),
            text(possible),
            count(stale),
            count(reads),
        ]);
        let (definite, possible) = (definite.unwrap_or_default(), possible.unwrap_or_default());
        let extra = (possible - definite).max(0.0);
        bars.push(Bar {
            name: contender.label.clone(),
            parts: vec![
                Part { size: definite, series: 1, swatch: Swatch::Block },
                Part { size: extra, series: 1, swatch: Swatch::Pale },
            ],
            figure: match extra > 0.0 {
                true => format!("{} to {}", share(definite), share(possible)),
                false => share(definite),
            },
        });
    }
    let entry = |label: &str, swatch| Entry { label: label.to_owned(), series: 1, swatch };
    let entries =
        vec![entry("certainly stale", Swatch::Block), entry("perhaps stale", Swatch::Pale)];
    let any = bars.iter().any(|bar| bar.parts.iter().any(|part| part.size > 0.0));
    let drawing = if any { bars::chart(&bars, entries) } else { message(NO_STALE_READS) };
    Chart {
        slug: "stale-share",
        title,
        description: "Reads that returned a value after a newer write had been acknowledged \
                      (certainly stale), and with them those that raced a write (perhaps stale). \
                      Lower is better."
            .into(),
        table,
        drawing,
    }
}

/// How long stale values had been superseded.
pub fn ages(record: &Record) -> Chart {
    let title = "Age of stale reads";
    let quantiles = [(0.5, "p50"), (0.9, "p90"), (0.99, "p99")];
    let mut columns = vec![words("strategy")];
    columns.extend(quantiles.map(|(_, name)| figures(name)));
    columns.extend([figures("oldest"), figures("oldest, at most"), figures("stale reads")]);
    let mut table = Table::new(format!("{title}: time since the value was superseded"), columns);
    let mut curves = Vec::new();
    for (series, contender) in record.contenders.iter().enumerate() {
        let ages = merged(contender, |run| &run.age_at_least);
        let at_most = merged(contender, |run| &run.age_at_most);
        let largest = |ages: &Distribution| written((!ages.is_empty()).then(|| ages.max()));
        let mut row = vec![contender.label.clone()];
        row.extend(quantiles.map(|(q, _)| written(ages.certified(q))));
        row.extend([largest(&ages), largest(&at_most), count(ages.len())]);
        table.push(row);
        if !ages.is_empty() {
            let points = cumulative(&ages);
            curves.push(Curve { label: contender.label.clone(), series, points });
        }
    }
    let x = "time since the value was superseded, at least";
    let drawing = over_time(&curves, x, "share of stale reads, cumulative");
    Chart {
        slug: "staleness-age",
        title,
        description: "Of the certainly stale reads, the share that was at most this old; a curve \
                      further to the left is better."
            .into(),
        table,
        drawing,
    }
}

/// The chance of a stale read by how long ago its key was written.
pub fn freshness(record: &Record) -> Chart {
    let title = "Chance of a stale read after a write";
    let merged: Vec<_> = record.contenders.iter().map(freshness_points).collect();
    let mut columns = vec![figures("up to")];
    columns.extend(record.contenders.iter().map(|contender| figures(contender.label.as_str())));
    let mut table =
        Table::new(format!("{title}, by time since the key's last acknowledged write"), columns);
    let chance = |point: &FreshnessPoint| {
        (point.reads >= READS_PER_POINT).then(|| point.stale as f64 / point.reads as f64)
    };
    let longest = merged.iter().max_by_key(|points| points.len()).cloned().unwrap_or_default();
    for (index, point) in longest.iter().enumerate() {
        let cells = merged.iter().map(|points| points.get(index).and_then(chance));
        let cells = cells.map(|cell| cell.map(share).unwrap_or_default());
        let until = match point.since_write {
            Nanos::NEVER => "any later".to_owned(),
            since => time(since),
        };
        table.push([until].into_iter().chain(cells));
    }
    let any_stale = merged.iter().flatten().any(|point| point.stale > 0);
    let curves: Vec<_> = record
        .contenders
        .iter()
        .zip(&merged)
        .enumerate()
        .map(|(series, (contender, points))| {
            let points = points.iter().filter(|point| point.since_write != Nanos::NEVER);
            let points = points.filter_map(|point| Some((log(point.since_write), chance(point)?)));
            Curve { label: contender.label.clone(), series, points: points.collect() }
        })
        .filter(|curve| any_stale && !curve.points.is_empty())
        .collect();
    let drawing =
        over_time(&curves, "time since the last write of the key", "chance of a stale read");
    Chart {
        slug: "freshness",
        title,
        description: format!(
            "The share of reads that were certainly stale, by how long before them their key had \
             been written; lower is better. Points with fewer than {READS_PER_POINT} reads are \
             left out."
        ),
        table,
        drawing,
    }
}

/// Curves of shares over logarithmic time, or the message that there are none.
fn over_time(curves: &[Curve], x: &'static str, y: &'static str) -> Drawing {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let nanos = |log: f64| Nanos::rounded(10f64.powf(log));
    let low = points().map(|point| point.0).reduce(f64::min);
    let high = points().map(|point| point.0).reduce(f64::max);
    let (Some(low), Some(high)) = (low, high) else { return message(NO_STALE_READS) };
    let highest = points().map(|point| point.1).fold(0.0, f64::max);
    let y = Axis::linear(y, highest, |at| Figure::Share(at).asked());
    lines::chart(&Axis::log_time(x, nanos(low), nanos(high)), &y, curves)
}

/// A cumulative distribution as steps, each with its corner.
fn cumulative(ages: &Distribution) -> Vec<(f64, f64)> {
    let all = ages.len() as f64;
    let mut below = 0.0;
    let mut points: Vec<(f64, f64)> = Vec::new();
    for value in ages.histogram().iter_recorded() {
        let place = log(Nanos(value.value_iterated_to()));
        let share = below + value.count_since_last_iteration() as f64 / all;
        // Steps finer than the eye would only make the file larger.
        match points.last_mut() {
            Some(last) if place - last.0 < 0.01 => last.1 = share,
            _ => points.extend([(place, below), (place, share)]),
        }
        below = share;
    }
    points
}

fn merged(
    contender: &Contender,
    part: impl Fn(&crate::record::Findings) -> &Distribution,
) -> Distribution {
    let mut merged = Distribution::new();
    contender.runs.iter().for_each(|run| merged.merge(part(&run.findings)));
    merged
}

/// The points of all runs added up, by the end of their span.
fn freshness_points(contender: &Contender) -> Vec<FreshnessPoint> {
    let mut spans = std::collections::BTreeMap::<Nanos, FreshnessPoint>::new();
    for point in contender.runs.iter().flat_map(|run| &run.findings.freshness) {
        let sum = spans.entry(point.since_write).or_default();
        sum.since_write = point.since_write;
        sum.reads += point.reads;
        sum.stale += point.stale;
    }
    spans.into_values().collect()
}
