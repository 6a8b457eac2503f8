//! Where backends come from: a host is one server (or its twin) for one block of an experiment.
//!
//! A strategy never sees a host. The experiment uses it to load the dataset, to give each node its
//! connections, to read the server's own counters, to look at the state that is left in the end,
//! and to clean up.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Cache, Entry, Error, Store};
use crate::model::{
    Breakage, CacheBreakage, CacheCounters, Draft, EventBreakage, Key, Nanos, NodeId, Promise,
    Server, StoreBreakage, StoreCounters, Version, Writer,
};

/// All keys that there can be, for [`StoreHost::rows`].
pub const EVERY_KEY: Range<Key> = Key(0)..Key(u64::MAX);

/// What bare clients ask over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yardstick {
    /// The client library's connections, as an application has them.
    Library,
    /// Connections of our own, where nodes have such.
    Own,
}

/// A cache server, as the experiment handles it.
#[async_trait]
pub trait CacheHost: Send + Sync {
    /// What it is, for the Record.
    fn server(&self) -> Server;

    /// A node's own handle, over its own connections.
    async fn connect(&self, node: NodeId) -> Result<Arc<dyn Cache>, Error>;

    /// Removes everything that this run put there, and nothing else; makes ready what a strategy
    /// expects to find (the queue's and the stream's consumer groups).
    async fn reset(&self) -> Result<(), Error>;

    /// Removes everything that this run put there, and nothing else, to leave it so.
    async fn clear(&self) -> Result<(), Error>;

    /// The server's own counters as they stand; `None` where it keeps none.
    async fn counters(&self) -> Result<Option<CacheCounters>, Error>;

    /// What is left under each key of the dataset, for the audit. Not counted by any tap.
    async fn state(&self, keys: &[Key]) -> Result<Vec<CacheState>, Error>;

    /// Has `clients` clients that do nothing else ask for the entries of `keys` until `until`, over as
    /// many connections as a node has, with nothing of ours in between. Returns how many answers they
    /// got; `None` where there is no server to ask, or no connection of that kind.
    ///
    /// # Errors
    /// If the server cannot be reached, or does not answer one of them.
    async fn bare_gets(
        &self,
        _clients: u32,
        _over: Yardstick,
        _keys: &[Key],
        _until: Nanos,
    ) -> Result<Option<u64>, Error> {
        Ok(None)
    }

    /// Does to the server, or to the network, what `breakage` says. What lasts goes on until it is
    /// [lifted](CacheHost::lift).
    ///
    /// # Errors
    /// If that cannot be done to this server.
    async fn inject(&self, breakage: &CacheBreakage) -> Result<(), Error> {
        Err(Error::unbreakable(self.server(), Breakage::Cache(*breakage)))
    }

    /// Ends what was injected, and returns when the server can be used again.
    ///
    /// # Errors
    /// If it does not come back.
    async fn lift(&self, breakage: &CacheBreakage) -> Result<(), Error> {
        Err(Error::unbreakable(self.server(), Breakage::Cache(*breakage)))
    }

    /// From now on does to events and notices what `breakage` says.
    ///
    /// # Errors
    /// If that cannot be done here.
    fn disturb_events(&self, breakage: &EventBreakage) -> Result<(), Error> {
        Err(Error::unbreakable(self.server(), Breakage::Events(*breakage)))
    }

    /// From now on leaves events and notices alone.
    fn leave_events_alone(&self) {}
}

/// A store, as the experiment handles it.
#[async_trait]
pub trait StoreHost: Send + Sync {
    fn server(&self) -> Server;

    /// A node's own handle. It serves until the next reset and fails as unavailable from then on.
    async fn connect(&self, node: NodeId) -> Result<Arc<dyn Store>, Error>;

    /// Brings the store to the freshly loaded dataset, whatever was there before.
    async fn reset(&self, dataset: &dyn Dataset) -> Result<(), Error>;

    async fn counters(&self) -> Result<StoreCounters, Error>;

    /// The rows under `keys`, in their order, for the audit; a deleted one with the version and the
    /// writer of its deletion. Who wants to see many of them asks for some after the others.
    async fn rows(&self, keys: Range<Key>) -> Result<Vec<Row>, Error>;

    /// Removes everything that this run put there, and nothing else, to leave it so.
    async fn clear(&self) -> Result<(), Error>;

    /// Does to the store what `breakage` says, until it is [lifted](StoreHost::lift).
    ///
    /// # Errors
    /// If that cannot be done to this store.
    async fn inject(&self, breakage: &StoreBreakage) -> Result<(), Error> {
        Err(Error::unbreakable(self.server(), Breakage::Store(*breakage)))
    }

    /// Ends what was injected, and returns when the store can be used again.
    ///
    /// # Errors
    /// If it does not come back.
    async fn lift(&self, breakage: &StoreBreakage) -> Result<(), Error> {
        Err(Error::unbreakable(self.server(), Breakage::Store(*breakage)))
    }
}

/// The rows that a store is loaded with.
pub trait Dataset: Send + Sync {
    /// How many keys are loaded: `0 .. keys`. Rows under other keys may come to be.
    fn keys(&self) -> u64;

    /// The row under `key` as version 0, by [`Writer::LOAD`].
    fn initial(&self, key: Key) -> Draft;

    /// What `writer` writes under `key`, where that depends on nothing else and need not be written: a
    /// store in memory keeps the promise instead. `None` where it may be any, or is to be text.
    fn promise(&self, _key: Key, _writer: Writer) -> Option<Promise> {
        None
    }

    /// How many child rows each row has; 0 where the origin is a point lookup.
    fn children(&self) -> u32;

    /// What each child row adds to its parent's total.
    fn child_amount(&self, key: Key, child: u32) -> i64;

    /// The same rows, for a store that makes each of them when it is asked for and keeps none.
    fn shared(&self) -> Arc<dyn Dataset>;
}

/// What the cache holds under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheState {
    pub key: Key,
    pub entry: Option<Entry>,
}

/// What the store holds under one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub key: Key,
    pub version: Version,
    pub writer: Writer,
    /// Whether the body still matches the checksum that its writer made.
    pub intact: bool,
}
