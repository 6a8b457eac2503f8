//! `ttl`: expiry alone, also write-around. Writes pass the cache by.
//!
//! - read: GET; on a miss, store read, then SET with TTL
//! - write: store COMMIT
//!
//! Risks: every read of a key may be stale for up to the TTL after a write, by design.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parts::aside::{Aside, Fill};
use super::parts::expiry::Expiry;
use super::{About, Lifetime, Strategy};
use crate::backend::{Ctx, Store};
use crate::model::{Draft, Key, Outcome, Share, Span, Value, Version};

pub const ABOUT: About = About {
    name: "ttl",
    summary: "read: cache, else store and fill; write: store only, the entry expires",
    risk: "stale for up to the TTL after every write, by design",
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Options {
    /// How long an entry lives: the bound on how old an answer can be.
    pub ttl: Span,
    /// By what share of itself the TTL varies from entry to entry, either way.
    pub jitter: Share,
}

impl Default for Options {
    fn default() -> Self {
        Self { ttl: Span::from_secs(60), jitter: Share(0.0) }
    }
}

impl Options {
    pub fn lifetime(&self) -> Option<Lifetime> {
        Some(Lifetime::Ttl(self.ttl))
    }
}

pub struct Ttl {
    aside: Aside,
}

impl Ttl {
    pub fn new(options: &Options) -> Self {
        let expiry = Expiry::new(Some(options.ttl), options.jitter);
        Self { aside: Aside::new(expiry, Fill::Overwrite) }
    }
}

#[async_trait]
impl Strategy for Ttl {
    async fn read(&self, ctx: &Ctx<'_>, key: Key) -> Outcome<Option<Value>> {
        self.aside.read(ctx, key).await
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        ctx.write().store().write(&draft).await
    }
}
