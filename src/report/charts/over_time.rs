//! What a run was like as it went on. Of the store's load always; of the rest where something broke,
//! for then a mean over the window says little.

use std::ops::Range;

use super::bands::{self, Band};
use super::canvas::{Drawing, message};
use super::lines::{self, Curve};
use super::scale::{Axis, log};
use super::{Chart, Table, figures, words};
use crate::compare::Figure;
use crate::compare::figure::{count, ratio, share, time};
use crate::record::{Bucket, Contender, Distribution, Nanos, Record, Run, samples_to_certify};

/// The most points of a curve, and lines of its table; `timeline.csv` has all.
const POINTS_MAX: usize = 120;

const P99: f64 = 0.99;

/// What is shown over time, and how.
struct Quantity {
    slug: &'static str,
    title: &'static str,
    /// What a line of the table is of, after the title.
    per: &'static str,
    axis: &'static str,
    description: &'static str,
    /// What is said where there is nothing to show.
    nothing: &'static str,
    unit: Unit,
    /// Of a contender in some of its intervals; `None` where it is of nothing.
    figure: fn(&Contender, Range<usize>) -> Option<f64>,
}

/// A figure in intervals that are taken together, where there is one.
type Points = Vec<(Range<usize>, Option<f64>)>;

/// How a figure is written and drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    PerSecond,
    Share,
    /// In nanoseconds, on a logarithmic axis.
    Time,
}

const STORE_READS: Quantity = Quantity {
    slug: "store-reads",
    title: "Store reads over time",
    per: "per second, mean over repeats",
    axis: "store reads per second",
    description: "Reads of the origin each second, by clients and by workers, as the mean over \
                  repeats; lower is better.",
    nothing: "The store was not read in the window.",
    unit: Unit::PerSecond,
    figure: |contender, range| {
        let reads = sum(contender, range.clone(), |bucket| bucket.store_reads);
        let width = contender.runs.first()?.measures.bucket.as_secs_f64();
        Some(reads as f64 / (range.len() as f64 * width * contender.runs.len() as f64))
    },
};

/// Shown where the asked rate is not always the same.
const ANSWERED: Quantity = Quantity {
    slug: "requests-over-time",
    title: "Requests over time",
    per: "answered per second by their intended start, mean over repeats",
    axis: "requests per second",
    description: "The rate that the scenario asks for, and requests that were answered, by their \
                  intended start: what is below the asked rate failed, or is chance's.",
    nothing: "No request was answered in the window.",
    unit: Unit::PerSecond,
    figure: |contender, range| {
        let (from, to) = span(contender.runs.first()?, &range)?;
        let due = sum(contender, range.clone(), |bucket| bucket.requests);
        let answered = due - sum(contender, range, |bucket| bucket.failed);
        Some(answered as f64 / ((to - from).as_secs_f64() * contender.runs.len() as f64))
    },
};

const ERRORS: Quantity = Quantity {
    slug: "errors-over-time",
    title: "Failed requests over time",
    per: "as a share of all requests",
    axis: "share of requests that failed",
    description: "Failed requests as a share of those that were intended in the same time, over \
                  all repeats; lower is better.",
    nothing: "No request failed in the window.",
    unit: Unit::Share,
    figure: |contender, range| {
        let failed = sum(contender, range.clone(), |bucket| bucket.failed);
        part(failed, sum(contender, range, |bucket| bucket.requests))
    },
};

const READ_P99: Quantity = Quantity {
    slug: "read-p99-over-time",
    title: "Read p99 over time",
    per: "response time",
    axis: "p99 of the response time of reads",
    description: "The p99 of the response time of answered reads, over all repeats, on a \
                  logarithmic axis; lower is better. There is no line where too few were answered \
                  to certify it.",
    nothing: "Too few reads were answered at a time to certify a p99.",
    unit: Unit::Time,
    figure: |contender, range| {
        let mut reads = Distribution::new();
        for bucket in buckets(contender, range) {
            reads.merge(&bucket.reads);
        }
        reads.certified(P99).map(|p99| p99.0 as f64)
    },
};

const HIT_RATIO: Quantity = Quantity {
    slug: "hit-ratio-over-time",
    title: "Hit ratio over time",
    per: "as a share of answered reads",
    axis: "hit ratio",
    description: "Reads answered without the store as a share of all answered reads, over all \
                  repeats; higher is better.",
    nothing: "No read was answered without the store.",
    unit: Unit::Share,
    figure: |contender, range| {
        let hits = sum(contender, range.clone(), |bucket| bucket.hits);
        part(hits, hits + sum(contender, range, |bucket| bucket.misses))
    },
};

const STALE_READS: Quantity = Quantity {
    slug: "stale-reads-over-time",
    title: "Stale reads over time",
    per: "as a share of judged reads",
    axis: "share of certainly stale reads",
    description: "Certainly stale reads as a share of all judged reads, over all repeats; lower is \
                  better.",
    nothing: "No read was certainly stale.",
    unit: Unit::Share,
    figure: |contender, range| {
        let judged = |run: &Run| {
            let timeline = &run.findings.timeline;
            timeline.get(range.clone()).unwrap_or_default().to_vec()
        };
        let judged: Vec<_> = contender.runs.iter().flat_map(judged).collect();
        let stale = judged.iter().map(|bucket| bucket.definitely_stale).sum();
        part(stale, judged.iter().map(|bucket| bucket.reads).sum())
    },
};

pub fn store_reads(record: &Record) -> Chart {
    chart(record, &STORE_READS)
}

/// The asked rate beside the achieved one, where it is not always the same.
pub fn requests(record: &Record) -> Option<Chart> {
    let workload = &record.scenario.workload;
    let curve = workload.curve().filter(|_| workload.steady_rate().is_none())?;
    let (opens, _) = workload.window();
    let longest = record.contenders.iter().max_by_key(|contender| length(contender))?;
    let run = longest.runs.first()?;
    let points = points(longest, &ANSWERED).into_iter().map(|(range, _)| {
        let asked = span(run, &range).map(|(from, to)| curve.mean_rate(opens + from, opens + to));
        (range, asked)
    });
    Some(chart_beside(record, &ANSWERED, Some(points.collect())))
}

/// What else is shown where something broke.
pub fn through_faults(record: &Record) -> Vec<Chart> {
    if record.scenario.faults.is_empty() {
        return Vec::new();
    }
    [ERRORS, READ_P99, HIT_RATIO, STALE_READS].iter().map(|what| chart(record, what)).collect()
}

fn chart(record: &Record, what: &Quantity) -> Chart {
    chart_beside(record, what, None)
}

/// The chart, with what was asked for as one more curve after those of the contenders.
fn chart_beside(record: &Record, what: &Quantity, asked: Option<Points>) -> Chart {
    let bands = bands::of(record);
    let mut labels: Vec<_> =
        record.contenders.iter().map(|contender| contender.label.as_str()).collect();
    let mut all: Vec<Points> =
        record.contenders.iter().map(|contender| points(contender, what)).collect();
    if let Some(asked) = asked {
        labels.push("asked");
        all.push(asked);
    }
    let width = bucket(record);
    let second = |bucket: usize| (width.0 * bucket as u64) as f64 / 1e9;
    let curves: Vec<_> = std::iter::zip(&labels, &all)
        .enumerate()
        .filter(|(_, (_, points))| points.iter().any(|(_, figure)| figure.is_some()))
        .map(|(series, (label, points))| Curve {
            label: (*label).to_owned(),
            series,
            points: points
                .iter()
                .map(|(range, figure)| (second(range.start), what.unit.place(*figure)))
                .collect(),
        })
        .collect();
    Chart {
        slug: what.slug,
        title: what.title,
        description: format!("{}{}", what.description, bands::described(&bands)),
        table: table((&labels, bucket(record)), what, &all, &bands),
        drawing: drawing(what, &curves, &bands),
    }
}

fn drawing(what: &Quantity, curves: &[Curve], bands: &[Band]) -> Drawing {
    let points = || curves.iter().flat_map(|curve| &curve.points).filter(|point| !point.1.is_nan());
    let latest = points().map(|point| point.0).fold(0.0, f64::max);
    let highest = points().map(|point| point.1).fold(0.0, f64::max);
    let lowest = points().map(|point| point.1).fold(f64::MAX, f64::min);
    if points().next().is_none() {
        return message(match what.unit {
            Unit::Time => what.nothing,
            Unit::PerSecond | Unit::Share => "The window was too short for a timeline.",
        });
    }
    if highest == 0.0 {
        return message(what.nothing);
    }
    let last = bands.iter().map(|band| band.to.as_secs_f64()).fold(latest, f64::max);
    let x = Axis::linear("seconds into the window", last, plain);
    let y = match what.unit {
        Unit::PerSecond => Axis::linear(what.axis, highest, plain),
        Unit::Share => Axis::linear(what.axis, highest, |at| Figure::Share(at).asked()),
        Unit::Time => {
            let nanos = |log: f64| Nanos::rounded(10f64.powf(log));
            Axis::log_time(what.axis, nanos(lowest), nanos(highest))
        }
    };
    lines::over_time(&x, &y, curves, bands)
}

fn table(
    (labels, width): (&[&str], Nanos),
    what: &Quantity,
    all: &[Points],
    bands: &[Band],
) -> Table {
    let mut columns = vec![figures("from")];
    columns.extend(labels.iter().map(|label| figures(*label)));
    if !bands.is_empty() {
        columns.push(words("fault"));
    }
    let mut table = Table::new(format!("{}, {}", what.title, what.per), columns);
    let at = |bucket: usize| Nanos(width.0 * bucket as u64);
    let longest = all.iter().max_by_key(|points| points.len()).cloned().unwrap_or_default();
    for (index, (range, _)) in longest.iter().enumerate() {
        let mut row = vec![format!("{:.1} s", at(range.start).as_secs_f64())];
        row.extend(all.iter().map(|points| match points.get(index) {
            Some((_, Some(figure))) => what.unit.write(*figure),
            _ => String::new(),
        }));
        if !bands.is_empty() {
            let here = bands.iter().filter(|band| band.touches(at(range.start), at(range.end)));
            row.push(here.map(|band| band.name.clone()).collect::<Vec<_>>().join("; "));
        }
        table.push(row);
    }
    table
}

/// The figure in intervals that are taken together, so that there are not too many, and so that a
/// quantile has its samples.
fn points(contender: &Contender, what: &Quantity) -> Points {
    let length = length(contender);
    if length == 0 {
        return Vec::new();
    }
    let mut together = length.div_ceil(POINTS_MAX);
    if what.unit == Unit::Time {
        let reads = sum(contender, 0..length, |bucket| bucket.reads.len());
        let needed = samples_to_certify(P99) * length as u64;
        // Twice as many as it takes on average, for half of them hold less than that.
        together = together.max((2 * needed).div_ceil(reads.max(1)) as usize).min(length);
    }
    let ranges = (0..length).step_by(together).map(|start| start..(start + together).min(length));
    ranges.map(|range| (range.clone(), (what.figure)(contender, range))).collect()
}

impl Unit {
    fn write(self, figure: f64) -> String {
        match self {
            Self::PerSecond => count(figure.round() as u64),
            Self::Share => share(figure),
            Self::Time => time(Nanos(figure as u64)),
        }
    }

    fn place(self, figure: Option<f64>) -> f64 {
        match (self, figure) {
            (_, None) => f64::NAN,
            (Self::Time, Some(nanos)) => log(Nanos(nanos as u64)),
            (Self::PerSecond | Self::Share, Some(figure)) => figure,
        }
    }
}

/// Intervals that all runs have.
fn length(contender: &Contender) -> usize {
    contender.runs.iter().map(|run| run.measures.timeline.len()).min().unwrap_or(0)
}

/// From when to when some intervals are, of which the last may end with the window; `None` where that
/// is no time.
fn span(run: &Run, range: &Range<usize>) -> Option<(Nanos, Nanos)> {
    let at = |bucket: usize| Nanos(run.measures.bucket.0 * bucket as u64);
    let (from, to) = (at(range.start), at(range.end).min(run.measures.window));
    (from < to).then_some((from, to))
}

fn bucket(record: &Record) -> Nanos {
    let mut runs = record.contenders.iter().flat_map(|contender| &contender.runs);
    runs.next().map(|run| run.measures.bucket).unwrap_or_default()
}

fn buckets(contender: &Contender, range: Range<usize>) -> impl Iterator<Item = &Bucket> {
    contender.runs.iter().flat_map(move |run| &run.measures.timeline[range.clone()])
}

fn sum(contender: &Contender, range: Range<usize>, of: fn(&Bucket) -> u64) -> u64 {
    buckets(contender, range).map(of).sum()
}

fn part(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// A mark without digits that say nothing.
fn plain(number: f64) -> String {
    if number.fract() == 0.0 { count(number as u64) } else { ratio(number) }
}
