//! A comparison of two Records as one page: self-contained, offline, and whole without scripts.

use askama::Template;

use super::super::charts::{self, Chart};
use super::super::html;
use super::super::table::{Cell, Mark, Table, figures, words};
use super::{mark, table};
use crate::compare::difference::sentences::signed;
use crate::compare::difference::{Change, Method};
use crate::compare::{Comparison, Metric};

/// So many differing values of a simulation are shown.
const SHOWN_MAX: usize = 100;

/// The whole page.
pub fn render(comparison: &Comparison) -> String {
    Page::of(comparison).render().expect("the template only writes strings to memory")
}

#[derive(Template)]
#[template(path = "html/comparison.html")]
struct Page<'a> {
    comparison: &'a Comparison,
    /// What makes the page.
    tool: &'static str,
    style: String,
    sentences: Vec<String>,
    summary: Table,
    charts: Vec<Chart>,
    /// Every figure, a table for each strategy.
    tables: Vec<Table>,
    differing: Vec<String>,
    /// How many more values differ than are shown.
    more: usize,
}

impl<'a> Page<'a> {
    fn of(comparison: &'a Comparison) -> Self {
        let (differing, more) = match &comparison.method {
            Method::Exact { differing, more } => {
                let shown = differing.iter().take(SHOWN_MAX).map(ToString::to_string);
                (shown.collect(), differing.len().saturating_sub(SHOWN_MAX) + more)
            }
            Method::Paired | Method::Unpaired => (Vec::new(), 0),
        };
        Self {
            comparison,
            tool: env!("CARGO_PKG_VERSION"),
            style: html::style(),
            sentences: comparison.sentences(),
            summary: summary(comparison),
            charts: charts::changes(comparison),
            tables: comparison.strategies.iter().map(table).collect(),
            differing,
            more,
        }
    }

    fn change_class(&self) -> &'static str {
        match self.comparison.change() {
            Change::Changed | Change::Regressed => "bad",
            Change::Inconclusive => "warn",
            Change::Improved | Change::Unchanged => "good",
        }
    }
}

/// By how much each figure that decides has changed: a strategy in a row.
fn summary(comparison: &Comparison) -> Table {
    let decides =
        |metric: &Metric| comparison.decided().any(|(_, difference)| difference.metric == *metric);
    let metrics: Vec<Metric> = Metric::ALL.into_iter().filter(decides).collect();
    let columns = metrics.iter().map(|metric| figures(metric.name()));
    let mut summary = Table::new(
        "By how much the figures that decide have changed, as a share of the baseline's",
        [words("strategy")].into_iter().chain(columns).collect::<Vec<_>>(),
    );
    for compared in &comparison.strategies {
        let cell = |metric: &Metric| {
            let found = compared.differences.iter().find(|one| one.metric == *metric);
            let decision = found.and_then(|one| Some((one, one.decision.as_ref()?)));
            decision.map_or_else(Cell::default, |(difference, decision)| {
                let changed = difference.relative().map(signed).unwrap_or_default();
                let text = match decision.change {
                    Change::Unchanged => changed,
                    change => format!("{changed} {}", change.name()),
                };
                Cell::marked(text.trim(), mark(decision.change))
            })
        };
        let label = Cell::marked(compared.label.as_str(), Mark::None);
        summary.push([label].into_iter().chain(metrics.iter().map(cell)));
    }
    summary
}
