//! `cacheduel run`: a scenario through to its verdict.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::places::{NewFolders, check_writable, free_folder};
use super::progress::Display;
use super::servers::Servers;
use super::signals::{Signals, or_interrupted};
use super::{Exit, Usage};
use crate::compare::Verdict;
use crate::compare::verdict::Judged;
use crate::experiment::{Environment, Experiment, Progress, Silent, Stop};
use crate::record::{Record, Standing};
use crate::report;
use crate::scenario::{self, Loaded, Scenario};

/// Runs a scenario: every strategy against the same load, then the comparison.
#[derive(Debug, Args)]
pub struct Run {
    /// A scenario's file, or the name of one in scenarios/
    scenario: PathBuf,
    /// The folder for reports; the run's own goes to OUT/<scenario>/<time>/
    #[arg(long, value_name = "OUT", default_value = "reports")]
    out: PathBuf,
    #[command(flatten)]
    servers: Servers,
    /// Run only these strategies of the scenario
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// Run each strategy this often, instead of as the scenario says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    repeats: Option<u32>,
    /// Draw everything that is left to chance from this seed
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Run each strategy against itself too (A/A), to see which differences are noise
    #[arg(long)]
    aa: bool,
    /// Where the run keeps its database and its servers' files while it lasts
    #[arg(long, value_name = "FOLDER")]
    work_dir: Option<PathBuf>,
    /// Print the Record as JSON instead of the table
    #[arg(long)]
    json: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
    /// End with code 4 if the figures cannot be trusted
    #[arg(long)]
    strict: bool,
}

impl Run {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let mut loaded = scenario::load(&self.scenario)?;
        self.adjust(&mut loaded)?;
        for warning in &loaded.warnings {
            super::warn(&format!("{}: {}", warning.path.join("."), warning.message));
        }
        let reports = self.out.join(&loaded.name);
        // Found out now, not when the figures are there and have nowhere to go.
        let _made = NewFolders::below(&reports);
        check_writable(&reports)?;

        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (record, ended) = runtime.block_on(self.experiment(&loaded));
        let Some(record) = record else {
            super::warn("nothing had been measured yet, so nothing was written");
            return ended.map(|()| Exit::Failure);
        };
        let folder = free_folder(&reports, &record.started);
        let written = report::write(&record, &folder);
        // Where it cannot be written, what was measured is shown all the same.
        if self.json {
            writeln!(out, "{}", report::folder::json(&record))?;
        } else {
            write!(out, "{}", report::text::render(&record))?;
        }
        written?;
        if !self.json {
            writeln!(out, "\nreport: {}", folder.join("report.html").display())?;
        }
        if ended.is_err() {
            super::warn("the report has what was measured until the end came, and is invalid");
        }
        ended.map(|()| self.exit(&record))
    }

    /// Applies what the command line says to what the file says.
    fn adjust(&self, loaded: &mut Loaded) -> anyhow::Result<()> {
        let scenario = &mut loaded.scenario;
        if let Some(repeats) = self.repeats {
            scenario.repeats = repeats;
        }
        if let Some(seed) = self.seed {
            scenario.workload.seed = seed;
        }
        self.servers.apply(loaded)?;
        keep_only(&mut loaded.scenario, &self.only)?;
        if self.aa {
            loaded.scenario.strategies = loaded.scenario.strategies.with_twins();
        }
        Ok(())
    }

    /// Runs the experiment. Whatever ended it, the Record of what was measured until then comes with
    /// it, if anything was.
    async fn experiment(&self, loaded: &Loaded) -> (Option<Record>, anyhow::Result<()>) {
        let parent = self.work_dir.as_deref();
        // Listened for before anything is made that would have to be cleared up.
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => return (None, Err(error.into())),
        };
        let environment = tokio::select! {
            environment = Environment::real(&loaded.scenario, parent) => environment,
            interrupted = signals.next() => return (None, Err(interrupted.into())),
        };
        let environment = match environment {
            Ok(environment) => environment,
            Err(error) => return (None, Err(error.into())),
        };
        for check in environment.checks() {
            super::warn(&format!("{}: {}", check.name, check.detail));
        }
        let mut experiment = match Experiment::new(loaded, &environment) {
            Ok(experiment) => experiment,
            Err(error) => return (None, Err(error.into())),
        };
        let ended =
            self.run_or_interrupt(&mut experiment, loaded, &environment, &mut signals).await;
        if let Err(error) = &ended {
            experiment.cut_short(&format!("{error:#}"));
        }
        (experiment.has_runs().then(|| experiment.record()), ended)
    }

    /// Runs the experiment to its end, or to that of its run under way where a signal asks for it.
    async fn run_or_interrupt(
        &self,
        experiment: &mut Experiment<'_>,
        loaded: &Loaded,
        environment: &Environment,
        signals: &mut Signals,
    ) -> anyhow::Result<()> {
        let display;
        let progress: &dyn Progress = if self.quiet {
            &Silent
        } else {
            display = Display::new(&loaded.scenario);
            &display
        };
        let stop = Stop::new();
        or_interrupted(experiment.run(progress, &stop), &stop, environment, signals).await
    }

    fn exit(&self, record: &Record) -> Exit {
        let verdict = Verdict::of(record);
        if verdict.standing == Standing::Invalid {
            return if self.strict { Exit::Unsure } else { Exit::Pass };
        }
        // Not whether there is a best: holders with too few samples to rank them hold all the same.
        let nobody_holds = !verdict.contenders.iter().any(Judged::holds_all);
        if nobody_holds { Exit::Missed } else { Exit::Pass }
    }
}

/// Leaves only these strategies in the scenario; all of them where none is named.
///
/// # Errors
/// If the scenario has no strategy of such a name.
pub fn keep_only(scenario: &mut Scenario, only: &[String]) -> Result<(), Usage> {
    if only.is_empty() {
        return Ok(());
    }
    let contenders = &mut scenario.strategies.0;
    for name in only {
        if !contenders.iter().any(|contender| contender.label == *name) {
            let labels: Vec<_> = contenders.iter().map(|one| one.label.as_str()).collect();
            let labels = labels.join(", ");
            return Err(Usage(format!(
                "--only {name}: the scenario has no such strategy; it has {labels}"
            )));
        }
    }
    contenders.retain(|contender| only.contains(&contender.label));
    Ok(())
}
