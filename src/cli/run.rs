//! `cacheduel run`: a scenario through to its verdict.

use std::io::{self, Write};

use clap::Args;

use super::history::Keeping;
use super::live::{self, Live};
use super::measuring::{Measured, Measuring};
use super::progress::Display;
use super::signals::{Signals, or_interrupted};
use super::simulating::Simulating;
use super::{Exit, Usage};
use crate::compare::Verdict;
use crate::compare::verdict::Judged;
use crate::experiment::{Environment, Experiment, Progress, Silent, Stop};
use crate::record::{Record, Standing};
use crate::scenario::Loaded;

/// Runs a scenario: every strategy against the same load, then the comparison.
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    run: Run,
    #[command(flatten)]
    keeping: Keeping,
}

/// An experiment: one run of each strategy, or several.
#[derive(Debug, Args)]
pub struct Run {
    #[command(flatten)]
    measuring: Measuring,
    #[command(flatten)]
    simulating: Simulating,
    /// Run each strategy this often, instead of as the scenario says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    repeats: Option<u32>,
    /// Run each strategy against itself too (A/A), to see which differences are noise
    #[arg(long)]
    aa: bool,
    /// Draw the figures of each run as they come, over the whole terminal. Not of a simulation, which
    /// is over sooner than it can be watched
    #[arg(long, conflicts_with_all = ["quiet", "simulate"])]
    tui: bool,
    /// End with code 4 if the figures cannot be trusted
    #[arg(long)]
    strict: bool,
}

impl Command {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let Self { run, keeping } = self;
        run.check()?;
        let mut loaded = run.measuring.load()?;
        run.multiply(&mut loaded);
        keeping.check()?;
        let (measure, mut kept) = (|| run.measured(&loaded), Ok(()));
        // What ended before its time does not get here: part of a run is no figure to compare.
        let exit = run.measuring.carry_out(&loaded, out, measure, |record| {
            kept = keeping.keep(record, &loaded.directory);
            run.exit(record)
        })?;
        kept?;
        Ok(exit)
    }
}

impl Run {
    /// The scenario as its file says, for one that makes others of it.
    ///
    /// # Errors
    /// If the scenario is wrong, or the servers make no sense.
    pub fn plain(&self) -> anyhow::Result<Loaded> {
        self.check()?;
        Ok(self.measuring.plain()?)
    }

    /// Puts what the command line says in place of what a file says.
    ///
    /// # Errors
    /// If the scenario cannot be run like that.
    pub fn adapt(&self, loaded: &mut Loaded) -> Result<(), Usage> {
        self.measuring.adapt(loaded)?;
        self.multiply(loaded);
        Ok(())
    }

    /// What makes no sense together, or here.
    fn check(&self) -> Result<(), Usage> {
        if self.tui {
            live::check()?;
        }
        match self.measuring.named_server().filter(|_| self.simulating.simulate) {
            Some(option) => Err(Usage(format!(
                "{option} makes no sense with --simulate: no server is used, twins stand in for them"
            ))),
            None => Ok(()),
        }
    }

    fn multiply(&self, loaded: &mut Loaded) {
        if let Some(repeats) = self.repeats {
            loaded.scenario.repeats = repeats;
        }
        if self.aa {
            loaded.scenario.strategies = loaded.scenario.strategies.with_twins();
        }
    }

    /// One experiment, for real or simulated.
    ///
    /// # Errors
    /// What kept it from beginning; what ended it comes with what was measured.
    pub fn measured(&self, loaded: &Loaded) -> anyhow::Result<Measured<Record>> {
        match self.simulating.simulate {
            true => self.simulating.carry_out(loaded, self.measuring.quiet),
            false => self.measuring.on_servers(loaded, async |environment, signals| {
                self.experiment(loaded, environment, signals).await
            }),
        }
    }

    /// Where what is found goes, and how it ends.
    pub const fn measuring(&self) -> &Measuring {
        &self.measuring
    }

    pub const fn is_simulated(&self) -> bool {
        self.simulating.simulate
    }

    pub const fn is_strict(&self) -> bool {
        self.strict
    }

    /// Runs the experiment. Whatever ended it, the Record of what was measured until then comes with
    /// it, if anything was.
    async fn experiment(
        &self,
        loaded: &Loaded,
        environment: &Environment,
        signals: &mut Signals,
    ) -> anyhow::Result<Measured<Record>> {
        let mut experiment = Experiment::new(loaded, environment)?;
        let progress = self.progress(loaded)?;
        let stop = Stop::new();
        let running = experiment.run(&*progress, &stop);
        let ended = or_interrupted(running, &stop, environment, signals).await;
        if let Err(error) = &ended {
            experiment.cut_short(&format!("{error:#}"));
        }
        Ok((experiment.has_runs().then(|| experiment.record()), ended))
    }

    /// What shows how far it has come.
    fn progress(&self, loaded: &Loaded) -> io::Result<Box<dyn Progress>> {
        Ok(match (self.tui, self.measuring.quiet) {
            (true, _) => Box::new(Live::of(loaded)?),
            (_, true) => Box::new(Silent),
            (_, false) => Box::new(Display::new(&loaded.scenario)),
        })
    }

    /// How a run with this Record ends.
    pub fn exit(&self, record: &Record) -> Exit {
        let verdict = Verdict::of(record);
        if verdict.standing == Standing::Invalid {
            return if self.strict { Exit::Unsure } else { Exit::Pass };
        }
        // Not whether there is a best: holders with too few samples to rank them hold all the same.
        let nobody_holds = !verdict.contenders.iter().any(Judged::holds_all);
        if nobody_holds { Exit::Missed } else { Exit::Pass }
    }
}
