//! One scenario, all its strategies, all repeats: from a checked file to a Record.

mod block;
mod environment;
mod error;
mod predict;
mod watch;

pub use environment::{CacheChoice, Environment, Latencies};
pub use error::Error;

use humantime::format_rfc3339_seconds;

use self::block::Block;
use crate::model::Server;
use crate::clock::utc_now;
use crate::model::Nanos;
use crate::record::{Contender, FORMAT, Host, PlanFacts, Record};
use crate::scenario::{self, Loaded};
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
    let scenario = &loaded.scenario;
    let plan = Plan::new(&scenario.dataset, &scenario.workload, &loaded.directory)?;
    let children = scenario.store.origin.children();
    let rows = Rows::new(&scenario.dataset, plan.seed(), children, plan.keys());
    let started = format_rfc3339_seconds(utc_now()).to_string();
    let began = environment.clock().now();

    let mut contenders: Vec<Contender> = scenario.strategies.0.iter().map(contender).collect();
    let mut cache = Server::default();
    let order = interleaved(contenders.len(), scenario.repeats);
    for (position, &(index, repeat)) in order.iter().enumerate() {
        let chosen = &scenario.strategies.0[index];
        progress.begin(&chosen.label, repeat, position as u32, order.len() as u32);
        let block = Block { plan: &plan, rows: &rows, environment, progress };
        let (run, server) = block.run(&chosen.spec, repeat, position as u32).await?;
        contenders[index].runs.push(run);
        cache = server;
    }
    for (contender, chosen) in contenders.iter_mut().zip(&scenario.strategies.0) {
        contender.predictions = predict::predictions(&chosen.spec, scenario, &plan, contender);
    }
    Ok(Record {
        format: FORMAT,
        tool: crate::VERSION.into(),
        name: loaded.name.clone(),
        started,
        took: environment.clock().now() - began,
        host: Host::this(),
        scenario: scenario.clone(),
        source: loaded.source.clone(),
        plan: plan_facts(&plan, &contenders),
        cache,
        store: environment.store().server(),
        contenders,
        checks: environment.checks().to_vec(),
    })
}

/// The order of the runs, as (strategy, repeat): A B C, C B A, A B C and so on, so that a slow drift
/// of the machine falls on every strategy alike.
fn interleaved(strategies: usize, repeats: u32) -> Vec<(usize, u32)> {
    (0..repeats)
        .flat_map(|repeat| {
            (0..strategies).map(move |place| match repeat % 2 {
                0 => (place, repeat),
                _ => (strategies - 1 - place, repeat),
            })
        })
        .collect()
}

fn contender(chosen: &scenario::Contender) -> Contender {
    let about = chosen.spec.about();
    Contender {
        label: chosen.label.clone(),
        strategy: about.name.into(),
        summary: about.summary.into(),
        risk: about.risk.into(),
        runs: Vec::new(),
        predictions: Vec::new(),
    }
}

/// Closed loops have no number of requests before they have run: the longest run's is taken.
fn plan_facts(plan: &Plan, contenders: &[Contender]) -> PlanFacts {
    let runs = contenders.iter().flat_map(|contender| &contender.runs);
    let requests = runs.map(|run| run.requests).max().unwrap_or_default();
    let mix = plan.describe_mix(requests);
    PlanFacts {
        hash: plan.hash(),
        keys: plan.keys(),
        requests,
        read_share: mix.read_share().unwrap_or_default(),
        distinct_keys: mix.distinct_keys,
        top_percent_share: mix.top_share().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_go_to_and_fro() {
        assert_eq!(
            interleaved(3, 2),
            [(0, 0), (1, 0), (2, 0), (2, 1), (1, 1), (0, 1)],
        );
    }
}
