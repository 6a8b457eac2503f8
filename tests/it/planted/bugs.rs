//! The strategies with a bug each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use cacheduel::backend::{Cache, Ctx, QueuedWrite, Store, VersionedDraft};
use cacheduel::model::{Draft, Key, Nanos, Outcome, Share, Value, Version, Writer};
use cacheduel::strategy::Strategy;
use cacheduel::strategy::parts::aside::{Aside, Fill};
use cacheduel::strategy::parts::entry;
use cacheduel::strategy::parts::expiry::Expiry;
use cacheduel::strategy::write_behind::{self, WriteBehind};

/// The writes that a bug has hit, from all nodes.
pub type Log = Arc<Mutex<Vec<(Key, Version, Writer)>>>;

/// Every tenth write, or batch of writes, is hit.
const EVERY: u64 = 10;

const FOREVER: Expiry = Expiry::new(None, Share(0.0));

/// Fills the cache for good, and never tells it of a write.
pub struct NeverInvalidates {
    aside: Aside,
}

impl NeverInvalidates {
    pub fn new() -> Self {
        Self { aside: Aside::new(FOREVER, Fill::Overwrite) }
    }
}

#[async_trait]
impl Strategy for NeverInvalidates {
    async fn read(&self, ctx: &Ctx<'_>, key: Key) -> Outcome<Option<Value>> {
        self.aside.read(ctx, key).await
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        ctx.write().store().write(&draft).await
    }
}

/// Keeps the first value of each key that the node has seen, in its own memory.
#[derive(Default)]
pub struct RemembersTheFirst {
    seen: Mutex<HashMap<Key, Value>>,
}

#[async_trait]
impl Strategy for RemembersTheFirst {
    async fn read(&self, ctx: &Ctx<'_>, key: Key) -> Outcome<Option<Value>> {
        if let Some(value) = self.seen.lock().unwrap().get(&key) {
            return Ok(Some(value.clone()));
        }
        let Some(value) = ctx.lookup().store().read(key).await?.value else { return Ok(None) };
        Ok(Some(self.seen.lock().unwrap().entry(key).or_insert(value).clone()))
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        ctx.write().store().write(&draft).await
    }
}

/// Acknowledges every tenth write as the version that it would have had, and forgets it.
pub struct DropsWrites {
    dropped: Log,
}

impl DropsWrites {
    pub fn new(dropped: Log) -> Self {
        Self { dropped }
    }
}

#[async_trait]
impl Strategy for DropsWrites {
    async fn read(&self, ctx: &Ctx<'_>, key: Key) -> Outcome<Option<Value>> {
        Ok(ctx.lookup().store().read(key).await?.value)
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        if !draft.writer.0.is_multiple_of(EVERY) {
            return ctx.write().store().write(&draft).await;
        }
        let version = ctx.write().store().version(draft.key).await?.next();
        self.dropped.lock().unwrap().push((draft.key, version, draft.writer));
        Ok(version)
    }
}

/// Write-behind whose worker settles a batch before the store has it, and then loses every tenth.
pub struct SettlesBeforeCommit {
    inner: WriteBehind,
    dropped: Log,
    batches: Arc<Mutex<u64>>,
}

impl SettlesBeforeCommit {
    /// `batches` counts them.
    pub fn new(dropped: Log, batches: Arc<Mutex<u64>>) -> Self {
        let inner = WriteBehind::new(&write_behind::Options::default());
        Self { inner, dropped, batches }
    }

    async fn flush(&self, ctx: &Ctx<'_>) -> Outcome<bool> {
        let claimed = ctx.flush().cache().claim_writes(100, Nanos::from_secs(5)).await?;
        if claimed.is_empty() {
            return Ok(false);
        }
        ctx.flush().cache().settle_writes(&claimed, None).await?;
        let drafts: Vec<VersionedDraft> = claimed.iter().map(versioned).collect();
        if self.is_hit() {
            let lost = drafts.iter().map(|lost| (lost.draft.key, lost.version, lost.draft.writer));
            self.dropped.lock().unwrap().extend(lost);
        } else {
            ctx.flush().store().apply_batch(&drafts).await?;
        }
        Ok(true)
    }

    fn is_hit(&self) -> bool {
        let mut batches = self.batches.lock().unwrap();
        *batches += 1;
        batches.is_multiple_of(EVERY)
    }
}

fn versioned(write: &QueuedWrite) -> VersionedDraft {
    let (draft, version) = entry::decode_draft(write.key, write.entry.clone()).unwrap();
    VersionedDraft { draft, version }
}

#[async_trait]
impl Strategy for SettlesBeforeCommit {
    async fn read(&self, ctx: &Ctx<'_>, key: Key) -> Outcome<Option<Value>> {
        self.inner.read(ctx, key).await
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

/// What has not been set yet, by key, from all nodes.
pub type HeldBack = Arc<Mutex<HashMap<Key, Bytes>>>;

/// Write-through that holds every other SET of a key back until the one after it has been made.
pub struct SetsInReverse {
    aside: Aside,
    held_back: HeldBack,
}

impl SetsInReverse {
    pub fn new(held_back: HeldBack) -> Self {
        Self { aside: Aside::new(FOREVER, Fill::Overwrite), held_back }
    }
}

#[async_trait]
impl Strategy for SetsInReverse {
    async fn read(&self, ctx: &Ctx<'_>, key: Key) -> Outcome<Option<Value>> {
        self.aside.read(ctx, key).await
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        let version = ctx.write().store().write(&draft).await?;
        let entry = entry::encode(&draft.at(version));
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

/// Gives the first of two writes of a key the version of the second, and the second that of the
/// first, and leaves the store as this order would.
pub struct ReversesVersions {
    reversed: Log,
}

impl ReversesVersions {
    /// `reversed` is told the second write of each two.
    pub fn new(reversed: Log) -> Self {
        Self { reversed }
    }
}

#[async_trait]
impl Strategy for ReversesVersions {
    async fn read(&self, ctx: &Ctx<'_>, key: Key) -> Outcome<Option<Value>> {
        Ok(ctx.lookup().store().read(key).await?.value)
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        let (key, writer) = (draft.key, draft.writer);
        let stored = ctx.write().store().version(key).await?;
        let passed = Version(stored.0.saturating_sub(1));
        let is_second = stored > Version::INITIAL
            && !self.reversed.lock().unwrap().iter().any(|(of, at, _)| (*of, *at) == (key, passed));
        if is_second {
            self.reversed.lock().unwrap().push((key, passed, writer));
            return Ok(passed);
        }
        let version = Version(stored.0 + 2);
        ctx.write().store().apply_batch(&[VersionedDraft { draft, version }]).await?;
        Ok(version)
    }
}
