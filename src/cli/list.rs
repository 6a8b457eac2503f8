use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::{Exit, text};
use crate::scenario::{self, Scenario};
use crate::strategy::{About, Spec};

/// Lists the scenarios there are, or the strategies
#[derive(Debug, Args)]
pub struct List {
    /// Where the scenarios are
    #[arg(default_value = "scenarios")]
    directory: PathBuf,
    /// List the strategies instead: what each does, what it risks, and its options
    #[arg(long, conflicts_with = "directory")]
    strategies: bool,
}

impl List {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        if self.strategies { strategies(out) } else { scenarios(&self.directory, out) }
    }
}

/// Columns of the table, in characters, with the gap behind each.
const TIME: usize = 9;
const STRATEGIES: usize = 21;

fn scenarios(directory: &Path, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let names = scenario::names(directory)
        .with_context(|| format!("cannot look for scenarios in {}", directory.display()))?;
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let name_width = longest.max(8) + 2;
    let mut exit = Exit::Pass;
    let heading = ["SCENARIO", "TIME", "STRATEGIES", "QUESTION"].map(String::from);
    write_row(out, name_width, &heading)?;
    for name in names {
        let path = directory.join(&name).with_extension("toml");
        let cells = match scenario::load(&path) {
            Ok(loaded) => row(name, &loaded.scenario),
            Err(_) => {
                exit = Exit::Usage;
                let advice = format!("cannot be read; see: cacheduel explain {}", path.display());
                [name, "-".into(), "-".into(), advice]
            }
        };
        write_row(out, name_width, &cells)?;
    }
    Ok(exit)
}

fn row(name: String, scenario: &Scenario) -> [String; 4] {
    let labels: Vec<_> = scenario.strategies.0.iter().map(|c| c.label.as_str()).collect();
    let has_all = Spec::ALL.iter().all(|about| labels.contains(&about.name));
    let strategies = match has_all && labels.len() == Spec::ALL.len() {
        true => format!("all {}", labels.len()),
        false => labels.join("\n"),
    };
    let time = text::rounded(scenario.schedule().total());
    [name, time, strategies, scenario.question.clone()]
}

/// Writes cells side by side; a cell may take several lines.
fn write_row(out: &mut dyn Write, name_width: usize, cells: &[String; 4]) -> anyhow::Result<()> {
    let rest = text::WIDTH.saturating_sub(name_width + TIME + STRATEGIES).max(20);
    let widths = [name_width, TIME, STRATEGIES, rest];
    let cells: Vec<Vec<_>> = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| text::wrap(cell, width.max(2), 0).lines().map(str::to_owned).collect())
        .collect();
    for line in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
        let mut written = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            let part = cell.get(line).map_or("", String::as_str);
            written.push_str(&format!("{part:width$}"));
        }
        writeln!(out, "{}", written.trim_end())?;
    }
    Ok(())
}

fn strategies(out: &mut dyn Write) -> anyhow::Result<Exit> {
    let inline = SchemaSettings::default().with(|settings| settings.inline_subschemas = true);
    let mut generator = SchemaGenerator::new(inline);
    let schemas = Spec::options_schemas(&mut generator);
    for (place, (about, (_, schema))) in Spec::ALL.iter().zip(&schemas).enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        write_strategy(out, about, schema.as_value())?;
    }
    Ok(Exit::Pass)
}

fn write_strategy(out: &mut dyn Write, about: &About, schema: &Value) -> anyhow::Result<()> {
    writeln!(out, "{}", about.name)?;
    write!(out, "{}", text::entry("does", about.summary, 2, 9))?;
    write!(out, "{}", text::entry("risks", about.risk, 2, 9))?;
    let Some(Ok(spec)) = Spec::read_options(about.name, Value::Object(Default::default())) else {
        return Ok(());
    };
    for (place, (option, default)) in scenario::options(&spec).into_iter().enumerate() {
        let description = &schema["properties"][&option]["description"];
        let heading = if place == 0 { "options" } else { "" };
        let setting = format!("{option} = {default}");
        let line = text::entry(&setting, description.as_str().unwrap_or_default(), 11, 28);
        write!(out, "  {heading:9}{}", line.trim_start())?;
    }
    Ok(())
}
