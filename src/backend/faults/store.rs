//! A store's host whose store can be out of reach, or slow.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;

use super::outage::{Outage, Outages, Trouble};
use crate::backend::layer::Layered;
use crate::backend::{Dataset, Error, Row, Server, Store, StoreCounters, StoreHost};
use crate::clock::Clock;
use crate::model::{Key, NodeId, StoreBreakage};

/// Makes a store [down](StoreBreakage::Down) or [slow](StoreBreakage::Slow) for its nodes; what only
/// the experiment does goes on as ever. Whatever else may break is the store's own.
pub struct OutageStoreHost {
    inner: Box<dyn StoreHost>,
    clock: Clock,
    outage: Arc<Outage>,
}

impl OutageStoreHost {
    pub fn new(inner: Box<dyn StoreHost>, clock: Clock) -> Self {
        Self { inner, clock, outage: Outage::new() }
    }
}

#[async_trait]
impl StoreHost for OutageStoreHost {
    fn server(&self) -> Server {
        self.inner.server()
    }

    async fn connect(&self, node: NodeId) -> Result<Arc<dyn Store>, Error> {
        let inner = self.inner.connect(node).await?;
        let outages = Outages::new(self.outage.clone(), self.clock.clone());
        Ok(Arc::new(Layered::new(inner, outages)))
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
        match breakage {
            StoreBreakage::Down => self.outage.begin(Trouble::Refused),
            // Each way takes half of it.
            StoreBreakage::Slow { by } => self.outage.begin(Trouble::Slow(by.half().nanos())),
            StoreBreakage::Killed => {
                self.inner.inject(breakage).await?;
                // Who waits for an answer then waits in vain.
                self.outage.break_connections();
            }
        }
        Ok(())
    }

    async fn lift(&self, breakage: &StoreBreakage) -> Result<(), Error> {
        match breakage {
            StoreBreakage::Down | StoreBreakage::Slow { .. } => self.outage.end(),
            StoreBreakage::Killed => return self.inner.lift(breakage).await,
        }
        Ok(())
    }
}
