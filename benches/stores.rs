//! What the real stores take, SQLite and PostgreSQL side by side: a read and a durable write, one at
//! a time and as many at once as a node has connections. Their settings are those of a run. The
//! yardstick for SQLite is the same lookup in a loop over its own library and nothing else.

mod support {
    pub mod dataset;
}

use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::join_all;
use rusqlite::Connection;
use tokio::runtime::Runtime;

use cacheduel::backend::managed::{ManagedPostgres, Workspace};
use cacheduel::backend::postgres::PostgresHost;
use cacheduel::backend::sqlite::SqliteHost;
use cacheduel::backend::{Durability, Store, StoreHost, StoreOptions};
use cacheduel::clock::Clock;
use cacheduel::experiment::Loadable;
use cacheduel::model::{Draft, Key, NodeId, Writer};
use cacheduel::workload::Rows;

use support::dataset::products;

const KEYS: u64 = 1_000;
/// Calls at once, and connections for them.
const CONNECTIONS: u32 = 8;

/// A node's handle on a store that was freshly loaded. The host goes with it.
struct Node {
    store: Arc<dyn Store>,
    _host: Box<dyn StoreHost>,
}

async fn node(host: impl StoreHost + 'static, rows: &Rows) -> Node {
    host.reset(&Loadable(rows)).await.expect("the store can be loaded");
    let store = host.connect(NodeId(0)).await.expect("a node can connect");
    Node { store, _host: Box::new(host) }
}

async fn sqlite(workspace: &Workspace, rows: &Rows, options: &StoreOptions) -> Node {
    let clock = Clock::wall();
    let host = SqliteHost::open(workspace.path(), options, clock).await;
    node(host.expect("SQLite is compiled in"), rows).await
}

async fn postgres(workspace: &Workspace, rows: &Rows, options: &StoreOptions) -> Node {
    let clock = Clock::wall();
    let server = ManagedPostgres::start(workspace, options.durability, 50, &clock).await;
    let server = server.expect("PostgreSQL is installed");
    let host = PostgresHost::open_managed(server, "bench", options, clock).await;
    node(host.expect("the server has just been started for it"), rows).await
}

async fn read(store: &dyn Store, key: Key) {
    store.read(key).await.expect("a read of a loaded key is answered");
}

async fn write(store: &dyn Store, draft: &Draft) {
    store.write(draft).await.expect("a write is acknowledged");
}

fn calls(criterion: &mut Criterion, name: &str, runtime: &Runtime, rows: &Rows, node: &Node) {
    let store = &*node.store;
    let drafts: Vec<Draft> = (0..KEYS).map(|key| rows.draft(Key(key), Writer(1))).collect();
    let mut group = criterion.benchmark_group(format!("store/{name}"));
    for at_once in [1, CONNECTIONS as usize] {
        group.throughput(Throughput::Elements(at_once as u64));
        let mut keys = (0..KEYS).map(Key).cycle();
        group.bench_function(format!("read-{at_once}"), |bencher| {
            bencher.iter(|| {
                let keys = keys.by_ref().take(at_once);
                runtime.block_on(join_all(keys.map(|key| read(store, key))));
            });
        });
        let mut drafts = drafts.iter().cycle();
        group.bench_function(format!("write-{at_once}"), |bencher| {
            bencher.iter(|| {
                let drafts = drafts.by_ref().take(at_once);
                runtime.block_on(join_all(drafts.map(|draft| write(store, draft))));
            });
        });
    }
    group.finish();
}

/// Looks rows up in the template that the store of a run is a copy of.
fn bare(criterion: &mut Criterion, workspace: &Workspace) {
    let template = workspace.path().join("template.db");
    let connection = Connection::open(template).expect("a store has been loaded from it");
    let mut group = criterion.benchmark_group("store/sqlite-bare");
    group.throughput(Throughput::Elements(1));
    let mut keys = (0..KEYS as i64).cycle();
    group.bench_function("read-1", |bencher| {
        bencher.iter(|| {
            let sql = "SELECT version, writer, checksum, body FROM entity WHERE id = ?1";
            let mut select = connection.prepare_cached(sql).expect("the table is there");
            let row =
                |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
            let found: (i64, i64, i64, Vec<u8>) =
                select.query_row([keys.next()], row).expect("every key was loaded");
            found
        });
    });
    group.finish();
}

fn stores(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system has a reactor");
    let workspace = Workspace::create(None).expect("the system has a temporary directory");
    let rows = Rows::new(&products(KEYS), 3, 0, KEYS);
    for (name, durability) in [("full", Durability::Full), ("normal", Durability::Normal)] {
        let options =
            StoreOptions { durability, connections: CONNECTIONS, ..StoreOptions::default() };
        let node = runtime.block_on(sqlite(&workspace, &rows, &options));
        calls(criterion, &format!("sqlite-{name}"), &runtime, &rows, &node);
        if durability == Durability::Full {
            bare(criterion, &workspace);
        }
        let node = runtime.block_on(postgres(&workspace, &rows, &options));
        calls(criterion, &format!("postgres-{name}"), &runtime, &rows, &node);
    }
}

criterion_group! {
    name = benches;
    config = support::dataset::criterion();
    targets = stores
}
criterion_main!(benches);
