//! What each strategy's read costs on a private Redis with SQLite: a hit, and a miss with its fill. One
//! request at a time, with its context and the tap, and without plan, judge and meter. Beside `strategies`,
//! which has the same on twins that answer at once, it says what the servers cost.

mod support {
    pub mod dataset;
}

use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::select;
use tokio::runtime::Runtime;

use cacheduel::backend::managed::{ManagedRedis, Workspace, find_server};
use cacheduel::backend::redis::{Naming, RedisHost, Route};
use cacheduel::backend::sqlite::SqliteHost;
use cacheduel::backend::{
    Cache, CacheHost, CacheOptions, Ctx, Store, StoreHost, StoreOptions, Tap,
};
use cacheduel::clock::Clock;
use cacheduel::experiment::Loadable;
use cacheduel::model::{Key, Nanos, NodeId, Touches};
use cacheduel::strategy::{Spec, Strategy};
use cacheduel::workload::Rows;

use support::dataset::products;

const KEYS: u64 = 1_000;

/// The servers of all strategies, one after the other.
struct Servers {
    clock: Clock,
    cache: RedisHost,
    store: SqliteHost,
    /// Dropped last: the servers' files are in it.
    _workspace: Workspace,
}

/// One node on them, with nothing cached.
struct Node<'a> {
    strategy: Box<dyn Strategy>,
    cache: Arc<dyn Cache>,
    store: Arc<dyn Store>,
    clock: &'a Clock,
    tap: Tap,
}

impl Servers {
    async fn start(rows: &Rows) -> Self {
        let clock = Clock::wall();
        let workspace = Workspace::create(None).expect("the system has a temporary directory");
        let options = CacheOptions::default();
        let server = ManagedRedis::start(&workspace, &options, &clock).await;
        let server = server.expect("the server that was found starts");
        let naming = Naming::new("bench", "product:{id}");
        let cache =
            RedisHost::open_managed(server, &options, naming, Route::Direct, clock.clone()).await;
        let cache = cache.expect("the server has just been started for it");
        let options = StoreOptions::default();
        let store = SqliteHost::open(workspace.path(), &options, clock.clone()).await;
        let store = store.expect("SQLite is compiled in");
        store.reset(&Loadable(rows)).await.expect("the store can be loaded");
        Self { clock, cache, store, _workspace: workspace }
    }

    async fn node(&self, spec: &Spec) -> Node<'_> {
        self.cache.reset().await.expect("the cache can be emptied");
        Node {
            strategy: spec.build(),
            cache: self.cache.connect(NodeId(0)).await.expect("a node can connect"),
            store: self.store.connect(NodeId(0)).await.expect("a node can connect"),
            clock: &self.clock,
            tap: Tap::new(&self.clock),
        }
    }
}

impl Node<'_> {
    /// Does `work` while the node refreshes and listens, as its strategy has it.
    async fn at_work<T>(&self, work: impl Future<Output = T>) -> T {
        let ctx = Ctx::worker(&*self.cache, &*self.store, self.clock, &self.tap, 0);
        let beside = async {
            self.strategy.maintain(&ctx).await;
            pending::<T>().await
        };
        select(pin!(work), pin!(beside)).await.factor_first().0
    }

    /// What a read touched, and how long it took.
    async fn read(&self, key: Key) -> (Touches, Nanos) {
        let started = self.clock.now();
        let ctx = Ctx::request(&*self.cache, &*self.store, self.clock, &self.tap, key.0);
        self.strategy.read(&ctx, key).await.expect("a read of a loaded key is answered");
        let took = self.clock.now() - started;
        self.tap.take(&mut Vec::new());
        (ctx.touches(), took)
    }
}

fn read_hit(criterion: &mut Criterion, runtime: &Runtime, servers: &Servers, spec: &Spec) {
    let node = runtime.block_on(servers.node(spec));
    let (touches, _) = runtime.block_on(node.at_work(async {
        node.read(Key(0)).await;
        node.read(Key(0)).await
    }));
    // A strategy whose second read goes to the store as well has no hits to measure.
    if touches.store_reads > 0 {
        return;
    }
    runtime.block_on(node.at_work(async {
        for key in (0..KEYS).map(Key) {
            node.read(key).await;
        }
    }));
    bench(criterion, spec, "read-hit", |bencher| {
        bencher.iter_custom(|count| {
            runtime.block_on(node.at_work(async {
                let mut total = Nanos::ZERO;
                for number in 0..count {
                    total += node.read(Key(number % KEYS)).await.1;
                }
                Duration::from(total)
            }))
        });
    });
}

fn read_miss(criterion: &mut Criterion, runtime: &Runtime, servers: &Servers, spec: &Spec) {
    bench(criterion, spec, "read-miss", |bencher| {
        bencher.iter_custom(|count| {
            runtime.block_on(async {
                let mut total = Nanos::ZERO;
                let mut missed = 0;
                while missed < count {
                    // A strategy with a tier in its node finds the key there until that forgets it.
                    let fresh = servers.node(spec).await;
                    let reads = KEYS.min(count - missed);
                    let all = fresh.at_work(async {
                        for key in (0..reads).map(Key) {
                            let (touches, took) = fresh.read(key).await;
                            assert!(touches.store_reads > 0, "every read is a miss");
                            total += took;
                        }
                    });
                    all.await;
                    missed += reads;
                }
                Duration::from(total)
            })
        });
    });
}

fn bench(
    criterion: &mut Criterion,
    spec: &Spec,
    path: &str,
    measure: impl FnMut(&mut criterion::Bencher<'_>),
) {
    let mut group = criterion.benchmark_group(format!("on-servers/{}", spec.about().name));
    group.throughput(Throughput::Elements(1));
    group.bench_function(path, measure);
    group.finish();
}

#[allow(clippy::print_stderr)]
fn on_servers(criterion: &mut Criterion) {
    if find_server().is_none() {
        eprintln!("on-servers: left out, for there is no redis-server or valkey-server on PATH");
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system has a reactor");
    let rows = Rows::new(&products(KEYS), 3, 0, KEYS);
    let servers = runtime.block_on(Servers::start(&rows));
    for about in Spec::ALL {
        let spec = Spec::read_options(about.name, serde_json::json!({}))
            .expect("the registry finds its own names")
            .expect("every option has a default");
        read_hit(criterion, &runtime, &servers, &spec);
        read_miss(criterion, &runtime, &servers, &spec);
    }
    // The server ends within the runtime that its connections are of.
    runtime.block_on(async { drop(servers) });
}

criterion_group! {
    name = benches;
    config = support::dataset::criterion();
    targets = on_servers
}
criterion_main!(benches);
