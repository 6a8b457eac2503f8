//! `stale-while-revalidate`: an entry that is out of date by the clock is still handed out, while it
//! is renewed.
//!
//! - read: GET; an entry within its TTL is the answer. For `window` after that it is still the
//!   answer, and ONE refresh in the background is asked for. Later, or on a miss: store read, then
//!   SET; if the store fails, an entry not older than `stale-if-error` past its TTL is the answer
//! - refresh: under a lock, store read, then set the entry if it is still the one that was seen
//! - write: store COMMIT, then DEL
//!
//! The TTL is kept inside the entry; the cache's own is longer by the longer of the two windows.
//!
//! Risks: an answer may be older than the TTL by the window, and by `stale-if-error` while the store
//! is down.
//!
//! Source: RFC 5861, "HTTP Cache-Control Extensions for Stale Content".

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::parts::aside::{Aside, Fill, Found, Lookup, Put};
use super::parts::delivery::deliver;
use super::parts::refresher::Refresher;
use super::{About, Lifetime, Strategy};
use crate::backend::Ctx;
use crate::model::{Draft, Key, Nanos, Outcome, Span, Value, Version};

pub const ABOUT: About = About {
    name: "stale-while-revalidate",
    summary: "read: cache, also past the TTL while it is renewed; write: store, then delete",
    risk: "answers may be older than the TTL by the window, and for longer while the store fails",
    when: "nobody may wait for a load, and an answer somewhat past its TTL is good enough",
};

options! {
    ttl: Span::from_secs(60);
    events;
    /// How long past its TTL an entry is handed out while it is refreshed.
    window: Span = Span::from_secs(30),
    /// How long past its TTL an entry is handed out when the store fails; not at all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    stale_if_error: Option<Span> = None,
}

pub fn lifetime(options: &Options) -> Option<Lifetime> {
    Some(Lifetime::Revalidate { ttl: options.expiry().mean(), window: options.window })
}

pub struct StaleWhileRevalidate {
    aside: Aside,
    refresher: Refresher,
    window: Nanos,
    stale_if_error: Nanos,
}

impl StaleWhileRevalidate {
    pub fn new(options: &Options) -> Self {
        let window = options.window.nanos();
        let stale_if_error = options.stale_if_error.unwrap_or_default().nanos();
        let mut caching = options.caching();
        caching.guards.grace = caching.guards.grace.max(window).max(stale_if_error);
        Self {
            aside: Aside::new(caching, Fill::Overwrite),
            refresher: Refresher::default(),
            window,
            stale_if_error,
        }
    }

    /// Past the window: the store answers, and only if it fails the old value does.
    async fn reload(&self, ctx: &Ctx<'_>, key: Key, old: Found) -> Outcome<Value> {
        let past = ctx.clock().now().since(old.stamp.expiry);
        match self.aside.load(ctx, ctx.fill(), key, Put::Plain).await {
            Err(_) if past < self.stale_if_error => {
                ctx.count_stale_served();
                Ok(old.value)
            }
            outcome => outcome,
        }
    }
}

#[async_trait]
impl Strategy for StaleWhileRevalidate {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        Box::pin(async move {
            let now = ctx.clock().now();
            let (lookup, identity) = self.aside.lookup(ctx, key).await?;
            match lookup {
                Lookup::Found(found) if found.stamp.expiry > now => Ok(found.value),
                Lookup::Found(found) if found.stamp.expiry + self.window > now => {
                    if let Some(identity) = identity {
                        self.refresher.ask(key, identity);
                    }
                    ctx.count_stale_served();
                    Ok(found.value)
                }
                Lookup::Found(found) => self.reload(ctx, key, found).await,
                lookup => self.aside.answer(ctx, key, lookup).await,
            }
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
