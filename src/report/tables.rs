//! The tables that reports show, made from a Record.

mod api;
mod beside;
pub mod calibration;
mod database;
mod entries;
mod full;
mod repeats;
mod serving;
mod stampedes;
mod steps;
mod through;
mod wrong;

pub use api::api;
pub use beside::{beside, summary as beside_summary};
pub use database::database;
pub use entries::entries;
pub use full::full;
pub use repeats::{noise_floor, repeats};
pub use serving::served_by;
pub use stampedes::{predicted as predicted_reads_per_expiry, stampedes};
pub use steps::steps;
pub use through::{EXPLAINED, Through, through, troubles, when};
pub use wrong::{faults, sessions};

use std::collections::BTreeSet;

use super::table::{Cell, Mark, Table, figures, words};
use crate::compare::figure::{bytes, count, ratio, share, time};
use crate::compare::verdict::{Held, Verdict, located_checks};
use crate::compare::{Figure, Metric};
use crate::record::{
    CacheCounters, Contender, Distribution, Findings, Nanos, Prediction, Record, Standing,
};

/// Latency, hit ratio and what the store had to carry.
pub fn speed(record: &Record, verdict: &Verdict) -> Table {
    let metrics = [
        Metric::ReadP50,
        Metric::ReadP99,
        Metric::UpdateP50,
        Metric::UpdateP99,
        Metric::HitRatio,
        Metric::StoreReads,
    ];
    let mut table = Table::new(
        "Response time from the intended start, and what the store had to carry",
        [
            words("strategy"),
            figures("read p50"),
            figures("read p99"),
            figures("update p50"),
            figures("update p99"),
            figures("hit ratio"),
            figures("store reads/req"),
        ],
    );
    for contender in &record.contenders {
        let cells = metrics.map(|metric| metric_cell(metric, contender, verdict));
        table.push([Cell::from(contender.label.as_str())].into_iter().chain(cells));
    }
    table
}

/// What clients got that was wrong, and what was lost.
pub fn correctness(record: &Record, verdict: &Verdict) -> Table {
    let mut table = Table::new(
        "What clients got that was wrong",
        [
            words("strategy"),
            figures("stale share"),
            figures("perhaps stale"),
            figures("worst staleness"),
            figures("session breaks"),
            figures("wrong reads"),
            figures("lost writes"),
            figures("errors"),
            words("standing"),
        ],
    );
    for (contender, judged) in record.contenders.iter().zip(&verdict.contenders) {
        let cell = |metric| metric_cell(metric, contender, verdict);
        let breaks = contender.total(|run| {
            run.findings.monotonic_violations + run.findings.read_your_writes_violations
        });
        let wrong = contender.total(|run| wrong_reads(&run.findings));
        table.push([
            contender.label.as_str().into(),
            cell(Metric::StaleShare),
            possibly_stale(contender).map(share).unwrap_or_default().into(),
            cell(Metric::Staleness),
            wrong::breaks(contender, breaks),
            count(wrong).into(),
            cell(Metric::LostWrites),
            cell(Metric::Errors),
            standing_cell(judged.standing),
        ]);
    }
    table
}

/// What was measured against each threshold, and whether all of them were held.
pub fn thresholds(verdict: &Verdict) -> Table {
    let asked = verdict.contenders.first().map(|judged| judged.thresholds.as_slice());
    let mut columns = vec![words("strategy")];
    columns.extend(asked.unwrap_or_default().iter().map(|threshold| {
        figures(format!("{} {}", threshold.metric.name(), threshold.metric.bound(threshold.asked)))
    }));
    columns.push(words("result"));
    let mut table = Table::new("What was measured against each threshold", columns);
    for judged in verdict.contenders.iter().filter(|_| verdict.has_thresholds()) {
        let cells = judged
            .thresholds
            .iter()
            .map(|threshold| Cell::marked(threshold.measured_text(), mark(threshold.held)));
        let worst = judged.thresholds.iter().map(|threshold| threshold.held).max();
        let result = match worst.unwrap_or(Held::Held) {
            Held::Held => "holds all",
            Held::Unknown => "not known",
            Held::Missed => "misses",
        };
        let result = Cell::marked(result, mark(worst.unwrap_or(Held::Held)));
        let label = Cell::from(judged.label.as_str());
        table.push([label].into_iter().chain(cells).chain([result]));
    }
    table
}

/// What theory says beside what was measured.
pub fn theory(record: &Record) -> Table {
    let mut table = Table::new(
        "Closed forms beside the measured figures; a deviation is in standard errors",
        [
            words("strategy"),
            words("quantity"),
            figures("predicted"),
            figures("measured"),
            figures("deviation"),
            words("closed form"),
        ],
    );
    for contender in &record.contenders {
        for prediction in &contender.predictions {
            table.push([
                contender.label.clone(),
                prediction.quantity.clone(),
                predicted_text(prediction, prediction.predicted),
                predicted_text(prediction, prediction.measured),
                deviation_text(prediction),
                formula_text(prediction),
            ]);
        }
    }
    table
}

/// Every check, those that are not OK first.
pub fn checks(record: &Record) -> Table {
    let mut table = Table::new(
        "Checks of the experiment and of each run, the worst first",
        [words("where"), words("check"), words("standing"), words("what was found")],
    );
    let mut found = located_checks(record);
    found.sort_by_key(|(_, check)| std::cmp::Reverse(check.standing));
    for (place, check) in found {
        table.push([
            place.into(),
            check.name.as_str().into(),
            standing_cell(check.standing),
            check.detail.as_str().into(),
        ]);
    }
    table
}

/// Latency by operation and by what served it, both from the intended start and from the call.
pub fn latency(record: &Record) -> Table {
    let mut table = Table::new(
        "Response runs from the intended start, service from the call",
        [
            words("strategy"),
            words("operation"),
            words("served by"),
            figures("requests"),
            figures("response p50"),
            figures("response p99"),
            figures("service p50"),
            figures("service p99"),
        ],
    );
    for contender in &record.contenders {
        let parts = || contender.runs.iter().flat_map(|run| &run.measures.latency);
        let kinds: BTreeSet<_> = parts().map(|part| (part.op, part.served_by)).collect();
        for (op, served_by) in kinds {
            let (mut response, mut service) = (Distribution::new(), Distribution::new());
            for part in parts().filter(|part| (part.op, part.served_by) == (op, served_by)) {
                response.merge(&part.response);
                service.merge(&part.service);
            }
            let quantile =
                |times: &Distribution, q| times.certified(q).map_or_else(String::new, time);
            table.push([
                contender.label.clone(),
                op.name().to_owned(),
                served_by.name().to_owned(),
                count(response.len()),
                quantile(&response, 0.5),
                quantile(&response, 0.99),
                quantile(&service, 0.5),
                quantile(&service, 0.99),
            ]);
        }
    }
    table
}

/// What the cache server counted itself over whole runs, and how long calls waited for a connection
/// of the store. Empty where the server keeps no counters; without what a server counted that was
/// started anew in every run.
pub fn servers(record: &Record) -> Table {
    let mut table = Table::new(
        "What the servers say themselves, over whole runs",
        [
            words("strategy"),
            figures("cache memory"),
            figures("network in/req"),
            figures("network out/req"),
            figures("cache CPU/req"),
            figures("keyspace hits"),
            figures("evicted"),
            figures("expired"),
            figures("store pool wait/call"),
        ],
    );
    for contender in &record.contenders {
        let counters: Vec<_> =
            contender.runs.iter().filter_map(|run| run.cache_counters.as_ref()).collect();
        if counters.is_empty() {
            continue;
        }
        let memory = counters.iter().map(|counters| counters.used_memory).sum::<u64>();
        // A server that was started anew has counted only a part of its run.
        let whole: Vec<_> = contender
            .runs
            .iter()
            .filter_map(|run| Some((run.requests, run.cache_counters.as_ref()?)))
            .filter(|(_, counters)| !counters.restarted)
            .collect();
        let total = |figure: fn(&CacheCounters) -> u64| -> u64 {
            whole.iter().map(|(_, counters)| figure(counters)).sum()
        };
        let requests = whole.iter().map(|(requests, _)| requests).sum::<u64>().max(1);
        let of_whole = |cell: String| if whole.is_empty() { String::new() } else { cell };
        let (hits, misses) = (total(|c| c.keyspace_hits), total(|c| c.keyspace_misses));
        let waited = contender.total(|run| run.store_counters.pool.total.0);
        let waits = contender.total(|run| run.store_counters.pool.calls).max(1);
        table.push([
            contender.label.clone(),
            bytes(memory / counters.len() as u64),
            of_whole(bytes(total(|c| c.network_in) / requests)),
            of_whole(bytes(total(|c| c.network_out) / requests)),
            of_whole(time(Nanos(total(|c| c.cpu.0) / requests))),
            if hits + misses == 0 {
                String::new()
            } else {
                share(hits as f64 / (hits + misses) as f64)
            },
            of_whole(count(total(|c| c.evicted_keys))),
            of_whole(count(total(|c| c.expired_keys))),
            time(Nanos(waited / waits)),
        ]);
    }
    table
}

/// What each contender is and what it risks, in its own words.
pub fn contenders(record: &Record) -> Table {
    let mut table = Table::new(
        "What was compared",
        [words("strategy"), words("what it does"), words("what it risks")],
    );
    for contender in &record.contenders {
        table.push([contender.label.as_str(), contender.summary.as_str(), contender.risk.as_str()]);
    }
    table
}

/// Reads of what was never committed, of nothing where there was something, or of what no one wrote.
fn wrong_reads(findings: &Findings) -> u64 {
    findings.dirty_reads + findings.phantom_absent + findings.phantom_present + findings.corrupt
}

/// What the scenario says of an option of a contender, in a word: the name of the choice, without the
/// options of its own that it may have. `None` where the strategy has no such option.
fn option(record: &Record, label: &str, name: &str) -> Option<String> {
    word(&record.option(label, name)?)
}

fn word(option: &serde_json::Value) -> Option<String> {
    match option {
        serde_json::Value::Object(fields) => fields.keys().next().cloned(),
        option => option.as_str().map(str::to_owned),
    }
}

/// A figure of a contender; empty where there are too few samples, marked where it misses.
fn metric_cell(metric: Metric, contender: &Contender, verdict: &Verdict) -> Cell {
    let text = metric.of(contender).map(|figure| figure.to_string()).unwrap_or_default();
    let judged = verdict.contenders.iter().find(|judged| judged.label == contender.label);
    let missed = judged.is_some_and(|judged| {
        let of_metric = judged.thresholds.iter().find(|threshold| threshold.metric == metric);
        of_metric.is_some_and(|threshold| threshold.held == Held::Missed)
    });
    Cell::marked(text, if missed { Mark::Bad } else { Mark::None })
}

const fn mark(held: Held) -> Mark {
    match held {
        Held::Held => Mark::Good,
        Held::Unknown => Mark::Warn,
        Held::Missed => Mark::Bad,
    }
}

fn standing_cell(standing: Standing) -> Cell {
    let mark = match standing {
        Standing::NotApplicable => Mark::None,
        Standing::Ok => Mark::Good,
        Standing::Warn => Mark::Warn,
        Standing::Invalid => Mark::Bad,
    };
    Cell::marked(standing.name(), mark)
}

/// Reads that may have been stale as a share of all judged reads: the upper bound.
pub fn possibly_stale(contender: &Contender) -> Option<f64> {
    let reads = contender.total(|run| run.findings.reads);
    let possible = contender.total(|run| run.findings.possibly_stale);
    (reads > 0).then(|| possible as f64 / reads as f64)
}

fn predicted_text(prediction: &Prediction, value: f64) -> String {
    if prediction.is_share() { Figure::Share(value).to_string() } else { ratio(value) }
}

/// The form, and what of the run is not as it assumes.
fn formula_text(prediction: &Prediction) -> String {
    match &prediction.caveat {
        Some(caveat) => format!("{}; but {caveat}", prediction.formula),
        None => prediction.formula.clone(),
    }
}

fn deviation_text(prediction: &Prediction) -> String {
    let deviation = prediction.deviation();
    if deviation.is_finite() { format!("{deviation:+.1}") } else { "no error known".into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::word;

    #[test]
    fn a_choice_goes_by_its_name_whether_it_has_options_or_not() {
        assert_eq!(word(&json!("coalesce")).as_deref(), Some("coalesce"));
        assert_eq!(word(&json!({ "early": { "beta": 1.0 } })).as_deref(), Some("early"));
        assert_eq!(word(&json!(null)), None);
    }
}
