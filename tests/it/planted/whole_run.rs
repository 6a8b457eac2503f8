//! A whole run of a strategy that is not in the registry, on the twins under virtual time.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use cacheduel::backend::delay::{DelayedCacheHost, DelayedStoreHost, StoreDelays};
use cacheduel::backend::twin::{TwinCacheHost, TwinStoreHost};
use cacheduel::backend::{CacheHost, CacheOptions, Dataset, Row, StoreHost, StoreOptions, Tap};
use cacheduel::clock::{SimClock, Since};
use cacheduel::driver::{self, Cluster, Observer};
use cacheduel::judge::{Audit, Cached, EndKey, EndState, Findings, Judge, Rules};
use cacheduel::measure::{Meter, bucket_width};
use cacheduel::model::{Call, Draft, Key, Nanos, Sample, Share, Size, Span, Version, Writer};
use cacheduel::strategy::Strategy;
use cacheduel::strategy::parts::entry;
use cacheduel::workload::{
    Arrival, BodySize, DatasetOptions, Entity, Plan, Popularity, Rate, Rows, WorkloadOptions, Zipf,
};

/// What is asked, and how long the backends take.
pub struct Load {
    pub workload: WorkloadOptions,
    pub keys: u64,
    pub round_trip: Nanos,
    pub store: StoreDelays,
}

/// What came of a run.
pub struct Outcome {
    pub findings: Findings,
    pub audit: Audit,
    /// Reads of a version below the highest that had been acknowledged by then. Where requests do
    /// not overlap these are the stale reads, all of them and no other.
    pub older_than_acknowledged: u64,
    rows: Vec<Row>,
}

impl Outcome {
    /// Of these writes, how many are in the store neither themselves nor superseded.
    pub fn missing(&self, writes: &[(Key, Version, Writer)]) -> u64 {
        let is_missing = |&&(key, version, writer): &&(Key, Version, Writer)| {
            let row = &self.rows[key.0 as usize];
            version > row.version || (version == row.version && writer != row.writer)
        };
        writes.iter().filter(is_missing).count() as u64
    }
}

/// A load under which each request has its answer before the next one starts.
pub fn separate() -> Load {
    Load {
        workload: workload(Arrival::Constant(Rate { rate: 1_000.0 })),
        keys: 200,
        round_trip: Nanos::from_micros(100),
        store: StoreDelays {
            read: Nanos::from_micros(300),
            version: Nanos::from_micros(100),
            write: Nanos::from_micros(400),
        },
    }
}

/// A load under which many requests for the same key are in flight at once.
pub fn overlapping() -> Load {
    Load {
        workload: workload(Arrival::Poisson(Rate { rate: 1_000.0 })),
        keys: 50,
        round_trip: Nanos::from_micros(500),
        store: StoreDelays {
            read: Nanos::from_millis(8),
            version: Nanos::from_millis(1),
            write: Nanos::from_millis(4),
        },
    }
}

fn workload(arrival: Arrival) -> WorkloadOptions {
    WorkloadOptions {
        seed: 11,
        reads: Share(0.8),
        popularity: Popularity::Zipf(Zipf { exponent: 0.8 }),
        arrival,
        warm_up: Span::default(),
        duration: Span::from_secs(10),
        nodes: 2,
        clients: 20,
        timeout: Span::from_secs(5),
    }
}

/// Runs the strategy that `build` makes. No request may fail.
pub fn run(build: impl Fn() -> Box<dyn Strategy>, load: &Load) -> Outcome {
    let clock = SimClock::new();
    clock.block_on(measure(build, load, &clock))
}

async fn measure(build: impl Fn() -> Box<dyn Strategy>, load: &Load, clock: &SimClock) -> Outcome {
    let dataset = DatasetOptions {
        entity: Entity::Counter,
        namespace: None,
        keys: Some(load.keys),
        size: BodySize::Fixed(Size(130)),
    };
    let plan = Plan::new(&dataset, &load.workload, Path::new("")).unwrap();
    let rows = Rows::new(&dataset, plan.seed(), 0, plan.keys());
    let shared = Arc::new(clock.clone());
    let twin = TwinStoreHost::new(&StoreOptions::default());
    let store = DelayedStoreHost::new(Box::new(twin), shared.clone(), load.store);
    store.reset(&Loadable(&rows)).await.unwrap();
    let twin = TwinCacheHost::new(&CacheOptions::default(), shared.clone()).unwrap();
    let cache = DelayedCacheHost::new(Box::new(twin), shared, load.round_trip);

    let cluster = Cluster::of(build, plan.nodes(), &cache, &store).await.unwrap();
    let (since, tap) = (Since::now(clock), Tap::new());
    let mut watch = Watch::new(&plan);
    let drive = driver::drive(&cluster, &plan, &rows, &since, &tap, &mut watch).await;
    let (_, drained) = driver::drain(&cluster, &plan, &since, &tap, &mut watch).await;
    drained.unwrap();

    let rows = store.rows().await.unwrap();
    let (findings, audit) = watch.judge.finish(&end_state(&cache, &rows).await);
    let (measures, _) = watch.meter.finish(drive.in_flight_peak);
    assert_eq!(measures.requests.failed, []);
    assert_eq!(measures.requests.answered, drive.requests);
    Outcome { findings, audit, older_than_acknowledged: watch.older_than_acknowledged, rows }
}

/// The judge and the meter, as in an experiment, and a count that needs no judge.
struct Watch {
    judge: Judge,
    meter: Meter,
    acknowledged: HashMap<Key, Version>,
    older_than_acknowledged: u64,
}

impl Watch {
    fn new(plan: &Plan) -> Self {
        let window = (plan.warm_up(), plan.warm_up() + plan.duration());
        let bucket = bucket_width(plan.duration());
        let rules = Rules { keys: plan.keys(), ring: Rules::RING, window, bucket };
        Self {
            judge: Judge::new(rules),
            meter: Meter::new(window.0, window.1),
            acknowledged: HashMap::new(),
            older_than_acknowledged: 0,
        }
    }
}

impl Observer for Watch {
    fn sample(&mut self, sample: &Sample) {
        self.judge.observe(sample);
        self.meter.sample(sample);
        let highest = self.acknowledged.entry(sample.key).or_default();
        if let Some(version) = sample.written {
            *highest = version.max(*highest);
        }
        self.older_than_acknowledged += u64::from(sample.seen.is_some_and(|seen| seen < *highest));
    }

    fn calls(&mut self, calls: &[Call]) {
        self.meter.calls(calls);
    }

    fn watermark(&mut self, watermark: Nanos) {
        self.judge.advance(watermark);
    }
}

async fn end_state(cache: &dyn CacheHost, rows: &[Row]) -> EndState {
    let keys: Vec<Key> = rows.iter().map(|row| row.key).collect();
    let states = cache.state(&keys).await.unwrap();
    let end_key = |(row, entry): (&Row, Option<_>)| EndKey {
        key: row.key,
        cached: entry.map_or(Cached::Absent, |entry| {
            let value = entry::decode(row.key, entry).unwrap();
            Cached::Holds { version: value.version, writer: value.writer }
        }),
        stored: Some((row.version, row.writer)),
        stored_intact: row.intact,
    };
    let entries = states.into_iter().map(|state| state.entry);
    EndState { keys: rows.iter().zip(entries).map(end_key).collect() }
}

struct Loadable<'a>(&'a Rows);

impl Dataset for Loadable<'_> {
    fn keys(&self) -> u64 {
        self.0.keys()
    }

    fn initial(&self, key: Key) -> Draft {
        self.0.initial(key)
    }

    fn children(&self) -> u32 {
        self.0.children()
    }

    fn child_amount(&self, key: Key, child: u32) -> i64 {
        self.0.child_amount(key, child)
    }
}
