//! A search as one page: self-contained, offline, and whole without scripts.

use askama::Template;

use super::super::EMBEDDED_NOTICE;
use super::super::charts::{self, Chart};
use super::super::html;
use super::super::table::Table;
use super::text::{asked, provenance};
use super::{sentences, steps, summary};
use crate::record::ceilings::Ceilings;

/// The whole page.
pub fn render(record: &Ceilings) -> String {
    Page::of(record).render().expect("the template only writes strings to memory")
}

#[derive(Template)]
#[template(path = "html/ceilings.html")]
struct Page<'a> {
    record: &'a Ceilings,
    style: String,
    sentences: Vec<String>,
    summary: Table,
    asked: String,
    charts: Vec<Chart>,
    steps: Table,
    provenance: Vec<(&'static str, String)>,
    command: String,
    embedded_notice: &'static str,
}

impl<'a> Page<'a> {
    fn of(record: &'a Ceilings) -> Self {
        Self {
            record,
            style: html::style(),
            sentences: sentences(record),
            summary: summary(record),
            asked: asked(record),
            charts: charts::by_rate(record),
            steps: steps(record),
            provenance: provenance(record),
            command: command(record),
            embedded_notice: EMBEDDED_NOTICE,
        }
    }
}

/// The command that repeats the search, given the scenario's file.
fn command(record: &Ceilings) -> String {
    let searched = &record.searched;
    format!(
        "cacheduel find-max {}.toml --from {} --to {} --precision {}% --step {} --seed {}",
        record.name,
        searched.from,
        searched.to,
        super::rate(searched.precision * 100.0),
        humantime::format_duration(searched.step.into()),
        record.scenario.workload.seed,
    )
}
