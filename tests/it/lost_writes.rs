//! Write-behind through a killed cache, against the truth: of the writes that were acknowledged
//! before the kill, exactly those are lost that the store did not have when the cache came back.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cacheduel::backend::sqlite::SqliteHost;
use cacheduel::backend::twin::{TwinCacheHost, TwinStoreHost};
use cacheduel::backend::{
    AppendFsync, Cache, CacheCounters, CacheHost, CacheOptions, CacheState, EVERY_KEY, Error, Row,
    Server, StoreHost, StoreOptions, Tap,
};
use cacheduel::clock::{Clock, SimClock};
use cacheduel::driver::{self, Cluster, Course, Observer};
use cacheduel::experiment::Loadable;
use cacheduel::judge::{Audit, Cached, EndKey, EndState, Judge, Rules};
use cacheduel::model::{
    Breakage, CacheBreakage, Call, Key, Nanos, NodeId, Sample, Share, Span, Version,
};
use cacheduel::strategy::Spec;
use cacheduel::workload::{
    Arrival, DatasetOptions, Pacing, Plan, PlannedFault, Popularity, Profile, Rows, WorkloadOptions,
};

use crate::private_servers::World;

const KEYS: u64 = 40;

/// Looks at the store in the moment in which the cache comes back: whatever had been claimed before
/// the kill has been applied by then, and nothing can have been acknowledged since.
struct Witness<'a> {
    cache: Box<dyn CacheHost>,
    store: &'a dyn StoreHost,
    clock: &'a Clock,
    seen: Mutex<Option<(Nanos, Vec<Row>)>>,
}

#[async_trait]
impl CacheHost for Witness<'_> {
    fn server(&self) -> Server {
        self.cache.server()
    }

    async fn connect(&self, node: NodeId) -> Result<Arc<dyn Cache>, Error> {
        self.cache.connect(node).await
    }

    async fn reset(&self) -> Result<(), Error> {
        self.cache.reset().await
    }

    async fn clear(&self) -> Result<(), Error> {
        self.cache.clear().await
    }

    async fn counters(&self) -> Result<Option<CacheCounters>, Error> {
        self.cache.counters().await
    }

    async fn state(&self, keys: &[Key]) -> Result<Vec<CacheState>, Error> {
        self.cache.state(keys).await
    }

    async fn inject(&self, breakage: &CacheBreakage) -> Result<(), Error> {
        self.cache.inject(breakage).await
    }

    async fn lift(&self, breakage: &CacheBreakage) -> Result<(), Error> {
        let rows = self.store.rows(EVERY_KEY).await?;
        *self.seen.lock().unwrap() = Some((self.clock.now(), rows));
        self.cache.lift(breakage).await
    }
}

/// Passes everything to the judge, and keeps what was acknowledged.
struct Watch {
    judge: Judge,
    acknowledged: Vec<(Key, Version, Nanos)>,
}

impl Observer for Watch {
    fn sample(&mut self, sample: &Sample) {
        self.judge.observe(sample);
        if let Some(version) = sample.written {
            self.acknowledged.push((sample.key, version, sample.ended));
        }
    }

    fn first_read(&mut self, sample: &Sample) {
        self.judge.observe(sample);
    }

    fn calls(&mut self, _: &[Call]) {}

    fn watermark(&mut self, watermark: Nanos) {
        self.judge.advance(watermark);
    }
}

fn plan() -> (Plan, Rows) {
    let dataset: DatasetOptions =
        serde_json::from_str(r#"{"entity":"product","keys":40,"size":"128B"}"#).unwrap();
    let workload = WorkloadOptions {
        seed: 11,
        reads: Share(0.5),
        inserts: Share(0.0),
        deletes: Share(0.0),
        read_modify_writes: Share(0.0),
        own_reads: None,
        prefill: false,
        popularity: Popularity::Uniform,
        arrival: Arrival::Poisson(Profile::Rate(400.0)),
        warm_up: Span::default(),
        duration: Span::from_secs(4),
        nodes: 2,
        clients: 20,
        timeout: Span::from_secs(5),
    };
    let fault = PlannedFault {
        at: Span::from_millis(1_500),
        lasts: Span(Duration::from_millis(700)),
        what: Breakage::Cache(CacheBreakage::Killed),
    };
    let plan = Plan::new(&dataset, &workload, Path::new("")).unwrap().with_faults(&[fault]);
    let rows = Rows::new(&dataset, plan.seed(), 0, KEYS);
    (plan, rows)
}

/// Runs write-behind through the kill. Returns how many acknowledged writes were lost in truth, and
/// what the audit says.
async fn run(cache: Box<dyn CacheHost>, store: &dyn StoreHost, clock: &Clock) -> (u64, Audit) {
    let (plan, rows) = plan();
    store.reset(&Loadable(&rows)).await.unwrap();
    cache.reset().await.unwrap();
    let witness = Witness { cache, store, clock, seen: Mutex::default() };
    let options = serde_json::json!({ "flush-interval": "400ms", "claim-timeout": "500ms" });
    let spec = Spec::read_options("write-behind", options).unwrap().unwrap();
    let build = || spec.build();
    let cluster = Cluster::open(&build, plan.nodes(), &witness, store).await.unwrap();
    let start = clock.now();
    let rules = Rules {
        keys: KEYS,
        loaded: KEYS,
        ring: Rules::RING,
        window: (start, start + plan.duration()),
        bucket: Nanos::ZERO,
    };
    let mut watch = Watch { judge: Judge::new(rules), acknowledged: Vec::new() };
    let tap = Tap::new(clock);
    let course =
        Course { plan: &plan, rows: &rows, clock, start, pacing: Pacing::Timer, counts: false };
    let drive = driver::drive(&cluster, &course, &tap, &mut watch, std::future::pending()).await;
    assert_eq!(drive.faults.len(), 1);
    assert_eq!(drive.faults[0].trouble, None);
    let (_, drained) = driver::drain(&cluster, &plan, clock, &tap, &mut watch).await;
    drained.unwrap();

    let (back, rows_then) = witness.seen.lock().unwrap().take().expect("the cache came back");
    let lost = watch.acknowledged.iter().filter(|(key, version, ended)| {
        let row = rows_then.iter().find(|row| row.key == *key).unwrap();
        *ended < back && *version > row.version
    });
    let truth = lost.count() as u64;
    let ends = store.rows(EVERY_KEY).await.unwrap().into_iter().map(|row| EndKey {
        key: row.key,
        cached: Cached::Absent,
        stored: Some((row.version, row.writer)),
        stored_intact: row.intact,
    });
    let (_, audit) = watch.judge.finish(&EndState { keys: ends.collect() });
    (truth, audit)
}

fn on_twins(options: &CacheOptions) -> (u64, Audit) {
    let clock = SimClock::new();
    let shared = clock.handle();
    let cache = TwinCacheHost::new(options, shared).unwrap();
    let store = TwinStoreHost::new(&StoreOptions::default());
    clock.block_on(run(Box::new(cache), &store, &clock))
}

async fn on_servers(options: &CacheOptions) -> (u64, Audit) {
    let world = World::new();
    let cache = world.managed_host(options).await;
    let directory = tempfile::tempdir().unwrap();
    let clock = world.clock.clone();
    let options = StoreOptions::default();
    let store = SqliteHost::open(directory.path(), &options, clock.clone()).await.unwrap();
    run(Box::new(cache), &store, &clock).await
}

fn kept(append_only: AppendFsync) -> CacheOptions {
    CacheOptions { append_only: Some(append_only), ..CacheOptions::default() }
}

#[test]
fn the_audit_names_exactly_what_a_twin_without_persistence_has_lost() {
    let (truth, audit) = on_twins(&CacheOptions::default());
    assert!(truth > 0, "the kill hit between two flushes");
    assert_eq!(audit.lost_writes, truth);
    let (truth, audit) = on_twins(&kept(AppendFsync::Always));
    assert_eq!((truth > 0, audit.lost_writes), (true, 0), "flushed once the cache was back");
}

#[tokio::test]
async fn the_audit_names_exactly_what_a_redis_without_persistence_has_lost() {
    let (truth, audit) = on_servers(&CacheOptions::default()).await;
    assert_eq!(audit.lost_writes, truth);
    assert!(truth > 0, "some 80 writes come between two flushes");
}

/// What a process has appended is the system's once it is killed: only a machine that goes down with
/// it loses what no fsync has reached. So the loss is none, which is within every policy.
#[tokio::test]
async fn an_append_only_file_brings_everything_back_that_was_acknowledged() {
    for policy in [AppendFsync::Always, AppendFsync::Everysec] {
        let (_, audit) = on_servers(&kept(policy)).await;
        assert_eq!(audit.lost_writes, 0, "{policy:?}");
    }
}
