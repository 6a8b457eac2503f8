//! Measures how long real servers take, and what a client's own process adds, as a profile that
//! simulations use.
//!
//! The load goes the way that a run's goes: through the driver, a strategy, the tap and a node's own
//! connections. It is light, so that hardly anything waits: waiting is the simulation's to bring about.

mod calls;

use std::path::Path;

use self::calls::{Sampled, Seen, Times};
use super::loadable::Loadable;
use super::{Environment, Error, calibrate};
use crate::backend::{CacheHost, Durability, Origin, StoreHost, Tap, VersionedDraft, Yardstick};
use crate::clock::Clock;
use crate::driver::{self, Cluster, Course, Lane};
use crate::model::{
    CacheTimes, Key, Nanos, NodeId, Profile, Server, Share, Span, StoreTimes, Version,
};
use crate::scenario::{Loaded, Scenario};
use crate::workload::{Arrival, Plan, Popularity, Profile as Rate, Rows, Zipf};

/// More keys than this change nothing but how long it takes to load them.
const KEYS_MAX: u64 = 10_000;
/// Child rows of each row where the scenario's rows have none.
const CHILDREN: u32 = 200;
/// Requests a second: the scenario's own, within these bounds.
const RATES: (f64, f64) = (200.0, 500.0);
/// COMMITs a second that every disk keeps up with. They are measured apart: one that waited for another
/// would take what is waiting for what is work, and the simulation would have it wait again.
const COMMITS: f64 = 20.0;
const WRITES_MAX: f64 = 0.1;
/// Clients that saturate the server.
const CLIENTS: u32 = 32;
/// Calls made one by one, of a kind in a pass, and the time between two.
const ALONE: u64 = 700;
const BETWEEN: Nanos = Nanos::from_millis(1);
/// Transactions of many rows, and the rows of each.
const BATCHES: u64 = 20;
const BATCH_ROWS: u64 = 51;

/// How much time it may take: the window of each of the two passes.
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
        alone: Span::from_secs(8),
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
    let plain = pass(&plain, work_dir, patience).await?;
    let aggregating = light(scenario, Origin::Aggregation { rows: children }, patience);
    let aggregating = pass(&aggregating, work_dir, patience).await?;

    let read = plain.times.read.spread();
    let aggregated = aggregating.times.read.spread();
    let a_thousand = 1_000.0 / f64::from(children);
    let both = plain.times.merged(&aggregating.times);
    let call = both.cache.spread();
    let service = Span::from_nanos(plain.service.0.midpoint(aggregating.service.0));
    let commit = both.commit.spread();
    let further_rows = both.batch.spread().p50.nanos() - commit.p50.nanos();
    let batch_row = Span::from_nanos(further_rows.0 / (BATCH_ROWS - 1));
    let profile = Profile {
        source: source.to_owned(),
        client: both.client.spread(),
        cache: CacheTimes { round_trip: call.less(service), service },
        store: StoreTimes {
            read,
            aggregation: aggregated.less(read.p50).times(a_thousand),
            version: both.version.spread(),
            commit,
            // What was measured is one of the two: the other is not what this store is set to.
            unsynced: (scenario.store.durability != Durability::Full).then_some(commit),
            batch_row,
            replication_lag: None,
        },
    };
    let samples = vec![
        ("client", both.client.len()),
        ("round-trip", both.cache.len()),
        ("read", plain.times.read.len()),
        ("aggregation", aggregating.times.read.len()),
        ("version", both.version.len()),
        ("commit", both.commit.len()),
    ];
    Ok(Fitted { profile, cache: plain.cache, store: plain.store, samples })
}

/// What one pass came to.
struct Pass {
    times: Times,
    /// Of one command, on the saturated server's own CPU clock.
    service: Nanos,
    cache: Server,
    store: Server,
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

async fn pass(
    scenario: &Scenario,
    work_dir: Option<&Path>,
    patience: &Patience,
) -> Result<Pass, Error> {
    let environment = Environment::real(scenario, work_dir).await?;
    let measured = measured(scenario, &environment, patience).await;
    // Whatever came of it, nothing of it stays in servers that others may use.
    let cleared = environment.clear().await;
    let measured = measured?;
    cleared?;
    Ok(measured)
}

async fn measured(
    scenario: &Scenario,
    environment: &Environment,
    patience: &Patience,
) -> Result<Pass, Error> {
    let plan = Plan::new(&scenario.dataset, &scenario.workload, Path::new(""))?;
    let children = scenario.store.origin.children();
    let rows = Rows::new(&scenario.dataset, plan.seed(), children, plan.keys());
    let store = environment.store();
    store.reset(&Loadable(&rows)).await?;
    let cache = environment.open_cache().await?;
    for server in [cache.server(), store.server()] {
        if server.kind == "embedded" {
            return Err(Error::Twin);
        }
    }
    cache.reset().await?;
    let mut times = under_load(&plan, &rows, scenario, environment, &*cache, store).await?;
    let alone = Alone { store, rows: &rows, clock: environment.clock(), patience };
    times.version = alone.versions().await?;
    times.commit = alone.commits().await?;
    times.batch = alone.batches().await?;
    let service = saturated(&*cache, &plan, environment.clock(), patience).await?;
    cache.clear().await?;
    Ok(Pass { times, service, cache: cache.server(), store: store.server() })
}

async fn under_load(
    plan: &Plan,
    rows: &Rows,
    scenario: &Scenario,
    environment: &Environment,
    cache: &dyn CacheHost,
    store: &dyn StoreHost,
) -> Result<Times, Error> {
    let build = calibrate::cache_aside;
    let cluster = Cluster::open(&build, plan.nodes(), Lane::ONLY, cache, store).await?;
    let clock = environment.clock();
    let start = clock.now();
    let pacing = scenario.generator.pacing;
    let course = Course { plan, rows, clock, start, lane: Lane::ONLY, pacing };
    let mut seen = Seen::default();
    driver::drive(&cluster, &course, &Tap::new(), &mut seen, std::future::pending()).await;
    Ok(seen.times(start + plan.warm_up()))
}

/// Calls that are made one by one, with time in between, so that none waits for another.
struct Alone<'a> {
    store: &'a dyn StoreHost,
    rows: &'a Rows,
    clock: &'a dyn Clock,
    patience: &'a Patience,
}

impl Alone<'_> {
    async fn versions(&self) -> Result<Sampled, Error> {
        let node = self.store.connect(NodeId(0)).await?;
        Ok(self.times(ALONE, async |number| node.version(self.key(number)).await.is_ok()).await)
    }

    async fn commits(&self) -> Result<Sampled, Error> {
        let node = self.store.connect(NodeId(0)).await?;
        let write = async |number| node.write(&self.rows.initial(self.key(number))).await.is_ok();
        Ok(self.times(ALONE, write).await)
    }

    async fn batches(&self) -> Result<Sampled, Error> {
        // Later than any version that there is.
        const LATER: u64 = 1 << 40;
        let node = self.store.connect(NodeId(0)).await?;
        let write = async |number| {
            let drafts = (0..BATCH_ROWS).map(|key| self.rows.initial(self.key(key)));
            let version = Version(LATER + number);
            let writes: Vec<_> = drafts.map(|draft| VersionedDraft { draft, version }).collect();
            node.apply_batch(&writes).await.is_ok()
        };
        Ok(self.times(BATCHES, write).await)
    }

    /// How long so many calls take, or as many as there is patience for; each says whether it worked.
    async fn times(&self, calls: u64, call: impl AsyncFn(u64) -> bool) -> Sampled {
        let mut times = Sampled::default();
        let until = self.clock.now() + self.patience.alone.nanos();
        for number in 0..calls {
            self.clock.sleep(BETWEEN).await;
            let started = self.clock.now();
            if started > until {
                break;
            }
            if call(number).await {
                times.add(self.clock.now() - started);
            }
        }
        times
    }

    fn key(&self, number: u64) -> Key {
        Key(number % self.rows.loaded())
    }
}

/// CPU time that the server spends on a command while it is asked by more clients than it can serve.
async fn saturated(
    cache: &dyn CacheHost,
    plan: &Plan,
    clock: &dyn Clock,
    patience: &Patience,
) -> Result<Nanos, Error> {
    let keys: Vec<Key> = (0..plan.keys().min(1_000)).map(Key).collect();
    let before = cache.counters().await?;
    let until = clock.now() + patience.saturated.nanos();
    let answers = cache.bare_gets(CLIENTS, Yardstick::Library, &keys, until).await?;
    let after = cache.counters().await?;
    let (Some(before), Some(after), Some(answers)) = (before, after, answers) else {
        return Err(Error::Twin);
    };
    Ok(Nanos(after.since(&before).cpu.0 / answers.max(1)))
}
