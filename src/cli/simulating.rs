//! `run --simulate`: the same experiment on twins under virtual time, as quick as a profile has them.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use anyhow::Context;
use clap::Args;
use tokio::sync::oneshot;

use super::measuring::Measured;
use super::progress::VirtualDisplay;
use super::signals::Signals;
use crate::compare::beside::beside;
use crate::experiment::{Error, Progress, Silent, Stop, simulate};
use crate::model::Profile;
use crate::record::Record;
use crate::report;
use crate::scenario::{self, Loaded};

/// Whether to simulate, and how.
#[derive(Debug, Args)]
pub struct Simulating {
    /// Simulate: the same strategies and requests on twins of the servers, under virtual time. The same
    /// seed gives the same figures on every machine; latencies are what the profile says
    #[arg(long)]
    pub simulate: bool,
    /// How long the simulated servers take: a file that `calibrate --fit` has written. Without it,
    /// nominal figures of a loopback network
    #[arg(long, value_name = "FILE", requires = "simulate")]
    profile: Option<PathBuf>,
    /// Hold the simulation against this real run of the same scenario: a record.json, or its folder
    #[arg(long, value_name = "RECORD", requires = "simulate")]
    beside: Option<PathBuf>,
    /// Simulate so many runs at once, instead of one for each core
    #[arg(long, value_name = "N", requires = "simulate")]
    threads: Option<NonZeroUsize>,
}

impl Simulating {
    /// The profile's figures, or nominal ones.
    ///
    /// # Errors
    /// If the file is no profile.
    pub fn profile(&self) -> Result<Profile, scenario::Error> {
        self.profile.as_deref().map_or_else(|| Ok(Profile::default()), scenario::profile)
    }

    pub fn threads(&self) -> NonZeroUsize {
        let all = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.threads.unwrap_or_else(all)
    }

    /// Simulates on threads of its own while this one listens for signals. Whatever ended it, the Record
    /// of what there was by then comes with it, if there was anything.
    ///
    /// # Errors
    /// If it cannot be simulated, or a second signal asks for the end at once.
    pub fn carry_out(&self, loaded: &Loaded, quiet: bool) -> anyhow::Result<Measured<Record>> {
        let (profile, threads) = (self.profile()?, self.threads());
        // Found out now, not when there is something to hold against it.
        let real: Option<Record> = self.beside.as_deref().map(report::read).transpose()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut signals = Signals::listen()?;
            let stop = Arc::new(Stop::new());
            let (told, mut ended) = oneshot::channel();
            let (asked, loaded) = (stop.clone(), loaded.clone());
            // Not joined: a second signal does not wait for it.
            thread::spawn(move || {
                let display = (!quiet).then(|| VirtualDisplay::new(&loaded.scenario));
                let progress = display.as_ref().map_or(&Silent as &dyn Progress, |shown| shown);
                let record = simulate(&loaded, &profile, threads, progress, &asked);
                drop(display);
                // Nobody listens any more where a second signal came.
                let _ = told.send(record);
            });
            let interrupted = tokio::select! {
                record = &mut ended => {
                    let mut record = finished(record)?;
                    if let Some(real) = &real {
                        let of = || "the real run cannot be held against this simulation";
                        record.beside = Some(beside(&record, real).with_context(of)?);
                    }
                    return Ok((Some(record), Ok(())));
                }
                interrupted = signals.next() => interrupted,
            };
            stop.ask(interrupted.to_string());
            let record = tokio::select! {
                record = &mut ended => finished(record)?,
                again = signals.next() => return Err(again.into()),
            };
            let has_runs = !record.contenders.is_empty();
            Ok((has_runs.then_some(record), Err(interrupted.into())))
        })
    }
}

/// What the simulation has come to; one that has panicked has told of that itself.
fn finished(
    ended: Result<Result<Record, Error>, oneshot::error::RecvError>,
) -> anyhow::Result<Record> {
    let record = ended.map_err(|_| anyhow::anyhow!("the simulation has broken off"))?;
    Ok(record?)
}
