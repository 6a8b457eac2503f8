use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::{Exit, text};
use crate::scenario::{self, Scenario};
use crate::strategy::Spec;

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
    let all: Vec<_> =
        schemas.iter().map(|(name, schema)| options(name, schema.as_value())).collect();
    for (about, options) in Spec::ALL.iter().zip(&all) {
        writeln!(out, "{}", about.name)?;
        write!(out, "{}", text::entry("does", about.summary, 2, 9))?;
        write!(out, "{}", text::entry("risks", about.risk, 2, 9))?;
        let own = options.iter().filter(|option| !is_common(option, &all));
        write_options(out, own)?;
        writeln!(out)?;
    }
    writeln!(out, "every strategy with a cache")?;
    let common = all.iter().max_by_key(|options| options.len()).into_iter().flatten();
    write_options(out, common.filter(|option| is_common(option, &all)))?;
    Ok(Exit::Pass)
}

/// An option as it is listed.
struct Listed {
    name: String,
    default: String,
    description: String,
}

/// The options of the strategy `name`, whose schema this is, with their defaults.
fn options(name: &str, schema: &Value) -> Vec<Listed> {
    let Some(Ok(spec)) = Spec::read_options(name, Value::Object(Default::default())) else {
        return Vec::new();
    };
    let defaults = scenario::options(&spec);
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, property)| Listed {
            name: name.clone(),
            default: defaults.get(name).map_or("unset".into(), Value::to_string),
            description: property["description"].as_str().unwrap_or_default().replace('\n', " "),
        })
        .collect()
}

/// Whether most strategies have it: then it is listed once, for all.
fn is_common(option: &Listed, all: &[Vec<Listed>]) -> bool {
    let has = |options: &&Vec<Listed>| options.iter().any(|other| other.name == option.name);
    all.iter().filter(has).count() > all.len() / 2
}

fn write_options<'a>(
    out: &mut dyn Write,
    options: impl Iterator<Item = &'a Listed>,
) -> anyhow::Result<()> {
    for (place, Listed { name, default, description }) in options.enumerate() {
        let heading = if place == 0 { "options" } else { "" };
        let line = text::entry(&format!("{name} = {default}"), description, 11, 28);
        write!(out, "  {heading:9}{}", line.trim_start())?;
    }
    Ok(())
}
