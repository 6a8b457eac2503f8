//! How long the calls of a simulation wait for a connection to the store.

use super::estimate::{Of, estimate};
use super::waiting::{MILLIS, is_long_enough, shares};
use super::{Asked, Predicted};
use crate::backend::{Durability, Origin, StoreServer};
use crate::model::{PoolWaits, Spread, StoreTimes};
use crate::record::{Contender, Prediction};
use crate::scenario::{self, Scenario};
use crate::strategy::Lifetime;
use crate::theory::queue;
use crate::workload::Plan;

/// The most of a row's time for which somebody writes it: beyond that, writers wait for each other's rows too.
const ROW_BUSY_MAX: f64 = 0.01;

/// The mean wait in milliseconds of all calls, where every request is a call of its own, for the misses of
/// a cache come in no Poisson process. The times are those of the profile.
pub fn for_the_store(
    chosen: &scenario::Contender,
    scenario: &Scenario,
    plan: &Plan,
    asked: &Asked,
    contender: &Contender,
    times: &StoreTimes,
) -> Option<Prediction> {
    let is_direct = !matches!(scenario.store.origin, Origin::Api(_));
    if chosen.spec.lifetime() != Some(Lifetime::None) || !is_direct {
        return None;
    }
    let (read, write) = (of_a_read(scenario, times), of_a_write(scenario, times));
    let (reads, writes) = (asked.rate * asked.reads, asked.rate * (1.0 - asked.reads));
    let mut waits = Waits::default();
    let scans = matches!(scenario.store.origin, Origin::Aggregation { .. });
    for share in shares(plan) {
        let connections = scenario.store.connections;
        let waits_to_read = match scenario.store.server {
            StoreServer::Embedded => return None,
            StoreServer::Sqlite => scans,
            StoreServer::Postgres | StoreServer::Url(_) => {
                waits.add(writes * share, &write, connections)?;
                true
            }
        };
        if waits_to_read {
            waits.add(reads * share, &read, connections)?;
        }
    }
    if scenario.store.server == StoreServer::Sqlite {
        waits.add(writes, &write, 1)?;
    }
    let predicted = Predicted {
        quantity: "wait for the store, ms",
        formula: "C / (c / S - lambda) * (v + (1 - v) W_D / W), Erlang's C, S and its spread v as the profile has them",
        value: waits.sum / asked.rate * MILLIS,
    };
    let pool = pool(contender);
    if pool.calls == 0 || predicted.value == 0.0 {
        return None;
    }
    let hottest = asked.probabilities.iter().copied().fold(0.0, f64::max);
    let caveat = if !is_long_enough(scenario, waits.forgotten) {
        Some("the queue is too full for a run of this length")
    } else if scenario.store.server != StoreServer::Sqlite
        && writes * hottest * write.mean > ROW_BUSY_MAX
    {
        Some("writers wait for each other's rows too")
    } else {
        None
    };
    let measured = pool.total.as_secs_f64() / pool.calls as f64 * MILLIS;
    let found = predicted.beside(error_of_responses(contender))?;
    Some(Prediction { measured, caveat: caveat.map(Into::into), ..found })
}

/// How long a kind of call keeps a connection, in seconds.
struct Service {
    mean: f64,
    variance: f64,
}

impl Service {
    fn of(spread: &Spread) -> Self {
        Self { mean: spread.mean(), variance: spread.variance() }
    }
}

/// The waits of a second, added up.
#[derive(Default)]
struct Waits {
    sum: f64,
    /// Within how many seconds the queue that is fullest forgets how long it was.
    forgotten: f64,
}

impl Waits {
    /// `None` where there is no form.
    fn add(&mut self, rate: f64, service: &Service, connections: u32) -> Option<()> {
        if rate > 0.0 && service.mean > 0.0 {
            let spread = service.variance / (service.mean * service.mean);
            let wait = queue::mean_wait_varied(rate, service.mean, spread, connections)?;
            self.sum += rate * wait;
            let forgotten = queue::relaxation(rate, service.mean, connections)?;
            self.forgotten = self.forgotten.max(forgotten);
        }
        Some(())
    }
}

fn of_a_read(scenario: &Scenario, times: &StoreTimes) -> Service {
    let (row, thousand) = (Service::of(&times.read), Service::of(&times.aggregation));
    let thousands = f64::from(scenario.store.origin.children()) / 1e3;
    Service {
        mean: row.mean + thousand.mean * thousands,
        variance: row.variance + thousand.variance * thousands * thousands,
    }
}

fn of_a_write(scenario: &Scenario, times: &StoreTimes) -> Service {
    match scenario.store.durability {
        Durability::Full => Service::of(&times.commit),
        Durability::Normal | Durability::Off => Service::of(&times.unsynced.unwrap_or(times.read)),
    }
}

/// Over all runs.
fn pool(contender: &Contender) -> PoolWaits {
    let pools = contender.runs.iter().map(|run| run.store_counters.pool);
    pools.fold(PoolWaits::default(), |sum, pool| PoolWaits {
        calls: sum.calls + pool.calls,
        total: sum.total + pool.total,
        ..sum
    })
}

/// In milliseconds, with the error of responses: a wait is that part of a response which varies with the
/// waits before it.
fn error_of_responses(contender: &Contender) -> Option<Prediction> {
    let nanos = estimate(contender, Of::Mean, |run| {
        let sum = |of: &crate::record::Distribution| (of.mean() * of.len() as f64) as u64;
        let buckets = run.measures.timeline.iter();
        buckets
            .map(|bucket| {
                let (reads, writes) = (&bucket.reads, &bucket.writes);
                (sum(reads) + sum(writes), reads.len() + writes.len())
            })
            .collect()
    })?;
    Some(Prediction { standard_error: nanos.standard_error / 1e9 * MILLIS, ..nanos })
}
