//! Measures how long real servers take, and what a client's own process adds, as a profile that
//! simulations use.
//!
//! The load goes the way that a run's goes: through the driver, a strategy, the tap and a node's own
//! connections. It is light, so that hardly anything waits: waiting is the simulation's to bring about.
//! What the store takes is measured where nothing else is to be done. What a round trip to the cache and
//! the client's own part take depends on how awake the machine is, and so is measured while it does what
//! the scenario has it do.

mod bench;
mod calls;

use std::path::Path;

use self::bench::on_servers;
use super::{Error, calibrate};
use crate::backend::twin::QUEUE_COMMANDS;
use crate::backend::{Durability, Origin};
use crate::model::{CacheTimes, Nanos, Profile, Server, Share, Span, StoreTimes};
use crate::scenario::{Loaded, Scenario};
use crate::strategy::{Lifetime, Spec, Strategy};
use crate::workload::{Arrival, Popularity, Profile as Rate, Zipf};

/// More keys than this change nothing but how long it takes to load them.
const KEYS_MAX: u64 = 10_000;
/// Child rows of each row where the scenario's rows have none.
const CHILDREN: u32 = 200;
/// Requests a second while nothing is to wait: the scenario's own, within these bounds.
const RATES: (f64, f64) = (200.0, 500.0);
/// Most requests a second of the scenario's own load.
const OWN_RATE_MAX: f64 = 2_000.0;
/// COMMITs a second that every disk keeps up with. They are measured apart: one that waited for another
/// would take what is waiting for what is work, and the simulation would have it wait again.
const COMMITS: f64 = 20.0;
const WRITES_MAX: f64 = 0.1;

/// How much time it may take: the window of each load, and of what is done besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    pub window: Span,
    pub saturated: Span,
    /// The longest for calls of one kind that are made one by one.
    pub alone: Span,
}

impl Patience {
    /// Enough samples for every p99.
    pub const THOROUGH: Self = Self {
        window: Span::from_secs(10),
        saturated: Span::from_secs(1),
        alone: Span::from_secs(20),
    };
    /// Only to see that it works.
    pub const BRIEF: Self = Self {
        window: Span::from_millis(1_500),
        saturated: Span::from_millis(200),
        alone: Span::from_millis(700),
    };
}

/// What was measured, and on what.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    pub profile: Profile,
    pub cache: Server,
    pub store: Server,
    /// How many samples each of the profile's spreads is of, by its name there.
    pub samples: Vec<(&'static str, u64)>,
}

/// Fits a profile to the servers that the scenario names. `source` is what the profile says of itself.
///
/// # Errors
/// If a server cannot be used, or is a twin, which takes no time of its own.
pub async fn fit(
    loaded: &Loaded,
    work_dir: Option<&Path>,
    patience: &Patience,
    source: &str,
) -> Result<Fitted, Error> {
    let scenario = &loaded.scenario;
    let children = match scenario.store.origin.children() {
        0 => CHILDREN,
        children => children,
    };
    let plain = light(scenario, Origin::PointLookup, patience);
    let (plain, single, cache, store) = on_servers(&plain, work_dir, async |bench| {
        let load = bench.under_load(&calibrate::cache_aside).await?;
        let single = bench.one_by_one(patience).await?;
        Ok((load, single, bench.cache.server(), bench.store.server()))
    })
    .await?;
    let aggregating = light(scenario, Origin::Aggregation { rows: children }, patience);
    let build = &calibrate::cache_aside;
    let aggregating =
        on_servers(&aggregating, work_dir, async |bench| bench.under_load(build).await).await?;
    let own = own_load(scenario, patience);
    let build = || filled_on_miss(scenario);
    let own = on_servers(&own, work_dir, async |bench| bench.under_load(&build).await).await?;

    let read = plain.read.spread();
    let aggregated = aggregating.read.spread();
    let a_thousand = 1_000.0 / f64::from(children);
    let service = Span::from_nanos(single.service.0);
    let further_commands = service.nanos().0 * (QUEUE_COMMANDS - 1);
    let script = single.queueing.since(Nanos(further_commands));
    let commit = single.commit.spread();
    let further_rows = single.batch.spread().p50.nanos().since(commit.p50.nanos());
    let profile = Profile {
        source: source.to_owned(),
        client: own.client.spread(),
        cache: CacheTimes {
            round_trip: own.cache.spread().less(service),
            service,
            script: Span::from_nanos(script.0),
        },
        store: StoreTimes {
            read,
            aggregation: aggregated.less(read.p50).times(a_thousand),
            version: single.version.spread(),
            commit,
            // What was measured is one of the two: the other is not what this store is set to.
            unsynced: (scenario.store.durability != Durability::Full).then_some(commit),
            batch_row: Span::from_nanos(further_rows.0 / (bench::BATCH_ROWS - 1)),
            replication_lag: None,
        },
    };
    let samples = vec![
        ("client", own.client.len()),
        ("round-trip", own.cache.len()),
        ("read", plain.read.len()),
        ("aggregation", aggregating.read.len()),
        ("version", single.version.len()),
        ("commit", single.commit.len()),
    ];
    Ok(Fitted { profile, cache, store, samples })
}

/// The scenario with a load that hardly anything waits in, and nothing that breaks or is delayed on
/// purpose.
fn light(scenario: &Scenario, origin: Origin, patience: &Patience) -> Scenario {
    let mut light = scenario.clone();
    light.faults.clear();
    light.store.origin = origin;
    light.store.delay = Span::ZERO;
    light.dataset.keys = Some(light.dataset.keys.unwrap_or(KEYS_MAX).min(KEYS_MAX));
    light.dataset.absent = Share::default();
    let workload = &mut light.workload;
    let rate = workload.peak_rate().unwrap_or(RATES.1).clamp(RATES.0, RATES.1);
    workload.arrival = Arrival::Poisson(Rate::Rate(rate));
    workload.reads = Share(1.0 - (COMMITS / rate).min(WRITES_MAX));
    workload.inserts = Share::default();
    workload.deletes = Share::default();
    workload.read_modify_writes = Share::default();
    workload.own_reads = None;
    workload.prefill = false;
    if matches!(workload.popularity, Popularity::Trace(_)) {
        workload.popularity = Popularity::Zipf(Zipf { exponent: 0.99 });
    }
    workload.warm_up = Span::from_millis(500);
    workload.duration = patience.window;
    light
}

/// The scenario's own load on a cache that is filled on a miss: reads that hit and miss as they will, at the
/// scenario's own rate if that is not so high that much would wait.
fn own_load(scenario: &Scenario, patience: &Patience) -> Scenario {
    let calm = light(scenario, scenario.store.origin, patience);
    let mut own = Scenario { store: scenario.store.clone(), ..calm };
    let rate = scenario.workload.peak_rate().unwrap_or(RATES.1).clamp(RATES.0, OWN_RATE_MAX);
    own.workload.arrival = Arrival::Poisson(Rate::Rate(rate));
    own
}

/// `cache-aside` whose entries live as long as those of the scenario's first strategy that has such.
fn filled_on_miss(scenario: &Scenario) -> Box<dyn Strategy> {
    let lifetimes = scenario.strategies.0.iter().filter_map(|one| one.spec.lifetime());
    let ttl = lifetimes.filter_map(ttl).next();
    let options = ttl.map_or(serde_json::json!({}), |ttl| serde_json::json!({ "ttl": ttl }));
    let spec = Spec::read_options("cache-aside", options);
    spec.expect("it is in the registry").expect("a TTL of another is one of its own").build()
}

const fn ttl(lifetime: Lifetime) -> Option<Span> {
    match lifetime {
        Lifetime::None => None,
        Lifetime::Ttl(ttl) | Lifetime::UntilWrite(ttl) | Lifetime::SinceWrite(ttl) => Some(ttl),
        Lifetime::RefreshAhead { ttl, .. } | Lifetime::Revalidate { ttl, .. } => Some(ttl),
    }
}
