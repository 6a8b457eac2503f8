//! A few nodes, handled request by request: interleavings that a whole run would meet only by chance.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use cacheduel::backend::delay::{DelayedStoreHost, StoreDelays};
use cacheduel::backend::twin::{TwinCacheHost, TwinStoreHost};
use cacheduel::backend::{
    Cache, CacheHost, CacheOptions, Ctx, Described, Layer, Layered, Step, Store, StoreHost,
    StoreOptions, Tap,
};
use cacheduel::clock::{Clock, SimClock};
use cacheduel::experiment::Loadable;
use cacheduel::model::{
    Call, Draft, Fault, FaultKind, Key, Nanos, NodeId, Outcome, Side, Touches, Value, Verb,
    Version, Writer,
};
use cacheduel::strategy::{Spec, Strategy};
use cacheduel::workload::{DatasetOptions, Rows};

pub const KEY: Key = Key(1);
/// How long the store takes over a read under virtual time.
pub const LOAD: Nanos = Nanos::from_millis(50);

/// A cache, a store that takes its time, and whoever uses them.
pub struct Stage {
    pub clock: Clock,
    pub cache: Arc<dyn CacheHost>,
    store: DelayedStoreHost,
    rows: Rows,
    tap: Arc<Tap>,
    nodes: AtomicU64,
    origin: Arc<Origin>,
}

impl Stage {
    /// On a cache of the caller's. The store is the twin, which takes `load` over a read.
    pub async fn on(cache: Arc<dyn CacheHost>, clock: Clock, load: Nanos) -> Self {
        let dataset: DatasetOptions = toml::from_str("entity = \"counter\"").unwrap();
        let rows = Rows::new(&dataset, 1, 0, 10);
        let delays = StoreDelays { read: load, ..StoreDelays::default() };
        let twin = Box::new(TwinStoreHost::new(&StoreOptions::default()));
        let store = DelayedStoreHost::new(twin, clock.clone(), delays);
        store.reset(&Loadable(&rows)).await.unwrap();
        cache.reset().await.unwrap();
        let (tap, nodes, origin) = (Arc::new(Tap::new(&clock)), AtomicU64::new(0), Arc::default());
        Self { clock, cache, store, rows, tap, nodes, origin }
    }

    /// One more node that runs the strategy `name` with these options.
    pub async fn node(&self, name: &str, options: &str) -> Node {
        let options: toml::Table = options.parse().unwrap();
        let spec = Spec::read_options(name, options).unwrap().unwrap();
        let number = self.nodes.fetch_add(1, Ordering::Relaxed);
        let id = NodeId(number as u32);
        let store = self.store.connect(id).await.unwrap();
        Node {
            strategy: spec.build(),
            cache: self.cache.connect(id).await.unwrap(),
            store: Arc::new(Layered::new(store, Watched(self.origin.clone()))),
            clock: self.clock.clone(),
            tap: self.tap.clone(),
            requests: AtomicU64::new(number << 32),
        }
    }

    /// The row that `writer` writes under [`KEY`].
    pub fn draft(&self, writer: u64) -> Draft {
        self.rows.draft(KEY, Writer(writer))
    }

    pub async fn pass(&self, span: Nanos) {
        self.clock.sleep(span).await;
    }

    /// Whether the store is to fail from now on.
    pub fn fail(&self, fails: bool) {
        self.origin.fails.store(fails, Ordering::Relaxed);
    }

    /// Reads of the origin that have begun.
    pub fn reads_begun(&self) -> usize {
        self.origin.begun.load(Ordering::Relaxed)
    }

    /// Reads of the origin that have ended since this was last asked.
    pub fn origin_reads(&self) -> usize {
        let mut calls: Vec<Call> = Vec::new();
        self.tap.take(&mut calls);
        calls.iter().filter(|call| call.side == Side::Store && call.verb == Verb::Read).count()
    }
}

/// One application process.
pub struct Node {
    strategy: Box<dyn Strategy>,
    cache: Arc<dyn Cache>,
    store: Arc<dyn Store>,
    clock: Clock,
    tap: Arc<Tap>,
    requests: AtomicU64,
}

impl Node {
    pub async fn read(&self) -> Outcome<Value> {
        self.read_and_touch().await.0
    }

    /// The version that a read returns.
    pub async fn version(&self) -> Version {
        self.read().await.unwrap().version
    }

    /// What a read returns, and what it touched.
    pub async fn read_and_touch(&self) -> (Outcome<Value>, Touches) {
        let ctx = self.context();
        let outcome = self.strategy.read(&ctx, KEY).await;
        (outcome, ctx.touches())
    }

    pub async fn write(&self, draft: Draft) -> Version {
        self.try_write(draft).await.unwrap()
    }

    /// What a write comes to, whether it succeeds or not.
    pub async fn try_write(&self, draft: Draft) -> Outcome<Version> {
        self.strategy.write(&self.context(), draft).await
    }

    /// What the node does beside serving its clients. Does not end.
    pub async fn maintain(&self) {
        let ctx = self.context();
        self.strategy.maintain(&ctx).await;
        std::future::pending().await
    }

    /// The work that goes on once for all nodes. Does not end.
    pub async fn background(&self) {
        let ctx = self.context();
        self.strategy.background(&ctx).await;
        std::future::pending().await
    }

    /// Finishes what was left of that work.
    pub async fn drain(&self) -> Outcome<()> {
        self.strategy.drain(&self.context()).await
    }

    fn context(&self) -> Ctx<'_> {
        let seed = self.requests.fetch_add(1, Ordering::Relaxed);
        Ctx::request(&*self.cache, &*self.store, &self.clock, &self.tap, seed)
    }
}

/// What is known of the store, and done to it.
#[derive(Default)]
struct Origin {
    begun: AtomicUsize,
    fails: AtomicBool,
}

struct Watched(Arc<Origin>);

impl Layer for Watched {
    async fn around<T: Described>(
        &self,
        step: Step,
        call: impl Future<Output = Outcome<T>> + Send,
    ) -> Outcome<T> {
        self.0.begun.fetch_add(usize::from(step.verb == Verb::Read), Ordering::Relaxed);
        let outcome = call.await;
        match self.0.fails.load(Ordering::Relaxed) {
            true => Err(Fault::store(FaultKind::Unavailable)),
            false => outcome,
        }
    }
}

/// Plays a scene under virtual time, on the twins.
pub fn play<T>(scene: impl AsyncFnOnce(&Stage) -> T) -> T {
    play_with_twin(async |stage, _| scene(stage).await)
}

/// The same, with the cache in hand.
pub fn play_with_twin<T>(scene: impl AsyncFnOnce(&Stage, &TwinCacheHost) -> T) -> T {
    let clock = SimClock::new();
    let shared = clock.handle();
    let cache = Arc::new(TwinCacheHost::new(&CacheOptions::default(), shared.clone()).unwrap());
    clock.block_on(async {
        let stage = Stage::on(cache.clone(), shared, LOAD).await;
        scene(&stage, &cache).await
    })
}

/// What `work` comes to while `beside` goes on.
pub async fn beside<T>(beside: impl Future<Output = ()>, work: impl Future<Output = T>) -> T {
    use futures_util::future::{Either, select};
    match select(std::pin::pin!(work), std::pin::pin!(beside)).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => unreachable!("it does not end"),
    }
}
