//! What the twin does as the database does that it stands for: who waits for whom, what is seen when, and
//! what becomes of a call that nobody waits for any more.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{join, join_all, select};

use super::*;
use crate::backend::{EVERY_KEY, Read, Store, VersionedDraft};
use crate::clock::SimClock;
use crate::model::{Aggregate, Fault, FaultKind, Outcome, Span, Spread, Value, Version};

const KEYS: u64 = 10;
const KEY: Key = Key(3);
const OTHER: Key = Key(4);

/// 2 ms for a read, 1 ms for a version, 10 ms for a COMMIT.
fn times() -> StoreTimes {
    let always = |millis| Spread::constant(Span::from_millis(millis));
    StoreTimes { read: always(2), version: always(1), commit: always(10), ..StoreTimes::default() }
}

struct Rows;

impl Dataset for Rows {
    fn keys(&self) -> u64 {
        KEYS
    }

    fn initial(&self, key: Key) -> Draft {
        draft(key, 0)
    }

    fn children(&self) -> u32 {
        500
    }

    fn child_amount(&self, key: Key, child: u32) -> i64 {
        key.0 as i64 + i64::from(child)
    }

    fn shared(&self) -> Arc<dyn Dataset> {
        Arc::new(Self)
    }
}

fn draft(key: Key, writer: u64) -> Draft {
    Draft::new(key, Writer(writer), Bytes::from(format!("{{\"by\":{writer}}}")))
}

/// A host that stands for `server`, freshly loaded, on a clock at zero.
struct Stage {
    clock: SimClock,
    host: Box<dyn StoreHost>,
}

impl Stage {
    fn new(server: StoreServer) -> Self {
        Self::with(StoreOptions { server, connections: 2, ..StoreOptions::default() }, times())
    }

    fn with(options: StoreOptions, times: StoreTimes) -> Self {
        let clock = SimClock::new();
        let shared = clock.handle();
        let host = TwinStoreHost::simulated(&options, &times, 7, true, &shared);
        host.reset(&Rows).now_or_never().unwrap().unwrap();
        Self { clock, host }
    }

    fn node(&self, node: u32) -> Arc<dyn Store> {
        self.host.connect(NodeId(node)).now_or_never().unwrap().unwrap()
    }

    async fn at(&self, millis: u64) {
        self.clock.sleep_until(Nanos::from_millis(millis)).await;
    }

    /// Until when `call` takes, in milliseconds.
    async fn end_of<T>(&self, call: impl Future<Output = Outcome<T>>) -> u64 {
        assert!(call.await.is_ok());
        self.clock.now().0 / 1_000_000
    }

    /// Gives `call` up at that time.
    async fn given_up_at<T>(&self, millis: u64, call: impl Future<Output = T>) {
        select(std::pin::pin!(call), std::pin::pin!(self.at(millis))).await;
    }

    fn pool(&self) -> crate::model::PoolWaits {
        self.host.counters().now_or_never().unwrap().unwrap().pool
    }
}

fn millis(millis: u64) -> Nanos {
    Nanos::from_millis(millis)
}

#[test]
fn reads_take_turns_at_the_connections_of_their_node_and_the_wait_is_counted() {
    let stage = Stage::new(StoreServer::Postgres);
    let (one, other) = (stage.node(0), stage.node(1));
    stage.clock.clone().block_on(async {
        let reads = join_all((0..5).map(|_| stage.end_of(one.read(KEY))));
        let (ends, elsewhere) = join(reads, stage.end_of(other.read(KEY))).await;
        assert_eq!(ends, [2, 2, 4, 4, 6], "two at a time, in the order of asking");
        assert_eq!(elsewhere, 2, "another node has connections of its own");
    });
    let pool = stage.pool();
    assert_eq!((pool.calls, pool.total, pool.max), (6, millis(2 + 2 + 4), millis(4)));
    assert_eq!(pool.held, millis(6 * 2));
}

#[test]
fn writers_wait_for_each_others_rows_and_not_for_other_rows() {
    let stage = Stage::new(StoreServer::Postgres);
    let (one, other) = (stage.node(0), stage.node(1));
    let writes = [draft(KEY, 1), draft(KEY, 2), draft(OTHER, 3)];
    stage.clock.clone().block_on(async {
        let ends = join_all([
            stage.end_of(one.write(&writes[0])),
            stage.end_of(other.write(&writes[1])),
            stage.end_of(one.write(&writes[2])),
        ]);
        assert_eq!(ends.await, [10, 20, 10]);
        assert_eq!(one.version(KEY).await, Ok(Version(2)));
    });
}

#[test]
fn sqlite_has_one_writer_for_all_nodes_and_lookups_wait_for_nobody() {
    let stage = Stage::new(StoreServer::Sqlite);
    let (one, other) = (stage.node(0), stage.node(1));
    let writes = [draft(KEY, 1), draft(OTHER, 2), draft(Key(5), 3)];
    stage.clock.clone().block_on(async {
        let reads = join_all((0..20).map(|_| stage.end_of(one.read(KEY))));
        let writes = join_all([
            stage.end_of(one.write(&writes[0])),
            stage.end_of(other.write(&writes[1])),
            stage.end_of(one.write(&writes[2])),
        ]);
        let (reads, writes) = join(reads, writes).await;
        assert_eq!(reads, [2; 20]);
        assert_eq!(writes, [10, 20, 30]);
    });
    assert_eq!(stage.pool().calls, 23, "who waits for nothing is counted too");
}

#[test]
fn a_row_and_its_event_are_seen_at_the_commit_and_not_before() {
    let stage = Stage::new(StoreServer::Postgres);
    let (one, other) = (stage.node(0), stage.node(1));
    let write = draft(KEY, 1);
    stage.clock.clone().block_on(async {
        let look = async {
            stage.at(9).await;
            let before = join(other.read(KEY), other.read_outbox(9)).await;
            assert_eq!(
                before.0.unwrap().value.version,
                Version(0),
                "as old as the statement's start"
            );
            assert_eq!(before.1, Ok(Vec::new()));
            assert_eq!(stage.clock.now(), millis(11), "though the answer came after the COMMIT");
            assert_eq!(other.version(KEY).await, Ok(Version(1)));
            assert_eq!(other.read_outbox(9).await.unwrap().len(), 1);
        };
        join(one.write_with_event(&write), look).await.0.unwrap();
    });
}

#[test]
fn an_event_may_come_after_one_with_a_higher_number() {
    let stage = Stage::new(StoreServer::Postgres);
    let (one, other) = (stage.node(0), stage.node(1));
    let [locking, late, early] = [draft(KEY, 1), draft(KEY, 2), draft(OTHER, 3)];
    stage.clock.clone().block_on(async {
        let look = async {
            stage.at(15).await;
            let seen = other.read_outbox(9).await.unwrap();
            assert_eq!(seen.iter().map(|event| event.sequence).collect::<Vec<_>>(), [2]);
        };
        let writes = join_all([
            one.write(&locking),
            one.write_with_event(&late),
            other.write_with_event(&early),
        ]);
        join(writes, look).await;
        let seen = other.read_outbox(9).await.unwrap();
        assert_eq!(seen.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2]);
    });
}

#[test]
fn a_batch_is_one_transaction_that_waits_for_all_its_rows() {
    let stage = Stage::new(StoreServer::Postgres);
    let (one, other) = (stage.node(0), stage.node(1));
    let first = draft(KEY, 1);
    let versioned =
        |key, version| VersionedDraft { draft: draft(key, 9), version: Version(version) };
    let batch = [versioned(OTHER, 7), versioned(KEY, 8), versioned(KEY, 1)];
    stage.clock.clone().block_on(async {
        let apply = async {
            stage.at(5).await;
            stage.end_of(other.apply_batch(&batch)).await
        };
        let look = async {
            stage.at(18).await;
            assert_eq!(
                join(one.version(KEY), one.version(OTHER)).await,
                (Ok(Version(1)), Ok(Version(0)))
            );
        };
        let (_, end) = join(join(one.write(&first), look), apply).await;
        assert_eq!(end, 20, "one COMMIT, after that of the row's writer");
        assert_eq!(
            join(one.version(KEY), one.version(OTHER)).await,
            (Ok(Version(8)), Ok(Version(7)))
        );
    });
}

#[test]
fn who_gives_up_in_line_leaves_it_and_what_was_begun_is_finished() {
    let stage = Stage::new(StoreServer::Sqlite);
    let store = stage.node(0);
    let writes = [draft(KEY, 1), draft(KEY, 2), draft(OTHER, 3)];
    stage.clock.clone().block_on(async {
        let begun = stage.given_up_at(4, store.write(&writes[0]));
        let waiting = stage.given_up_at(6, store.write(&writes[1]));
        let patient = stage.end_of(store.write(&writes[2]));
        let (_, end) = join(join(begun, waiting), patient).await;
        assert_eq!(end, 20, "the writer is busy until the COMMIT of the first");
        assert_eq!(store.version(KEY).await, Ok(Version(1)), "the first was made, the second not");
    });
}

#[test]
fn only_a_durable_commit_waits_for_the_disk() {
    for (durability, takes) in
        [(Durability::Full, 10), (Durability::Normal, 2), (Durability::Off, 2)]
    {
        let options = StoreOptions { durability, ..StoreOptions::default() };
        let stage = Stage::with(options, times());
        let store = stage.node(0);
        let write = draft(KEY, 1);
        assert_eq!(stage.clock.clone().block_on(stage.end_of(store.write(&write))), takes);
    }
    let unsynced = Some(Spread::constant(Span::from_millis(3)));
    let options = StoreOptions { durability: Durability::Off, ..StoreOptions::default() };
    let batch_row = Span::from_millis(1);
    let stage = Stage::with(options, StoreTimes { unsynced, batch_row, ..times() });
    let store = stage.node(0);
    let batch: Vec<_> = (0..6)
        .map(|key| VersionedDraft { draft: draft(Key(key), 1), version: Version(1) })
        .collect();
    assert_eq!(stage.clock.clone().block_on(stage.end_of(store.apply_batch(&batch))), 8);
}

#[test]
fn an_aggregation_takes_as_long_as_it_has_rows_to_go_through() {
    let origin = Origin::Aggregation { rows: 500 };
    let options = StoreOptions { origin, connections: 1, ..StoreOptions::default() };
    let aggregation = Spread::constant(Span::from_millis(8));
    let stage = Stage::with(options, StoreTimes { aggregation, ..times() });
    let store = stage.node(0);
    stage.clock.clone().block_on(async {
        let Read { value, rows } = store.read(KEY).await.unwrap();
        let total = (0..500).map(|child| 3 + child).sum();
        assert_eq!((value.aggregate, rows), (Some(Aggregate { rows: 500, total }), 501));
        assert_eq!(stage.clock.now(), millis(2 + 4), "half of what a thousand take");
        let ends = join_all((0..2).map(|_| stage.end_of(store.read(Key(1_000))))).await;
        assert_eq!(ends, [8, 10], "one connection, and no children to go through");
    });
}

#[test]
fn a_replica_is_as_far_behind_as_its_lag_and_never_goes_back() {
    let replication_lag = Some(Spread::constant(Span::from_millis(50)));
    let options = StoreOptions { server: StoreServer::Postgres, ..StoreOptions::default() };
    let stage = Stage::with(options.clone(), StoreTimes { replication_lag, ..times() });
    let store = stage.node(0);
    let write = draft(KEY, 1);
    stage.clock.clone().block_on(async {
        store.write(&write).await.unwrap();
        assert_eq!(store.version(KEY).await, Ok(Version(1)), "the primary is asked for versions");
        stage.at(59).await;
        assert_eq!(store.read(KEY).await.unwrap().value.version, Version(0));
        assert_eq!(store.read(KEY).await.unwrap().value, write.at(Version(1)));
    });

    let replication_lag = Some(Spread::log_normal(Span::from_millis(20), Span::from_millis(400)));
    let stage = Stage::with(options, StoreTimes { replication_lag, ..times() });
    let store = stage.node(0);
    stage.clock.clone().block_on(async {
        let writes = async {
            for writer in 1..=50 {
                store.write(&draft(KEY, writer)).await.unwrap();
            }
        };
        let reads = async {
            let mut seen = Vec::new();
            while stage.clock.now() < millis(2_000) {
                seen.push(store.read(KEY).await.unwrap().value.version);
            }
            seen
        };
        let (_, seen) = join(writes, reads).await;
        assert!(seen.is_sorted());
        assert_eq!(seen.last(), Some(&Version(50)), "it gets there");
    });
}

#[test]
fn a_kill_ends_what_is_under_way_and_leaves_what_is_committed() {
    let stage = Stage::new(StoreServer::Postgres);
    let store = stage.node(0);
    let unavailable = || Fault::store(FaultKind::Unavailable);
    let drafts: Vec<Draft> = (0..KEYS).map(|key| draft(Key(key), key + 1)).collect();
    stage.clock.clone().block_on(async {
        store.write(&drafts[0]).await.unwrap();
        let breaking = async {
            stage.at(15).await;
            stage.host.inject(&StoreBreakage::Killed).await.unwrap();
            stage.at(30).await;
            assert_eq!(store.read(KEY).await, Err(unavailable()), "nobody is there");
            stage.host.lift(&StoreBreakage::Killed).await.unwrap();
        };
        let write = async {
            let outcome = store.write(&drafts[1]).await;
            assert_eq!((outcome, stage.clock.now()), (Err(unavailable()), millis(15)), "at once");
        };
        join(write, breaking).await;
        assert_eq!(store.version(Key(0)).await, Ok(Version(1)));
        assert_eq!(stage.clock.now(), millis(31), "its connections are as new");
    });
}

/// As long as the COMMIT was asked for, nobody knows.
#[test]
fn what_a_kill_meets_at_its_commit_may_be_there_or_not_and_what_waits_for_a_row_is_not() {
    let options =
        StoreOptions { server: StoreServer::Postgres, connections: 40, ..StoreOptions::default() };
    let stage = Stage::with(options, times());
    let store = stage.node(0);
    let drafts: Vec<Draft> = (0..40).map(|number| draft(Key(number / 2), number)).collect();
    let rows = stage.clock.clone().block_on(async {
        let writes = join_all(drafts.iter().map(|draft| store.write(draft)));
        let kill = async {
            stage.at(5).await;
            stage.host.inject(&StoreBreakage::Killed).await.unwrap();
        };
        let (outcomes, _) = join(writes, kill).await;
        assert!(outcomes.iter().all(Result::is_err));
        stage.host.rows(EVERY_KEY).await.unwrap()
    });
    assert!(rows.iter().all(|row| row.version <= Version(1)), "the second of a row had not begun");
    let there = rows.iter().filter(|row| row.version == Version(1)).count();
    assert!((3..=17).contains(&there), "about half of twenty: {there}");
}

#[test]
fn what_has_no_process_cannot_be_killed() {
    for server in [StoreServer::Sqlite, StoreServer::Embedded] {
        let stage = Stage::new(server);
        let refused = stage.clock.block_on(stage.host.inject(&StoreBreakage::Killed));
        assert!(matches!(refused, Err(Error::Unbreakable { .. })));
    }
}

#[test]
fn the_embedded_store_waits_for_nothing() {
    let store = Stage::new(StoreServer::Embedded).node(0);
    let ready = store.write(&draft(KEY, 1)).now_or_never();
    assert_eq!(ready, Some(Ok(Version(1))));
    assert_eq!(store.version(KEY).now_or_never(), Some(Ok(Version(1))));
    let absent = store.read(Key(99)).now_or_never();
    assert_eq!(absent, Some(Ok(Read { value: Value::never_written(Key(99)), rows: 0 })));
}

/// As many keys as no table could hold, and a body that is made anew whenever it is asked for.
#[test]
fn nobody_keeps_rows_that_nobody_wrote() {
    struct Endless;

    impl Dataset for Endless {
        fn keys(&self) -> u64 {
            1 << 62
        }

        fn initial(&self, key: Key) -> Draft {
            draft(key, 0)
        }

        fn children(&self) -> u32 {
            0
        }

        fn child_amount(&self, _: Key, _: u32) -> i64 {
            0
        }

        fn shared(&self) -> Arc<dyn Dataset> {
            Arc::new(Self)
        }
    }

    let host = TwinStoreHost::new(&StoreOptions::default());
    let far = Key(1 << 61);
    host.reset(&Endless).now_or_never().unwrap().unwrap();
    let store = host.connect(NodeId(0)).now_or_never().unwrap().unwrap();
    let read = |key| store.read(key).now_or_never().unwrap().unwrap().value;
    assert_eq!(read(far), draft(far, 0).at(Version(0)));
    store.write(&draft(far, 5)).now_or_never().unwrap().unwrap();
    for key in [far, Key(far.0 + 4_096), far] {
        let (writer, version) = if key == far { (5, 1) } else { (0, 0) };
        assert_eq!(read(key), draft(key, writer).at(Version(version)));
    }
    let rows = host.rows(Key(far.0 - 1)..Key(far.0 + 2)).now_or_never().unwrap().unwrap();
    let found: Vec<_> = rows.iter().map(|row| (row.key.0 + 1 - far.0, row.version.0)).collect();
    assert_eq!(found, [(0, 0), (1, 1), (2, 0)]);
}
