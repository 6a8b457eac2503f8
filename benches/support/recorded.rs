//! What judge and meter are told in a real run, recorded once so that a bench can tell it again.

use std::path::Path;

use cacheduel::backend::delay::{DelayedStoreHost, StoreDelays};
use cacheduel::backend::twin::{TwinCacheHost, TwinStoreHost};
use cacheduel::backend::{CacheOptions, StoreHost, StoreOptions, Tap};
use cacheduel::clock::SimClock;
use cacheduel::driver::{self, Cluster, Course, Observer};
use cacheduel::experiment::Loadable;
use cacheduel::model::{CacheTimes, Call, Nanos, Sample, Share, Span, Spread};
use cacheduel::strategy::Spec;
use cacheduel::workload::{
    Arrival, DatasetOptions, Pacing, Plan, Popularity, Profile, Rows, WorkloadOptions, Zipf,
};

use super::dataset::products;

pub const KEYS: u64 = 5_000;
/// The window of the run; it has no warm-up.
pub const WINDOW: Nanos = Nanos::from_secs(20);

/// A run as an observer saw it.
#[derive(Default)]
pub struct Recorded {
    /// Each with the watermark that came after it.
    pub samples: Vec<(Sample, Nanos)>,
    pub calls: Vec<Call>,
}

impl Observer for Recorded {
    fn sample(&mut self, sample: &Sample) {
        self.samples.push((*sample, Nanos::ZERO));
    }

    /// Nothing here reads before it writes.
    fn first_read(&mut self, _: &Sample) {}

    fn calls(&mut self, calls: &[Call]) {
        self.calls.extend_from_slice(calls);
    }

    fn watermark(&mut self, watermark: Nanos) {
        if let Some((_, after)) = self.samples.last_mut() {
            *after = watermark;
        }
    }
}

/// About 40,000 requests on twins that take some milliseconds: a tenth are updates, and many of
/// the most popular keys' overlap.
pub fn run_of(strategy: &str, options: serde_json::Value) -> Recorded {
    let spec = Spec::read_options(strategy, options)
        .expect("the strategy is in the registry")
        .expect("these are options of the strategy");
    let clock = SimClock::new();
    clock.block_on(record(&spec, &clock))
}

async fn record(spec: &Spec, clock: &SimClock) -> Recorded {
    let dataset: DatasetOptions = products(KEYS);
    let plan = Plan::new(&dataset, &workload(), Path::new("")).expect("the options are sound");
    let rows = Rows::new(&dataset, plan.seed(), 0, KEYS);
    let shared = clock.handle();
    let delays = StoreDelays {
        read: Nanos::from_millis(5),
        version: Nanos::from_millis(1),
        write: Nanos::from_millis(3),
    };
    let twin = Box::new(TwinStoreHost::new(&StoreOptions::default()));
    let store = DelayedStoreHost::new(twin, shared.clone(), delays);
    store.reset(&Loadable(&rows)).await.expect("a twin can always be reset");
    let round_trip = Spread::constant(Span::from_micros(300));
    let times = CacheTimes { round_trip, ..CacheTimes::default() };
    let cache = TwinCacheHost::simulated(&CacheOptions::default(), &times, 0, shared)
        .expect("the twin can do what is the default");
    let build = || spec.build();
    let cluster = Cluster::open(&build, plan.nodes(), &cache, &store)
        .await
        .expect("a twin can always be connected to");
    let mut recorded = Recorded::default();
    let tap = Tap::new(clock);
    let course = Course {
        plan: &plan,
        rows: &rows,
        clock,
        start: Nanos::ZERO,
        pacing: Pacing::Timer,
        counts: false,
    };
    driver::drive(&cluster, &course, &tap, &mut recorded, std::future::pending()).await;
    recorded
}

fn workload() -> WorkloadOptions {
    WorkloadOptions {
        seed: 3,
        reads: Share(0.9),
        inserts: Share(0.0),
        deletes: Share(0.0),
        read_modify_writes: Share(0.0),
        own_reads: None,
        prefill: false,
        popularity: Popularity::Zipf(Zipf { exponent: 0.99 }),
        arrival: Arrival::Poisson(Profile::Rate(2_000.0)),
        warm_up: Span::default(),
        duration: Span::from_secs(20),
        nodes: 2,
        clients: 100,
        timeout: Span::from_secs(5),
    }
}
