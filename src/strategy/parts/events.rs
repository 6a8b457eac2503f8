//! Invalidation by event: what is common to the strategy of that name and to events beside any other.
//!
//! - every write leaves an outbox row about itself in its own transaction
//! - relay: publish new outbox rows to the cache's event stream, then delete them: at least once, and
//!   never before the COMMIT
//! - consumer: ONE for the shared cache, in a consumer group so that a dead one is replaced; DEL, or
//!   delete the entry only if it is older than the event
//!
//! Source: the transactional outbox as C. Richardson describes it in "Microservices Patterns", 2018,
//! section 3.3.

use async_trait::async_trait;
use futures_util::future;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::backend::{Cache, Ctx, Event, Store};
use crate::model::{Draft, FaultKind, Key, Nanos, Outcome, Value, Version};
use crate::strategy::Strategy;

/// What an event does to the entry of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Deletes it, and voids its lease.
    Delete,
    /// Deletes it if its version is below the event's.
    DeleteIfOlder,
}

/// How long the consumer waits for an event before it asks again.
const CONSUMER_WAIT: Nanos = Nanos::from_millis(500);
/// How long a consumer may take over an event before another gets it.
const CLAIM_TIMEOUT: Nanos = Nanos::from_secs(5);

/// The way of the events from the outbox to the cache.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Events {
    pub form: Form,
    /// How long the relay rests when the outbox is empty.
    pub relay_interval: Nanos,
    /// The most events that are carried at once.
    pub batch: usize,
}

impl Events {
    /// Events of this form, carried as fast as by default.
    pub const fn new(form: Form) -> Self {
        Self { form, relay_interval: Nanos::from_millis(10), batch: 500 }
    }

    /// Carries events for ever.
    pub async fn carry(&self, ctx: &Ctx<'_>) {
        let relay = async {
            loop {
                if !matches!(self.relay(ctx).await, Ok(true)) {
                    ctx.clock().sleep(self.relay_interval).await;
                }
            }
        };
        let consumer = async {
            loop {
                // After a failure the events stay pending, and come again after the claim's timeout.
                if self.consume(ctx, CONSUMER_WAIT, CLAIM_TIMEOUT).await.is_err() {
                    ctx.clock().sleep(self.relay_interval).await;
                }
            }
        };
        future::join(relay, consumer).await;
    }

    /// Carries what is left. Whoever had claimed some of it is gone: it is anyone's at once.
    pub async fn finish(&self, ctx: &Ctx<'_>) -> Outcome<()> {
        while self.relay(ctx).await? {}
        while self.consume(ctx, Nanos::ZERO, Nanos::ZERO).await? {}
        Ok(())
    }

    /// Carries one batch from the outbox to the stream. True if there was one.
    async fn relay(&self, ctx: &Ctx<'_>) -> Outcome<bool> {
        let events = ctx.relay().store().read_outbox(self.batch).await?;
        if events.is_empty() {
            return Ok(false);
        }
        match ctx.relay().cache().publish(&events).await {
            // A full cache takes no event, but it still deletes: what the stream has no room for is
            // carried out here.
            Err(fault) if fault.kind == FaultKind::Refused => {
                for &event in &events {
                    self.invalidate(ctx, event).await?;
                }
            }
            outcome => outcome?,
        }
        ctx.relay().store().trim_outbox(&events).await?;
        Ok(true)
    }

    /// Carries out one batch of events. True if there was one.
    async fn consume(&self, ctx: &Ctx<'_>, wait: Nanos, idle: Nanos) -> Outcome<bool> {
        let delivered = ctx.relay().cache().claim_events(self.batch, wait, idle).await?;
        if delivered.is_empty() {
            return Ok(false);
        }
        for delivery in &delivered {
            self.invalidate(ctx, delivery.event).await?;
        }
        ctx.relay().cache().settle_events(&delivered).await?;
        Ok(true)
    }

    async fn invalidate(&self, ctx: &Ctx<'_>, event: Event) -> Outcome<bool> {
        let cache = ctx.relay().cache();
        match self.form {
            Form::Delete => cache.lease_delete(event.key).await,
            Form::DeleteIfOlder => cache.delete_if_older(event.key, event.version).await,
        }
    }
}

/// A strategy, with events beside it if `form` says so.
pub fn beside(form: Option<Form>, strategy: Box<dyn Strategy>) -> Box<dyn Strategy> {
    match form {
        Some(form) => Box::new(Beside { strategy, events: Events::new(form) }),
        None => strategy,
    }
}

/// A strategy whose writes also leave events, which invalidate once more.
struct Beside {
    strategy: Box<dyn Strategy>,
    events: Events,
}

#[async_trait]
impl Strategy for Beside {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        self.strategy.read(ctx, key)
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        ctx.leave_events();
        self.strategy.write(ctx, draft).await
    }

    async fn maintain(&self, ctx: &Ctx<'_>) {
        self.strategy.maintain(ctx).await;
    }

    async fn background(&self, ctx: &Ctx<'_>) {
        future::join(self.strategy.background(ctx), self.events.carry(ctx)).await;
    }

    async fn drain(&self, ctx: &Ctx<'_>) -> Outcome<()> {
        self.strategy.drain(ctx).await?;
        self.events.finish(ctx).await
    }
}
