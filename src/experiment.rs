//! One scenario, all its strategies, all repeats: from a checked file to a Record.

mod audit;
mod block;
mod calibrate;
mod environment;
mod error;
pub mod find_max;
mod fits;
mod loadable;
mod predict;
mod stop;
mod watch;

pub use calibrate::{Effort, calibrate};
pub use environment::{Environment, Latencies};
pub use error::Error;
pub use loadable::Loadable;
pub use stop::Stop;

use humantime::format_rfc3339_seconds;

use self::block::Block;
use crate::backend::{CacheServer, StoreServer, redacted};
use crate::clock::utc_now;
use crate::measure::Calibration;
use crate::model::{Nanos, Op, Server};
use crate::record::{Check, Contender, FORMAT, Host, PlanFacts, Record, Run, Standing};
use crate::scenario::{self, Loaded, Scenario};
use crate::strategy::Strategy;
use crate::workload::{Plan, Rows};

/// Hears how far an experiment has come. Called from the load thread: it must not wait.
pub trait Progress: Sync {
    /// A run begins: the `position`-th of `total`.
    fn begin(&self, label: &str, repeat: u32, position: u32, total: u32);

    /// The run that has begun has come to `now` on its own clock.
    fn advance(&self, now: Nanos);
}

/// Hears nothing.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str, _: u32, _: u32, _: u32) {}

    fn advance(&self, _: Nanos) {}
}

/// Runs the scenario in `environment`.
///
/// # Errors
/// If the plan cannot be made, or a server cannot be used. A strategy's failed operations are no
/// error: they are in the Record.
pub async fn run(
    loaded: &Loaded,
    environment: &Environment,
    progress: &dyn Progress,
) -> Result<Record, Error> {
    let mut experiment = Experiment::new(loaded, environment)?;
    experiment.run(progress, &Stop::new()).await?;
    Ok(experiment.record())
}

/// An experiment on its way. Whatever comes of it, what it has measured so far can be had.
pub struct Experiment<'a> {
    loaded: &'a Loaded,
    environment: &'a Environment,
    plan: Plan,
    rows: Rows,
    started: String,
    began: Nanos,
    contenders: Vec<Contender>,
    cache: Server,
    calibration: Option<Calibration>,
    checks: Vec<Check>,
}

impl<'a> Experiment<'a> {
    /// Prepares the scenario's runs in `environment`.
    ///
    /// # Errors
    /// If the plan cannot be made.
    pub fn new(loaded: &'a Loaded, environment: &'a Environment) -> Result<Self, Error> {
        let (plan, rows) = plan(loaded)?;
        Ok(Self {
            loaded,
            environment,
            plan,
            rows,
            started: format_rfc3339_seconds(utc_now()).to_string(),
            began: environment.clock().now(),
            contenders: contenders(&loaded.scenario),
            cache: Server::default(),
            calibration: None,
            checks: environment.checks().to_vec(),
        })
    }

    /// Makes all runs, or as many as there are before `stop` asks for the end.
    ///
    /// # Errors
    /// If a server cannot be used. What was measured before is kept.
    pub async fn run(&mut self, progress: &dyn Progress, stop: &Stop) -> Result<(), Error> {
        let ended = self.all_runs(progress, stop).await;
        cleared_after(self.environment, ended).await
    }

    async fn all_runs(&mut self, progress: &dyn Progress, stop: &Stop) -> Result<(), Error> {
        let scenario = &self.loaded.scenario;
        self.calibration = brief_calibration(scenario, self.environment).await?;
        let pacing = scenario.generator.pacing;
        let ceiling = self.calibration.as_ref().map(Calibration::ceiling);
        let turns = scenario.schedule().turns;
        for (position, turn) in turns.iter().enumerate() {
            if stop.reason().is_some() {
                break;
            }
            let chosen = &scenario.strategies.0[turn.contender];
            progress.begin(&chosen.label, turn.repeat, position as u32, turns.len() as u32);
            let environment = self.environment;
            let (plan, rows) = (&self.plan, &self.rows);
            let block = Block { plan, rows, environment, progress, stop, pacing, ceiling };
            let (run, server) =
                block.run(&|| chosen.spec.build(), turn.repeat, position as u32).await?;
            self.contenders[turn.contender].runs.push(run);
            self.cache = server;
        }
        Ok(())
    }

    /// Whether anything was measured.
    pub fn has_runs(&self) -> bool {
        self.contenders.iter().any(|contender| !contender.runs.is_empty())
    }

    /// Notes that the experiment has not come to its end, and why.
    pub fn cut_short(&mut self, why: &str) {
        let made: usize = self.contenders.iter().map(|contender| contender.runs.len()).sum();
        let planned = self.loaded.scenario.schedule().turns.len();
        self.checks.push(Check {
            name: "complete".into(),
            standing: Standing::Invalid,
            detail: format!("{made} of {planned} runs were made: {why}"),
        });
    }

    /// The Record of the runs that there are, and of the strategies that have one.
    pub fn record(mut self) -> Record {
        let scenario = &self.loaded.scenario;
        for (contender, chosen) in self.contenders.iter_mut().zip(&scenario.strategies.0) {
            contender.predictions = predict::predictions(chosen, scenario, &self.plan, contender);
        }
        self.contenders.retain(|contender| !contender.runs.is_empty());
        self.checks.push(predict::check(&self.contenders, scenario, self.plan.is_open()));
        let plan = plan_facts(&self.plan, &self.contenders);
        self.checks.push(fits::check(&plan.fits));
        Record {
            format: FORMAT,
            tool: crate::VERSION.into(),
            name: self.loaded.name.clone(),
            started: self.started,
            took: self.environment.clock().now() - self.began,
            host: Host::this(),
            scenario: without_secrets(scenario),
            source: source_without_secrets(self.loaded),
            plan,
            cache: self.cache,
            store: self.environment.store().server(),
            calibration: self.calibration,
            contenders: self.contenders,
            checks: self.checks,
        }
    }
}

/// Runs a strategy that is not in the registry once, under the scenario's load. Predictions and a
/// verdict are of a whole experiment; this has the run's own figures, its audit and its checks.
///
/// # Errors
/// As [`run`].
pub async fn run_strategy(
    loaded: &Loaded,
    environment: &Environment,
    build: &(dyn Fn() -> Box<dyn Strategy> + Sync),
) -> Result<Run, Error> {
    let (plan, rows) = plan(loaded)?;
    let (progress, stop) = (&Silent, &Stop::new());
    let (pacing, ceiling) = (loaded.scenario.generator.pacing, None);
    let block = Block { plan: &plan, rows: &rows, environment, progress, stop, pacing, ceiling };
    let run = block.run(build, 0, 0).await.map(|(run, _)| run);
    cleared_after(environment, run).await
}

/// Whatever came of it, nothing of an experiment stays in a store that others may use.
async fn cleared_after<T>(environment: &Environment, result: Result<T, Error>) -> Result<T, Error> {
    let cleared = environment.store().clear().await;
    let result = result?;
    cleared?;
    Ok(result)
}

/// What the generator costs and can do right now; `None` under virtual time.
async fn brief_calibration(
    scenario: &Scenario,
    environment: &Environment,
) -> Result<Option<Calibration>, Error> {
    if environment.is_simulated() {
        return Ok(None);
    }
    let effort = Effort::brief(scenario.workload.peak_rate());
    calibrate(scenario, environment, &effort).await.map(Some)
}

fn plan(loaded: &Loaded) -> Result<(Plan, Rows), Error> {
    let scenario = &loaded.scenario;
    let plan = Plan::new(&scenario.dataset, &scenario.workload, &loaded.directory)?
        .with_faults(&scenario.faults);
    let children = scenario.store.origin.children();
    let rows = Rows::new(&scenario.dataset, plan.seed(), children, plan.keys());
    Ok((plan, rows))
}

/// A Record may be shown to anyone: the password in a URL is not for it.
fn without_secrets(scenario: &Scenario) -> Scenario {
    let mut scenario = scenario.clone();
    if let CacheServer::Url(url) = &mut scenario.cache.server {
        *url = redacted(url);
    }
    if let StoreServer::Url(url) = &mut scenario.store.server {
        *url = redacted(url);
    }
    scenario
}

/// What the file says, whatever servers the command line has named since.
fn source_without_secrets(loaded: &Loaded) -> String {
    const LEFT_OUT: &str = "# Left out: a server's address may hold a password.\n";
    let mut source = loaded.source.clone();
    let Ok(file) = toml::from_str::<toml::Table>(&source) else {
        return LEFT_OUT.into();
    };
    for side in ["cache", "store"] {
        let server = file.get(side).and_then(|side| side.get("server"));
        let Some(url) = server.and_then(|server| server.get("url")?.as_str()) else { continue };
        let shown = redacted(url);
        if source.contains(url) {
            source = source.replace(url, &shown);
        } else if shown != url {
            // Written with escapes, it cannot be found, and so not be masked either.
            return LEFT_OUT.into();
        }
    }
    source
}

fn contenders(scenario: &Scenario) -> Vec<Contender> {
    let chosen = &scenario.strategies.0;
    chosen.iter().map(|one| contender(one, scenario.strategies.twin_of(one))).collect()
}

fn contender(chosen: &scenario::Contender, twin_of: Option<&str>) -> Contender {
    let about = chosen.spec.about();
    Contender {
        label: chosen.label.clone(),
        strategy: about.name.into(),
        summary: about.summary.into(),
        risk: about.risk.into(),
        when: about.when.into(),
        twin_of: twin_of.map(Into::into),
        runs: Vec::new(),
        predictions: Vec::new(),
    }
}

/// Closed loops have no number of requests before they have run: the longest run's is taken.
fn plan_facts(plan: &Plan, contenders: &[Contender]) -> PlanFacts {
    let runs = contenders.iter().flat_map(|contender| &contender.runs);
    let requests = runs.map(|run| run.requests).max().unwrap_or_default();
    let mix = plan.describe_mix(requests);
    let share = |op| mix.share_of(op).unwrap_or_default();
    PlanFacts {
        hash: plan.hash(),
        keys: plan.keys(),
        requests,
        loaded_keys: plan.loaded(),
        read_share: share(Op::Read),
        update_share: share(Op::Update),
        insert_share: share(Op::Insert),
        delete_share: share(Op::Delete),
        read_modify_write_share: share(Op::ReadModifyWrite),
        distinct_keys: mix.distinct_keys,
        top_percent_share: mix.top_share().unwrap_or_default(),
        fits: fits::of(&plan.tallies(requests)),
    }
}
