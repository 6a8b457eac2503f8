//! What each strategy costs by itself: one request on twins that answer at once, with its context
//! and the tap around the backends, and without plan, judge and meter.

mod support {
    pub mod dataset;
}

use std::cell::RefCell;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::FutureExt;

use cacheduel::backend::twin::{TwinCacheHost, TwinStoreHost};
use cacheduel::backend::{
    Cache, CacheHost, CacheOptions, Ctx, Eviction, Store, StoreHost, StoreOptions, Tap,
};
use cacheduel::clock::SimClock;
use cacheduel::experiment::Loadable;
use cacheduel::model::{Call, Draft, Key, NodeId, Touches, Writer};
use cacheduel::strategy::{Spec, Strategy};
use cacheduel::workload::Rows;

use support::dataset::products;

const KEYS: u64 = 1_000;
/// Writes after which a strategy's background work is done, outside of what is measured: without
/// it queues would grow for as long as the bench runs.
const WRITES_BETWEEN_DRAINS: u64 = 256;

/// One node on twins of its own.
struct Node {
    strategy: Box<dyn Strategy>,
    cache: Arc<dyn Cache>,
    store: Arc<dyn Store>,
    clock: SimClock,
    tap: Tap,
    calls: Vec<Call>,
}

impl Node {
    fn new(spec: &Spec, rows: &Rows, cache: &CacheOptions) -> Self {
        let clock = SimClock::new();
        let store = TwinStoreHost::new(&StoreOptions::default());
        let cache =
            TwinCacheHost::new(cache, clock.handle()).expect("the twin offers what is asked for");
        let node = NodeId(0);
        let (cache, store) = clock.block_on(async {
            store.reset(&Loadable(rows)).await.expect("a twin can always be reset");
            let cache = cache.connect(node).await.expect("a twin can always be connected to");
            (cache, store.connect(node).await.expect("a twin can always be connected to"))
        });
        let (tap, calls) = (Tap::new(&clock), Vec::new());
        Self { strategy: spec.build(), cache, store, clock, tap, calls }
    }

    fn read(&mut self, key: Key) -> Touches {
        let ctx = Ctx::request(&*self.cache, &*self.store, &self.clock, &self.tap, key.0);
        let value = self.strategy.read(&ctx, key).now_or_never();
        assert!(matches!(value, Some(Ok(_))), "a read of a loaded key is answered at once");
        let touches = ctx.touches();
        self.take_calls();
        touches
    }

    fn write(&mut self, draft: Draft) {
        let ctx = Ctx::request(&*self.cache, &*self.store, &self.clock, &self.tap, draft.key.0);
        let version = self.strategy.write(&ctx, draft).now_or_never();
        assert!(matches!(version, Some(Ok(_))), "a write is acknowledged at once");
        self.take_calls();
    }

    fn drain(&mut self) {
        let ctx = Ctx::worker(&*self.cache, &*self.store, &self.clock, &self.tap, 0);
        self.clock.block_on(self.strategy.drain(&ctx)).expect("a twin answers");
        self.take_calls();
    }

    fn take_calls(&mut self) {
        self.calls.clear();
        self.tap.take(&mut self.calls);
    }
}

/// Keys one after the other, again and again.
fn keys() -> impl Iterator<Item = Key> {
    (0..KEYS).map(Key).cycle()
}

fn read_hit(criterion: &mut Criterion, spec: &Spec, rows: &Rows) {
    let mut node = Node::new(spec, rows, &CacheOptions::default());
    for key in (0..KEYS).map(Key) {
        node.read(key);
    }
    // A strategy whose second read goes to the store as well has no hits to measure.
    if node.read(Key(0)).store_reads > 0 {
        return;
    }
    bench(criterion, spec, "read-hit", |bencher| {
        let mut keys = keys();
        bencher.iter(|| node.read(keys.next().expect("a cycle has no end")));
    });
}

fn read_miss(criterion: &mut Criterion, spec: &Spec, rows: &Rows) {
    // With room for one entry, the read of each key finds the one before it, and evicts it.
    let cache = CacheOptions {
        max_keys: Some(1),
        eviction: Eviction::AllkeysLru,
        ..CacheOptions::default()
    };
    let mut node = Node::new(spec, rows, &cache);
    // One sequence for all samples: starting over could ask for the key that was asked for last.
    let mut keys = keys();
    bench(criterion, spec, "read-miss", |bencher| {
        bencher.iter(|| {
            let touches = node.read(keys.next().expect("a cycle has no end"));
            assert!(touches.store_reads == 1, "every read is a miss");
        });
    });
}

fn write(criterion: &mut Criterion, spec: &Spec, rows: &Rows) {
    let node = RefCell::new(Node::new(spec, rows, &CacheOptions::default()));
    let drafts: Vec<Draft> = (0..KEYS).map(|key| rows.draft(Key(key), Writer(1))).collect();
    bench(criterion, spec, "write", |bencher| {
        let mut drafts = drafts.iter().cycle();
        bencher.iter_batched(
            || {
                node.borrow_mut().drain();
                drafts.next().expect("a cycle has no end").clone()
            },
            |draft| node.borrow_mut().write(draft),
            BatchSize::NumIterations(WRITES_BETWEEN_DRAINS),
        );
    });
}

fn bench(
    criterion: &mut Criterion,
    spec: &Spec,
    path: &str,
    measure: impl FnMut(&mut criterion::Bencher<'_>),
) {
    let mut group = criterion.benchmark_group(format!("strategy/{}", spec.about().name));
    group.throughput(Throughput::Elements(1));
    group.bench_function(path, measure);
    group.finish();
}

fn strategies(criterion: &mut Criterion) {
    let rows = Rows::new(&products(KEYS), 3, 0, KEYS);
    for about in Spec::ALL {
        let spec = Spec::read_options(about.name, serde_json::json!({}))
            .expect("the registry finds its own names")
            .expect("every option has a default");
        read_hit(criterion, &spec, &rows);
        read_miss(criterion, &spec, &rows);
        write(criterion, &spec, &rows);
    }
}

criterion_group! {
    name = benches;
    config = support::dataset::criterion();
    targets = strategies
}
criterion_main!(benches);
