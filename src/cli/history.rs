//! `cacheduel history`: figures over time, and where they have come to another level; and the options by
//! which a run adds its figures.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use super::{Exit, Usage};
use crate::compare::Metric;
use crate::history::{self, Entry, Wanted, series};
use crate::record::Record;
use crate::report;

/// The longest name of a revision.
const REVISION_MAX: usize = 100;

/// Shows figures over time, and where they have come to another level
///
/// The file is what `run --history FILE` and `gate --history FILE` add to. Runs on another machine, of
/// another plan or with other options are series of their own.
#[derive(Debug, Args)]
pub struct History {
    /// The history's file
    file: PathBuf,
    /// Take only the runs of this scenario
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// Take only this strategy
    #[arg(long, value_name = "NAME")]
    strategy: Option<String>,
    /// Take these figures, by their names in a [gate] [default: those that decide by default]
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = metric)]
    metric: Vec<Metric>,
    /// Take only the last runs of each series
    #[arg(long, value_name = "N", default_value_t = 100,
        value_parser = clap::value_parser!(u32).range(1..=1000))]
    last: u32,
    /// Print the figures as JSON instead of the tables
    #[arg(long)]
    json: bool,
}

impl History {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let history = history::History::existing(&self.file)?;
        let wanted =
            Wanted { scenario: self.scenario.as_deref(), strategy: self.strategy.as_deref() };
        let entries = history.entries(&wanted)?;
        let metrics = if self.metric.is_empty() { &Metric::PRIMARY[..] } else { &self.metric[..] };
        let found = series(&entries, metrics, self.last as usize);
        if found.is_empty() {
            return Err(Usage(self.nothing(&history.entries(&Wanted::default())?)).into());
        }
        let text = if self.json { report::history::json } else { report::history::text };
        out.write_all(text(&found).as_bytes())?;
        Ok(Exit::Pass)
    }

    /// That there is nothing of the kind, and what there is instead.
    fn nothing(&self, entries: &[Entry]) -> String {
        let distinct = |names: &mut dyn Iterator<Item = &str>| {
            let mut names: Vec<&str> = names.collect();
            names.sort_unstable();
            names.dedup();
            names.join(", ")
        };
        let scenarios = distinct(&mut entries.iter().map(|entry| entry.ran.scenario.as_str()));
        let strategies = entries.iter().flat_map(|entry| &entry.strategies);
        let strategies = distinct(&mut strategies.map(|kept| kept.label.as_str()));
        let file = self.file.display();
        match entries {
            [] => format!("{file} has no runs yet: `cacheduel run --history {file}` adds one"),
            _ => format!(
                "{file} has no such figures; it has the scenarios {scenarios} with the strategies \
                 {strategies}"
            ),
        }
    }
}

/// Where the figures of a run go.
#[derive(Debug, Args)]
pub struct Keeping {
    /// Add the figures to this file, which is made if it is not there; `cacheduel history FILE` shows them
    #[arg(long = "history", value_name = "FILE")]
    file: Option<PathBuf>,
    /// What of yours was tested, for the history [default: what Git says of the scenario's folder]
    #[arg(long, value_name = "NAME", requires = "file", value_parser = revision)]
    revision: Option<String>,
}

impl Keeping {
    /// Opens the history: a file that is none is told before anything is measured.
    ///
    /// # Errors
    /// If there is something else, or it cannot be written.
    pub fn check(&self) -> Result<(), history::Error> {
        self.file.as_deref().map_or(Ok(()), |file| history::History::open(file).map(drop))
    }

    /// Adds the figures of a run whose scenario is in this folder.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn keep(&self, record: &Record, folder: &Path) -> Result<(), history::Error> {
        let Some(file) = &self.file else { return Ok(()) };
        let revision = self.revision.clone().or_else(|| revision_of(folder)).unwrap_or_default();
        history::History::open(file)?.add(&Entry::of(record, &revision))
    }
}

/// What Git says of a folder, with a mark where something is not committed; `None` where it says nothing.
fn revision_of(folder: &Path) -> Option<String> {
    let folder = if folder == Path::new("") { Path::new(".") } else { folder };
    let said = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let said = said.status.success().then(|| String::from_utf8(said.stdout).ok())??;
    revision(said.trim()).ok()
}

fn revision(text: &str) -> Result<String, String> {
    let is_plain = !text.is_empty() && text.chars().all(|sign| !sign.is_control());
    match is_plain && text.chars().count() <= REVISION_MAX {
        true => Ok(text.to_owned()),
        false => Err(format!("expected a name of up to {REVISION_MAX} signs on one line")),
    }
}

fn metric(name: &str) -> Result<Metric, String> {
    Metric::ALL.into_iter().find(|metric| metric.slug() == name).ok_or_else(|| {
        let names = Metric::ALL.map(Metric::slug).join(", ");
        format!("there is no figure {name}; there are {names}")
    })
}
