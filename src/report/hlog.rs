//! `intervals.hlog`: an HDR interval log that other HDR tools read, tagged `strategy:read`
//! and `strategy:write`; the intervals of a run keep no finer parts.

use std::time::{Duration, SystemTime};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use crate::record::{Contender, Distribution, Nanos, Record, Run};

/// The log counts its maxima, which are for people, in milliseconds; the histograms keep
/// nanoseconds.
const MAX_VALUE_DIVISOR: f64 = 1e6;

/// One line of the log.
struct Interval {
    tag: String,
    start: Nanos,
    length: Nanos,
    histogram: Distribution,
}

/// What a timeline tells apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    /// Every operation that is not a mere read.
    Write,
}

/// The whole log, by start. Repeats of a strategy follow each other, so that a tag never has two
/// intervals at one time.
pub fn render(record: &Record) -> String {
    let mut intervals: Vec<Interval> = record.contenders.iter().flat_map(of_contender).collect();
    intervals.sort_by_key(|interval| interval.start);
    let started = humantime::parse_rfc3339_weak(&record.started).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut log = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut builder = IntervalLogWriterBuilder::new();
    builder
        .add_comment("[Response times in nanoseconds; maxima in milliseconds]")
        .add_comment("[Repeats of a strategy follow each other]");
    for fault in record.contenders.iter().flat_map(faults) {
        builder.add_comment(&fault);
    }
    let mut writer = builder
        .with_start_time(started)
        .with_base_time(started)
        .with_max_value_divisor(MAX_VALUE_DIVISOR)
        .begin_log_with(&mut log, &mut serializer)
        .expect("writing to memory does not fail");
    for interval in &intervals {
        writer
            .write_histogram(
                interval.histogram.histogram(),
                Duration::from_nanos(interval.start.0),
                Duration::from_nanos(interval.length.0),
                Tag::new(&interval.tag),
            )
            .expect("a histogram in memory can be written to memory");
    }
    String::from_utf8(log).expect("an interval log is text")
}

/// What broke, in the time of the log.
fn faults(contender: &Contender) -> Vec<String> {
    let mut origin = Nanos::ZERO;
    let mut told = Vec::new();
    for run in &contender.runs {
        for fault in run.faults.iter().map(|fault| &fault.injected) {
            let seconds = |at: Nanos| (origin + at).as_secs_f64();
            let (from, to) = (seconds(fault.began), seconds(fault.ended));
            let label = &contender.label;
            told.push(format!("[Fault of {label}: {}, from {from:.3} to {to:.3}]", fault.what));
        }
        origin += run.measures.window;
    }
    told
}

fn of_contender(contender: &Contender) -> Vec<Interval> {
    let mut origin = Nanos::ZERO;
    let mut intervals = Vec::new();
    for run in &contender.runs {
        for kind in [Kind::Read, Kind::Write] {
            let tag = tag(&contender.label, kind);
            intervals.extend(of_run(run, kind).map(|(start, length, histogram)| Interval {
                tag: tag.clone(),
                start: origin + start,
                length,
                histogram,
            }));
        }
        origin += run.measures.window;
    }
    intervals
}

/// The intervals of one kind of request in one run that have any samples; one for the whole window where
/// the run has no timeline.
fn of_run(run: &Run, kind: Kind) -> impl Iterator<Item = (Nanos, Nanos, Distribution)> {
    let measures = &run.measures;
    let buckets = measures.timeline.iter().enumerate().map(move |(index, bucket)| {
        let start = Nanos(measures.bucket.0 * index as u64);
        let histogram = match kind {
            Kind::Read => &bucket.reads,
            Kind::Write => &bucket.writes,
        };
        (start, measures.bucket, histogram.clone())
    });
    let whole = measures.timeline.is_empty().then(|| {
        let mut merged = Distribution::new();
        let reads = kind == Kind::Read;
        let of_kind = measures.latency.iter().filter(|latency| latency.op.is_read() == reads);
        of_kind.for_each(|latency| merged.merge(&latency.response));
        (Nanos::ZERO, measures.window, merged)
    });
    buckets.chain(whole).filter(|(_, _, histogram)| !histogram.is_empty())
}

/// `cache-aside:read`. A tag has no room for commas and spaces.
fn tag(label: &str, kind: Kind) -> String {
    let label = label.replace(|c: char| c == ',' || c.is_whitespace(), "_");
    let kind = match kind {
        Kind::Read => "read",
        Kind::Write => "write",
    };
    format!("{label}:{kind}")
}
