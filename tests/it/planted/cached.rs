//! Bugs in the order of the steps around a cache, as real code has them.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use cacheduel::backend::{Cache, Ctx, Entry, Store, VersionedDraft};
use cacheduel::model::{Draft, Key, Nanos, Outcome, Span, Value, Version};
use cacheduel::strategy::Strategy;
use cacheduel::strategy::parts::aside::{Aside, Fill};
use cacheduel::strategy::parts::entry::{self, Stamp};
use cacheduel::strategy::parts::format::Format;
use cacheduel::strategy::parts::options::Options;
use cacheduel::strategy::write_behind::{self, WriteBehind};
use futures_util::future::BoxFuture;

/// Write-behind whose worker settles before the COMMIT, and dies in between with every tenth batch.
pub struct SettlesBeforeCommit {
    inner: WriteBehind,
    batches: AtomicU64,
}

impl SettlesBeforeCommit {
    pub fn build() -> Box<dyn Strategy> {
        let inner = WriteBehind::new(&write_behind::Options::default());
        Box::new(Self { inner, batches: AtomicU64::new(0) })
    }

    async fn flush(&self, ctx: &Ctx<'_>) -> Outcome<bool> {
        let claimed = ctx.flush().cache().claim_writes(100, Nanos::from_secs(5)).await?;
        if claimed.is_empty() {
            return Ok(false);
        }
        ctx.flush().cache().settle_writes(&claimed, None).await?;
        if self.batches.fetch_add(1, Ordering::Relaxed) % 10 == 9 {
            return Ok(true);
        }
        let mut drafts = Vec::new();
        for write in claimed {
            let (draft, version) = entry::read_draft(write.key, write.entry)?;
            drafts.push(VersionedDraft { draft, version });
        }
        ctx.flush().store().apply_batch(&drafts).await?;
        Ok(true)
    }
}

#[async_trait]
impl Strategy for SettlesBeforeCommit {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        self.inner.read(ctx, key)
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        self.inner.write(ctx, draft).await
    }

    async fn background(&self, ctx: &Ctx<'_>) {
        loop {
            ctx.clock().sleep(Nanos::from_millis(100)).await;
            while let Ok(true) = self.flush(ctx).await {}
        }
    }

    async fn drain(&self, ctx: &Ctx<'_>) -> Outcome<()> {
        while self.flush(ctx).await? {}
        Ok(())
    }
}

/// Write-through that holds every other SET of a key back until the one after it has been made.
pub struct SetsInReverse {
    aside: Aside,
    held_back: Mutex<HashMap<Key, Entry>>,
}

impl SetsInReverse {
    pub fn build() -> Box<dyn Strategy> {
        let options = Options { ttl: Span::from_secs(3_600), ..Options::default() };
        let aside = Aside::new(options.caching(), Fill::Overwrite);
        Box::new(Self { aside, held_back: Mutex::default() })
    }
}

#[async_trait]
impl Strategy for SetsInReverse {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        self.aside.read(ctx, key)
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        let version = ctx.write().store().write(&draft).await?;
        let entry = entry::encode(ctx.write(), &draft.at(version), Stamp::NONE, &Format::default());
        let earlier = self.held_back.lock().unwrap().remove(&draft.key);
        match earlier {
            Some(earlier) => {
                ctx.write().cache().set(draft.key, entry, None).await?;
                ctx.write().cache().set(draft.key, earlier, None).await?;
            }
            None => {
                self.held_back.lock().unwrap().insert(draft.key, entry);
            }
        }
        Ok(version)
    }
}
