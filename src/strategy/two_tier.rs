//! `two-tier`: a small cache in each node's own memory, in front of the shared one.
//!
//! - read: the node's tier; else GET, and keep it in the node; on a miss there, store read, then SET
//! - write: store COMMIT, then DEL in the shared cache, then tell the bus, then forget it here
//! - every node listens to the bus and forgets what it hears of; when its connection is lost it
//!   forgets everything, and does without its tier until it listens again
//!
//! Risks: another node's tier is out of date for as long as the bus takes. What the bus loses stays
//! for `local-ttl` at most, so no read is staler than the sum of both TTLs.

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::parts::aside::{Aside, Fill};
use super::parts::delivery::deliver;
use super::parts::near::Near;
use super::{About, Lifetime, Strategy};
use crate::backend::{Cache, Ctx};
use crate::model::{Draft, Key, Outcome, Span, Value, Version};

pub const ABOUT: About = About {
    name: "two-tier",
    summary: "read: the node's memory, else cache, else store; write: store, delete, tell all nodes",
    risk: "another node's memory is stale while the bus tells it, and for its own TTL if it fails",
    when: "a few keys are read so often that even the round trip to the cache is too much",
};

options! {
    ttl: Span::from_secs(60);
    events;
    /// How long a value is kept in a node.
    local_ttl: Span = Span::from_secs(5),
    /// How many values a node keeps.
    local_keys: usize = 1_000,
}

pub fn lifetime(_: &Options) -> Option<Lifetime> {
    None
}

pub struct TwoTier {
    near: Near,
    aside: Aside,
}

impl TwoTier {
    pub fn new(options: &Options) -> Self {
        Self {
            near: Near::new(options.local_keys, options.local_ttl.nanos()),
            aside: Aside::new(options.caching(), Fill::Overwrite),
        }
    }
}

#[async_trait]
impl Strategy for TwoTier {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        Box::pin(async move {
            if let Some(value) = self.near.get(ctx, key) {
                return Ok(value);
            }
            let place = self.near.place(key);
            let value = self.aside.read(ctx, key).await?;
            self.near.keep(ctx, place, &value);
            Ok(value)
        })
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        let version = ctx.write().store().write(&draft).await?;
        deliver(ctx, || self.aside.invalidate(ctx.write(), draft.key)).await;
        deliver(ctx, async || ctx.write().cache().broadcast(draft.key).await).await;
        self.near.forget(draft.key);
        Ok(version)
    }

    async fn maintain(&self, ctx: &Ctx<'_>) {
        self.near.listen(ctx, async || ctx.relay().cache().subscribe().await).await;
    }
}
