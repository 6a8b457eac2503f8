//! The stores against their contract, and the twin against the real one.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;
use cacheduel::backend::conformance::store;
use cacheduel::backend::sqlite::SqliteHost;
use cacheduel::backend::twin::TwinStoreHost;
use cacheduel::backend::{
    Applied, Dataset, Durability, EVERY_KEY, Event, Origin, Read, Store, StoreHost, StoreOptions,
    StoreServer, VersionedDraft,
};
use cacheduel::clock::{Clock, SimClock};
use cacheduel::model::{Draft, Key, NodeId, Outcome, Profile, Version, Writer};
use futures_util::future::join_all;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::postgres_servers;

const AGGREGATION: Origin = Origin::Aggregation { rows: 7 };

#[tokio::test]
async fn sqlite_conforms_as_a_point_lookup() {
    let (_directory, host) = sqlite(&options(Origin::PointLookup)).await;
    store::check(&host, Origin::PointLookup).await;
}

#[tokio::test]
async fn sqlite_conforms_as_an_aggregation() {
    let (_directory, host) = sqlite(&options(AGGREGATION)).await;
    store::check(&host, AGGREGATION).await;
}

#[tokio::test]
async fn postgres_conforms_as_a_point_lookup() {
    let host = postgres_servers::host(&options(Origin::PointLookup)).await;
    store::check(&host, Origin::PointLookup).await;
    host.clear().await.unwrap();
}

#[tokio::test]
async fn postgres_conforms_as_an_aggregation() {
    let host = postgres_servers::host(&options(AGGREGATION)).await;
    store::check(&host, AGGREGATION).await;
    host.clear().await.unwrap();
}

#[test]
fn the_twin_conforms_under_virtual_time() {
    for origin in [Origin::PointLookup, AGGREGATION] {
        let host = TwinStoreHost::new(&options(origin));
        SimClock::new().block_on(store::check(&host, origin));
    }
}

/// With the ways of each database, and times that vary.
#[test]
fn the_twin_conforms_as_the_database_that_it_stands_for() {
    for server in [StoreServer::Sqlite, StoreServer::Postgres] {
        for origin in [Origin::PointLookup, AGGREGATION] {
            let options = StoreOptions { server: server.clone(), ..options(origin) };
            simulated(&options, async |host| store::check(host, origin).await);
        }
    }
}

/// Has `scene` played on the twin of the database that `options` name.
fn simulated<T>(options: &StoreOptions, scene: impl AsyncFnOnce(&dyn StoreHost) -> T) -> T {
    let clock = SimClock::new();
    let shared = clock.handle();
    let times = Profile::default().store;
    let host = TwinStoreHost::simulated(options, &times, 3, false, &shared);
    clock.block_on(scene(&*host))
}

#[test]
fn a_simulated_store_counts_the_waits_since_the_reset() {
    for server in [StoreServer::Sqlite, StoreServer::Postgres] {
        let options = StoreOptions { server, connections: 1, ..StoreOptions::default() };
        simulated(&options, async |host| {
            host.reset(&Rows { keys: 4, children: 0 }).await.unwrap();
            let store = host.connect(NodeId(0)).await.unwrap();
            store.read(Key(0)).await.unwrap();
            let drafts: Vec<_> = (0..10).map(|key| draft(Key(key), 1)).collect();
            join_all(drafts.iter().map(|draft| store.write(draft))).await;
            let pool = host.counters().await.unwrap().pool;
            assert_eq!(pool.calls, 11);
            assert!(pool.total.0 > 3 * pool.max.0, "all writers but one waited: {pool:?}");
            host.reset(&Rows { keys: 4, children: 0 }).await.unwrap();
            assert!(host.counters().await.unwrap().pool.is_none());
        });
    }
}

#[tokio::test]
async fn the_settings_are_what_sqlite_says_of_itself() {
    for (durability, synchronous) in
        [(Durability::Full, "full"), (Durability::Normal, "normal"), (Durability::Off, "off")]
    {
        let options = StoreOptions { durability, ..StoreOptions::default() };
        let (_directory, host) = sqlite(&options).await;
        let server = host.server();
        assert_eq!(server.settings["synchronous"], synchronous);
        assert_eq!(server.settings["journal_mode"], "wal");
        assert_eq!(server.settings["page_size"], "4096");
        assert!(server.settings.contains_key("filesystem"));
        assert!(server.version.starts_with("3."), "{}", server.version);
    }
}

#[tokio::test]
async fn counters_tell_the_size_on_disk_and_the_waits_since_the_reset() {
    let (_directory, host) = sqlite(&options(Origin::PointLookup)).await;
    check_counters(&host).await;
    let host = postgres_servers::host(&options(Origin::PointLookup)).await;
    check_counters(&host).await;
    host.clear().await.unwrap();
}

async fn check_counters(host: &dyn StoreHost) {
    let dataset = Rows { keys: 4, children: 0 };
    host.reset(&dataset).await.unwrap();
    let store = host.connect(NodeId(0)).await.unwrap();
    let before = host.counters().await.unwrap();
    assert_eq!(before.pool.calls, 0);
    store.read(Key(0)).await.unwrap();
    for key in (0..1_000).map(Key) {
        store.write(&draft(key, 1)).await.unwrap();
    }
    let after = host.counters().await.unwrap();
    assert_eq!(after.pool.calls, 1_001);
    assert!(after.size > before.size, "it grew: {before:?} {after:?}");
    host.reset(&dataset).await.unwrap();
    let again = host.counters().await.unwrap();
    assert_eq!((again.pool, again.size), (before.pool, before.size));
}

#[tokio::test]
async fn a_reset_leaves_one_database_and_the_template() {
    let (directory, host) = sqlite(&options(Origin::PointLookup)).await;
    for _ in 0..3 {
        host.reset(&Rows { keys: 4, children: 0 }).await.unwrap();
        let store = host.connect(NodeId(0)).await.unwrap();
        store.write(&draft(Key(0), 1)).await.unwrap();
    }
    let mut files: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["store-3.db", "store-3.db-shm", "store-3.db-wal", "template.db"]);
}

/// A call that is given up may have happened or not, but row and event happen together, and the
/// node's only connection serves on.
#[tokio::test]
async fn a_call_that_is_given_up_happens_whole_or_not_at_all() {
    let options = StoreOptions { connections: 1, ..options(Origin::PointLookup) };
    let (_directory, host) = sqlite(&options).await;
    check_given_up(&host).await;
    let host = postgres_servers::host(&options).await;
    check_given_up(&host).await;
    host.clear().await.unwrap();
}

async fn check_given_up(host: &dyn StoreHost) {
    host.reset(&Rows { keys: 4, children: 0 }).await.unwrap();
    let store = host.connect(NodeId(0)).await.unwrap();
    for attempt in 0..60 {
        let write = draft(Key(1), attempt + 1);
        let batch: Vec<_> = (10..110).map(|key| versioned(Key(key), attempt + 1)).collect();
        give_up_after(attempt % 6, store.write_with_event(&write)).await;
        give_up_after(attempt % 5, store.read(Key(1))).await;
        give_up_after(attempt % 7, store.apply_batch(&batch)).await;
    }

    store.write_with_event(&draft(Key(1), 1_000)).await.unwrap();
    let last = store.version(Key(1)).await.unwrap().0;
    let outbox = store.read_outbox(usize::MAX).await.unwrap();
    let events: Vec<_> = outbox.iter().map(|event| event.version.0).collect();
    assert_eq!(events, (1..=last).collect::<Vec<_>>(), "an event for each version");

    let rows = host.rows(EVERY_KEY).await.unwrap();
    let batches: Vec<_> = rows.iter().filter(|row| row.key.0 >= 10).collect();
    assert!(batches.is_empty() || batches.len() == 100);
    assert!(batches.iter().all(|row| row.version == batches[0].version), "one whole batch");
}

/// Polls `call` a number of times, letting the store and its sockets work in between, and drops it.
async fn give_up_after(polls: u64, call: impl Future) {
    let mut call = pin!(call);
    for _ in 0..polls {
        if call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            break;
        }
        std::thread::yield_now();
        tokio::task::yield_now().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn sqlite_and_its_twin_answer_alike(
        steps in proptest::collection::vec(step(), 1..60),
        aggregates in any::<bool>(),
    ) {
        let origin = if aggregates { AGGREGATION } else { Origin::PointLookup };
        // What is compared does not depend on fsync, which would take most of the time.
        let options = StoreOptions { durability: Durability::Off, ..options(origin) };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let real = runtime.block_on(async {
            let (_directory, sqlite) = sqlite(&options).await;
            replay(&sqlite, origin, &steps).await
        });
        let twin = TwinStoreHost::new(&options);
        prop_assert_eq!(&real, &runtime.block_on(replay(&twin, origin, &steps)));
        let simulated = simulated(&options, async |host| replay(host, origin, &steps).await);
        prop_assert_eq!(&real, &simulated);
    }
}

proptest! {
    // Each case loads the store, which takes a server longer than a file.
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn postgres_and_the_twin_answer_alike(
        steps in proptest::collection::vec(step(), 1..80),
        aggregates in any::<bool>(),
    ) {
        let origin = if aggregates { AGGREGATION } else { Origin::PointLookup };
        let options = StoreOptions {
            server: StoreServer::Postgres,
            durability: Durability::Normal,
            ..options(origin)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let real = runtime.block_on(async {
            let postgres = postgres_servers::host(&options).await;
            let real = replay(&postgres, origin, &steps).await;
            postgres.clear().await.unwrap();
            real
        });
        prop_assert_eq!(real, simulated(&options, async |host| replay(host, origin, &steps).await));
    }
}

/// One call to a store. Half of the keys have no row at first.
#[derive(Clone, Debug)]
enum Step {
    Read(u64),
    Version(u64),
    Write(u64),
    WriteWithEvent(u64),
    Delete(u64),
    DeleteWithEvent(u64),
    /// Keys, versions, and whether to delete.
    ApplyBatch(Vec<(u64, u64, bool)>),
    ReadOutbox(usize),
    /// Trims every `n`th of the rows that the outbox holds.
    TrimOutbox(usize),
}

#[derive(Debug, PartialEq)]
enum Answer {
    Read(Outcome<Read>),
    Version(Outcome<Version>),
    Applied(Outcome<Applied>),
    Events(Outcome<Vec<Event>>),
    Done(Outcome<()>),
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..8_u64;
    prop_oneof![
        key.clone().prop_map(Step::Read),
        key.clone().prop_map(Step::Version),
        key.clone().prop_map(Step::Write),
        key.clone().prop_map(Step::WriteWithEvent),
        key.clone().prop_map(Step::Delete),
        key.clone().prop_map(Step::DeleteWithEvent),
        proptest::collection::vec((key, 0..12_u64, any::<bool>()), 0..10)
            .prop_map(Step::ApplyBatch),
        (0..5_usize).prop_map(Step::ReadOutbox),
        (1..4_usize).prop_map(Step::TrimOutbox),
    ]
}

/// Makes all the calls on a fresh store; returns the answers and what is left in the end.
async fn replay(
    host: &dyn StoreHost,
    origin: Origin,
    steps: &[Step],
) -> (Vec<Answer>, Vec<cacheduel::backend::Row>) {
    host.reset(&Rows { keys: 4, children: origin.children() }).await.unwrap();
    let store = host.connect(NodeId(0)).await.unwrap();
    let mut answers = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        answers.push(take(&*store, step, number as u64).await);
    }
    (answers, host.rows(EVERY_KEY).await.unwrap())
}

async fn take(store: &dyn Store, step: &Step, number: u64) -> Answer {
    match step {
        Step::Read(key) => Answer::Read(store.read(Key(*key)).await),
        Step::Version(key) => Answer::Version(store.version(Key(*key)).await),
        Step::Write(key) => Answer::Version(store.write(&draft(Key(*key), number)).await),
        Step::WriteWithEvent(key) => {
            Answer::Version(store.write_with_event(&draft(Key(*key), number)).await)
        }
        Step::Delete(key) => {
            Answer::Version(store.write(&Draft::deletion(Key(*key), Writer(number))).await)
        }
        Step::DeleteWithEvent(key) => {
            let deletion = Draft::deletion(Key(*key), Writer(number));
            Answer::Version(store.write_with_event(&deletion).await)
        }
        Step::ApplyBatch(writes) => {
            let write = |&(key, version, deletes): &(u64, u64, bool)| {
                let write = versioned(Key(key), version);
                let deletion = Draft::deletion(Key(key), Writer(version));
                if deletes { VersionedDraft { draft: deletion, ..write } } else { write }
            };
            let writes: Vec<_> = writes.iter().map(write).collect();
            Answer::Applied(store.apply_batch(&writes).await)
        }
        Step::ReadOutbox(max) => Answer::Events(store.read_outbox(*max).await),
        Step::TrimOutbox(nth) => {
            let outbox = store.read_outbox(usize::MAX).await.unwrap();
            let some: Vec<_> = outbox.into_iter().step_by(*nth).collect();
            Answer::Done(store.trim_outbox(&some).await)
        }
    }
}

#[derive(Clone)]
struct Rows {
    keys: u64,
    children: u32,
}

impl Dataset for Rows {
    fn keys(&self) -> u64 {
        self.keys
    }

    fn initial(&self, key: Key) -> Draft {
        draft(key, 0)
    }

    fn children(&self) -> u32 {
        self.children
    }

    fn child_amount(&self, key: Key, child: u32) -> i64 {
        key.0 as i64 * 100 + i64::from(child)
    }

    fn shared(&self) -> Arc<dyn Dataset> {
        Arc::new(self.clone())
    }
}

async fn sqlite(options: &StoreOptions) -> (TempDir, SqliteHost) {
    let directory = tempfile::tempdir().unwrap();
    let clock = Clock::wall();
    let host = SqliteHost::open(directory.path(), options, clock).await.unwrap();
    (directory, host)
}

fn options(origin: Origin) -> StoreOptions {
    StoreOptions { origin, ..StoreOptions::default() }
}

fn draft(key: Key, number: u64) -> Draft {
    let body = format!(r#"{{"id":{},"number":{number}}}"#, key.0);
    Draft::new(key, Writer(number), Bytes::from(body))
}

fn versioned(key: Key, version: u64) -> VersionedDraft {
    VersionedDraft { draft: draft(key, version), version: Version(version) }
}
