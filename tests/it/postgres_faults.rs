//! A PostgreSQL that dies, comes back, will not do, or is not ours.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use cacheduel::backend::managed::Workspace;
use cacheduel::backend::postgres::PostgresHost;
use cacheduel::backend::{
    Dataset, Durability, EVERY_KEY, Error, Origin, Store, StoreHost, StoreOptions, VersionedDraft,
};
use cacheduel::clock::Clock;
use cacheduel::model::{
    Draft, Fault, FaultKind, Key, NodeId, Outcome, Span, StoreBreakage, Version, Writer,
};
use sqlx::{Connection, PgConnection};

use crate::postgres_servers::{self, run_name, start, workspace};
use crate::private_servers::PATIENCE;

const UNAVAILABLE: Fault = Fault::store(FaultKind::Unavailable);

/// A host of a server of its own, with two nodes' worth of connections on it.
struct Own {
    workspace: Workspace,
    host: PostgresHost,
    clock: Clock,
}

impl Own {
    async fn start() -> Self {
        let (workspace, clock) = (workspace(), Clock::wall());
        let server = start(&workspace, Durability::Full).await;
        let host = PostgresHost::open_managed(server, "own", &options(), clock.clone()).await;
        let host = host.expect("the server has just been started for it");
        host.reset(&Rows).await.unwrap();
        Self { workspace, host, clock }
    }

    async fn node(&self) -> Arc<dyn Store> {
        self.host.connect(NodeId(0)).await.unwrap()
    }

    fn server_id(&self) -> u32 {
        self.host.managed().unwrap().id()
    }

    /// Asks again until there is an answer: each connection finds out on its own that it is lost.
    async fn until_answered<T>(&self, call: impl AsyncFn() -> Outcome<T>) -> T {
        let deadline = self.clock.now() + PATIENCE;
        loop {
            match call().await {
                Ok(answer) => return answer,
                Err(fault) => assert_eq!(fault, UNAVAILABLE),
            }
            assert!(self.clock.now() < deadline, "the store does not come back");
        }
    }
}

#[tokio::test]
async fn a_server_that_died_is_unavailable_and_back_with_all_that_it_had_acknowledged() {
    let own = Own::start().await;
    let (host, store) = (&own.host, own.node().await);
    for number in 1..=20 {
        store.write_with_event(&draft(Key(1), number)).await.unwrap();
    }

    let children = processes_of(own.server_id());
    assert!(children.len() > 2, "it has processes of its own: {children:?}");
    host.inject(&StoreBreakage::Killed).await.unwrap();
    assert!(!children.iter().any(|process| is_running(*process)), "they are gone when it is");
    for _ in 0..6 {
        assert_eq!(store.read(Key(1)).await, Err(UNAVAILABLE));
        assert_eq!(store.write(&draft(Key(1), 0)).await, Err(UNAVAILABLE));
        assert_eq!(store.read_outbox(1).await, Err(UNAVAILABLE));
    }

    host.lift(&StoreBreakage::Killed).await.unwrap();
    let version = own.until_answered(async || store.version(Key(1)).await).await;
    assert_eq!(version, Version(20));
    let outbox = own.until_answered(async || store.read_outbox(100).await).await;
    assert_eq!(outbox.len(), 20);
    let next = own.until_answered(async || store.write(&draft(Key(1), 21)).await).await;
    assert_eq!(next, Version(21));
    // So do what only the experiment asks, and the next block.
    assert_eq!(host.rows(EVERY_KEY).await.unwrap()[1].version, Version(21));
    host.counters().await.unwrap();
    host.reset(&Rows).await.unwrap();
    assert_eq!(store.read(Key(1)).await, Err(UNAVAILABLE));
    assert_eq!(own.node().await.version(Key(1)).await, Ok(Version::INITIAL));
}

#[tokio::test]
async fn what_only_others_can_break_is_refused() {
    let own = Own::start().await;
    for breakage in [StoreBreakage::Down, StoreBreakage::Slow { by: Span::from_millis(1) }] {
        let refused = own.host.inject(&breakage).await;
        assert!(matches!(refused, Err(Error::Unbreakable { .. })), "{refused:?}");
    }
    // Neither is there a server of others that the run would kill.
    let shared = postgres_servers::host(&options()).await;
    let refused = shared.inject(&StoreBreakage::Killed).await;
    assert!(matches!(refused, Err(Error::Unbreakable { .. })), "{refused:?}");

    // While it is about, for a server takes a second: whatever becomes of it, nothing is left.
    let (server, path) = (own.server_id(), own.workspace.path().to_owned());
    let processes = [processes_of(server), vec![server]].concat();
    assert!(shared_memory().contains(&server), "it has memory that would outlive it");
    drop(own);
    assert_nothing_left(&path, &processes, server);
}

#[tokio::test]
async fn a_server_that_was_killed_and_not_restarted_leaves_nothing_either() {
    let own = Own::start().await;
    let (server, path) = (own.server_id(), own.workspace.path().to_owned());
    let processes = [processes_of(server), vec![server]].concat();
    own.host.inject(&StoreBreakage::Killed).await.unwrap();
    assert!(shared_memory().contains(&server), "a crash leaves it behind");
    drop(own);
    assert_nothing_left(&path, &processes, server);
}

#[tokio::test]
async fn the_server_counts_what_nodes_ask_and_nothing_of_the_counting() {
    let own = Own::start().await;
    let store = own.node().await;
    let before = own.host.counters().await.unwrap();
    for number in 1..=7 {
        store.read(Key(2)).await.unwrap();
        store.write(&draft(Key(2), number)).await.unwrap();
    }
    store.version(Key(2)).await.unwrap();
    store.write_with_event(&draft(Key(3), 1)).await.unwrap();
    let events = store.read_outbox(10).await.unwrap();
    store.trim_outbox(&events).await.unwrap();
    let batch =
        [4, 5, 6].map(|key| VersionedDraft { draft: draft(Key(key), 9), version: Version(9) });
    store.apply_batch(&batch).await.unwrap();
    let mut after = own.host.counters().await.unwrap();
    let deadline = own.clock.now() + PATIENCE;
    // Who looks twice finds the same, but for the server's own upkeep of its tables.
    loop {
        let again = own.host.counters().await.unwrap();
        if std::mem::replace(&mut after, again.clone()) == again {
            break;
        }
        assert!(own.clock.now() < deadline, "looking adds to what is counted");
    }
    let counted = after.since(&before).database.unwrap();

    let calls = counted.statements.clone().expect("PostgreSQL comes with pg_stat_statements");
    let expected = [
        ("apply", 1),
        ("outbox", 1),
        ("read", 7),
        ("trim", 1),
        ("version", 1),
        ("write", 7),
        ("write with event", 1),
    ];
    assert_eq!(calls, expected.map(|(name, calls)| (name.to_owned(), calls)).into());
    // Its upkeep may add to these; as a rule it does not come in so short a time.
    assert!(counted.commits >= 7 + 7 + 5, "each call is one transaction: {counted:?}");
    assert!(counted.rows_updated >= 7 + 1 + 2, "{counted:?}");
    assert!(counted.rows_inserted >= 2, "an event, and a row that was not there: {counted:?}");
    assert!(counted.rows_deleted >= 1 && counted.blocks_hit > 0, "{counted:?}");
    assert_eq!((counted.rollbacks, counted.deadlocks), (0, 0));
}

#[tokio::test]
async fn a_writer_waits_for_who_has_its_row_and_for_nobody_else() {
    let run = run_name();
    let host = postgres_servers::host_as(&run, &options()).await.unwrap();
    host.reset(&Rows).await.unwrap();
    let store = host.connect(NodeId(0)).await.unwrap();
    let url = postgres_servers::shared().await.url();
    let mut outsider = PgConnection::connect(&url).await.unwrap();
    let schema = schema_of(&run);
    execute(&mut outsider, &format!("BEGIN; SELECT FROM {schema}.entity WHERE id = 1 FOR UPDATE"))
        .await;

    let (held, free) = (draft(Key(1), 1), draft(Key(2), 1));
    let mut waiting = store.write(&held);
    tokio::select! {
        biased;
        version = &mut waiting => panic!("the row is held: {version:?}"),
        version = store.write(&free) => assert_eq!(version, Ok(Version(1))),
    }
    assert_eq!(store.version(Key(1)).await, Ok(Version::INITIAL), "readers wait for nobody");
    execute(&mut outsider, "ROLLBACK").await;
    assert_eq!(waiting.await, Ok(Version(1)));
    host.clear().await.unwrap();
}

/// What was given up while it waited for a row must not reach the tables that come next.
#[tokio::test]
async fn a_write_that_was_given_up_ends_before_the_next_block() {
    let run = run_name();
    let host = postgres_servers::host_as(&run, &options()).await.unwrap();
    host.reset(&Rows).await.unwrap();
    let store = host.connect(NodeId(0)).await.unwrap();
    let url = postgres_servers::shared().await.url();
    let mut outsider = PgConnection::connect(&url).await.unwrap();
    let schema = schema_of(&run);
    execute(&mut outsider, &format!("BEGIN; SELECT FROM {schema}.entity WHERE id = 1 FOR UPDATE"))
        .await;
    let held = draft(Key(1), 1);
    tokio::select! {
        biased;
        version = store.write(&held) => panic!("the row is held: {version:?}"),
        version = store.version(Key(2)) => assert_eq!(version, Ok(Version::INITIAL)),
    }
    let waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = $1 \
                   AND wait_event_type = 'Lock'";
    let count = async |outsider: &mut PgConnection| -> i64 {
        sqlx::query_scalar(waiting).bind(&schema).fetch_one(outsider).await.unwrap()
    };
    assert_eq!(count(&mut outsider).await, 1, "the server has not been told that it was given up");
    execute(&mut outsider, "ROLLBACK; BEGIN").await;
    host.reset(&Rows).await.unwrap();
    assert_eq!(count(&mut outsider).await, 0);
    let store = host.connect(NodeId(0)).await.unwrap();
    assert_eq!(store.version(Key(1)).await, Ok(Version::INITIAL));
    host.clear().await.unwrap();
}

#[tokio::test]
async fn a_schema_that_somebody_else_has_made_is_refused_and_left_alone() {
    let run = run_name();
    let url = postgres_servers::shared().await.url();
    let mut outsider = PgConnection::connect(&url).await.unwrap();
    let schema = schema_of(&run);
    execute(
        &mut outsider,
        &format!("CREATE SCHEMA {schema}; CREATE TABLE {schema}.entity (id INT)"),
    )
    .await;
    let refused = postgres_servers::host_as(&run, &options()).await.err().unwrap().to_string();
    assert!(refused.contains(&schema) && refused.contains("not this run's"), "{refused}");
    execute(
        &mut outsider,
        &format!("SELECT id FROM {schema}.entity; DROP SCHEMA {schema} CASCADE"),
    )
    .await;

    // Nor is one that came up since the run had looked.
    let host = postgres_servers::host_as(&run, &options()).await.unwrap();
    execute(&mut outsider, &format!("CREATE SCHEMA {schema}")).await;
    let refused = host.reset(&Rows).await.unwrap_err().to_string();
    assert!(refused.contains(&schema), "{refused}");
    host.clear().await.unwrap();
    execute(&mut outsider, &format!("DROP SCHEMA {schema}")).await;
}

#[tokio::test]
async fn a_server_that_is_set_otherwise_than_asked_is_refused_with_both_settings() {
    let options = StoreOptions { durability: Durability::Off, ..options() };
    let refused = postgres_servers::host_as(&run_name(), &options).await.err().unwrap().to_string();
    assert!(refused.contains("`durability = \"off\"`"), "{refused}");
    assert!(refused.contains("`fsync = on`"), "{refused}");
    assert!(refused.contains(":***@127.0.0.1"), "{refused}");
}

#[tokio::test]
async fn the_settings_are_what_postgres_says_of_itself() {
    for (durability, commit) in [(Durability::Full, "on"), (Durability::Normal, "off")] {
        let options = StoreOptions { durability, ..options() };
        let server = postgres_servers::host(&options).await.server();
        assert_eq!((server.kind.as_str(), server.managed), ("postgres", false));
        assert_eq!(server.settings["synchronous_commit"], commit);
        assert_eq!(server.settings["fsync"], "on");
        assert_eq!(server.settings["full_page_writes"], "on");
        assert_eq!(server.settings["transport"], "tcp");
        for setting in ["wal_sync_method", "shared_buffers", "max_connections", "autovacuum", "jit"]
        {
            assert!(server.settings.contains_key(setting), "{setting}: {:?}", server.settings);
        }
        assert!(server.version.starts_with(|sign: char| sign.is_ascii_digit()));
    }
}

/// The plan, where the tables are as big as that of a scenario.
#[tokio::test]
async fn an_aggregation_finds_its_own_children_and_joins_them_with_their_regions() {
    let run = run_name();
    let options = StoreOptions { origin: Origin::Aggregation { rows: 100 }, ..options() };
    let host = postgres_servers::host_as(&run, &options).await.unwrap();
    host.reset(&Children).await.unwrap();
    let store = host.connect(NodeId(0)).await.unwrap();
    let read = store.read(Key(3)).await.unwrap();
    assert_eq!((read.rows, read.value.aggregate.unwrap().rows), (101, 100));
    let url = postgres_servers::shared().await.url();
    let mut outsider = PgConnection::connect(&url).await.unwrap();
    let explain = format!(
        "EXPLAIN SELECT region.name, COUNT(*), SUM(child.amount)
         FROM {0}.child JOIN {0}.region ON region.id = child.region
         WHERE child.parent = (SELECT id FROM {0}.entity WHERE id = 3 AND body IS NOT NULL)
         GROUP BY region.name",
        schema_of(&run)
    );
    let plan: Vec<String> =
        sqlx::query_scalar(sqlx::AssertSqlSafe(explain)).fetch_all(&mut outsider).await.unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("child_by_parent") && plan.contains("region"), "{plan}");
    assert!(!plan.contains("Seq Scan on child"), "{plan}");
    host.clear().await.unwrap();
}

async fn execute(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
}

fn schema_of(run: &str) -> String {
    format!("cacheduel_{}", run.replace('-', "_"))
}

/// The numbers of the processes that a server has started.
fn processes_of(server: u32) -> Vec<u32> {
    let children = format!("/proc/{server}/task/{server}/children");
    let numbers = fs::read_to_string(children).unwrap_or_default();
    numbers.split_whitespace().map(|number| number.parse().unwrap()).collect()
}

fn is_running(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

/// The makers of the blocks of System V's shared memory.
fn shared_memory() -> Vec<u32> {
    let table = fs::read_to_string("/proc/sysvipc/shm").unwrap();
    let makers = table.lines().skip(1).map(|line| line.split_whitespace().nth(4).unwrap().parse());
    makers.map(Result::unwrap).collect()
}

#[track_caller]
fn assert_nothing_left(directory: &Path, processes: &[u32], server: u32) {
    assert!(!directory.exists(), "{} is left", directory.display());
    let left: Vec<_> = processes.iter().filter(|process| is_running(**process)).collect();
    assert!(left.is_empty(), "still running: {left:?} of {processes:?}");
    assert!(!shared_memory().contains(&server), "a block of shared memory is left");
}

fn options() -> StoreOptions {
    StoreOptions { connections: 2, ..StoreOptions::default() }
}

fn draft(key: Key, number: u64) -> Draft {
    let body = format!(r#"{{"id":{},"number":{number}}}"#, key.0);
    Draft::new(key, Writer(number), Bytes::from(body))
}

struct Rows;

impl Dataset for Rows {
    fn keys(&self) -> u64 {
        6
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

struct Children;

impl Dataset for Children {
    fn keys(&self) -> u64 {
        500
    }

    fn initial(&self, key: Key) -> Draft {
        draft(key, 0)
    }

    fn children(&self) -> u32 {
        100
    }

    fn child_amount(&self, key: Key, child: u32) -> i64 {
        key.0 as i64 + i64::from(child)
    }

    fn shared(&self) -> Arc<dyn Dataset> {
        Arc::new(Self)
    }
}
