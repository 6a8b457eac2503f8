//! What served the reads, and what the store had to carry for it.

use std::collections::BTreeMap;

use super::bars::{self, Bar, Part};
use super::canvas::{Entry, Swatch, message};
use super::{Chart, Table, figures, words};
use crate::compare::figure::{count, ratio, share};
use crate::record::{Contender, Op, Purpose, Record, ServedBy};

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
    columns.extend([figures("all"), figures("worst 100\u{a0}ms"), figures("duplicate fills")]);
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
