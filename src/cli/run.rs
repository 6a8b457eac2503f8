//! `cacheduel run`: a scenario through to its verdict.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::pin::pin;

use anyhow::Context;
use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::progress::Display;
use super::servers::Servers;
use super::{Exit, Interrupted};
use crate::compare::Verdict;
use crate::compare::verdict::Judged;
use crate::experiment::{Environment, Experiment, Progress, Silent, Stop};
use crate::model::Nanos;
use crate::record::{Record, Standing};
use crate::report;
use crate::scenario::{self, Loaded, Scenario};

/// How long a run that was asked to end may take for it.
const PATIENCE: Nanos = Nanos::from_secs(15);

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
        self.choose(&mut loaded.scenario)
    }

    /// Leaves only the strategies that are asked for, each with its twin if that is.
    fn choose(&self, scenario: &mut Scenario) -> anyhow::Result<()> {
        let contenders = &mut scenario.strategies.0;
        for name in &self.only {
            if !contenders.iter().any(|contender| contender.label == *name) {
                let labels: Vec<_> = contenders.iter().map(|one| one.label.as_str()).collect();
                let labels = labels.join(", ");
                return Err(super::Usage(format!(
                    "--only {name}: the scenario has no such strategy; it has {labels}"
                ))
                .into());
            }
        }
        contenders.retain(|one| self.only.is_empty() || self.only.contains(&one.label));
        if self.aa {
            scenario.strategies = scenario.strategies.with_twins();
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
        let mut running = pin!(experiment.run(progress, &stop));
        let interrupted = tokio::select! {
            ended = &mut running => return Ok(ended?),
            interrupted = signals.next() => interrupted,
        };
        stop.ask(interrupted.to_string());
        let given_up = tokio::select! {
            ended = &mut running => { ended?; false }
            () = environment.clock().sleep(PATIENCE) => true,
            _ = signals.next() => true,
        };
        if given_up {
            // What is the run's own goes with the environment; a server of others keeps what it has.
            environment.clear().await.context("something of the run is left in a server")?;
        }
        Err(interrupted.into())
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

/// Folders that were not there before. Those that are still empty when this is dropped are removed:
/// a run that failed leaves nothing.
struct NewFolders {
    /// The innermost first.
    paths: Vec<PathBuf>,
}

impl NewFolders {
    /// `folder` and those that it is in, as far as they are missing now.
    fn below(folder: &Path) -> Self {
        let missing =
            folder.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
        Self { paths: missing.map(Path::to_owned).collect() }
    }
}

impl Drop for NewFolders {
    fn drop(&mut self) {
        for path in &self.paths {
            // One that has content by now is not removed, which is as it should be.
            let _ = fs::remove_dir(path);
        }
    }
}

/// The signals that ask the tool to end. From here on they do not end it by themselves.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one of them.
    async fn next(&mut self) -> Interrupted {
        tokio::select! {
            _ = self.interrupt.recv() => Interrupted::ByUser,
            _ = self.terminate.recv() => Interrupted::BySystem,
            _ = self.hang_up.recv() => Interrupted::BySystem,
        }
    }
}

fn check_writable(folder: &Path) -> anyhow::Result<()> {
    let attempt = || {
        fs::create_dir_all(folder)?;
        let mut probe = tempfile::NamedTempFile::new_in(folder)?;
        probe.write_all(b"can this be written?")?;
        probe.as_file().sync_all()
    };
    attempt().with_context(|| format!("reports cannot be written to {}", folder.display()))
}

/// A folder named after the time, and numbered where another run has started in the same second.
fn free_folder(reports: &Path, started: &str) -> PathBuf {
    let time: String = started.chars().filter(|sign| !matches!(sign, '-' | ':')).collect();
    let numbered = (2..).map(|number| format!("{time}-{number}"));
    std::iter::once(time.clone())
        .chain(numbered)
        .map(|name| reports.join(name))
        .find(|folder| !folder.exists())
        .expect("one of endlessly many names is free")
}
