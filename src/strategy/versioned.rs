//! `versioned`: cache-aside made exact by versions.
//!
//! - read: GET; on a miss, or where there is but a tombstone, store read, then set the entry unless
//!   what is there is newer
//! - write: store COMMIT, then put a tombstone with the committed version in the entry's place, which
//!   outlives the longest fill
//!
//! A fill that read the store before the COMMIT meets the tombstone and is refused: an old row never
//! comes back. Without tombstones the comparison would protect nothing, for after a DEL there is
//! nothing to compare with.
//!
//! A full cache has no room for entries, but takes tombstones all the same.
//!
//! Risks: a fill that takes longer than the tombstone lives may still put an old row back. A
//! tombstone that never arrives leaves the old entry until its TTL.

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::parts::aside::{Aside, Fill};
use super::parts::delivery::deliver;
use super::parts::entry;
use super::{About, Lifetime, Strategy};
use crate::backend::{Cache, Ctx};
use crate::model::{Draft, Key, Nanos, Outcome, Span, Value, Version};

pub const ABOUT: About = About {
    name: "versioned",
    summary: "read: cache, else store and fill if newer; write: store, then a versioned tombstone",
    risk: "none while fills are shorter than tombstones live; one more entry for every write",
    when: "old rows must not come back, and the store gives every row a version",
};

options! {
    ttl: Span::from_secs(60);
    events;
    /// How long a tombstone lives: longer than any fill takes.
    tombstone_ttl: Span = Span::from_secs(10),
}

/// A fill that is refused leaves its key without an entry, which no closed form accounts for.
pub fn lifetime(_: &Options) -> Option<Lifetime> {
    None
}

pub struct Versioned {
    aside: Aside,
    tombstone_ttl: Nanos,
}

impl Versioned {
    pub fn new(options: &Options) -> Self {
        Self {
            aside: Aside::new(options.caching(), Fill::IfNewer),
            tombstone_ttl: options.tombstone_ttl.nanos(),
        }
    }
}

#[async_trait]
impl Strategy for Versioned {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        self.aside.read(ctx, key)
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        let version = ctx.write().store().write(&draft).await?;
        let (tombstone, ttl) = (entry::tombstone(version), Some(self.tombstone_ttl));
        deliver(ctx, async || {
            ctx.write().cache().invalidate(draft.key, tombstone.clone(), ttl).await
        })
        .await;
        Ok(version)
    }
}
