//! What an expiry costs the store, and what guards it.

use super::super::table::{Table, figures, words};
use super::{metric_cell, option};
use crate::compare::figure::{count, ratio};
use crate::compare::{Metric, Verdict};
use crate::record::{Contender, Prediction, Record};

/// From so many store reads for one expiry on, there are stampedes to tell of.
const WORTH_TELLING: f64 = 1.05;

/// Loads at once of the same key, and bursts of them. Empty where no strategy has a guard and hardly
/// any load was a duplicate.
pub fn stampedes(record: &Record, verdict: &Verdict) -> Table {
    let mut table = Table::new(
        "Store reads for one expiry, and the most of them at once",
        [
            words("strategy"),
            words("guard"),
            figures("store reads/expiry"),
            figures("by theory"),
            figures("duplicate loads"),
            figures("worst 100\u{a0}ms"),
            figures("throttled"),
        ],
    );
    let guards: Vec<_> = record.contenders.iter().map(|one| guard(record, one)).collect();
    let duplicates =
        |contender: &Contender| contender.total(|run| run.measures.store.duplicate_fills);
    let is_plain = |contender: &Contender| {
        contender.store_reads_per_expiry().unwrap_or(1.0) < WORTH_TELLING
            && contender.throttled_share().unwrap_or_default() == 0.0
    };
    if guards.iter().all(String::is_empty) && record.contenders.iter().all(is_plain) {
        return table;
    }
    for (contender, guard) in record.contenders.iter().zip(guards) {
        let cell = |metric| metric_cell(metric, contender, verdict);
        table.push([
            contender.label.as_str().into(),
            guard.into(),
            cell(Metric::StoreReadsPerExpiry),
            predicted(contender).map(ratio).unwrap_or_default().into(),
            count(duplicates(contender)).into(),
            cell(Metric::StoreBurst),
            cell(Metric::Throttled),
        ]);
    }
    table.without_blank_columns()
}

/// Store reads per expiry as theory has them, where a closed form applies.
pub fn predicted(contender: &Contender) -> Option<f64> {
    let of_expiries =
        |prediction: &&Prediction| prediction.quantity == Prediction::READS_PER_EXPIRY;
    contender.predictions.iter().find(of_expiries).map(|prediction| prediction.predicted)
}

fn guard(record: &Record, contender: &Contender) -> String {
    let guard = option(record, &contender.label, "stampede");
    guard.filter(|name| name != "none").unwrap_or_default()
}
