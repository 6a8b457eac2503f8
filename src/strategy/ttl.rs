//! `ttl`: expiry alone, also write-around. Writes pass the cache by.
//!
//! - read: GET; on a miss, store read, then SET with TTL
//! - write: store COMMIT
//!
//! Risks: every read of a key may be stale for up to the TTL after a write, by design.

use async_trait::async_trait;
use futures_util::future::BoxFuture;

pub use super::parts::options::Options;

use super::parts::aside::{Aside, Fill};
use super::{About, Lifetime, Strategy};
use crate::backend::Ctx;
use crate::model::{Draft, Key, Outcome, Value, Version};

pub const ABOUT: About = About {
    name: "ttl",
    summary: "read: cache, else store and fill; write: store only, the entry expires",
    risk: "stale for up to the TTL after every write, by design",
    when: "an answer may be as old as the TTL, and writers cannot, or need not, know of the cache",
};

pub fn lifetime(options: &Options) -> Option<Lifetime> {
    Some(Lifetime::Ttl(options.expiry().mean()))
}

pub struct Ttl {
    aside: Aside,
}

impl Ttl {
    pub fn new(options: &Options) -> Self {
        Self { aside: Aside::new(options.caching(), Fill::Overwrite) }
    }
}

#[async_trait]
impl Strategy for Ttl {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        self.aside.read(ctx, key)
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        ctx.write().store().write(&draft).await
    }
}
