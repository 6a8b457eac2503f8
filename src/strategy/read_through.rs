//! `read-through`: the cache layer loads for itself what it does not have, once for all who wait.
//!
//! - read: GET; on a miss, ONE load per key and node: store read, then SET with TTL; whoever asks
//!   meanwhile shares its result
//! - write: store COMMIT, then DEL
//!
//! On the wire this is `cache-aside`; what it has more is that loads are coalesced, always.
//!
//! Risks: those of `cache-aside`. A load that fails fails for all who share it.

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::parts::aside::{Aside, Fill};
use super::parts::delivery::deliver;
use super::parts::guard::Stampede;
use super::{About, Lifetime, Strategy};
use crate::backend::Ctx;
use crate::model::{Draft, Key, Outcome, Span, Value, Version};

pub const ABOUT: About = About {
    name: "read-through",
    summary: "read: cache, which loads what it misses once per node; write: store, then delete",
    risk: "a fill that overlaps a write may put the old row back; stale until the TTL",
    when: "as cache-aside, where popular entries are missed by many at once",
};

options! {
    ttl: Span::from_secs(60);
    stampede: Stampede::COALESCE;
    events;
}

pub fn lifetime(options: &Options) -> Option<Lifetime> {
    Some(Lifetime::UntilWrite(options.expiry().mean()))
}

pub struct ReadThrough {
    aside: Aside,
}

impl ReadThrough {
    pub fn new(options: &Options) -> Self {
        let mut caching = options.caching();
        caching.guards.stampede.coalesce = true;
        Self { aside: Aside::new(caching, Fill::Overwrite) }
    }
}

#[async_trait]
impl Strategy for ReadThrough {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        self.aside.read(ctx, key)
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        let version = ctx.write().store().write(&draft).await?;
        deliver(ctx, || self.aside.invalidate(ctx.write(), draft.key)).await;
        Ok(version)
    }
}
