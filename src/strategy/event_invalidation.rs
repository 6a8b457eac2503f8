//! `event-invalidation`: a write leaves an event in its own transaction, and the event, not the
//! writer, invalidates the cache.
//!
//! - read: GET; on a miss, store read, then SET with a long TTL
//! - write: the row and an outbox row about it in ONE transaction
//! - relay: every `relay-interval`, publish new outbox rows to the cache's event stream, then
//!   delete them: at least once, and never before the COMMIT
//! - consumer: ONE for the shared cache, in a consumer group so that a dead one is replaced; DEL, or
//!   delete the entry only if it is older than the event
//!
//! Risks: an entry is stale for as long as its event is on the way; a fill that overlaps the event
//! may put the old row back; an event that is lost leaves it until the TTL.
//!
//! Source: the transactional outbox as C. Richardson describes it in "Microservices Patterns", 2018,
//! section 3.3.

use async_trait::async_trait;
use futures_util::future;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parts::aside::{Aside, Fill};
use super::parts::expiry::Expiry;
use super::{About, Lifetime, Strategy};
use crate::backend::{Cache, Ctx, Event, Store};
use crate::model::{Draft, Key, Nanos, Outcome, Share, Span, Value, Version};

pub const ABOUT: About = About {
    name: "event-invalidation",
    summary: "read: cache, else store and fill; write: store and outbox, an event deletes the entry",
    risk: "stale while the event is on its way; until the TTL if it is lost",
    when: "several services write the store, or writers must not wait for the cache; a moment of staleness is fine",
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Options {
    /// How long an entry lives if no event comes for it.
    pub ttl: Span,
    /// By what share of itself the TTL varies from entry to entry, either way.
    pub jitter: Share,
    /// What an event does to the entry.
    pub form: Form,
    /// How long the relay rests when the outbox is empty.
    pub relay_interval: Span,
    /// The most events that are carried at once.
    pub batch: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ttl: Span::from_secs(600),
            jitter: Share(0.0),
            form: Form::Delete,
            relay_interval: Span::from_millis(10),
            batch: 500,
        }
    }
}

pub fn lifetime(options: &Options) -> Option<Lifetime> {
    Some(Lifetime::UntilWrite(options.ttl))
}

/// What an event does to the entry of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Deletes it.
    Delete,
    /// Deletes it if its version is below the event's.
    DeleteIfOlder,
}

/// How long the consumer waits for an event before it asks again.
const CONSUMER_WAIT: Nanos = Nanos::from_millis(500);
/// How long a consumer may take over an event before another gets it.
const CLAIM_TIMEOUT: Nanos = Nanos::from_secs(5);

pub struct EventInvalidation {
    aside: Aside,
    options: Options,
}

impl EventInvalidation {
    pub fn new(options: &Options) -> Self {
        let expiry = Expiry::new(options.ttl, options.jitter);
        Self { aside: Aside::new(expiry, Fill::Overwrite), options: options.clone() }
    }

    /// Carries one batch from the outbox to the stream. True if there was one.
    async fn relay(&self, ctx: &Ctx<'_>) -> Outcome<bool> {
        let events = ctx.relay().store().read_outbox(self.options.batch).await?;
        if events.is_empty() {
            return Ok(false);
        }
        ctx.relay().cache().publish(&events).await?;
        ctx.relay().store().trim_outbox(&events).await?;
        Ok(true)
    }

    /// Carries out one batch of events. True if there was one.
    async fn consume(&self, ctx: &Ctx<'_>, wait: Nanos, idle: Nanos) -> Outcome<bool> {
        let delivered = ctx.relay().cache().claim_events(self.options.batch, wait, idle).await?;
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
        match self.options.form {
            Form::Delete => ctx.relay().cache().delete(event.key).await,
            Form::DeleteIfOlder => {
                ctx.relay().cache().delete_if_older(event.key, event.version).await
            }
        }
    }
}

#[async_trait]
impl Strategy for EventInvalidation {
    async fn read(&self, ctx: &Ctx<'_>, key: Key) -> Outcome<Value> {
        self.aside.read(ctx, key).await
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        ctx.write().store().write_with_event(&draft).await
    }

    async fn background(&self, ctx: &Ctx<'_>) {
        let rest = self.options.relay_interval.nanos();
        let relay = async {
            loop {
                if !matches!(self.relay(ctx).await, Ok(true)) {
                    ctx.clock().sleep(rest).await;
                }
            }
        };
        let consumer = async {
            loop {
                // After a failure the events stay pending, and come again after the claim's timeout.
                if self.consume(ctx, CONSUMER_WAIT, CLAIM_TIMEOUT).await.is_err() {
                    ctx.clock().sleep(rest).await;
                }
            }
        };
        future::join(relay, consumer).await;
    }

    async fn drain(&self, ctx: &Ctx<'_>) -> Outcome<()> {
        while self.relay(ctx).await? {}
        // The consumer is gone: whatever it had claimed is anyone's at once.
        while self.consume(ctx, Nanos::ZERO, Nanos::ZERO).await? {}
        Ok(())
    }
}
