//! What an experiment and a search are both made of: runs of a scenario's strategies, one after the
//! other, in one environment.

use humantime::format_rfc3339_seconds;

use super::block::{Block, COMPLETE, Made};
use super::{Effort, Environment, Error, Progress, Stop, calibrate, client_time};
use crate::clock::utc_now;
use crate::measure::Calibration;
use crate::model::{Nanos, Server};
use crate::record::{Check, Run, Standing};
use crate::scenario::Loaded;
use crate::strategy::Strategy;
use crate::workload::{Plan, Rows};

/// The runs of one scenario, and what is known of them all.
pub struct Campaign<'a> {
    pub loaded: &'a Loaded,
    pub environment: &'a Environment,
    rows: Rows,
    /// When it started, as RFC 3339 in UTC.
    pub started: String,
    began: Nanos,
    /// What the cache of the last run said of itself.
    pub cache: Server,
    /// What the load generator costs, once that was measured.
    pub calibration: Option<Calibration>,
    /// Of the whole, not of a run.
    pub checks: Vec<Check>,
}

/// Whose run it is, and which.
pub struct Turn<'a> {
    pub build: &'a (dyn Fn() -> Box<dyn Strategy> + Sync),
    pub repeat: u32,
    pub position: u32,
}

impl<'a> Campaign<'a> {
    /// Before the first run, with the plan that the scenario itself asks for.
    ///
    /// # Errors
    /// If that plan cannot be made.
    pub fn new(loaded: &'a Loaded, environment: &'a Environment) -> Result<(Self, Plan), Error> {
        let scenario = &loaded.scenario;
        let plan = Plan::new(&scenario.dataset, &scenario.workload, &loaded.directory)?
            .with_faults(&scenario.faults);
        let children = scenario.store.origin.children();
        let campaign = Self {
            loaded,
            environment,
            rows: Rows::new(&scenario.dataset, plan.seed(), children, plan.keys()),
            started: format_rfc3339_seconds(utc_now()).to_string(),
            began: environment.clock().now(),
            cache: Server::default(),
            calibration: None,
            checks: environment.checks().to_vec(),
        };
        Ok((campaign, plan))
    }

    /// Measures what the generator costs and can do right now; nothing under virtual time.
    ///
    /// # Errors
    /// If a server cannot be used.
    pub async fn calibrate(&mut self) -> Result<(), Error> {
        if !self.environment.is_simulated() {
            let scenario = &self.loaded.scenario;
            let effort = Effort::brief(scenario.workload.peak_rate());
            self.calibration = Some(calibrate(scenario, self.environment, &effort).await?);
        }
        Ok(())
    }

    /// One run of one strategy, by a plan over the scenario's rows.
    ///
    /// # Errors
    /// If a server cannot be used.
    pub async fn run(
        &mut self,
        plan: &Plan,
        turn: &Turn<'_>,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Run, Error> {
        let block = self.block(self.environment, plan, progress, stop);
        let build = client_time::around(self.environment, turn.build, plan.seed());
        let Made { run, cache, .. } = block.run(&build, turn.repeat, turn.position).await?;
        self.cache = self.environment.known_as(cache);
        Ok(run)
    }

    /// A run of a plan over the scenario's rows that is still to be made, in this environment.
    pub fn block<'b>(
        &'b self,
        environment: &'b Environment,
        plan: &'b Plan,
        progress: &'b dyn Progress,
        stop: &'b Stop,
    ) -> Block<'b> {
        Block {
            plan,
            rows: match environment.is_simulated() {
                true => self.rows.promised(),
                false => self.rows.clone(),
            },
            environment,
            progress,
            stop,
            pacing: self.loaded.scenario.generator.pacing,
            ceiling: self.calibration.as_ref().map(Calibration::ceiling),
            counts: false,
        }
    }

    /// Whatever came of it, nothing of it stays in a store that others may use.
    ///
    /// # Errors
    /// What has ended it, or that the store could not be cleared.
    pub async fn cleared_after<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        let cleared = self.environment.store().clear().await;
        let result = result?;
        cleared?;
        Ok(result)
    }

    /// Notes that it has not come to its end.
    pub fn cut_short(&mut self, detail: String) {
        self.checks.push(Check { name: COMPLETE.into(), standing: Standing::Invalid, detail });
    }

    /// How long it has taken so far.
    pub fn took(&self) -> Nanos {
        self.environment.clock().now() - self.began
    }
}
