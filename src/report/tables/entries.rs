//! What entries cost: memory, and the time to make and to read them.

use super::super::table::{Table, figures, words};
use super::{metric_cell, option};
use crate::compare::{Metric, Verdict};
use crate::record::{Contender, Preference, Record};

/// Sizes of entries and what it took to code them. Empty where every strategy keeps plain JSON and
/// memory decides nothing.
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
            or_not_applicable(cell(Metric::EncodeTime)),
            or_not_applicable(cell(Metric::DecodeTime)),
        ]);
    }
    table.without_blank_columns()
}

/// Under virtual time computing takes none, which is not to be taken for a figure.
fn or_not_applicable(mut cell: super::Cell) -> super::Cell {
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
    is("codec", "json") && is("compression", "none") && !saves
}
