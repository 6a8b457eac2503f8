//! A node's handle on the twin of a store.

use std::sync::Arc;

use async_trait::async_trait;

use super::database::{Answer, Database};
use super::pool::{Pool, Turn};
use super::served::Served;
use crate::backend::{Applied, Event, Origin, Read, Store, VersionedDraft};
use crate::model::{Draft, Fault, FaultKind, Key, Nanos, Outcome, Version};

/// A node's handle on the twin.
///
/// A call that is dropped before its turn is never made; dropped after that, it is done to its end.
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
    /// Makes `call` when there is a connection for it, and waits for its answer.
    async fn over<T: Send>(
        &self,
        pool: Option<&Arc<Pool>>,
        call: impl FnOnce(&mut Database, Nanos) -> Answer<T> + Send,
    ) -> Outcome<T> {
        let Some(clock) = &self.served.clock else {
            // Nothing takes any time.
            return self.served.ask(Nanos::ZERO, call).map(|answer| answer.outcome);
        };
        let asked = clock.now();
        let mut turn: Option<Turn<'_>> = match pool {
            Some(pool) => Some(pool.take(clock).await),
            None => None,
        };
        let began = clock.now();
        self.served.waits.record(began - asked);
        let deaths = self.served.deaths();
        let Answer { outcome, at } = self.served.ask(began, call)?;
        if let Some(turn) = &mut turn {
            turn.work_until(at);
            self.served.waits.held(at - began);
        }
        if at > began {
            clock.sleep_until(at).await;
        }
        if self.served.deaths() != deaths {
            return Err(Fault::store(FaultKind::Unavailable));
        }
        Ok(outcome)
    }
}

#[async_trait]
impl Store for TwinStore {
    async fn read(&self, key: Key) -> Outcome<Read> {
        let pool = match self.origin {
            Origin::PointLookup | Origin::Api(_) => &self.connections.lookups,
            Origin::Aggregation { .. } => &self.connections.scans,
        };
        self.over(pool.as_ref(), |database, now| database.read(now, key)).await
    }

    async fn version(&self, key: Key) -> Outcome<Version> {
        let pool = self.connections.lookups.as_ref();
        self.over(pool, |database, now| database.version(now, key)).await
    }

    async fn write(&self, draft: &Draft) -> Outcome<Version> {
        let pool = self.connections.writes.as_ref();
        self.over(pool, |database, now| database.write(now, draft, false)).await
    }

    async fn write_with_event(&self, draft: &Draft) -> Outcome<Version> {
        let pool = self.connections.writes.as_ref();
        self.over(pool, |database, now| database.write(now, draft, true)).await
    }

    async fn apply_batch(&self, writes: &[VersionedDraft]) -> Outcome<Applied> {
        if writes.is_empty() {
            return Ok(Applied::default());
        }
        let pool = self.connections.writes.as_ref();
        self.over(pool, |database, now| database.apply_batch(now, writes)).await
    }

    async fn read_outbox(&self, max: usize) -> Outcome<Vec<Event>> {
        let pool = self.connections.scans.as_ref();
        self.over(pool, |database, now| database.read_outbox(now, max)).await
    }

    async fn trim_outbox(&self, published: &[Event]) -> Outcome<()> {
        if published.is_empty() {
            return Ok(());
        }
        let pool = self.connections.writes.as_ref();
        self.over(pool, |database, now| database.trim_outbox(now, published)).await
    }
}
