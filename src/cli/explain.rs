//! `explain`: what a scenario will do, in plain sentences, without doing it.

mod arrivals;
mod faults;
mod sentences;

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::{Exit, text};
use crate::experiment::Footprint;
use crate::scenario::{self, Contender, Loaded, Scenario};
use crate::strategy::Spec;

/// Says what a scenario will do, without doing it
#[derive(Debug, Args)]
pub struct Explain {
    /// A scenario's file, or the name of one in scenarios/
    scenario: PathBuf,
}

/// The column in which the text beside a heading begins.
const COLUMN: usize = 12;

impl Explain {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let loaded = scenario::load(&self.scenario)?;
        out.write_all(explain(&loaded).as_bytes())?;
        Ok(Exit::Pass)
    }
}

fn explain(loaded: &Loaded) -> String {
    let scenario = &loaded.scenario;
    let mut told = format!("{}\n\n", loaded.name);
    told.push_str(&text::entry("Question", &scenario.question, 0, COLUMN));
    if let Some(notes) = &scenario.notes {
        told.push_str(&text::entry("Notes", notes.trim(), 0, COLUMN));
    }
    if let Some(look_at) = &scenario.look_at {
        told.push_str(&text::entry("Look at", look_at.trim(), 0, COLUMN));
    }
    told.push_str(&text::entry("Data", &sentences::dataset(scenario), 0, COLUMN));
    told.push_str(&text::entry("Load", &sentences::load(scenario), 0, COLUMN));
    told.push_str(&text::entry("Cache", &sentences::cache(&scenario.cache), 0, COLUMN));
    told.push_str(&text::entry("Store", &sentences::store(&scenario.store), 0, COLUMN));
    for (place, line) in faults::faults(scenario).iter().enumerate() {
        let heading = if place == 0 { "Faults" } else { "" };
        told.push_str(&text::entry(heading, line, 0, COLUMN));
    }
    told.push_str("\nStrategies\n");
    for contender in &scenario.strategies.0 {
        told.push_str(&strategy(contender));
    }
    told.push_str("\nRuns\n");
    told.push_str(&runs(scenario));
    told.push_str("\nVerdict\n");
    for line in sentences::verdict(scenario) {
        told.push_str(&text::entry("-", &line, 2, 2));
    }
    if !loaded.warnings.is_empty() {
        told.push_str("\nWarnings\n");
    }
    for warning in &loaded.warnings {
        let help = warning.help.as_ref().map(|help| format!(" (better: {help})"));
        let line = format!("{}{}", warning.message, help.unwrap_or_default());
        told.push_str(&text::entry("-", &line, 2, 2));
    }
    told
}

fn strategy(contender: &Contender) -> String {
    let about = contender.spec.about();
    let mut told = format!("  {}\n", contender.label);
    told.push_str(&text::entry("does", about.summary, 4, 9));
    told.push_str(&text::entry("risks", about.risk, 4, 9));
    let usual = Spec::read_options(about.name, serde_json::json!({})).and_then(Result::ok);
    let usual = usual.map(|spec| scenario::options(&spec)).unwrap_or_default();
    // What is as it always is would only hide what is not.
    let options: Vec<_> = contender
        .options()
        .iter()
        .filter(|(option, value)| *option == "ttl" || usual.get(*option) != Some(value))
        .map(|(option, value)| format!("{option} = {value}"))
        .collect();
    if !options.is_empty() {
        told.push_str(&text::entry("options", &options.join(", "), 4, 9));
    }
    told
}

fn runs(scenario: &Scenario) -> String {
    let schedule = scenario.schedule();
    let mut told = String::new();
    for repeat in 0..scenario.repeats {
        let turns = schedule.turns.iter().filter(|turn| turn.repeat == repeat);
        let labels: Vec<_> =
            turns.map(|turn| scenario.strategies.0[turn.contender].label.as_str()).collect();
        told.push_str(&text::entry(&format!("{}.", repeat + 1), &labels.join(", "), 2, 4));
        if repeat == 1 && scenario.repeats > 2 {
            let more = format!("and so on, {} times in all", scenario.repeats);
            told.push_str(&text::entry("...", &more, 2, 4));
            break;
        }
    }
    let total = format!(
        "Each run takes {}: {} in all. With loading and cleaning up, about {}.",
        text::rounded(schedule.run),
        text::rounded(schedule.load()),
        text::rounded(schedule.total()),
    );
    told.push_str(&text::entry("", &total, 2, 0));
    // A trace brings as many keys as nobody knows before it is read.
    if let Some(keys) = scenario.dataset.keys {
        let memory = format!("Simulated, a run takes {}.", Footprint::of(scenario, keys).told());
        told.push_str(&text::entry("", &memory, 2, 0));
    }
    told
}
