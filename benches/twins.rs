//! What a call to a twin costs a simulation. To a store's: a point read of a small row, of one that has to
//! be made, one that was made before and one that was written, and a write; at once, and with the ways and
//! the times of a database under virtual time. To a cache's: GET and SET of entries of 300 bytes, of which
//! there are a million, so that hardly any is at hand; at once, with a network and a thread, and with room
//! for a third of them.

mod support {
    pub mod dataset;
}

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use cacheduel::backend::twin::{TwinCacheHost, TwinStoreHost};
use cacheduel::backend::{CacheHost, CacheOptions, Eviction, Store, StoreOptions, StoreServer};
use cacheduel::clock::SimClock;
use cacheduel::experiment::Loadable;
use cacheduel::model::{CacheTimes, Draft, Key, Nanos, NodeId, Profile, Size, Writer};
use cacheduel::workload::{BodySize, DatasetOptions, Entity, Rows};

use support::dataset::products;

const KEYS: u64 = 1_000_000;
/// Steps over the keys, so that one is hardly met again.
const STRIDE: u64 = 7_919;

fn calls(criterion: &mut Criterion, server: StoreServer, name: &str) {
    let small = BodySize::Fixed(Size(130));
    let dataset = DatasetOptions { entity: Entity::Counter, size: small, ..products(KEYS) };
    let rows = Rows::new(&dataset, 3, 0, KEYS);
    let clock = SimClock::new();
    let shared = clock.handle();
    let options = StoreOptions { server, ..StoreOptions::default() };
    let times = Profile::default().store;
    let host = TwinStoreHost::simulated(&options, &times, 1, false, &shared);
    let store: Arc<dyn Store> = clock.block_on(async {
        host.reset(&Loadable(&rows)).await.expect("a twin can always be reset");
        host.connect(NodeId(0)).await.expect("a twin can always be connected to")
    });
    let read = |key| clock.block_on(store.read(black_box(key))).expect("a twin answers");
    let write = |draft: &Draft| clock.block_on(store.write(draft)).expect("a twin answers");

    let mut group = criterion.benchmark_group(format!("twin/{name}"));
    group.throughput(Throughput::Elements(1));
    let mut key = 0;
    group.bench_function("read-new", |bencher| {
        bencher.iter(|| {
            key = (key + STRIDE) % KEYS;
            read(Key(key))
        });
    });
    group.bench_function("read-again", |bencher| bencher.iter(|| read(Key(5))));
    let draft = rows.draft(Key(6), Writer(1));
    group.bench_function("write", |bencher| bencher.iter(|| write(&draft)));
    group.bench_function("read-written", |bencher| bencher.iter(|| read(Key(6))));
    group.finish();
}

fn cache_calls(criterion: &mut Criterion, options: &CacheOptions, times: &CacheTimes, name: &str) {
    let clock = SimClock::new();
    let host = TwinCacheHost::simulated(options, times, 1, clock.handle());
    let host = host.expect("the twin can do what is asked");
    let cache = clock.block_on(host.connect(NodeId(0))).expect("a twin can be connected to");
    let get = |key| clock.block_on(cache.get(black_box(key))).expect("a twin answers");
    let set = |key| {
        let entry = vec![7; 300].into();
        clock.block_on(cache.set(key, entry, Some(Nanos::from_secs(600)))).expect("it is taken");
    };
    (0..KEYS).for_each(|key| set(Key(key)));

    let mut group = criterion.benchmark_group(format!("twin-cache/{name}"));
    group.throughput(Throughput::Elements(1));
    let mut key = 0;
    let mut next = || {
        key = (key + STRIDE) % KEYS;
        Key(key)
    };
    group.bench_function("get", |bencher| bencher.iter(|| get(next())));
    group.bench_function("set", |bencher| bencher.iter(|| set(next())));
    group.finish();
}

fn caches(criterion: &mut Criterion) {
    let (unlimited, nominal) = (CacheOptions::default(), Profile::default().cache);
    cache_calls(criterion, &unlimited, &CacheTimes::default(), "at-once");
    cache_calls(criterion, &unlimited, &nominal, "nominal");
    let limited = CacheOptions {
        maxmemory: Some(Size(150_000_000)),
        eviction: Eviction::AllkeysLru,
        ..CacheOptions::default()
    };
    cache_calls(criterion, &limited, &nominal, "nominal-full");
}

fn twins(criterion: &mut Criterion) {
    calls(criterion, StoreServer::Embedded, "embedded");
    calls(criterion, StoreServer::Sqlite, "sqlite");
    calls(criterion, StoreServer::Postgres, "postgres");
}

criterion_group! {
    name = benches;
    config = support::dataset::criterion();
    targets = twins, caches
}
criterion_main!(benches);
