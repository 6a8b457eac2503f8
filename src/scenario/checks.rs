//! Whether what a scenario says makes sense: contradictions, and figures with which nothing can run.
//! All of them are found at once.

mod faults;
mod gate;
mod load;
mod requests;
mod servers;
mod verdict;

use std::path::Path;

use super::Scenario;
use super::problem::Problem;
use super::tree::Tree;
use crate::backend::StoreServer;
use crate::model::Span;
use crate::workload::{Arrival, Popularity};

/// More repeats than anyone waits for; a slip of the keyboard.
const REPEATS_MAX: u32 = 1_000;

/// Everything that is wrong with `scenario` or should be known of it, as far as its values alone
/// tell.
pub fn validate(scenario: &Scenario) -> Vec<Problem> {
    let mut problems = Vec::new();
    if scenario.question.trim().is_empty() {
        problems.push(
            Problem::error(&["question"], "the question is empty")
                .expected("expected what the scenario is to find out"),
        );
    }
    if !(1..=REPEATS_MAX).contains(&scenario.repeats) {
        problems.push(
            Problem::error(&["repeats"], format!("{} repeats cannot be run", scenario.repeats))
                .expected(format!("expected 1 to {REPEATS_MAX}")),
        );
    }
    load::dataset(scenario, &mut problems);
    load::workload(scenario, &mut problems);
    requests::requests(scenario, &mut problems);
    servers::cache(scenario, &mut problems);
    servers::store(scenario, &mut problems);
    faults::faults(scenario, &mut problems);
    verdict::strategies(scenario, &mut problems);
    verdict::thresholds(scenario, &mut problems);
    gate::gate(scenario, &mut problems);
    problems
}

/// Keys that are written, but have no effect beside the others.
pub fn unused(scenario: &Scenario, tree: &Tree<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Arrival::Closed(_) = scenario.workload.arrival
        && tree.contains(&["workload", "clients"])
    {
        problems.push(
            Problem::error(&["workload", "clients"], "`clients` is given twice over")
                .about_key()
                .expected("a closed loop says its own")
                .help("remove it, and set `clients` of `closed`"),
        );
    }
    if scenario.store.server == StoreServer::Embedded && tree.contains(&["store", "durability"]) {
        problems.push(
            Problem::error(&["store", "durability"], "the embedded store keeps nothing on a disk")
                .about_key()
                .expected("has no effect here")
                .help("remove it, or set `server = \"sqlite\"`"),
        );
    }
    problems
}

/// Files that a scenario names, but that are not there. Their names are relative to `directory`.
pub fn files(scenario: &Scenario, directory: &Path) -> Vec<Problem> {
    let Popularity::Trace(trace) = &scenario.workload.popularity else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    for (index, file) in trace.files.iter().enumerate() {
        let place = index.to_string();
        let path = ["workload", "popularity", "trace", "files", &place];
        let found = directory.join(file);
        if !is_trace(file) {
            problems.push(
                Problem::error(&path, format!("`{}` is no trace by its name", file.display()))
                    .expected("expected `.trc.bin` or `.txt`, or either with `.gz`"),
            );
        } else if !found.is_file() {
            problems.push(
                Problem::error(&path, format!("there is no file {}", found.display()))
                    .expected("not found")
                    .help("the name is relative to the directory of the scenario"),
            );
        }
    }
    problems
}

fn is_trace(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    [".trc.bin", ".txt"].iter().any(|ending| name.ends_with(ending))
}

/// A problem unless `count` is at least 1.
fn at_least_one(path: &[&str], count: u64, what: &str, problems: &mut Vec<Problem>) {
    if count == 0 {
        problems.push(
            Problem::error(path, format!("a run needs at least one {what}"))
                .expected("expected 1 or more"),
        );
    }
}

/// A problem unless `span` lasts.
fn not_zero(path: &[&str], span: Span, why: &str, problems: &mut Vec<Problem>) {
    if span == Span::default() {
        problems.push(Problem::error(path, why).expected("expected more than zero"));
    }
}

#[cfg(test)]
mod tests;
