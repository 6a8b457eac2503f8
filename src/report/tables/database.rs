//! What the store's own server has to say of a run.

use super::super::table::{Table, figures, words};
use crate::compare::figure::{bytes, count, ratio, share};
use crate::record::{DatabaseCounters, Record};

/// The server's own count of what its database did, warm-up included. Empty where the store has no
/// server that counts.
pub fn database(record: &Record) -> Table {
    let title = match record.store.managed {
        true => "What the store's server says itself, over whole runs",
        false => {
            "What the store's server says itself, over whole runs, of all who used its database"
        }
    };
    let mut table = Table::new(
        title,
        [
            words("strategy"),
            figures("commits/req"),
            figures("rows fetched/req"),
            figures("rows written/req"),
            figures("blocks/req"),
            figures("from memory"),
            figures("rolled back"),
            figures("deadlocks"),
            figures("temporary files"),
        ],
    );
    for contender in &record.contenders {
        let counted: Vec<_> =
            contender.runs.iter().filter_map(|run| run.store_counters.database.as_ref()).collect();
        if counted.is_empty() {
            continue;
        }
        let total = |figure: fn(&DatabaseCounters) -> u64| -> u64 {
            counted.iter().map(|counters| figure(counters)).sum()
        };
        let requests = contender.total(|run| run.requests).max(1) as f64;
        let each = |figure: fn(&DatabaseCounters) -> u64| ratio(total(figure) as f64 / requests);
        let (read, hit) = (total(|d| d.blocks_read), total(|d| d.blocks_hit));
        table.push([
            contender.label.clone(),
            each(|d| d.commits),
            each(|d| d.rows_fetched),
            each(|d| d.rows_inserted + d.rows_updated + d.rows_deleted),
            each(|d| d.blocks_read + d.blocks_hit),
            if read + hit == 0 { String::new() } else { share(hit as f64 / (read + hit) as f64) },
            count(total(|d| d.rollbacks)),
            count(total(|d| d.deadlocks)),
            bytes(total(|d| d.temp_bytes)),
        ]);
    }
    table
}
