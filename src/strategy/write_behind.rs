//! `write-behind`, also write-back: the cache acknowledges a write, the store gets it later.
//!
//! - read: GET; on a miss, store read, then SET NX with TTL
//! - write: ONE atomic cache step (next version, SET without expiry, enqueue), then acknowledge. A
//!   key whose version the cache does not hold is seeded from the store's row first
//! - worker: every `flush-interval`, claim a batch, keep the newest version of each key, write them
//!   in one transaction that never goes back, COMMIT, then settle: only now may the entries expire
//!
//! Risks: a cache that loses its memory loses the acknowledged writes that were still queued. An
//! eviction policy that may take entries without expiry can take a value that exists nowhere else.
//! A worker that dies loses nothing: its claims are handed out again, and applying them twice
//! changes nothing.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::parts::aside::{Aside, Fill};
use super::parts::entry;
use super::parts::expiry::Expiry;
use super::{About, Lifetime, Strategy};
use crate::backend::{Cache, Ctx, Enqueued, QueuedWrite, Store, VersionedDraft};
use crate::model::{Draft, Fault, FaultKind, Key, Nanos, Outcome, Span, Value, Version};

pub const ABOUT: About = About {
    name: "write-behind",
    summary: "read: cache, else store and fill; write: cache and its queue, the store follows",
    risk: "acknowledged writes are lost if the cache loses its memory",
    when: "writes must be answered at the cache's speed, come in bursts on the same keys, and losing the latest is bearable",
};

options! {
    ttl: Span::from_secs(60);
    /// How long the worker rests between batches.
    flush_interval: Span = Span::from_millis(100),
    /// The most queued writes that go into one transaction.
    batch: usize = 500,
    /// After this long a claim that was not settled goes to another worker.
    claim_timeout: Span = Span::from_secs(5),
}

pub fn lifetime(options: &Options) -> Option<Lifetime> {
    Some(Lifetime::SinceWrite(options.expiry().mean()))
}

pub struct WriteBehind {
    expiry: Expiry,
    aside: Aside,
    options: Options,
}

impl WriteBehind {
    pub fn new(options: &Options) -> Self {
        // An entry that came meanwhile may hold a write that the store does not have yet.
        let aside = Aside::new(options.caching(), Fill::IfAbsent);
        Self { expiry: options.expiry(), aside, options: options.clone() }
    }

    /// Persists one batch. True if there may be more.
    async fn flush(&self, ctx: &Ctx<'_>, idle: Nanos) -> Outcome<bool> {
        let claimed = ctx.flush().cache().claim_writes(self.options.batch, idle).await?;
        if claimed.is_empty() {
            return Ok(false);
        }
        ctx.flush().store().apply_batch(&newest(&claimed)?).await?;
        ctx.flush().cache().settle_writes(&claimed, Some(self.expiry.draw(ctx))).await?;
        Ok(true)
    }
}

#[async_trait]
impl Strategy for WriteBehind {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        self.aside.read(ctx, key)
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        // The cache puts the version in; what is given here is only its place.
        let key = draft.key;
        let entry = self.aside.lasting_entry(ctx.write(), &draft.at(Version::INITIAL));
        if let Enqueued::As(version) =
            ctx.write().cache().enqueue_write(key, entry.clone(), None).await?
        {
            return Ok(version);
        }
        let seed = ctx.write().store().version(key).await?;
        match ctx.write().cache().enqueue_write(key, entry, Some(seed)).await? {
            Enqueued::As(version) => Ok(version),
            Enqueued::NoCounter => Err(Fault::cache(FaultKind::Refused)),
        }
    }

    async fn background(&self, ctx: &Ctx<'_>) {
        loop {
            ctx.clock().sleep(self.options.flush_interval.nanos()).await;
            // A batch that failed stays claimed and comes again after the claim's timeout.
            while let Ok(true) = self.flush(ctx, self.options.claim_timeout.nanos()).await {}
        }
    }

    async fn drain(&self, ctx: &Ctx<'_>) -> Outcome<()> {
        // The worker is gone: whatever it had claimed is anyone's at once.
        while self.flush(ctx, Nanos::ZERO).await? {}
        Ok(())
    }
}

/// The newest version of each key: what it supersedes need not reach the store.
fn newest(claimed: &[QueuedWrite]) -> Outcome<Vec<VersionedDraft>> {
    let mut newest = BTreeMap::new();
    for write in claimed {
        let (draft, version) = entry::read_draft(write.key, write.entry.clone())?;
        let latest = newest
            .entry(write.key)
            .or_insert_with(|| VersionedDraft { draft: draft.clone(), version });
        if latest.version < version {
            *latest = VersionedDraft { draft, version };
        }
    }
    Ok(newest.into_values().collect())
}
