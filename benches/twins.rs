//! What a call to the twin of a store costs a simulation: a point read of a small row, of one that has to
//! be made, one that was made before and one that was written, and a write; at once, and with the ways
//! and the times of a database under virtual time.

mod support {
    pub mod dataset;
}

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use cacheduel::backend::twin::TwinStoreHost;
use cacheduel::backend::{Store, StoreHost, StoreOptions, StoreServer};
use cacheduel::clock::{Clock, SimClock};
use cacheduel::experiment::Loadable;
use cacheduel::model::{Draft, Key, NodeId, Profile, Size, Writer};
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
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
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

fn twins(criterion: &mut Criterion) {
    calls(criterion, StoreServer::Embedded, "embedded");
    calls(criterion, StoreServer::Sqlite, "sqlite");
    calls(criterion, StoreServer::Postgres, "postgres");
}

criterion_group! {
    name = benches;
    config = support::dataset::criterion();
    targets = twins
}
criterion_main!(benches);
