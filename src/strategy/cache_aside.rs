//! `cache-aside`, also lazy loading: the application fills the cache and invalidates it.
//!
//! - read: GET; on a miss, store read, then SET with TTL
//! - write: store COMMIT, then DEL
//!
//! Risks: a reader that read the store before the COMMIT may SET the old row after the DEL, which
//! then stays until its TTL; a DEL that never arrives leaves the old entry as long.
//!
//! Source: Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, section 2.

use async_trait::async_trait;
use futures_util::future::BoxFuture;

pub use super::parts::options::Options;

use super::parts::aside::{Aside, Fill};
use super::parts::delivery::deliver;
use super::{About, Lifetime, Strategy};
use crate::backend::Ctx;
use crate::model::{Draft, Key, Outcome, Value, Version};

pub const ABOUT: About = About {
    name: "cache-aside",
    summary: "read: cache, else store and fill; write: store, then delete the entry",
    risk: "a slow reader may put an old row back after the delete; stale until the TTL",
    when: "the default: reads prevail, the cache may fail without taking writes down, and a rare stale entry may live for a TTL",
};

pub fn lifetime(options: &Options) -> Option<Lifetime> {
    Some(Lifetime::UntilWrite(options.expiry().mean()))
}

pub struct CacheAside {
    aside: Aside,
}

impl CacheAside {
    pub fn new(options: &Options) -> Self {
        Self { aside: Aside::new(options.caching(), Fill::Overwrite) }
    }
}

#[async_trait]
impl Strategy for CacheAside {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        self.aside.read(ctx, key)
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        let version = ctx.write().store().write(&draft).await?;
        deliver(ctx, || self.aside.invalidate(ctx.write(), draft.key)).await;
        Ok(version)
    }
}
