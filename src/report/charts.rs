//! The charts of a report: each an SVG drawing with its data table beside it.

mod bands;
mod bars;
mod canvas;
mod ceilings;
mod changes;
mod labels;
mod latency;
mod lines;
mod load;
mod over_time;
mod scale;
mod staleness;
mod stampedes;
mod svg;
mod sweep;
mod tradeoff;

pub use ceilings::by_rate;
pub use changes::changes;
pub use svg::STYLE;
pub use sweep::by_option;

use super::table::{Table, figures, words};
use crate::record::Record;

/// One chart. What it shows in colour and position, its table says in figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// The name of its file, and of its place in the page.
    pub slug: &'static str,
    pub title: &'static str,
    /// What it shows and how to read it, in one or two sentences.
    pub description: String,
    pub table: Table,
    drawing: canvas::Drawing,
}

impl Chart {
    /// The drawing for a page that has [`STYLE`] and shows the title itself.
    pub fn inline(&self) -> String {
        svg::inline(self.slug, self.title, &self.description, &self.drawing)
    }

    /// The drawing as a file of its own, with style and title.
    pub fn standalone(&self) -> String {
        svg::standalone(self.slug, self.title, &self.description, &self.drawing)
    }
}

/// Every chart, in the order in which a report shows them.
pub fn all(record: &Record) -> Vec<Chart> {
    let mut charts = vec![
        tradeoff::chart(record),
        staleness::shares(record),
        latency::reads(record),
        latency::updates(record),
        load::served_by(record),
        load::causes(record),
        staleness::ages(record),
        staleness::freshness(record),
        over_time::store_reads(record),
    ];
    charts.extend(over_time::requests(record));
    charts.extend(over_time::through_faults(record));
    charts.extend(stampedes::per_expiry(record));
    charts
}
