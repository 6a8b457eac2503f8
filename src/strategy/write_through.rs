//! `write-through`: a write puts its value into store and cache, in this order.
//!
//! - read: GET; on a miss, store read, then SET with TTL
//! - write: store COMMIT, then SET with TTL; a deletion: store COMMIT, then DEL
//!
//! Risks: the SETs of two writers may land in the reverse of their COMMITs' order, and so may the
//! SET of a reader that read the store before a COMMIT; the old value then stays until its TTL. A
//! SET that never arrives leaves the old entry as long; where a full cache refuses it, a DEL takes its
//! place.

use async_trait::async_trait;
use futures_util::future::BoxFuture;

pub use super::parts::options::Options;

use super::parts::aside::{Aside, Fill};
use super::parts::delivery::deliver;
use super::{About, Lifetime, Strategy};
use crate::backend::Ctx;
use crate::model::{Draft, FaultKind, Key, Outcome, Value, Version};

pub const ABOUT: About = About {
    name: "write-through",
    summary: "read: cache, else store and fill; write: store, then set the entry",
    risk: "two writers' sets may land in the wrong order; stale until the TTL",
    when: "what is written is read again soon, so that an update should leave the entry warm rather than gone",
};

pub fn lifetime(options: &Options) -> Option<Lifetime> {
    Some(Lifetime::SinceWrite(options.expiry().mean()))
}

pub struct WriteThrough {
    aside: Aside,
}

impl WriteThrough {
    pub fn new(options: &Options) -> Self {
        Self { aside: Aside::new(options.caching(), Fill::Overwrite) }
    }
}

#[async_trait]
impl Strategy for WriteThrough {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        self.aside.read(ctx, key)
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        let version = ctx.write().store().write(&draft).await?;
        let (key, cache) = (draft.key, ctx.write().cache());
        match self.aside.entry(ctx, ctx.write(), &draft.at(version)) {
            Some((entry, ttl)) => {
                deliver(ctx, async || match cache.set(key, entry.clone(), ttl).await {
                    // There is no room for the new entry, and the old one must not stay.
                    Err(fault) if fault.kind == FaultKind::Refused => {
                        self.aside.invalidate(ctx.write(), key).await.map(drop)
                    }
                    outcome => outcome,
                })
                .await;
            }
            // That there is no row any more is not kept, unless absences are.
            None => deliver(ctx, || self.aside.invalidate(ctx.write(), key)).await,
        }
        Ok(version)
    }
}
