//! A sweep as one page: self-contained, offline, and whole without scripts.

use askama::Template;

use super::super::EMBEDDED_NOTICE;
use super::super::charts::{self, Chart};
use super::super::html;
use super::super::table::Table;
use super::SIMULATED_NOTICE;
use super::tables::{front_figures, points, summary, without_table};
use super::text::provenance;
use crate::compare::sweep::sentences;
use crate::record::sweep::Sweep;

/// The whole page.
pub fn render(sweep: &Sweep) -> String {
    Page::of(sweep).render().expect("the template only writes strings to memory")
}

#[derive(Template)]
#[template(path = "html/sweep.html")]
struct Page<'a> {
    record: &'a Sweep,
    style: String,
    sentences: Vec<String>,
    summary: Table,
    without: Vec<String>,
    charts: Vec<Chart>,
    front: Table,
    points: Table,
    provenance: Vec<(&'static str, String)>,
    command: String,
    embedded_notice: &'static str,
    simulated_notice: &'static str,
}

impl<'a> Page<'a> {
    fn of(record: &'a Sweep) -> Self {
        Self {
            record,
            style: html::style(),
            sentences: sentences(record),
            summary: summary(record),
            without: without_table(record),
            charts: charts::by_option(record),
            front: front_figures(record),
            points: points(record),
            provenance: provenance(record),
            command: command(record),
            embedded_notice: EMBEDDED_NOTICE,
            simulated_notice: SIMULATED_NOTICE,
        }
    }
}

/// The command that repeats the sweep, given the scenario's file.
fn command(sweep: &Sweep) -> String {
    let mut command =
        format!("cacheduel sweep {}.toml --vary '{}'", sweep.name, sweep.varied.argument);
    if sweep.simulated {
        command += " --simulate";
    }
    let strategies = || sweep.points.iter().flat_map(|point| &point.strategies);
    if strategies().any(|strategy| strategy.twin_of.is_some()) {
        command += " --aa";
    }
    let scenario = &sweep.scenario;
    command + &format!(" --repeats {} --seed {}", scenario.repeats, scenario.workload.seed)
}
