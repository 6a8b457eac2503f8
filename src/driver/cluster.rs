//! The nodes that run a strategy.

use std::sync::Arc;

use crate::backend::{Cache, CacheHost, Ctx, Error, Store, StoreHost, Tap};
use crate::clock::Clock;
use crate::model::NodeId;
use crate::strategy::Strategy;

/// One application process: its instance of the strategy and its own connections.
pub struct Node {
    pub id: NodeId,
    pub strategy: Box<dyn Strategy>,
    pub cache: Arc<dyn Cache>,
    pub store: Arc<dyn Store>,
}

impl Node {
    async fn open(
        id: NodeId,
        strategy: Box<dyn Strategy>,
        cache: &dyn CacheHost,
        store: &dyn StoreHost,
    ) -> Result<Self, Error> {
        Ok(Self { id, strategy, cache: cache.connect(id).await?, store: store.connect(id).await? })
    }

    /// The context of what this process does while no client waits for it.
    pub(super) fn context<'a>(&'a self, seed: u64, clock: &'a dyn Clock, tap: &'a Tap) -> Ctx<'a> {
        // Requests have seeds of their own, spread by a multiplier; two processes must not draw alike.
        let seed = seed.wrapping_sub(u64::from(self.id.0) + 1);
        Ctx::worker(&*self.cache, &*self.store, clock, tap, seed)
    }
}

/// All nodes of a run, and one more process for the work that no client waits for.
pub struct Cluster {
    pub nodes: Vec<Node>,
    pub worker: Node,
}

impl Cluster {
    /// Connects `nodes` processes that run the strategy that `build` makes, and its worker.
    ///
    /// # Errors
    /// If a connection cannot be made.
    pub async fn open(
        build: &(dyn Fn() -> Box<dyn Strategy> + Sync),
        nodes: u32,
        cache: &dyn CacheHost,
        store: &dyn StoreHost,
    ) -> Result<Self, Error> {
        let mut opened = Vec::new();
        for id in (0..nodes).map(NodeId) {
            opened.push(Node::open(id, build(), cache, store).await?);
        }
        let worker = Node::open(NodeId(nodes), build(), cache, store).await?;
        Ok(Self { nodes: opened, worker })
    }

    /// Every process, the nodes first and the worker last.
    pub(super) fn processes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().chain([&self.worker])
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }
}
