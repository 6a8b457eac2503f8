//! `refresh-ahead`: an entry that is asked for late in its life is renewed before it expires.
//!
//! - read: GET; past `factor` of the TTL, ask for ONE refresh in the background and answer at once;
//!   on a miss, store read, then SET with TTL
//! - refresh: under a lock, store read, then set the entry if it is still the one that was seen
//! - write: store COMMIT, then DEL
//!
//! Risks: those of `cache-aside`, and more store reads: a refresh may be for nobody.
//!
//! Source: "Refresh-Ahead Caching" in Oracle's "Developing Applications with Oracle Coherence".

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::parts::aside::{Aside, Fill, Lookup};
use super::parts::delivery::deliver;
use super::parts::refresher::Refresher;
use super::{About, Lifetime, Strategy};
use crate::backend::Ctx;
use crate::model::{Draft, Key, Nanos, Outcome, Share, Span, Value, Version};

pub const ABOUT: About = About {
    name: "refresh-ahead",
    summary: "read: cache, renewed in the background when it nears its expiry; write: store, delete",
    risk: "stale like cache-aside; reads the store for entries that nobody may want again",
    when: "popular entries must never be missed, and a few loads for nobody are bearable",
};

options! {
    ttl: Span::from_secs(60);
    events;
    /// After this share of its TTL an entry that is read is refreshed.
    factor: Share = Share(0.8),
}

pub fn lifetime(options: &Options) -> Option<Lifetime> {
    let (ttl, factor) = (options.expiry().mean(), options.factor.0);
    Some(Lifetime::RefreshAhead { ttl, factor })
}

pub struct RefreshAhead {
    aside: Aside,
    refresher: Refresher,
    /// How long before its expiry an entry is due.
    ahead: Nanos,
}

impl RefreshAhead {
    pub fn new(options: &Options) -> Self {
        let ttl = options.expiry().mean().nanos().as_secs_f64();
        Self {
            aside: Aside::new(options.caching(), Fill::Overwrite),
            refresher: Refresher::default(),
            ahead: Nanos::from_secs_f64((1.0 - options.factor.0) * ttl),
        }
    }
}

#[async_trait]
impl Strategy for RefreshAhead {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        Box::pin(async move {
            let (lookup, identity) = self.aside.lookup(ctx, key).await?;
            if let (Lookup::Found(found), Some(identity)) = (&lookup, identity)
                && ctx.clock().now() + self.ahead >= found.stamp.expiry
            {
                self.refresher.ask(key, identity);
            }
            self.aside.answer(ctx, key, lookup).await
        })
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        let version = ctx.write().store().write(&draft).await?;
        deliver(ctx, || self.aside.invalidate(ctx.write(), draft.key)).await;
        Ok(version)
    }

    async fn maintain(&self, ctx: &Ctx<'_>) {
        self.refresher.run(&self.aside, ctx).await;
    }
}
