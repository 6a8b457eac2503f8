//! The nodes that run a strategy.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use crate::backend::faults::{AfterCommit, Trap};
use crate::backend::{Cache, CacheHost, Ctx, Error, Layered, Store, StoreHost, Tap};
use crate::clock::Clock;
use crate::model::NodeId;
use crate::strategy::Strategy;

/// One application process: its instance of the strategy and its own connections.
pub struct Node {
    pub id: NodeId,
    pub strategy: Box<dyn Strategy>,
    pub cache: Arc<dyn Cache>,
    pub store: Arc<dyn Store>,
    was_killed: AtomicBool,
}

impl Node {
    /// The context of what this process does while no client waits for it.
    pub(super) fn context<'a>(&'a self, seed: u64, clock: &'a Clock, tap: &'a Tap) -> Ctx<'a> {
        // Requests have seeds of their own, spread by a multiplier; two processes must not draw alike.
        let seed = seed.wrapping_sub(u64::from(self.id.0) + 1);
        Ctx::worker(&*self.cache, &*self.store, clock, tap, seed)
    }

    pub(super) fn was_killed(&self) -> bool {
        self.was_killed.load(Ordering::Relaxed)
    }
}

/// The nodes of a run, and one more process for the work that no client waits for.
pub struct Cluster<'a> {
    build: &'a (dyn Fn() -> Box<dyn Strategy> + Sync),
    cache: &'a dyn CacheHost,
    store: &'a dyn StoreHost,
    nodes: Vec<Slot>,
    worker: Slot,
    /// On the worker's way to the store.
    trap: Arc<Trap>,
}

/// A place for a process, which may be killed and started again.
pub(super) struct Slot {
    id: NodeId,
    process: RefCell<Option<Rc<Node>>>,
    /// Counts the processes that were put there.
    changes: watch::Sender<u64>,
}

impl<'a> Cluster<'a> {
    /// Connects so many nodes, each with the strategy that `build` makes, and the worker.
    ///
    /// # Errors
    /// If a connection cannot be made.
    pub async fn open(
        build: &'a (dyn Fn() -> Box<dyn Strategy> + Sync),
        nodes: u32,
        cache: &'a dyn CacheHost,
        store: &'a dyn StoreHost,
    ) -> Result<Self, Error> {
        let cluster = Self {
            build,
            cache,
            store,
            nodes: (0..nodes).map(NodeId).map(Slot::new).collect(),
            worker: Slot::new(NodeId(nodes)),
            trap: Arc::default(),
        };
        for slot in cluster.slots() {
            cluster.start(slot).await?;
        }
        Ok(cluster)
    }

    /// Starts a process in `slot`, in the place of whatever was there.
    pub(super) async fn start(&self, slot: &Slot) -> Result<(), Error> {
        let mut store = self.store.connect(slot.id).await?;
        if slot.id == self.worker.id {
            store = Arc::new(Layered::new(store, AfterCommit::new(self.trap.clone())));
        }
        slot.put(Some(Rc::new(Node {
            id: slot.id,
            strategy: (self.build)(),
            cache: self.cache.connect(slot.id).await?,
            store,
            was_killed: AtomicBool::new(false),
        })));
        Ok(())
    }

    /// The process that serves the clients of node `id`: that node, or the next one that is up.
    pub(super) fn serving(&self, id: NodeId) -> Option<Rc<Node>> {
        let (before, from) = self.nodes.split_at(id.0 as usize);
        from.iter().chain(before).find_map(Slot::process)
    }

    /// Every process that is up, the nodes first and the worker last.
    pub(super) fn processes(&self) -> Vec<Rc<Node>> {
        self.slots().filter_map(Slot::process).collect()
    }

    /// Every node that is up.
    pub(super) fn nodes(&self) -> Vec<Rc<Node>> {
        self.nodes.iter().filter_map(Slot::process).collect()
    }

    pub(super) fn slot(&self, id: NodeId) -> &Slot {
        &self.nodes[id.0 as usize]
    }

    pub(super) fn worker(&self) -> &Slot {
        &self.worker
    }

    pub(super) fn trap(&self) -> &Trap {
        &self.trap
    }

    pub(super) fn cache(&self) -> &dyn CacheHost {
        self.cache
    }

    pub(super) fn store(&self) -> &dyn StoreHost {
        self.store
    }

    /// The work beside serving clients of whatever process is in `slot`, without end.
    pub(super) async fn work(&self, slot: &Slot, seed: u64, clock: &Clock, tap: &Tap) {
        loop {
            let Some(process) = slot.process() else {
                slot.until(Option::is_some).await;
                continue;
            };
            let ctx = process.context(seed, clock, tap);
            let work = async {
                if slot.id == self.worker.id {
                    process.strategy.background(&ctx).await;
                } else {
                    process.strategy.maintain(&ctx).await;
                }
                std::future::pending::<()>().await;
            };
            let is_another = |other: &Option<Rc<Node>>| {
                !other.as_ref().is_some_and(|other| Rc::ptr_eq(other, &process))
            };
            futures_util::future::select(pin!(work), pin!(slot.until(is_another))).await;
        }
    }

    /// The places of all processes.
    pub(super) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.nodes.iter().chain([&self.worker])
    }
}

impl Slot {
    fn new(id: NodeId) -> Self {
        Self { id, process: RefCell::default(), changes: watch::Sender::new(0) }
    }

    /// Ends the process that is there, with all that is in its memory.
    pub fn kill(&self) {
        if let Some(process) = self.process() {
            process.was_killed.store(true, Ordering::Relaxed);
        }
        self.put(None);
    }

    fn put(&self, process: Option<Rc<Node>>) {
        self.process.replace(process);
        self.changes.send_modify(|changes| *changes += 1);
    }

    fn process(&self) -> Option<Rc<Node>> {
        self.process.borrow().clone()
    }

    /// Waits until what is there is as it `should` be.
    async fn until(&self, should: impl Fn(&Option<Rc<Node>>) -> bool) {
        let mut changes = self.changes.subscribe();
        while !should(&self.process.borrow()) {
            // The sender is right here: it cannot be gone.
            let _ = changes.changed().await;
        }
    }
}
