//! What entries cost: memory, and the time to make and to read them.

use super::super::table::{Cell, Table, figures, words};
use super::{metric_cell, option};
use crate::compare::figure::{bytes, count};
use crate::compare::{Metric, Verdict};
use crate::record::{Contender, Preference, Record, Stock};

/// Sizes of entries and what it took to code them. Empty where every strategy keeps plain JSON and no
/// null entries, and memory decides nothing.
pub fn entries(record: &Record, verdict: &Verdict) -> Table {
    let mut table = Table::new(
        "What entries take of memory, and of time to be made and read",
        [
            words("strategy"),
            words("codec"),
            words("compression"),
            figures("mean entry"),
            figures("bytes saved"),
            figures("cache memory"),
            figures("null entries"),
            figures("their bytes"),
            figures("CPU per encode"),
            figures("CPU per decode"),
        ],
    );
    let is_asked_for = record.scenario.prefer == Preference::Memory;
    if !is_asked_for && record.contenders.iter().all(|one| is_plain(record, one)) {
        return table;
    }
    for contender in &record.contenders {
        let cell = |metric| metric_cell(metric, contender, verdict);
        let chosen = |name| option(record, &contender.label, name).unwrap_or_default();
        table.push([
            contender.label.as_str().into(),
            chosen("codec").into(),
            chosen("compression").into(),
            cell(Metric::EntrySize),
            cell(Metric::Saved),
            cell(Metric::Memory),
            nulls(contender, |stock| stock.nulls, count),
            nulls(contender, |stock| stock.null_bytes, bytes),
            or_not_applicable(cell(Metric::EncodeTime)),
            or_not_applicable(cell(Metric::DecodeTime)),
        ]);
    }
    table.without_blank_columns()
}

/// Of the entries in the end that only say that there is no row; blank where there is none.
fn nulls(contender: &Contender, of: fn(&Stock) -> u64, written: fn(u64) -> String) -> Cell {
    match contender.total(|run| of(&run.stock)) {
        0 => Cell::default(),
        some => written(some / contender.runs.len().max(1) as u64).into(),
    }
}

/// Under virtual time computing takes none, which is not to be taken for a figure.
fn or_not_applicable(mut cell: Cell) -> Cell {
    if cell.text.is_empty() {
        cell.text = "n/a".into();
    }
    cell
}

fn is_plain(record: &Record, contender: &Contender) -> bool {
    let is = |name, plain: &str| {
        option(record, &contender.label, name).is_none_or(|chosen| chosen == plain)
    };
    let saves = contender.saved_share().is_some_and(|saved| saved > 0.0);
    let has_nulls = contender.total(|run| run.stock.nulls) > 0;
    is("codec", "json") && is("compression", "none") && !saves && !has_nulls
}
