//! Stores that take longer than they need: a slow query in front of any of them.
//!
//! A delay is waited out on the run's clock, so the twins get latency under virtual time this way.
//! A delay of zero waits for nothing at all.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;

use super::layer::{Described, Layer, Layered, Step};
use super::{Dataset, Error, Row, Server, Store, StoreCounters, StoreHost};
use crate::clock::Clock;
use crate::model::{Key, Nanos, NodeId, Outcome, StoreBreakage, Verb};

/// What each kind of call to a store takes beyond its own time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreDelays {
    /// A read of the origin. It comes after the rows were looked at: the answer is as old as it can
    /// be when it arrives, which is the worst case for a fill that races with a write.
    pub read: Nanos,
    /// Any other read: of a version, of the outbox. It, too, comes after the look.
    pub version: Nanos,
    /// A transaction that writes. It comes before the COMMIT, so the caller learns of it at once.
    pub write: Nanos,
}

/// A store, slowed down.
pub type DelayedStore = Layered<Arc<dyn Store>, SlowStore>;

/// What slows a store down.
pub struct SlowStore {
    clock: Clock,
    delays: StoreDelays,
}

/// A store's host whose nodes are slowed down; what only the experiment does is not.
pub struct DelayedStoreHost {
    inner: Box<dyn StoreHost>,
    clock: Clock,
    delays: StoreDelays,
}

impl SlowStore {
    pub const fn new(clock: Clock, delays: StoreDelays) -> Self {
        Self { clock, delays }
    }
}

impl Layer for SlowStore {
    async fn around<T: Described>(
        &self,
        step: Step,
        call: impl Future<Output = Outcome<T>> + Send,
    ) -> Outcome<T> {
        let (before, after) = match step.verb {
            Verb::Write => (self.delays.write, Nanos::ZERO),
            Verb::Read => (Nanos::ZERO, self.delays.read),
            _ => (Nanos::ZERO, self.delays.version),
        };
        wait(&self.clock, before).await;
        let outcome = call.await;
        wait(&self.clock, after).await;
        outcome
    }
}

impl DelayedStoreHost {
    pub fn new(inner: Box<dyn StoreHost>, clock: Clock, delays: StoreDelays) -> Self {
        Self { inner, clock, delays }
    }
}

#[async_trait]
impl StoreHost for DelayedStoreHost {
    fn server(&self) -> Server {
        self.inner.server()
    }

    async fn connect(&self, node: NodeId) -> Result<Arc<dyn Store>, Error> {
        let inner = self.inner.connect(node).await?;
        Ok(Arc::new(Layered::new(inner, SlowStore::new(self.clock.clone(), self.delays))))
    }

    async fn reset(&self, dataset: &dyn Dataset) -> Result<(), Error> {
        self.inner.reset(dataset).await
    }

    async fn counters(&self) -> Result<StoreCounters, Error> {
        self.inner.counters().await
    }

    async fn rows(&self, keys: Range<Key>) -> Result<Vec<Row>, Error> {
        self.inner.rows(keys).await
    }

    async fn clear(&self) -> Result<(), Error> {
        self.inner.clear().await
    }

    async fn inject(&self, breakage: &StoreBreakage) -> Result<(), Error> {
        self.inner.inject(breakage).await
    }

    async fn lift(&self, breakage: &StoreBreakage) -> Result<(), Error> {
        self.inner.lift(breakage).await
    }
}

async fn wait(clock: &Clock, span: Nanos) {
    if span > Nanos::ZERO {
        clock.sleep(span).await;
    }
}

#[cfg(test)]
mod tests;
