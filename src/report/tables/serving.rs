//! What served the reads, where that is more than the cache and the store.

use super::super::table::{Cell, Table, figures, words};
use super::metric_cell;
use crate::compare::figure::share;
use crate::compare::{Metric, Verdict};
use crate::record::Record;

/// Shares of the answered reads, by what they came from. Empty where only cache and store served.
pub fn served_by(record: &Record, verdict: &Verdict) -> Table {
    let mut table = Table::new(
        "Answered reads by what they came from",
        [
            words("strategy"),
            figures("node"),
            figures("cache"),
            figures("coalesced"),
            figures("stale-served"),
            figures("store"),
        ],
    );
    let elsewhere = |read: &crate::record::Measures| {
        read.lookups.from_node + read.lookups.coalesced + read.lookups.stale_served
    };
    if record.contenders.iter().all(|one| one.total(|run| elsewhere(&run.measures)) == 0) {
        return table;
    }
    for contender in &record.contenders {
        let reads = contender.total(|run| run.measures.lookups.hits + run.measures.lookups.misses);
        let of_reads = |count: u64| match reads {
            0 => Cell::default(),
            reads => share(count as f64 / reads as f64).into(),
        };
        let cache = contender
            .total(|run| run.measures.lookups.hits.saturating_sub(elsewhere(&run.measures)));
        table.push([
            contender.label.as_str().into(),
            metric_cell(Metric::NodeHits, contender, verdict),
            of_reads(cache),
            metric_cell(Metric::Coalesced, contender, verdict),
            metric_cell(Metric::StaleServed, contender, verdict),
            of_reads(contender.total(|run| run.measures.lookups.misses)),
        ]);
    }
    table.without_blank_columns()
}
