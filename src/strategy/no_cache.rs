//! `no-cache`: the control. Every request goes to the store.
//!
//! - read: store read
//! - write: store COMMIT
//!
//! It risks nothing, and it is the bar for latency and store load: a correct store alone shows
//! exactly no stale read.

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parts::events::Form;
use super::{About, Lifetime, Stampede, Strategy};
use crate::backend::Ctx;
use crate::model::{Draft, Key, Outcome, Value, Version};

pub const ABOUT: About = About {
    name: "no-cache",
    summary: "every request goes to the store",
    risk: "nothing; it is the bar for latency and store load",
    when: "reads are cheap, or rare enough for the store, or may never be old: it is the bar that a cache must beat",
};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Options {}

impl Options {
    /// Without a cache there is nothing for an event to invalidate.
    pub const fn events(&self) -> Option<Form> {
        None
    }

    /// Nor is there a load to be guarded.
    pub const fn stampede(&self) -> Option<Stampede> {
        Some(Stampede::None)
    }

    /// Nor an entry that would hold anything else.
    pub const fn keeps(&self, _: usize) -> bool {
        true
    }
}

pub fn lifetime(_: &Options) -> Option<Lifetime> {
    Some(Lifetime::None)
}

pub struct NoCache;

impl NoCache {
    pub fn new(_: &Options) -> Self {
        Self
    }
}

#[async_trait]
impl Strategy for NoCache {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        Box::pin(async move { Ok(ctx.lookup().store().read(key).await?.value) })
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        ctx.write().store().write(&draft).await
    }
}
