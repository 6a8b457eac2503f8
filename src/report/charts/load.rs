//! What served the reads, and what the store had to carry for it.

use std::collections::BTreeMap;

use super::bars::{self, Bar, Part};
use super::canvas::{Entry, Swatch, message};
use super::lines::{self, Curve};
use super::scale::Axis;
use super::{Chart, Table, figures, words};
use crate::compare::figure::{count, ratio, share};
use crate::record::{Contender, Op, Purpose, Record, ServedBy};

/// The most points of a curve over time, and lines of its table; `timeline.csv` has all.
const POINTS_MAX: usize = 60;

/// What can answer a read, and the ink it is shown in.
const SOURCES: [(ServedBy, &str, usize); 5] = [
    (ServedBy::Cache, "cache", 0),
    (ServedBy::Coalesced, "another's load", 4),
    (ServedBy::Stale, "stale on purpose", 5),
    (ServedBy::Store, "store", 1),
    (ServedBy::Nothing, "nothing", 6),
];

/// Where answers to reads came from.
pub fn served_by(record: &Record) -> Chart {
    let title = "Hit ratio, and what served the reads";
    let mut columns = vec![words("strategy"), figures("hit ratio")];
    columns.extend(SOURCES.map(|(_, name, _)| figures(format!("from {name}"))));
    let mut table = Table::new(format!("{title}, as shares of answered reads"), columns);
    let mut bars = Vec::new();
    let mut used = [false; SOURCES.len()];
    for contender in &record.contenders {
        let answers = SOURCES.map(|(source, ..)| answered_by(contender, source));
        let all: u64 = answers.iter().sum();
        let hit_ratio = contender.hit_ratio().map(share).unwrap_or_default();
        let shares = answers.map(|part| part as f64 / all.max(1) as f64);
        let mut row = vec![contender.label.clone(), hit_ratio.clone()];
        row.extend(shares.map(|part| if all == 0 { String::new() } else { share(part) }));
        table.push(row);
        let parts = shares.iter().enumerate().map(|(index, &size)| {
            used[index] |= size > 0.0;
            Part { size, series: SOURCES[index].2, swatch: Swatch::Block }
        });
        bars.push(Bar { name: contender.label.clone(), parts: parts.collect(), figure: hit_ratio });
    }
    let entries = SOURCES.iter().zip(used).filter(|(_, used)| *used);
    let entries = entries.map(|((_, name, series), _)| Entry {
        label: (*name).to_owned(),
        series: *series,
        swatch: Swatch::Block,
    });
    let drawing = match used.contains(&true) {
        true => bars::chart(&bars, entries.collect()),
        false => message("No reads were answered."),
    };
    Chart {
        slug: "hit-ratio",
        title,
        description: "What answered the reads, as shares of a whole; the figure at the end of a \
                      bar is the hit ratio, the share of reads answered without the store."
            .into(),
        table,
        drawing,
    }
}

/// Reads of the store per second, over the window.
pub fn store_reads_over_time(record: &Record) -> Chart {
    let title = "Store reads over time";
    let mut columns = vec![figures("from")];
    columns.extend(record.contenders.iter().map(|contender| figures(contender.label.as_str())));
    let mut table = Table::new(format!("{title}, per second, mean over repeats"), columns);
    let rates: Vec<_> = record.contenders.iter().map(rates).collect();
    let times = rates.iter().max_by_key(|rates| rates.len()).cloned().unwrap_or_default();
    for (index, (start, _)) in times.iter().enumerate() {
        let cells = rates.iter().map(|rates| match rates.get(index) {
            Some((_, rate)) => count(rate.round() as u64),
            None => String::new(),
        });
        table.push([format!("{start:.1} s")].into_iter().chain(cells));
    }
    let curves: Vec<_> = std::iter::zip(&record.contenders, rates)
        .enumerate()
        .filter(|(_, (_, points))| !points.is_empty())
        .map(|(series, (contender, points))| Curve {
            label: contender.label.clone(),
            series,
            points,
        })
        .collect();
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let highest = points().map(|point| point.1).fold(0.0, f64::max);
    let latest = points().map(|point| point.0).fold(0.0, f64::max);
    let drawing = match points().next() {
        None => message("The window was too short for a timeline."),
        Some(_) if highest == 0.0 => message("The store was not read in the window."),
        Some(_) => {
            let x = Axis::linear("seconds into the window", latest, plain);
            let y = Axis::linear("store reads per second", highest, plain);
            lines::chart(&x, &y, &curves)
        }
    };
    Chart {
        slug: "store-reads",
        title,
        description:
            "Reads of the origin each second, by clients and by workers, as the mean over \
                      repeats; lower is better."
                .into(),
        table,
        drawing,
    }
}

/// Calls to the store by why they were made.
pub fn causes(record: &Record) -> Chart {
    let title = "Store load by cause";
    let mut columns = vec![words("strategy")];
    let per_request: Vec<_> = record.contenders.iter().map(calls_per_request).collect();
    let mut kinds: Vec<(Purpose, bool)> =
        per_request.iter().flat_map(|calls| calls.keys().copied()).collect();
    kinds.sort();
    kinds.dedup();
    columns.extend(kinds.iter().map(|&kind| figures(cause_name(kind))));
    columns.extend([figures("all"), figures("worst 100 ms"), figures("duplicate fills")]);
    let mut table = Table::new(format!("{title}, calls for each answered request"), columns);
    let mut bars = Vec::new();
    for (contender, calls) in record.contenders.iter().zip(&per_request) {
        let total: f64 = calls.values().sum();
        let burst = contender.runs.iter().map(|run| run.measures.store.burst_peak).max();
        let mut row = vec![contender.label.clone()];
        row.extend(kinds.iter().map(|kind| calls.get(kind).map(|&n| ratio(n)).unwrap_or_default()));
        row.push(ratio(total));
        row.push(burst.map(count).unwrap_or_default());
        row.push(count(contender.total(|run| run.measures.store.duplicate_fills)));
        table.push(row);
        let parts = calls.iter().map(|(&(purpose, background), &size)| Part {
            size,
            series: purpose as usize,
            swatch: swatch(background),
        });
        bars.push(Bar {
            name: contender.label.clone(),
            parts: parts.collect(),
            figure: ratio(total),
        });
    }
    let entries = kinds.iter().map(|&kind| Entry {
        label: cause_name(kind),
        series: kind.0 as usize,
        swatch: swatch(kind.1),
    });
    let drawing = match kinds.is_empty() {
        true => message("The store was not called in the window."),
        false => bars::chart(&bars, entries.collect()),
    };
    Chart {
        slug: "store-load",
        title,
        description: "Calls to the store for each answered request, by why they were made; paler \
                      parts were made by workers while no client waited. Lower is better."
            .into(),
        table,
        drawing,
    }
}

fn answered_by(contender: &Contender, source: ServedBy) -> u64 {
    contender.total(|run| {
        let latency = run.measures.latency.iter();
        let matching = latency.filter(|part| part.op == Op::Read && part.served_by == source);
        matching.map(|part| part.response.len()).sum()
    })
}

/// Store reads per second with the second they start at, thinned to [`POINTS_MAX`].
fn rates(contender: &Contender) -> Vec<(f64, f64)> {
    let length = contender.runs.iter().map(|run| run.measures.timeline.len()).min().unwrap_or(0);
    let width = contender.runs.first().map_or(0.0, |run| run.measures.bucket.as_secs_f64());
    if length == 0 || width == 0.0 {
        return Vec::new();
    }
    let together = length.div_ceil(POINTS_MAX);
    let starts = (0..length).step_by(together);
    let rate = |start: usize| {
        let end = (start + together).min(length);
        let reads = contender.total(|run| {
            run.measures.timeline[start..end].iter().map(|bucket| bucket.store_reads).sum()
        });
        reads as f64 / ((end - start) as f64 * width * contender.runs.len() as f64)
    };
    starts.map(|start| (start as f64 * width, rate(start))).collect()
}

fn calls_per_request(contender: &Contender) -> BTreeMap<(Purpose, bool), f64> {
    let answered = contender.total(|run| run.measures.requests.answered).max(1) as f64;
    let mut calls = BTreeMap::new();
    for cause in contender.runs.iter().flat_map(|run| &run.measures.store.causes) {
        if cause.calls > 0 {
            *calls.entry((cause.purpose, cause.background)).or_insert(0.0) +=
                cause.calls as f64 / answered;
        }
    }
    calls
}

fn cause_name((purpose, background): (Purpose, bool)) -> String {
    let name = match purpose {
        Purpose::Lookup => "lookup",
        Purpose::Fill => "fill",
        Purpose::Write => "write",
        Purpose::Refresh => "refresh",
        Purpose::Flush => "flush",
        Purpose::Relay => "relay",
        Purpose::Lock => "lock",
    };
    if background { format!("{name} (background)") } else { name.to_owned() }
}

const fn swatch(background: bool) -> Swatch {
    if background { Swatch::Pale } else { Swatch::Block }
}

/// A mark without digits that say nothing.
fn plain(number: f64) -> String {
    if number.fract() == 0.0 { count(number as u64) } else { ratio(number) }
}
