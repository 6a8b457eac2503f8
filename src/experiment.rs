//! One scenario, all its strategies, all repeats: from a checked file to a Record.

mod audit;
mod block;
mod calibrate;
mod campaign;
mod client_time;
mod environment;
mod error;
mod exactness;
pub mod find_max;
mod fit;
mod fits;
mod footprint;
mod intervals;
mod loadable;
mod predict;
mod secrets;
mod simulate;
mod stop;
mod watch;

pub use calibrate::{Effort, calibrate};
pub use environment::Environment;
pub use error::Error;
pub use exactness::exactly;
pub use fit::{Fitted, Patience, fit};
pub use footprint::{Footprint, available};
pub use intervals::Interval;
pub use loadable::Loadable;
pub use simulate::simulate;
pub use stop::Stop;

use self::campaign::{Campaign, Turn};
use self::predict::Asked;
use crate::model::{Nanos, Op};
use crate::record::{Contender, FORMAT, Host, PlanFacts, Record, Run};
use crate::scenario::{self, Loaded, Scenario};
use crate::strategy::Strategy;
use crate::workload::{Census, Plan};

/// Hears how far an experiment has come. Called from the load thread: it must not wait.
pub trait Progress: Sync {
    /// A run begins: the `position`-th of `total`.
    fn begin(&self, label: &str, repeat: u32, position: u32, total: u32);

    /// The run that has begun has come to `now` on its own clock.
    fn advance(&self, now: Nanos);

    /// An interval of the run's measured window has passed. Only where its `figures` are asked for does
    /// that cost the load thread anything.
    fn interval(&self, _figures: &dyn Fn() -> Interval) {}
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
    campaign: Campaign<'a>,
    plan: Plan,
    contenders: Vec<Contender>,
    /// Of what one of the runs was asked for, where it was counted on the way.
    census: Option<Census>,
}

impl<'a> Experiment<'a> {
    /// Prepares the scenario's runs in `environment`.
    ///
    /// # Errors
    /// If the plan cannot be made.
    pub fn new(loaded: &'a Loaded, environment: &'a Environment) -> Result<Self, Error> {
        let (campaign, plan) = Campaign::new(loaded, environment)?;
        let contenders = contenders(&loaded.scenario);
        Ok(Self { campaign, plan, contenders, census: None })
    }

    /// Makes all runs, or as many as there are before `stop` asks for the end.
    ///
    /// # Errors
    /// If a server cannot be used. What was measured before is kept.
    pub async fn run(&mut self, progress: &dyn Progress, stop: &Stop) -> Result<(), Error> {
        let ended = self.all_runs(progress, stop).await;
        self.campaign.cleared_after(ended).await
    }

    async fn all_runs(&mut self, progress: &dyn Progress, stop: &Stop) -> Result<(), Error> {
        self.campaign.calibrate().await?;
        let scenario = &self.campaign.loaded.scenario;
        let turns = scenario.schedule().turns;
        for (planned, position) in turns.iter().zip(0..) {
            if stop.reason().is_some() {
                break;
            }
            let chosen = &scenario.strategies.0[planned.contender];
            progress.begin(&chosen.label, planned.repeat, position, turns.len() as u32);
            let turn = Turn { build: &|| chosen.spec.build(), repeat: planned.repeat, position };
            let run = self.campaign.run(&self.plan, &turn, progress, stop).await?;
            self.contenders[planned.contender].runs.push(run);
        }
        Ok(())
    }

    /// What one of the runs takes of memory under virtual time.
    pub fn footprint(&self) -> Footprint {
        Footprint::of(&self.campaign.loaded.scenario, self.plan.keys())
    }

    /// Whether anything was measured.
    pub fn has_runs(&self) -> bool {
        self.contenders.iter().any(|contender| !contender.runs.is_empty())
    }

    /// Notes that the experiment has not come to its end, and why.
    pub fn cut_short(&mut self, why: &str) {
        let made: usize = self.contenders.iter().map(|contender| contender.runs.len()).sum();
        let planned = self.campaign.loaded.scenario.schedule().turns.len();
        self.campaign.cut_short(format!("{made} of {planned} runs were made: {why}"));
    }

    /// The Record of the runs that there are, and of the strategies that have one.
    pub fn record(mut self) -> Record {
        let campaign = self.campaign;
        let scenario = &campaign.loaded.scenario;
        let profile = campaign.environment.profile();
        if let Some(asked) = Asked::by(&self.plan, scenario) {
            for (contender, chosen) in self.contenders.iter_mut().zip(&scenario.strategies.0) {
                contender.predictions =
                    predict::predictions(chosen, scenario, &self.plan, &asked, contender, profile);
            }
        }
        self.contenders.retain(|contender| !contender.runs.is_empty());
        let plan = plan_facts(&self.plan, &self.contenders, self.census);
        let predicted = predict::check(&self.contenders, scenario, self.plan.is_open());
        let fitted = fits::check(&plan.fits);
        Record {
            format: FORMAT,
            tool: crate::VERSION.into(),
            name: campaign.loaded.name.clone(),
            took: campaign.took(),
            started: campaign.started,
            host: Host::this(),
            scenario: secrets::scenario_without(campaign.loaded),
            source: secrets::source_without(campaign.loaded),
            plan,
            cache: campaign.cache,
            store: campaign.environment.store_server(),
            profile: campaign.environment.profile().cloned(),
            beside: None,
            calibration: campaign.calibration,
            pairing: None,
            contenders: self.contenders,
            checks: [campaign.checks, vec![predicted, fitted]].concat(),
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
    let (mut campaign, plan) = Campaign::new(loaded, environment)?;
    let turn = Turn { build, repeat: 0, position: 0 };
    let run = campaign.run(&plan, &turn, &Silent, &Stop::new()).await;
    campaign.cleared_after(run).await
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
fn plan_facts(plan: &Plan, contenders: &[Contender], counted: Option<Census>) -> PlanFacts {
    let runs = contenders.iter().flat_map(|contender| &contender.runs);
    let requests = runs.map(|run| run.requests).max().unwrap_or_default();
    // A run that was stopped has counted more than it came to.
    let counted = counted.filter(|census| census.mix.requests == requests);
    let Census { mix, tallies } = counted.unwrap_or_else(|| plan.census(requests));
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
        fits: fits::of(&tallies),
    }
}
