//! How long reads wait for one of their node's connections to an API.

use super::estimate::{Of, estimate};
use super::{Asked, Predicted};
use crate::backend::Origin;
use crate::model::{Nanos, PoolWaits};
use crate::record::{Contender, Prediction};
use crate::scenario::{self, Scenario};
use crate::strategy::Lifetime;
use crate::theory::queue;
use crate::workload::Plan;

/// A batch of a run has to be so many times as long as a queue takes to forget how long it was: those of
/// shorter ones say too little of how much the waits vary.
const FORGOTTEN: f64 = 10.0;
const BATCHES: f64 = 16.0;
pub(super) const MILLIS: f64 = 1e3;

/// The mean wait in milliseconds. Only where every read goes to the API, for the misses of a cache come in
/// no Poisson process; where it refuses none; and where its times vary no more than exponential ones. How
/// long a connection is held is measured; how much that varies is as the scenario has it.
pub fn for_the_api(
    chosen: &scenario::Contender,
    scenario: &Scenario,
    plan: &Plan,
    asked: &Asked,
    contender: &Contender,
) -> Option<Prediction> {
    let Origin::Api(api) = scenario.store.origin else { return None };
    if chosen.spec.lifetime() != Some(Lifetime::None) || api.limit().is_some() {
        return None;
    }
    let waits = waits(contender);
    if waits.calls == 0 || waits.held == Nanos::ZERO {
        return None;
    }
    let each = |total: Nanos| total.as_secs_f64() / waits.calls as f64;
    let service = each(waits.held);
    let spread = api.latency.variance() / (service * service);
    let connections = scenario.store.connections;
    let (mut wait, mut forgets) = (0.0, 0.0_f64);
    for share in shares(plan) {
        let rate = asked.rate * asked.reads * share;
        wait += share * queue::mean_wait_varied(rate, service, spread, connections)?;
        forgets = forgets.max(queue::relaxation(rate, service, connections)?);
    }
    let predicted = Predicted {
        quantity: "wait for the API, ms",
        formula: "C / (c / S - lambda) * (v + (1 - v) W_D / W), Erlang's C, S held, v its spread",
        value: wait * MILLIS,
    };
    let is_long = is_long_enough(scenario, forgets);
    let caveat = (!is_long).then(|| "the queue is too full for a run of this length".to_owned());
    let found = predicted.beside(error_of_responses(contender))?;
    Some(Prediction { measured: each(waits.total) * MILLIS, caveat, ..found })
}

/// Over all runs.
fn waits(contender: &Contender) -> PoolWaits {
    let apis = contender.runs.iter().filter_map(|run| run.store_counters.api);
    apis.map(|api| api.waits).fold(PoolWaits::default(), |sum, waits| PoolWaits {
        calls: sum.calls + waits.calls,
        total: sum.total + waits.total,
        held: sum.held + waits.held,
        ..sum
    })
}

/// Whether a run tells how much the waits of a queue vary that forgets how long it was in so many seconds.
pub(super) fn is_long_enough(scenario: &Scenario, forgets: f64) -> bool {
    scenario.workload.duration.nanos().as_secs_f64() >= forgets * FORGOTTEN * BATCHES
}

/// The share of the requests that each node gets: as many as it has clients.
pub(super) fn shares(plan: &Plan) -> impl Iterator<Item = f64> + use<> {
    let (clients, nodes) = (plan.clients(), plan.nodes());
    let of_node = move |node| (clients + nodes - 1 - node) / nodes;
    (0..nodes)
        .map(of_node)
        .filter(|&count| count > 0)
        .map(move |count| f64::from(count) / f64::from(clients))
}

/// In milliseconds, with the error of responses of reads: a wait is that part of a response which varies
/// with the waits before it.
fn error_of_responses(contender: &Contender) -> Option<Prediction> {
    let nanos = estimate(contender, Of::Mean, |run| {
        let buckets = run.measures.timeline.iter().map(|bucket| &bucket.reads);
        buckets.map(|reads| ((reads.mean() * reads.len() as f64) as u64, reads.len())).collect()
    })?;
    Some(Prediction { standard_error: nanos.standard_error / 1e9 * MILLIS, ..nanos })
}
