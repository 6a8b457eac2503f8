//! Measures the load generator on itself, before anything is measured with it.

use std::path::Path;

use super::environment::Environment;
use super::intervals::Intervals;
use super::loadable::Loadable;
use super::watch::{Memory, Watch};
use super::{Error, Silent};
use crate::backend::twin::{TwinCacheHost, TwinStoreHost};
use crate::backend::{CacheHost, CacheOptions, StoreHost, StoreOptions, Tap, Yardstick};
use crate::clock::Clock;
use crate::driver::{self, Cluster, Course};
use crate::judge::{Judge, Rules};
use crate::measure::{Calibration, LagAt, Measures, Meter, Pace, Timeline};
use crate::model::{Key, Nanos, Share, Span};
use crate::scenario::Scenario;
use crate::strategy::{Spec, Strategy};
use crate::workload::{
    Arrival, Closed, DatasetOptions, Pacing, Plan, Popularity, Profile, Rows, WorkloadOptions, Zipf,
};

/// Requests under way at once: enough that the load thread never waits for the server.
const CLIENTS: u32 = 32;
/// More keys than this tell nothing more about the generator.
const KEYS_MAX: u64 = 1_000;

/// How much time it may take.
#[derive(Clone, Debug, PartialEq)]
pub struct Effort {
    /// Rounds of each kind, one after the other in turn. The median counts.
    pub rounds: u32,
    pub round: Span,
    /// Whether bare clients are also tried over connections of our own.
    pub own: bool,
    /// The rates at which an open loop is tried.
    pub rates: Vec<f64>,
    /// How long each of them is tried.
    pub open_loop: Span,
}

impl Effort {
    /// For a measurement of its own.
    pub fn thorough() -> Self {
        Self {
            rounds: 7,
            round: Span::from_millis(500),
            own: true,
            rates: vec![1_000.0, 5_000.0, 10_000.0, 20_000.0, 50_000.0],
            open_loop: Span::from_secs(2),
        }
    }

    /// Half a second, before every run. `rate` is what an open loop will ask for.
    pub fn brief(rate: Option<f64>) -> Self {
        Self {
            rounds: 3,
            round: Span::from_millis(60),
            own: false,
            rates: rate.into_iter().collect(),
            open_loop: Span::from_millis(150),
        }
    }
}

/// Measures what the generator costs and can do with the scenario's entries and its connections.
///
/// # Errors
/// If a server cannot be used.
pub async fn calibrate(
    scenario: &Scenario,
    environment: &Environment,
    effort: &Effort,
) -> Result<Calibration, Error> {
    let mut dataset = scenario.dataset.clone();
    dataset.keys = Some(dataset.keys.unwrap_or(KEYS_MAX).min(KEYS_MAX));
    dataset.absent = Share::default();
    let bench = Bench::new(&dataset, scenario, environment);
    let cache = environment.open_cache().await?;
    let measured = bench.on_server(&*cache, effort).await;
    let cleared = cache.clear().await;
    let (harness, [bare, leanest]) = measured?;
    cleared?;
    let (alone, lags) = bench.alone(environment, effort).await?;
    Ok(Calibration { clients: CLIENTS, harness, bare, leanest, alone, lags })
}

/// What is asked for, and of what rows.
struct Bench<'a> {
    dataset: &'a DatasetOptions,
    seed: u64,
    pacing: Pacing,
    rows: Rows,
    keys: Vec<Key>,
    store: TwinStoreHost,
    clock: &'a Clock,
}

/// What a round came to.
struct Round {
    pace: Pace,
    cpu_share: f64,
    measures: Measures,
}

impl<'a> Bench<'a> {
    fn new(dataset: &'a DatasetOptions, scenario: &Scenario, environment: &'a Environment) -> Self {
        let (keys, seed) = (dataset.keys.unwrap_or_default(), scenario.workload.seed);
        Self {
            dataset,
            seed,
            pacing: scenario.generator.pacing,
            rows: Rows::new(dataset, seed, 0, keys),
            keys: (0..keys).map(Key).collect(),
            store: TwinStoreHost::new(&StoreOptions::default()),
            clock: environment.clock(),
        }
    }

    /// The harness, and bare clients by either yardstick if there is a server for them, in turn.
    async fn on_server(
        &self,
        cache: &dyn CacheHost,
        effort: &Effort,
    ) -> Result<(Pace, [Option<Pace>; 2]), Error> {
        let cluster = self.cluster(cache).await?;
        let (mut harness, mut bare, mut leanest) = (Vec::new(), Vec::new(), Vec::new());
        let closed = closed(effort.round);
        // The first of each warms up what it uses.
        for round in 0..=effort.rounds {
            let with_all = self.drive(&cluster, &closed).await?.pace;
            let by_library = self.bare(cache, Yardstick::Library, effort).await?;
            let by_own = match effort.own {
                true => self.bare(cache, Yardstick::Own, effort).await?,
                false => None,
            };
            if round > 0 {
                harness.push(with_all);
                bare.extend(by_library);
                leanest.extend(by_own);
            }
        }
        let harness = Pace::median(harness).unwrap_or_default();
        Ok((harness, [Pace::median(bare), Pace::median(leanest)]))
    }

    async fn bare(
        &self,
        cache: &dyn CacheHost,
        over: Yardstick,
        effort: &Effort,
    ) -> Result<Option<Pace>, Error> {
        let (started, cpu) = (self.clock.now(), self.clock.cpu());
        let until = started + effort.round.nanos();
        let answers = cache.bare_gets(CLIENTS, over, &self.keys, until).await?;
        let (took, cpu) = (self.clock.now() - started, self.clock.cpu() - cpu);
        Ok(answers.map(|answers| Pace::of(answers, took, cpu)))
    }

    /// The harness on twins that answer at once: its pace, and its lag at each rate.
    async fn alone(
        &self,
        environment: &Environment,
        effort: &Effort,
    ) -> Result<(Pace, Vec<LagAt>), Error> {
        let clock = environment.shared_clock();
        let cache = TwinCacheHost::new(&CacheOptions::default(), clock)?;
        let cluster = self.cluster(&cache).await?;
        let mut paces = Vec::new();
        for _ in 0..effort.rounds {
            paces.push(self.drive(&cluster, &closed(effort.round)).await?.pace);
        }
        let mut lags = Vec::new();
        for &rate in &effort.rates {
            let arrival = Arrival::Even(Profile::Rate(rate));
            let round = self.drive(&cluster, &(arrival, effort.open_loop)).await?;
            let lag = &round.measures.lag;
            let (p50, p99) = (lag.quantile(0.5), lag.quantile(0.99));
            lags.push(LagAt { rate, p50, p99, cpu_share: round.cpu_share });
        }
        Ok((Pace::median(paces).unwrap_or_default(), lags))
    }

    /// One node with cache-aside, all of whose entries are in place.
    async fn cluster<'b>(&'b self, cache: &'b dyn CacheHost) -> Result<Cluster<'b>, Error> {
        self.store.reset(&Loadable(&self.rows)).await?;
        cache.reset().await?;
        let cluster = Cluster::open(&cache_aside, 1, cache, &self.store).await?;
        let plan = self.plan(&closed(Span::from_millis(1)))?;
        driver::prefill(&cluster, &plan, self.clock, &Tap::new(self.clock)).await;
        Ok(cluster)
    }

    fn plan(&self, (arrival, duration): &(Arrival, Span)) -> Result<Plan, Error> {
        let workload = WorkloadOptions {
            seed: self.seed,
            reads: Share(1.0),
            inserts: Share::default(),
            deletes: Share::default(),
            read_modify_writes: Share::default(),
            own_reads: None,
            prefill: false,
            popularity: Popularity::Zipf(Zipf { exponent: 0.99 }),
            arrival: arrival.clone(),
            warm_up: Span::default(),
            duration: *duration,
            nodes: 1,
            clients: CLIENTS,
            timeout: Span::from_secs(10),
        };
        Ok(Plan::new(self.dataset, &workload, Path::new(""))?)
    }

    async fn drive(&self, cluster: &Cluster<'_>, load: &(Arrival, Span)) -> Result<Round, Error> {
        let plan = self.plan(load)?;
        let (clock, rows, tap) = (self.clock, &self.rows, Tap::new(self.clock));
        let start = clock.now();
        let window = (start, start + plan.duration());
        let keys = plan.keys();
        let rules =
            Rules { keys, loaded: keys, ring: Rules::RING, window, bucket: Nanos::from_secs(1) };
        let mut watch = Watch {
            judge: Judge::new(rules),
            meter: Meter::new(window.0, window.1, Timeline::Usual),
            memory: Memory::from(Nanos::NEVER),
            intervals: Intervals::of(window, rules.bucket),
            progress: &Silent,
            start,
            now: start,
        };
        let course = Course { plan: &plan, rows, clock, start, pacing: self.pacing, counts: false };
        let cpu = clock.cpu();
        let drive = driver::drive(cluster, &course, &tap, &mut watch, std::future::pending()).await;
        let (took, cpu) = (clock.now() - start, clock.cpu() - cpu);
        let (measures, _) = watch.meter.finish(drive.in_flight_peak, None, &[]);
        let pace = Pace::of(drive.requests, took, cpu);
        Ok(Round { pace, cpu_share: drive.cpu_share, measures })
    }
}

fn closed(duration: Span) -> (Arrival, Span) {
    (Arrival::Closed(Closed { clients: CLIENTS, think: Span::default() }), duration)
}

/// The strategy that the generator is measured with.
pub(super) fn cache_aside() -> Box<dyn Strategy> {
    let spec = Spec::read_options("cache-aside", serde_json::json!({}));
    let spec = spec.expect("it is in the registry").expect("every option of it has a default");
    spec.build()
}
