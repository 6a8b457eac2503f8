//! `event-invalidation`: a write leaves an event in its own transaction, and the event, not the
//! writer, invalidates the cache.
//!
//! - read: GET; on a miss, store read, then SET with a long TTL
//! - write: the row and an outbox row about it in ONE transaction
//! - relay: every `relay-interval`, publish new outbox rows to the cache's event stream, then
//!   delete them: at least once, and never before the COMMIT
//! - consumer: ONE for the shared cache; DEL, or delete the entry only if it is older than the event
//!
//! Risks: an entry is stale for as long as its event is on the way; a fill that overlaps the event
//! may put the old row back; an event that is lost leaves it until the TTL.
//!
//! Source: the transactional outbox as C. Richardson describes it in "Microservices Patterns", 2018,
//! section 3.3.

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::parts::aside::{Aside, Fill};
use super::parts::events::{Events, Form};
use super::{About, Lifetime, Strategy};
use crate::backend::{Ctx, Store};
use crate::model::{Draft, Key, Outcome, Span, Value, Version};

pub const ABOUT: About = About {
    name: "event-invalidation",
    summary: "read: cache, else store and fill; write: store and outbox, an event deletes the entry",
    risk: "stale while the event is on its way; until the TTL if it is lost",
    when: "several services write the store, or writers must not wait for the cache; a moment of staleness is fine",
};

options! {
    ttl: Span::from_secs(600);
    /// What an event does to the entry.
    form: Form = Form::Delete,
    /// How long the relay rests when the outbox is empty.
    relay_interval: Span = Span::from_millis(10),
    /// The most events that are carried at once.
    batch: usize = 500,
}

pub fn lifetime(options: &Options) -> Option<Lifetime> {
    Some(Lifetime::UntilWrite(options.expiry().mean()))
}

pub struct EventInvalidation {
    aside: Aside,
    events: Events,
}

impl EventInvalidation {
    pub fn new(options: &Options) -> Self {
        let events = Events {
            form: options.form,
            relay_interval: options.relay_interval.nanos(),
            batch: options.batch,
        };
        Self { aside: Aside::new(options.caching(), Fill::Overwrite), events }
    }
}

#[async_trait]
impl Strategy for EventInvalidation {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        self.aside.read(ctx, key)
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        ctx.write().store().write_with_event(&draft).await
    }

    async fn background(&self, ctx: &Ctx<'_>) {
        self.events.carry(ctx).await;
    }

    async fn drain(&self, ctx: &Ctx<'_>) -> Outcome<()> {
        self.events.finish(ctx).await
    }
}
