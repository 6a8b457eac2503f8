//! Cache hosts whose events can be disturbed.

use std::sync::Arc;

use async_trait::async_trait;

use super::events::{Disturbance, Disturbed};
use crate::backend::layer::Layered;
use crate::backend::{Cache, CacheCounters, CacheHost, CacheState, Error, Server};
use crate::clock::Clock;
use crate::model::{CacheBreakage, EventBreakage, Key, NodeId};

/// Loses or delays the events and notices of any cache.
pub struct DisturbedCacheHost {
    inner: Box<dyn CacheHost>,
    clock: Clock,
    disturbance: Arc<Disturbance>,
}

impl DisturbedCacheHost {
    pub fn new(inner: Box<dyn CacheHost>, clock: Clock) -> Self {
        Self { inner, clock, disturbance: Arc::default() }
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
