//! A node's handle on the twin of a store.

use std::sync::Arc;

use async_trait::async_trait;

use super::call::StoreCall;
use super::database::{Answer, Database};
use super::pool::Pool;
use super::served::Served;
use crate::backend::{Applied, Asking, Event, Origin, Read, Store, StoreAsking, VersionedDraft};
use crate::model::{Draft, Key, Nanos, Outcome, Version};

/// A node's handle on the twin.
pub struct TwinStore {
    pub(super) origin: Origin,
    pub(super) served: Arc<Served>,
    pub(super) connections: Connections,
}

/// What a node's calls wait for; `None` where they wait for none.
#[derive(Clone, Default)]
pub(super) struct Connections {
    pub lookups: Option<Arc<Pool>>,
    /// For what takes longer: aggregations, and looks into the outbox.
    pub scans: Option<Arc<Pool>>,
    pub writes: Option<Arc<Pool>>,
}

impl TwinStore {
    /// A call that takes a turn at a connection of `pool`.
    fn over<'a, T, A: Copy>(
        &'a self,
        pool: &'a Option<Arc<Pool>>,
        about: A,
        ask: fn(&mut Database, Nanos, A) -> Answer<T>,
    ) -> StoreCall<'a, T, A> {
        StoreCall::new(&self.served, pool.as_deref(), about, ask)
    }
}

#[async_trait]
impl Store for TwinStore {
    fn read(&self, key: Key) -> StoreAsking<'_, Read, Key> {
        let pool = match self.origin {
            Origin::PointLookup | Origin::Api(_) => &self.connections.lookups,
            Origin::Aggregation { .. } => &self.connections.scans,
        };
        Asking::simulated(self.over(pool, key, Database::read))
    }

    async fn version(&self, key: Key) -> Outcome<Version> {
        self.over(&self.connections.lookups, key, Database::version).await
    }

    fn write<'a>(&'a self, draft: &'a Draft) -> StoreAsking<'a, Version, &'a Draft> {
        Asking::simulated(self.over(&self.connections.writes, draft, Database::write))
    }

    fn write_with_event<'a>(&'a self, draft: &'a Draft) -> StoreAsking<'a, Version, &'a Draft> {
        Asking::simulated(self.over(&self.connections.writes, draft, Database::write_with_event))
    }

    async fn apply_batch(&self, writes: &[VersionedDraft]) -> Outcome<Applied> {
        if writes.is_empty() {
            return Ok(Applied::default());
        }
        self.over(&self.connections.writes, writes, Database::apply_batch).await
    }

    async fn read_outbox(&self, max: usize) -> Outcome<Vec<Event>> {
        self.over(&self.connections.scans, max, Database::read_outbox).await
    }

    async fn trim_outbox(&self, published: &[Event]) -> Outcome<()> {
        if published.is_empty() {
            return Ok(());
        }
        self.over(&self.connections.writes, published, Database::trim_outbox).await
    }
}
