//! Cache hosts whose cache, or whose events, can be disturbed.

use std::sync::Arc;

use async_trait::async_trait;

use super::events::{Disturbance, Disturbed};
use super::outage::{Outage, Outages, Trouble};
use crate::backend::layer::Layered;
use crate::backend::{Cache, CacheCounters, CacheHost, CacheState, Error, Server};
use crate::clock::Clock;
use crate::model::{CacheBreakage, EventBreakage, Key, Nanos, NodeId};

/// Loses or delays the events and notices of any cache.
pub struct DisturbedCacheHost {
    inner: Box<dyn CacheHost>,
    clock: Arc<dyn Clock>,
    disturbance: Arc<Disturbance>,
}

/// Puts a cache without a process of its own, the twin, out of reach of its nodes. What becomes of
/// its content is the twin's.
pub struct OutageCacheHost {
    inner: Box<dyn CacheHost>,
    clock: Arc<dyn Clock>,
    /// How long a node waits for an answer.
    timeout: Nanos,
    outage: Arc<Outage>,
}

impl DisturbedCacheHost {
    pub fn new(inner: Box<dyn CacheHost>, clock: Arc<dyn Clock>) -> Self {
        Self { inner, clock, disturbance: Arc::default() }
    }
}

impl OutageCacheHost {
    pub fn new(inner: Box<dyn CacheHost>, clock: Arc<dyn Clock>, timeout: Nanos) -> Self {
        Self { inner, clock, timeout, outage: Outage::new() }
    }
}

#[async_trait]
impl CacheHost for DisturbedCacheHost {
    fn server(&self) -> Server {
        self.inner.server()
    }

    async fn connect(&self, node: NodeId) -> Result<Arc<dyn Cache>, Error> {
        let inner = self.inner.connect(node).await?;
        let disturbed = Disturbed::new(self.disturbance.clone(), self.clock.clone());
        Ok(Arc::new(Layered::new(inner, disturbed)))
    }

    async fn reset(&self) -> Result<(), Error> {
        self.inner.reset().await
    }

    async fn clear(&self) -> Result<(), Error> {
        self.inner.clear().await
    }

    async fn counters(&self) -> Result<Option<CacheCounters>, Error> {
        self.inner.counters().await
    }

    async fn state(&self, keys: &[Key]) -> Result<Vec<CacheState>, Error> {
        self.inner.state(keys).await
    }

    async fn inject(&self, breakage: &CacheBreakage) -> Result<(), Error> {
        self.inner.inject(breakage).await
    }

    async fn lift(&self, breakage: &CacheBreakage) -> Result<(), Error> {
        self.inner.lift(breakage).await
    }

    fn disturb_events(&self, breakage: &EventBreakage) -> Result<(), Error> {
        self.disturbance.set(Some(*breakage));
        Ok(())
    }

    fn leave_events_alone(&self) {
        self.disturbance.set(None);
    }
}

#[async_trait]
impl CacheHost for OutageCacheHost {
    fn server(&self) -> Server {
        self.inner.server()
    }

    async fn connect(&self, node: NodeId) -> Result<Arc<dyn Cache>, Error> {
        let inner = self.inner.connect(node).await?;
        let outages = Outages::new(self.outage.clone(), self.clock.clone(), self.timeout);
        Ok(Arc::new(Layered::new(inner, outages)))
    }

    async fn reset(&self) -> Result<(), Error> {
        self.inner.reset().await
    }

    async fn clear(&self) -> Result<(), Error> {
        self.inner.clear().await
    }

    async fn counters(&self) -> Result<Option<CacheCounters>, Error> {
        self.inner.counters().await
    }

    async fn state(&self, keys: &[Key]) -> Result<Vec<CacheState>, Error> {
        self.inner.state(keys).await
    }

    async fn inject(&self, breakage: &CacheBreakage) -> Result<(), Error> {
        match breakage {
            CacheBreakage::Killed => self.outage.begin(Trouble::Refused),
            CacheBreakage::Paused | CacheBreakage::Unreachable => {
                self.outage.begin(Trouble::Silent);
            }
            CacheBreakage::Slow(toxics) => self.outage.begin(Trouble::Slow(*toxics)),
            CacheBreakage::Reset => self.outage.break_connections(),
            CacheBreakage::Flushed => {}
        }
        self.inner.inject(breakage).await
    }

    async fn lift(&self, breakage: &CacheBreakage) -> Result<(), Error> {
        self.inner.lift(breakage).await?;
        self.outage.end();
        Ok(())
    }

    fn disturb_events(&self, breakage: &EventBreakage) -> Result<(), Error> {
        self.inner.disturb_events(breakage)
    }

    fn leave_events_alone(&self) {
        self.inner.leave_events_alone();
    }
}
