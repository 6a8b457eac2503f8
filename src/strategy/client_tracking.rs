//! `client-tracking`: a cache in each node's own memory, of which the server keeps track itself.
//!
//! - read: the node's tier; else GET over the tracked connection, and keep it in the node; on a miss,
//!   store read, then SET with TTL
//! - write: store COMMIT, then DEL, of which the server tells every node that has read the key; then
//!   forget it here
//! - every node listens on the connection it reads by, so replies and notices cannot overtake each
//!   other; when that is lost it forgets everything, and does without its tier until it has another
//!
//! Risks: another node's tier is out of date for as long as the notice takes; `local-ttl` bounds what
//! a connection can lose without anybody noticing.
//!
//! Source: "Client-side caching in Redis", redis.io (CLIENT TRACKING, RESP3).

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::parts::aside::{Aside, Fill, Lookup, found};
use super::parts::delivery::deliver;
use super::parts::near::Near;
use super::{About, Lifetime, Strategy};
use crate::backend::{Cache, Ctx};
use crate::model::{Draft, Key, Outcome, Span, Value, Version};

pub const ABOUT: About = About {
    name: "client-tracking",
    summary: "read: the node's memory, else cache, else store; write: store, delete; the server tells",
    risk: "another node's memory is stale while the notice is on its way",
    when: "as two-tier, where the cache itself can tell the nodes what has changed",
};

options! {
    ttl: Span::from_secs(60);
    events;
    /// How long a value is kept in a node.
    local_ttl: Span = Span::from_secs(60),
    /// How many values a node keeps.
    local_keys: usize = 1_000,
}

pub fn lifetime(_: &Options) -> Option<Lifetime> {
    None
}

pub struct ClientTracking {
    near: Near,
    aside: Aside,
}

impl ClientTracking {
    pub fn new(options: &Options) -> Self {
        Self {
            near: Near::new(options.local_keys, options.local_ttl.nanos()),
            aside: Aside::new(options.caching(), Fill::Overwrite),
        }
    }
}

#[async_trait]
impl Strategy for ClientTracking {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        Box::pin(async move {
            if let Some(value) = self.near.get(ctx, key) {
                return Ok(value);
            }
            if !self.near.is_listening() {
                return self.aside.read(ctx, key).await;
            }
            let place = self.near.place(key);
            let answer = ctx.lookup().cache().get_tracked(key).await;
            let lookup = found(ctx, key, answer)?;
            if let Lookup::Found(found) = &lookup {
                self.near.keep(ctx, place, &found.value);
            }
            self.aside.answer(ctx, key, lookup).await
        })
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        let version = ctx.write().store().write(&draft).await?;
        deliver(ctx, || self.aside.invalidate(ctx.write(), draft.key)).await;
        self.near.forget(draft.key);
        Ok(version)
    }

    async fn maintain(&self, ctx: &Ctx<'_>) {
        self.near.listen(ctx, async || ctx.relay().cache().track().await).await;
    }
}
