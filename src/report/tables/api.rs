//! What an API that the reads go to has to say of them.

use super::super::table::{Cell, Table, figures, words};
use crate::compare::figure::{count, share};
use crate::record::{ApiCounters, Record};

/// The API's own count of what it was asked, warm-up included. Empty where there is none.
pub fn api(record: &Record) -> Table {
    let mut table = Table::new(
        "What the API itself counted, over the whole of every run",
        [
            words("strategy"),
            figures("served"),
            figures("refused (429)"),
            figures("refused share"),
            figures("most in a second"),
        ],
    );
    for contender in &record.contenders {
        let counted = || contender.runs.iter().filter_map(|run| run.store_counters.api);
        if counted().next().is_none() {
            continue;
        }
        let sum = |part: fn(ApiCounters) -> u64| counted().map(part).sum::<u64>();
        let (served, refused) = (sum(|api| api.served), sum(|api| api.refused));
        let refused_share = match served + refused {
            0 => Cell::default(),
            asked => share(refused as f64 / asked as f64).into(),
        };
        table.push([
            contender.label.as_str().into(),
            count(served).into(),
            count(refused).into(),
            refused_share,
            count(counted().map(|api| api.peak_per_second).max().unwrap_or_default()).into(),
        ]);
    }
    table
}
