//! A search as one page: self-contained, offline, and whole without scripts.

use askama::Template;

use super::super::EMBEDDED_NOTICE;
use super::super::charts::{self, Chart};
use super::super::table::Table;
use super::text::{asked, provenance};
use super::{sentences, steps, summary};
use crate::record::Check;
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
            style: format!("{}\n{}", charts::STYLE, include_str!("../html/page.css")),
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

    fn checks(&self) -> &[Check] {
        &self.record.checks
    }

    fn further_sentences(&self) -> &[String] {
        self.sentences.get(1..).unwrap_or_default()
    }

    fn first_sentence(&self) -> &str {
        self.sentences.first().map_or("", String::as_str)
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
