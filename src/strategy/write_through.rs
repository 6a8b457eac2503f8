//! `write-through`: a write puts its value into store and cache, in this order.
//!
//! - read: GET; on a miss, store read, then SET with TTL
//! - write: store COMMIT, then SET with TTL
//!
//! Risks: the SETs of two writers may land in the reverse of their COMMITs' order, and so may the
//! SET of a reader that read the store before a COMMIT; the old value then stays until its TTL. A
//! SET that never arrives leaves the old entry as long.

use async_trait::async_trait;

pub use super::parts::expiry::Options;

use super::parts::aside::{Aside, Fill};
use super::parts::delivery::deliver;
use super::parts::entry::{self, Stamp};
use super::parts::expiry::Expiry;
use super::parts::format::Format;
use super::{About, Lifetime, Strategy};
use crate::backend::{Cache, Ctx, Store};
use crate::model::{Draft, Key, Outcome, Value, Version};

pub const ABOUT: About = About {
    name: "write-through",
    summary: "read: cache, else store and fill; write: store, then set the entry",
    risk: "two writers' sets may land in the wrong order; stale until the TTL",
    when: "what is written is read again soon, so that an update should leave the entry warm rather than gone",
};

pub fn lifetime(options: &Options) -> Option<Lifetime> {
    Some(Lifetime::SinceWrite(options.ttl))
}

pub struct WriteThrough {
    expiry: Expiry,
    aside: Aside,
}

impl WriteThrough {
    pub fn new(options: &Options) -> Self {
        let expiry = options.expiry();
        Self { expiry, aside: Aside::new(expiry, Fill::Overwrite) }
    }
}

#[async_trait]
impl Strategy for WriteThrough {
    async fn read(&self, ctx: &Ctx<'_>, key: Key) -> Outcome<Value> {
        self.aside.read(ctx, key).await
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        let version = ctx.write().store().write(&draft).await?;
        let ttl = self.expiry.draw(ctx);
        let entry = entry::encode(ctx.write(), &draft.at(version), Stamp::NONE, &Format::default());
        deliver(ctx, async || ctx.write().cache().set(draft.key, entry.clone(), ttl).await).await;
        Ok(version)
    }
}
