//! The highest rate that each strategy of a scenario holds under its thresholds.
//!
//! Every step is a block of its own, from freshly loaded servers through the scenario's warm-up, so
//! that nothing of a step that was too much is carried into the next. A drain would leave the entries,
//! the rows and the servers' memory as the step before made them. The strategies take turns, step by
//! step, so that a slow drift of the machine falls on all of them alike.

mod fit;
mod search;

pub use fit::{Unfit, fit, unasked};
pub use search::{Search, Trial};

use super::block::COMPLETE;
use super::campaign::{Campaign, Turn};
use super::{Environment, Error, Progress, Stop, contender, secrets};
use crate::model::{Nanos, Span};
use crate::record::ceilings::{
    Bound, Ceiling, Ceilings, FORMAT, Figures, Held, KIND, Outcome, Phase, Searched, Step,
};
use crate::record::{Check, Contender, Host, Run, Standing, Thresholds};
use crate::scenario::Loaded;
use crate::workload::Plan;

/// The checks by which it shows that the generator itself could not keep up.
const GENERATOR_CHECKS: [&str; 4] = ["dispatch lag", "generator", "achieved rate", "capacity"];

/// What a search is to look for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The first rate, in requests a second; a tenth of the scenario's where it is `None`.
    pub from: Option<f64>,
    /// No higher rate is tried.
    pub to: f64,
    /// How near the ceiling is to be found, as a share of it.
    pub precision: f64,
    /// The measured window of a step.
    pub step: Nanos,
}

impl Default for Settings {
    fn default() -> Self {
        Self { from: None, to: 1e6, precision: 0.05, step: Nanos::from_secs(10) }
    }
}

/// How a contender does by each threshold: `compare::verdict::bounds`.
pub type Judging = fn(&Thresholds, &Contender) -> Vec<Bound>;

/// Hears how far a search has come. Called from the load thread: it must not wait.
pub trait Watching: Progress {
    /// A step begins, whose window is `window` after the warm-up; `found` of `total` strategies have
    /// their answer.
    fn step(&self, label: &str, trial: &Trial, window: Nanos, found: usize, total: usize);

    /// The step that has begun is over.
    fn stepped(&self, label: &str, step: &Step);
}

impl Watching for super::Silent {
    fn step(&self, _: &str, _: &Trial, _: Nanos, _: usize, _: usize) {}

    fn stepped(&self, _: &str, _: &Step) {}
}

/// Searches on their way. Whatever comes of them, what they have found so far can be had.
pub struct FindMax<'a> {
    campaign: Campaign<'a>,
    searched: Searched,
    judging: Judging,
    searches: Vec<Search>,
    steps: Vec<Vec<Step>>,
}

impl<'a> FindMax<'a> {
    /// Prepares the searches for the strategies of a scenario in `environment`.
    ///
    /// # Errors
    /// If the scenario cannot be searched, or no plan can be made of it.
    pub fn new(
        loaded: &'a Loaded,
        environment: &'a Environment,
        settings: &Settings,
        judging: Judging,
    ) -> Result<Self, Error> {
        let searched = fit(&loaded.scenario, settings)?;
        // Each step has a plan of its own.
        let (campaign, _) = Campaign::new(loaded, environment)?;
        let contenders = loaded.scenario.strategies.0.len();
        Ok(Self {
            campaign,
            searched,
            judging,
            searches: vec![Search::new(searched); contenders],
            steps: vec![Vec::new(); contenders],
        })
    }

    /// Searches until every strategy has its answer, or `stop` asks for the end. A step that was under
    /// way then says nothing, and is left out.
    ///
    /// # Errors
    /// If a server cannot be used. What was found before is kept.
    pub async fn run(&mut self, watching: &dyn Watching, stop: &Stop) -> Result<(), Error> {
        let ended = self.all_steps(watching, stop).await;
        self.campaign.cleared_after(ended).await
    }

    async fn all_steps(&mut self, watching: &dyn Watching, stop: &Stop) -> Result<(), Error> {
        self.campaign.calibrate().await?;
        let mut order: Vec<usize> = (0..self.searches.len()).collect();
        while self.searches.iter().any(|search| search.next().is_some()) {
            for &index in &order {
                let Some(trial) = self.searches[index].next() else { continue };
                if stop.reason().is_some() {
                    return Ok(());
                }
                let Some(step) = self.step(index, &trial, watching, stop).await? else {
                    return Ok(());
                };
                self.searches[index].tell(step.outcome);
                watching.stepped(self.label(index), &step);
                self.steps[index].push(step);
            }
            // To and fro, as the runs of an experiment.
            order.reverse();
        }
        Ok(())
    }

    /// One run of one strategy at one rate; `None` if it was ended before its time.
    async fn step(
        &mut self,
        index: usize,
        trial: &Trial,
        watching: &dyn Watching,
        stop: &Stop,
    ) -> Result<Option<Step>, Error> {
        let scenario = &self.campaign.loaded.scenario;
        let chosen = &scenario.strategies.0[index];
        let plan = self.plan(trial)?;
        let position = self.steps.iter().map(Vec::len).sum::<usize>() as u32;
        watching.step(&chosen.label, trial, plan.duration(), self.found(), self.searches.len());
        let turn = Turn { build: &|| chosen.spec.build(), repeat: 0, position };
        let run = self.campaign.run(&plan, &turn, watching, stop).await?;
        if stop.reason().is_some() && run.checks.iter().any(|check| check.name == COMPLETE) {
            return Ok(None);
        }
        let contender = Contender { runs: vec![run], ..contender(chosen, None) };
        let bounds = (self.judging)(&scenario.thresholds, &contender);
        let figures = Figures::of(&contender);
        let run = contender.runs.into_iter().next();
        let checks = run.map(|run: Run| run.checks).unwrap_or_default();
        Ok(Some(Step {
            position,
            rate: trial.rate,
            phase: trial.phase,
            attempt: trial.attempt,
            seed: plan.seed(),
            plan: plan.hash(),
            outcome: outcome(&checks, &bounds),
            figures,
            bounds,
            checks,
        }))
    }

    /// The scenario's plan at another rate. The tries at one rate draw different plans, lest they all
    /// meet the same chance; all strategies draw the same ones.
    fn plan(&self, trial: &Trial) -> Result<Plan, Error> {
        let loaded = self.campaign.loaded;
        let scenario = &loaded.scenario;
        let mut workload = scenario.workload.clone();
        let step = fit::length(scenario, &self.searched, trial.rate);
        let times = match trial.phase {
            Phase::Climb | Phase::Narrow => 1,
            Phase::Confirm => u64::from(self.searched.confirmation),
        };
        workload.duration = Span(Nanos(step.0.saturating_mul(times)).into());
        workload.arrival = fit::at_rate(&workload.arrival, trial.rate);
        workload.seed = workload.seed.wrapping_add(u64::from(trial.attempt));
        Ok(Plan::new(&scenario.dataset, &workload, &loaded.directory)?)
    }

    fn label(&self, index: usize) -> &str {
        &self.campaign.loaded.scenario.strategies.0[index].label
    }

    /// How many strategies have their answer.
    fn found(&self) -> usize {
        self.searches.iter().filter(|search| search.next().is_none()).count()
    }

    /// Whether any step came to its end.
    pub fn has_steps(&self) -> bool {
        self.steps.iter().any(|steps| !steps.is_empty())
    }

    /// Notes that the search has not come to its end, and why.
    pub fn cut_short(&mut self, why: &str) {
        let (found, all) = (self.found(), self.searches.len());
        self.campaign.cut_short(format!("{found} of {all} strategies have their answer: {why}"));
    }

    /// What is known now.
    pub fn record(self) -> Ceilings {
        let campaign = self.campaign;
        let contenders = campaign.loaded.scenario.strategies.0.iter();
        let found = std::iter::zip(&self.searches, self.steps);
        let ceilings = contenders.zip(found).map(|(chosen, (search, steps))| Ceiling {
            label: chosen.label.clone(),
            strategy: chosen.spec.about().name.into(),
            answer: search.answer(),
            steps,
        });
        Ceilings {
            kind: KIND.into(),
            format: FORMAT,
            tool: crate::VERSION.into(),
            name: campaign.loaded.name.clone(),
            took: campaign.took(),
            started: campaign.started,
            host: Host::this(),
            scenario: secrets::scenario_without(campaign.loaded),
            source: secrets::source_without(campaign.loaded),
            searched: self.searched,
            ceilings: ceilings.collect(),
            cache: campaign.cache,
            store: campaign.environment.store_server(),
            checks: campaign.checks,
        }
    }
}

/// What a step came to. Where the generator could not keep up, nothing else that is wrong is the
/// strategy's for certain.
fn outcome(checks: &[Check], bounds: &[Bound]) -> Outcome {
    let invalid: Vec<_> =
        checks.iter().filter(|check| check.standing == Standing::Invalid).collect();
    if invalid.iter().any(|check| GENERATOR_CHECKS.contains(&check.name.as_str())) {
        Outcome::Outrun
    } else if !invalid.is_empty() {
        Outcome::Invalid
    } else if bounds.iter().all(|bound| bound.held == Held::Held) {
        Outcome::Held
    } else {
        Outcome::Broke
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, standing: Standing) -> Check {
        Check { name: name.into(), standing, detail: String::new() }
    }

    fn bound(held: Held) -> Bound {
        let (what, asked, found) = (String::new(), String::new(), String::new());
        Bound { what, asked, found, limit: 0.0, value: None, held }
    }

    #[test]
    fn a_step_holds_only_if_it_is_valid_and_every_threshold_is_known_to_be_held() {
        let of = |name, standing, held| outcome(&[check(name, standing)], &[bound(held)]);
        assert_eq!(of("drain", Standing::Warn, Held::Held), Outcome::Held);
        assert_eq!(of("drain", Standing::Ok, Held::Unknown), Outcome::Broke);
        assert_eq!(of("drain", Standing::Ok, Held::Missed), Outcome::Broke);
        assert_eq!(of("drain", Standing::Invalid, Held::Missed), Outcome::Invalid);
        assert_eq!(of("generator", Standing::Invalid, Held::Missed), Outcome::Outrun);
        assert_eq!(of("dispatch lag", Standing::Invalid, Held::Held), Outcome::Outrun);
        assert_eq!(of("dispatch lag", Standing::Warn, Held::Held), Outcome::Held);
    }
}
