//! `delayed-double-delete`: cache-aside that deletes before the write, and once more some time after.
//!
//! - read: GET; on a miss, store read, then SET with TTL
//! - write: DEL, store COMMIT, acknowledge; after `delay`, DEL again in the background
//!
//! The second DEL is to catch the fill that read the old row before the COMMIT and landed after it.
//!
//! Risks: only probable protection. A fill that takes longer than `delay` is missed, and whatever
//! an overlapping fill put back is served until the second DEL.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use super::parts::aside::{Aside, Fill};
use super::parts::delivery::deliver;
use super::{About, Lifetime, Strategy};
use crate::backend::Ctx;
use crate::model::{Draft, Key, Nanos, Outcome, Span, Value, Version};

pub const ABOUT: About = About {
    name: "delayed-double-delete",
    summary: "read: cache, else store and fill; write: delete, store, delete again after a delay",
    risk: "stale for the delay after a write; until the TTL if a fill outlasts the delay",
    when: "rows have no versions and the cache no leases: it makes old rows rarer, not impossible",
};

options! {
    ttl: Span::from_secs(60);
    events;
    /// How long after the COMMIT the second DEL comes.
    delay: Span = Span::from_millis(500),
}

/// Every write ends the entry twice, which no closed form accounts for.
pub fn lifetime(_: &Options) -> Option<Lifetime> {
    None
}

pub struct DelayedDoubleDelete {
    aside: Aside,
    delay: Nanos,
    /// Second deletes to come, in the order in which they are due.
    due: Mutex<VecDeque<(Nanos, Key)>>,
    added: Notify,
}

impl DelayedDoubleDelete {
    pub fn new(options: &Options) -> Self {
        Self {
            aside: Aside::new(options.caching(), Fill::Overwrite),
            delay: options.delay.nanos(),
            due: Mutex::default(),
            added: Notify::new(),
        }
    }

    async fn delete(&self, ctx: &Ctx<'_>, key: Key) {
        deliver(ctx, || self.aside.invalidate(ctx.write(), key)).await;
    }

    fn next(&self) -> Option<(Nanos, Key)> {
        self.due().front().copied()
    }

    fn due(&self) -> MutexGuard<'_, VecDeque<(Nanos, Key)>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Strategy for DelayedDoubleDelete {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        self.aside.read(ctx, key)
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        // If the first DEL fails, the second one still comes.
        let _ = self.aside.invalidate(ctx.write(), draft.key).await;
        let version = ctx.write().store().write(&draft).await?;
        self.due().push_back((ctx.clock().now() + self.delay, draft.key));
        self.added.notify_one();
        Ok(version)
    }

    async fn maintain(&self, ctx: &Ctx<'_>) {
        loop {
            let Some((due, key)) = self.next() else {
                self.added.notified().await;
                continue;
            };
            ctx.clock().sleep_until(due).await;
            self.delete(ctx, key).await;
            self.due().pop_front();
        }
    }

    async fn drain(&self, ctx: &Ctx<'_>) -> Outcome<()> {
        while let Some((_, key)) = self.next() {
            self.delete(ctx, key).await;
            self.due().pop_front();
        }
        Ok(())
    }
}
