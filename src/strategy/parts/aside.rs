//! The read path that most strategies share: look aside into the cache, and fill it on a miss.

use bytes::Bytes;

use super::breaker::Breaker;
use super::entry::{self, Held, Stamp};
use super::expiry::Expiry;
use super::format::Format;
use crate::backend::{Cache, Ctx, Store};
use crate::model::{Fault, FaultKind, Key, Outcome, Value};

/// A node's way past its cache.
pub struct Aside {
    expiry: Expiry,
    fill: Fill,
    breaker: Breaker,
}

/// How a fill treats an entry that came while the store was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// SET: the last one stands.
    Overwrite,
    /// SET NX: the first one stands.
    IfAbsent,
}

/// What a lookup came to.
enum Lookup {
    Found(Bytes),
    Missed,
    /// The cache did not answer, or was not asked because it has not answered lately.
    Unanswered,
}

impl Aside {
    pub fn new(expiry: Expiry, fill: Fill) -> Self {
        Self { expiry, fill, breaker: Breaker::default() }
    }

    /// GET; on a miss, read the store and keep what it said.
    pub async fn read(&self, ctx: &Ctx<'_>, key: Key) -> Outcome<Value> {
        match self.lookup(ctx, key).await {
            Lookup::Found(entry) => match entry::decode(ctx.lookup(), key, entry)? {
                Held::Value(value, _) => Ok(value),
                Held::Tombstone(_) => Err(Fault::cache(FaultKind::Corrupt)),
            },
            Lookup::Missed => {
                let value = ctx.fill().store().read(key).await?.value;
                if !value.is_absent() {
                    self.keep(ctx, &value).await;
                }
                Ok(value)
            }
            // What cannot be read should not be filled either: the store answers alone.
            Lookup::Unanswered => Ok(ctx.lookup().store().read(key).await?.value),
        }
    }

    /// A fill that fails costs the next reader a miss, and nothing else: its outcome is not looked at.
    async fn keep(&self, ctx: &Ctx<'_>, value: &Value) {
        let (key, ttl) = (value.key, self.expiry.draw(ctx));
        let entry = entry::encode(ctx.fill(), value, Stamp::NONE, &Format::default());
        let cache = ctx.fill().cache();
        let _ = match self.fill {
            Fill::Overwrite => cache.set(key, entry, ttl).await,
            Fill::IfAbsent => cache.set_if_absent(key, entry, ttl).await.map(drop),
        };
    }

    async fn lookup(&self, ctx: &Ctx<'_>, key: Key) -> Lookup {
        if !self.breaker.allows(ctx.clock().now()) {
            return Lookup::Unanswered;
        }
        match ctx.lookup().cache().get(key).await {
            Ok(found) => {
                self.breaker.succeeded();
                found.map_or(Lookup::Missed, Lookup::Found)
            }
            Err(_) => {
                self.breaker.failed(ctx.clock().now());
                Lookup::Unanswered
            }
        }
    }
}
