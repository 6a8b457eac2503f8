//! A guide to the strategies in Markdown: what each one costs, what it risks and when to use it, with
//! the figures of Records.

use std::fmt::Write as _;

use super::facts;
use crate::compare::Metric;
use crate::record::{Contender, Record, Standing};

/// A Record, and where a reader finds it.
pub struct Source {
    pub place: String,
    pub record: Record,
}

const HEAD: [&str; 10] = [
    "strategy",
    "read p50",
    "read p99",
    "write p99",
    "store reads per request",
    "stale share",
    "worst staleness",
    "lost writes",
    "what it risks",
    "use it when",
];

/// The figures of a row, in the order of [`HEAD`]. A scenario that only updates is its writes.
const FIGURES: [Metric; 7] = [
    Metric::ReadP50,
    Metric::ReadP99,
    Metric::UpdateP99,
    Metric::StoreReads,
    Metric::StaleShare,
    Metric::Staleness,
    Metric::LostWrites,
];

/// The table, with a row for each strategy, and below it where its figures come from.
///
/// Of several contenders of one strategy, the first Record that has one counts, and in it the one
/// that goes by the strategy's own name, or else the first.
pub fn render(sources: &[Source]) -> String {
    let mut text = String::new();
    line(&mut text, HEAD.map(str::to_owned));
    line(&mut text, HEAD.map(|head| if is_figure(head) { "--:" } else { "---" }.to_owned()));
    for contender in strategies(sources) {
        line(&mut text, row(contender));
    }
    text.push('\n');
    for source in sources {
        writeln!(text, "{}", provenance(source)).expect("writing to a string does not fail");
    }
    text
}

fn is_figure(head: &str) -> bool {
    HEAD[1..=FIGURES.len()].contains(&head)
}

fn strategies(sources: &[Source]) -> Vec<&Contender> {
    let mut chosen: Vec<&Contender> = Vec::new();
    for source in sources {
        let contenders = &source.record.contenders;
        for contender in contenders {
            if chosen.iter().any(|other| other.strategy == contender.strategy) {
                continue;
            }
            let named = contenders.iter().find(|other| other.label == contender.strategy);
            chosen.push(named.unwrap_or(contender));
        }
    }
    chosen
}

fn row(contender: &Contender) -> [String; HEAD.len()] {
    let mut cells: [String; HEAD.len()] = Default::default();
    cells[0] = format!("`{}`", contender.strategy);
    for (cell, metric) in cells[1..].iter_mut().zip(FIGURES) {
        *cell = metric.of(contender).map(|figure| figure.to_string()).unwrap_or_default();
    }
    cells[HEAD.len() - 2].clone_from(&contender.risk);
    cells[HEAD.len() - 1].clone_from(&contender.when);
    cells
}

fn line(text: &mut String, cells: [String; HEAD.len()]) {
    let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
    writeln!(text, "| {} |", cells.join(" | ")).expect("writing to a string does not fail");
}

fn provenance(source: &Source) -> String {
    let record = &source.record;
    let standing = match record.standing() {
        Standing::NotApplicable | Standing::Ok => "The run is valid.",
        Standing::Warn => "The run is valid, with warnings.",
        Standing::Invalid => "**The run is INVALID: do not believe these figures.**",
    };
    let embedded = match (record.is_simulated(), record.is_embedded()) {
        (true, _) => " The run was simulated: latencies are its profile's.",
        (_, true) => " The cache was embedded: its latency is not Redis's.",
        _ => "",
    };
    format!(
        "Figures: `{}`, the Record of scenario `{}`, run {} on {}, seed {}. {standing}{embedded}",
        source.place,
        record.name,
        record.started,
        facts::host(record),
        record.scenario.workload.seed,
    )
}
