//! The nodes that run a strategy.

use std::sync::Arc;

use crate::backend::{Cache, CacheHost, Error, Store, StoreHost};
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

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }
}
