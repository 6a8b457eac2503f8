//! Two Records side by side, for a terminal and as a page: the verdict first, then every figure.

mod html;

pub use html::render as html;

use super::table::{Cell, Column, Mark, Table, figures, words};
use super::text::Page;
use crate::compare::difference::sentences::{bounds, probability, signed};
use crate::compare::difference::{Change, Compared, Decision, Difference, Method};
use crate::compare::{Comparison, Figure};

/// So many differing values of a simulation are shown.
const SHOWN_MAX: usize = 20;

/// The whole comparison, ending in a newline.
pub fn text(comparison: &Comparison) -> String {
    let mut page = Page::default();
    let Comparison { name, question, baseline, candidate, .. } = comparison;
    let title = if question.is_empty() { name.clone() } else { format!("{name}: {question}") };
    page.line(&title, "");
    page.section(&format!("VERDICT ({})", comparison.change().name()));
    for sentence in comparison.sentences() {
        page.hanging("  ", &sentence);
    }
    for compared in &comparison.strategies {
        page.section(&compared.label.to_uppercase());
        page.table(&table(compared));
    }
    if let Method::Exact { differing, more } = &comparison.method
        && !differing.is_empty()
    {
        page.section("WHAT DIFFERS (baseline against candidate)");
        for value in differing.iter().take(SHOWN_MAX) {
            page.hanging("  ", &value.to_string());
        }
        let left = differing.len().saturating_sub(SHOWN_MAX) + more;
        if left > 0 {
            page.hanging("  ", &format!("and {left} more"));
        }
    }
    page.section("HOW IT WAS COMPARED");
    page.hanging("  ", &comparison.explained());
    for (side, subject) in [("baseline", baseline), ("candidate", candidate)] {
        page.hanging(&format!("  {side:<10}"), &subject.to_string());
    }
    page.text
}

/// The figures of one strategy: those that decide first, then all others that have changed.
pub fn table(compared: &Compared) -> Table {
    let mut table =
        Table::new(format!("{}: what each figure was, and what it is", compared.label), columns());
    let (deciding, shown): (Vec<_>, Vec<_>) =
        compared.differences.iter().partition(|difference| difference.decision.is_some());
    for difference in deciding {
        table.push(row(difference));
    }
    for difference in shown.into_iter().filter(|it| it.baseline != it.candidate) {
        table.push(row(difference));
    }
    table.without_blank_columns()
}

/// What is told of a figure on both sides, after what it is a figure of.
pub fn columns() -> [Column; 7] {
    [
        words("figure"),
        figures("baseline"),
        figures("candidate"),
        figures("change"),
        figures("95 % interval"),
        figures("p"),
        words("verdict"),
    ]
}

fn row(difference: &Difference) -> impl Iterator<Item = Cell> {
    [difference.metric.name().into()].into_iter().chain(figures_of(difference))
}

/// The cells of a figure under all but the first of [`columns`].
pub fn figures_of(difference: &Difference) -> [Cell; 6] {
    let figure = |figure: Option<Figure>| figure.map(|it| it.to_string()).unwrap_or_default();
    let p = difference.decision.as_ref().and_then(|it| it.adjusted).or(difference.probability);
    [
        figure(difference.baseline).into(),
        figure(difference.candidate).into(),
        difference.relative().map(signed).unwrap_or_default().into(),
        difference.spread.map(bounds).unwrap_or_default().into(),
        p.map(probability).unwrap_or_default().into(),
        verdict(difference.decision.as_ref()),
    ]
}

/// What decides has a verdict; all others are shown only.
fn verdict(decision: Option<&Decision>) -> Cell {
    let Some(decision) = decision else { return "(shown only)".into() };
    Cell::marked(decision.change.name(), mark(decision.change))
}

fn mark(change: Change) -> Mark {
    match change {
        Change::Unchanged => Mark::None,
        Change::Improved => Mark::Good,
        Change::Inconclusive => Mark::Warn,
        Change::Changed | Change::Regressed => Mark::Bad,
    }
}
