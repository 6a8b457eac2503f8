//! What a cache that is full takes from a strategy.

use super::super::table::{Cell, Table, figures, words};
use crate::compare::figure::{bytes, count, ratio};
use crate::record::{CacheCounters, Contender, Purpose, Record};

/// What was evicted, and what was refused or failed for other reasons. Empty where the cache has no
/// limit and evicted nothing.
pub fn full(record: &Record) -> Table {
    let mut table = Table::new(
        "What the cache evicted over whole runs, and its calls that failed in the window",
        [
            words("strategy"),
            figures("memory limit"),
            figures("cache memory"),
            figures("evicted"),
            figures("evicted/req"),
            figures("entries left"),
            figures("failed fills"),
            figures("failed writes"),
            figures("failed locks"),
        ],
    );
    let cache = &record.scenario.cache;
    let is_limited = cache.maxmemory.is_some() || cache.max_keys.is_some();
    if !is_limited && record.contenders.iter().all(|one| evicted(one) == 0) {
        return table;
    }
    for contender in record.contenders.iter().filter(|one| counters(one).next().is_some()) {
        let requests = contender.total(|run| run.requests).max(1);
        let runs = contender.runs.len().max(1) as u64;
        let failed = |purposes: &[Purpose]| Cell::from(count(failed(contender, purposes)));
        let used: u64 = counters(contender).map(|counters| counters.used_memory).sum();
        table.push([
            contender.label.as_str().into(),
            cache.maxmemory.map_or_else(Cell::default, |limit| bytes(limit.0).into()),
            bytes(used / runs).into(),
            count(evicted(contender)).into(),
            ratio(evicted(contender) as f64 / requests as f64).into(),
            count(contender.total(|run| run.stock.entries) / runs).into(),
            failed(&[Purpose::Fill, Purpose::Refresh]),
            failed(&[Purpose::Write, Purpose::Flush, Purpose::Relay]),
            failed(&[Purpose::Lock]),
        ]);
    }
    table.without_blank_columns()
}

fn counters(contender: &Contender) -> impl Iterator<Item = &CacheCounters> {
    contender.runs.iter().filter_map(|run| run.cache_counters.as_ref())
}

fn evicted(contender: &Contender) -> u64 {
    counters(contender).map(|counters| counters.evicted_keys).sum()
}

fn failed(contender: &Contender, purposes: &[Purpose]) -> u64 {
    contender.total(|run| {
        let causes = run.measures.cache.causes.iter();
        causes.filter(|cause| purposes.contains(&cause.purpose)).map(|cause| cause.failed).sum()
    })
}
