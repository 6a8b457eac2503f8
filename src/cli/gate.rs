//! `cacheduel gate`: runs a scenario, and holds what comes of it against what it was before.

mod processes;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use self::processes::{Program, Runner};
use super::compare::{Telling, compared};
use super::history::Keeping;
use super::places::{NewFolders, check_writable, free_folder};
use super::signals::Signals;
use super::stored::{self, Stored};
use super::{Exit, Usage};
use crate::compare::difference::{RUNS_MIN, mismatches};
use crate::record::Record;
use crate::report;
use crate::scenario::{self, Loaded};

/// Runs a scenario and tells whether it has become worse
///
/// Against a stored record, or against another build of cacheduel: then the two take turns (A B B A),
/// so that whatever else the machine does meets both alike. Ends with code 3 on a regression.
#[derive(Debug, Args)]
pub struct Gate {
    /// A scenario's file, or the name of one in scenarios/
    scenario: PathBuf,
    /// What it was: a record.json, the folder of a report, the name of one in reports/records/, or the exact
    /// figures of a simulation by their name in reports/baseline/
    #[arg(long, value_name = "RECORD", required_unless_present = "against")]
    baseline: Option<PathBuf>,
    /// The build that it was: another cacheduel, run in turn with this one
    #[arg(long, value_name = "PROGRAM", conflicts_with = "baseline")]
    against: Option<PathBuf>,
    /// How many runs of each build, in turn; a verdict takes at least 12
    #[arg(long, value_name = "N", default_value_t = RUNS_MIN as u32, conflicts_with = "baseline",
        value_parser = clap::value_parser!(u32).range(1..))]
    pairs: u32,
    /// Run each strategy this often against a stored record [default: 12, or as often as a simulation
    /// was run]
    #[arg(long, value_name = "N", conflicts_with = "against",
        value_parser = clap::value_parser!(u32).range(1..))]
    repeats: Option<u32>,
    /// Take only these strategies of the scenario
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// The folder for reports; the new one goes to OUT/<scenario>/<time>/
    #[arg(long, value_name = "OUT", default_value = "reports")]
    out: PathBuf,
    #[command(flatten)]
    telling: Telling,
    #[command(flatten)]
    keeping: Keeping,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
    /// Options for every `cacheduel run`, after `--`: as in `-- --embedded --seed 7`. What was simulated
    /// is simulated again without being told
    #[arg(last = true, value_name = "RUN OPTIONS")]
    run_options: Vec<OsString>,
}

impl Gate {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        self.telling.emits.check()?;
        let loaded = scenario::load(&self.scenario)?;
        self.keeping.check()?;
        let reports = self.out.join(&loaded.name);
        let _made = NewFolders::below(&reports);
        check_writable(&reports)?;

        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (baseline, candidate) = runtime.block_on(self.measured(&loaded))?;
        let folder = free_folder(&reports, &candidate.started);
        report::write(&candidate, &folder)?;
        if let (Some(_), Stored::Record(baseline)) = (&self.against, &baseline) {
            report::write(baseline.as_ref(), &folder.join("baseline"))?;
        }
        self.keeping.keep(&candidate, &loaded.directory)?;
        self.telling.tell(&compared(&baseline, &candidate)?, out)
    }

    /// What it was, and the Record of what it is.
    async fn measured(&self, loaded: &Loaded) -> anyhow::Result<(Stored, Record)> {
        let signals = Signals::listen()?;
        let runner = |only| Runner::new(&self.scenario, only, &self.run_options, signals);
        let own = Program::from(std::env::current_exe().context("this program cannot be found")?);
        match (&self.against, &self.baseline) {
            (Some(other), _) => {
                let (mut runner, other) = (runner(&self.only)?, Program::find(other)?);
                let (before, now) = self.in_turn(&mut runner, &other, &own).await?;
                Ok((Stored::Record(Box::new(before)), now))
            }
            (None, Some(baseline)) => {
                let mut baseline = stored::read(baseline)?;
                baseline.keep_only(&self.only)?;
                // A run's place among all others is a part of what was written down.
                let is_kept = matches!(baseline, Stored::Baseline(_));
                let mut runner = runner(if is_kept { &[] } else { &self.only })?;
                let repeats = match simulated_repeats(&baseline)? {
                    Some(as_often) => {
                        runner.simulate();
                        self.repeats.unwrap_or(as_often)
                    }
                    None => self.repeats.unwrap_or(loaded.scenario.repeats.max(RUNS_MIN as u32)),
                };
                self.note(&format!("running {} with {repeats} repeats", loaded.name));
                let mut candidate = runner.run(&own, repeats).await?;
                if !self.only.is_empty() {
                    candidate.contenders.retain(|one| self.only.contains(&one.label));
                }
                Ok((baseline, candidate))
            }
            (None, None) => bail!("clap asks for one of them"),
        }
    }

    /// Runs both programs, to and fro.
    async fn in_turn(
        &self,
        runner: &mut Runner,
        baseline: &Program,
        candidate: &Program,
    ) -> anyhow::Result<(Record, Record)> {
        let (mut before, mut now) = (Vec::new(), Vec::new());
        for pair in 0..self.pairs {
            let mut turns =
                [(baseline, "baseline", &mut before), (candidate, "candidate", &mut now)];
            if pair % 2 == 1 {
                turns.reverse();
            }
            for (program, side, records) in turns {
                self.note(&format!("[pair {}/{}] {side}", pair + 1, self.pairs));
                records.push(runner.run(program, 1).await?);
            }
        }
        // Of this moment, on this machine, by this process: no other experiment has the same.
        let started = before.first().map_or("", |record: &Record| &record.started);
        let pairing = format!("{started} {}", std::process::id());
        Ok((merged(before, &pairing, "baseline")?, merged(now, &pairing, "candidate")?))
    }

    fn note(&self, text: &str) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }
}

/// How often each strategy was run in a simulation; `None` of what was measured.
///
/// # Errors
/// If it was cut down, which a run by itself is not.
fn simulated_repeats(stored: &Stored) -> Result<Option<u32>, Usage> {
    match stored {
        Stored::Record(record) => Ok(record.is_simulated().then_some(record.scenario.repeats)),
        Stored::Baseline(baseline) => match &baseline.shortened {
            None => Ok(Some(baseline.repeats())),
            Some(shortened) => Err(Usage(format!(
                "the baseline of {name} is that of a shorter run, {shortened}: hold it against another by \
                 `cacheduel bless --check {name}`",
                name = baseline.scenario
            ))),
        },
    }
}

/// The runs of one side as one Record.
fn merged(records: Vec<Record>, pairing: &str, side: &str) -> anyhow::Result<Record> {
    if let Some((first, others)) = records.split_first() {
        let mut found = others.iter().flat_map(|other| mismatches(first, other));
        if let Some(mismatch) = found.next() {
            bail!("the runs of the {side} were not all asked the same of the same: {mismatch}");
        }
    }
    Record::merged(records, Some(pairing.to_owned())).context("there were no runs")
}

/// Where a program is: a path, or a name on PATH.
impl Program {
    fn find(named: &Path) -> Result<Self, Usage> {
        let is_name = named.components().count() == 1;
        let found = match named.to_str().filter(|_| is_name && !named.is_file()) {
            Some(name) => crate::backend::managed::find_program(name),
            None => std::path::absolute(named).ok().filter(|path| path.is_file()),
        };
        let none = || Usage(format!("--against {}: there is no such program", named.display()));
        found.map(Self::from).ok_or_else(none)
    }
}
