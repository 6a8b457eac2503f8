//! What one expiry costs the store.

use super::super::tables::predicted_reads_per_expiry;
use super::bars::{self, Bar, Part};
use super::canvas::{Entry, Swatch};
use super::{Chart, Table, figures, words};
use crate::compare::figure::ratio;
use crate::record::Record;

/// The ink of both bars of a strategy: what was measured, and paler what theory says.
const SERIES: usize = 0;

/// Store reads per expiry with the closed form beside them; `None` where every load was the only one
/// of its expiry and theory has nothing to say either.
pub fn per_expiry(record: &Record) -> Option<Chart> {
    let title = "Store reads per expiry";
    let mut table = Table::new(
        format!("{title}, measured and by theory"),
        [words("strategy"), figures("measured"), figures("by theory")],
    );
    let mut bars = Vec::new();
    let mut is_worth_it = false;
    for contender in &record.contenders {
        let Some(measured) = contender.store_reads_per_expiry() else {
            continue;
        };
        let predicted = predicted_reads_per_expiry(contender);
        is_worth_it |= measured > 1.0 || predicted.is_some();
        let label = contender.label.clone();
        table.push([label.clone(), ratio(measured), predicted.map(ratio).unwrap_or_default()]);
        bars.push(bar(label, measured, Swatch::Block));
        bars.extend(predicted.map(|predicted| bar("by theory".into(), predicted, Swatch::Pale)));
    }
    let entry = |label: &str, swatch| Entry { label: label.into(), series: SERIES, swatch };
    let entries = vec![entry("measured", Swatch::Block), entry("by theory", Swatch::Pale)];
    is_worth_it.then(|| Chart {
        slug: "store-reads-per-expiry",
        title,
        description:
            "Loads for each load that was no duplicate of another one under way, and what \
                      a closed form says where one applies. At 1 an expiry costs one read of the \
                      store; lower is better."
                .into(),
        table,
        drawing: bars::chart(&bars, entries),
    })
}

fn bar(name: String, size: f64, swatch: Swatch) -> Bar {
    let parts = vec![Part { size, series: SERIES, swatch }];
    Bar { name, parts, figure: ratio(size) }
}
