//! The read path that most strategies share: look aside into the cache, and fill it on a miss.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::breaker::Breaker;
use super::entry::{self, Header, Held, Identity, Stamp};
use super::guard::{Cluster, Guards, try_lock, under_lease, under_lock, unlock};
use super::options::Caching;
use crate::backend::{Cache, Ctx, Entry, Flights, Purposed, Token};
use crate::model::{Key, Nanos, Outcome, Value};

/// A node's way past its cache.
pub struct Aside {
    caching: Caching,
    fill: Fill,
    breaker: Breaker,
    flights: Flights,
    /// How long the last load took, for entries that were made without one.
    last_load: AtomicU64,
}

/// How a fill treats an entry that came while the store was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// SET: the last one stands.
    Overwrite,
    /// SET NX: the first one stands.
    IfAbsent,
    /// Set if newer: the one with the highest version stands.
    IfNewer,
}

/// How one load is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// As the strategy fills.
    Plain,
    /// Only if this lease still stands.
    UnderLease(Token),
}

/// What a lookup came to.
#[derive(Clone, Debug)]
pub enum Lookup {
    Found(Found),
    Missed,
    /// The cache did not answer, or was not asked because it has not answered lately.
    Unanswered,
}

/// An entry with a value, fresh or not.
#[derive(Clone, Debug)]
pub struct Found {
    pub value: Value,
    pub stamp: Stamp,
}

impl Aside {
    pub fn new(caching: Caching, fill: Fill) -> Self {
        Self {
            caching,
            fill,
            breaker: Breaker::default(),
            flights: Flights::default(),
            last_load: AtomicU64::new(0),
        }
    }

    pub const fn guards(&self) -> Guards {
        self.caching.guards
    }

    /// GET; on a miss, read the store and keep what it said.
    pub fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        Box::pin(async move {
            let otherwise = {
                let lookup = if self.may_ask(ctx) {
                    let answer = ctx.lookup().cache().get(key).await;
                    self.note(ctx, &answer);
                    match answer {
                        // What it holds is looked at when it is handed out, for until then it would be moved about.
                        Ok(Some(entry)) => match self.fresh(ctx, &entry) {
                            Some(header) => return header.value(ctx.lookup(), key, entry),
                            None => held(ctx, key, entry)?,
                        },
                        answer => found(ctx, key, answer)?,
                    }
                } else {
                    Lookup::Unanswered
                };
                self.otherwise(ctx, key, lookup)
            };
            otherwise.await
        })
    }

    /// GET, unless the cache has not answered lately; and what tells the entry, if there is one, from others
    /// of the key.
    pub async fn lookup(&self, ctx: &Ctx<'_>, key: Key) -> Outcome<(Lookup, Option<Identity>)> {
        if !self.may_ask(ctx) {
            return Ok((Lookup::Unanswered, None));
        }
        let answer = ctx.lookup().cache().get(key).await;
        let identity = answer.as_ref().ok().and_then(|entry| entry.as_ref().map(entry::identity));
        self.note(ctx, &answer);
        Ok((found(ctx, key, answer)?, identity))
    }

    /// The answer to a read, from what the lookup came to.
    pub async fn answer(&self, ctx: &Ctx<'_>, key: Key, lookup: Lookup) -> Outcome<Value> {
        match lookup {
            Lookup::Found(found) if self.is_fresh(ctx, found.stamp) => Ok(found.value),
            lookup => self.otherwise(ctx, key, lookup).await,
        }
    }

    /// Whether the cache has answered lately, or may be tried again.
    fn may_ask(&self, ctx: &Ctx<'_>) -> bool {
        self.breaker.allows(|| ctx.clock().now())
    }

    /// Notes whether the cache has answered.
    fn note(&self, ctx: &Ctx<'_>, answer: &Outcome<Option<Entry>>) {
        match answer {
            Ok(_) => self.breaker.succeeded(),
            Err(_) => self.breaker.failed(ctx.clock().now()),
        }
    }

    /// How the entry begins, if it holds a value that answers a read as it is.
    #[inline(always)]
    fn fresh(&self, ctx: &Ctx<'_>, entry: &Entry) -> Option<Header> {
        entry::header(entry).filter(|header| self.is_fresh(ctx, header.stamp()))
    }

    /// Whether an entry with this stamp answers a read as it is.
    #[inline(always)]
    fn is_fresh(&self, ctx: &Ctx<'_>, stamp: Stamp) -> bool {
        !stamp.is_expired(ctx) && !self.guards().is_early(ctx, stamp)
    }

    /// Answers a read that the entry does not. In a box: the future of a hit is moved about for every
    /// request, and would be many times as large with all of this in it.
    fn otherwise<'a>(
        &'a self,
        ctx: &'a Ctx<'_>,
        key: Key,
        lookup: Lookup,
    ) -> BoxFuture<'a, Outcome<Value>> {
        match lookup {
            Lookup::Missed => self.load_once(ctx, key, None),
            Lookup::Found(Found { value, stamp }) if stamp.is_expired(ctx) => {
                self.load_once(ctx, key, Some(value))
            }
            // It still serves, and is renewed before it does not.
            Lookup::Found(Found { value, .. }) => {
                async move { Ok(self.recompute(ctx, key).await.unwrap_or(value)) }.boxed()
            }
            // What cannot be read should not be filled either: the store answers alone.
            Lookup::Unanswered => {
                let read = async move { Ok(ctx.lookup().store().read(key).await?.value) };
                self.coalesced(ctx, key, read.boxed())
            }
        }
    }

    /// Reads the store by the purpose given, and keeps what it said.
    pub async fn load(
        &self,
        ctx: &Ctx<'_>,
        by: Purposed<'_>,
        key: Key,
        put: Put,
    ) -> Outcome<Value> {
        let value = self.origin(ctx, by, key).await?;
        if let Some((entry, ttl)) = self.entry(ctx, by, &value) {
            let cache = by.cache();
            // A fill that fails costs the next reader a miss, and nothing else: its outcome is not
            // looked at.
            let _ = match (put, self.fill) {
                (Put::UnderLease(token), _) => {
                    cache.lease_set(key, token, entry, ttl).await.map(drop)
                }
                (Put::Plain, Fill::Overwrite) => cache.set(key, entry, ttl).await,
                (Put::Plain, Fill::IfAbsent) => {
                    cache.set_if_absent(key, entry, ttl).await.map(drop)
                }
                (Put::Plain, Fill::IfNewer) => cache.set_if_newer(key, entry, ttl).await.map(drop),
            };
        }
        Ok(value)
    }

    /// What the store says, and a note of how long it took to say it.
    pub(super) async fn origin(&self, ctx: &Ctx<'_>, by: Purposed<'_>, key: Key) -> Outcome<Value> {
        let started = ctx.clock().now();
        let value = by.store().read(key).await?.value;
        self.loaded(ctx, started);
        Ok(value)
    }

    /// Notes how long a load took that has just ended.
    fn loaded(&self, ctx: &Ctx<'_>, started: Nanos) {
        self.last_load.store((ctx.clock().now() - started).0, Ordering::Relaxed);
    }

    /// The entry for `value` and how long the cache is to hold it; `None` if it is not to be kept.
    pub fn entry(
        &self,
        ctx: &Ctx<'_>,
        by: Purposed<'_>,
        value: &Value,
    ) -> Option<(Entry, Option<Nanos>)> {
        let ttl = match value.is_absent() {
            true => self.caching.negative_ttl?,
            false => self.caching.expiry.draw(ctx),
        };
        let load = Nanos(self.last_load.load(Ordering::Relaxed));
        let stamp = Stamp { expiry: ctx.clock().now() + ttl, load };
        let entry = entry::encode(by, value, stamp, &self.caching.format);
        Some((entry, Some(ttl + self.guards().grace)))
    }

    /// The entry for `value` that says nothing of an expiry: how long it is held, and whether at all
    /// if there is no row, is for the caller to see to.
    pub fn lasting_entry(&self, by: Purposed<'_>, value: &Value) -> Entry {
        entry::encode(by, value, Stamp::NONE, &self.caching.format)
    }

    /// Deletes the entry, and voids the lease of whoever is loading it.
    pub async fn invalidate(&self, by: Purposed<'_>, key: Key) -> Outcome<bool> {
        match self.guards().stampede.cluster {
            Some(Cluster::Lease) => by.cache().lease_delete(key).await,
            _ => by.cache().delete(key).await,
        }
    }

    /// A second look, by someone who has missed: whoever finds the entry now has waited for another's
    /// load.
    pub(super) async fn look_again(&self, ctx: &Ctx<'_>, key: Key) -> Option<Value> {
        let entry = ctx.lookup().cache().get(key).await.ok()??;
        match entry::decode(ctx.lookup(), key, entry) {
            Ok(Held::Value(value, stamp)) if !stamp.is_expired(ctx) => Some(value),
            _ => None,
        }
    }

    /// Loads what is missing, or has expired, as the guards allow.
    fn load_once<'a>(
        &'a self,
        ctx: &'a Ctx<'_>,
        key: Key,
        expired: Option<Value>,
    ) -> BoxFuture<'a, Outcome<Value>> {
        let load = match self.guards().stampede.cluster {
            None => self.load(ctx, ctx.fill(), key, Put::Plain).boxed(),
            Some(Cluster::Lock) => under_lock(self, ctx, key, expired).boxed(),
            Some(Cluster::Lease) => under_lease(self, ctx, key).boxed(),
        };
        self.coalesced(ctx, key, load)
    }

    /// Loads what has not expired yet. `None` if somebody else is at it, or if it cannot be had: what
    /// is there still serves.
    async fn recompute(&self, ctx: &Ctx<'_>, key: Key) -> Option<Value> {
        let load = self.load(ctx, ctx.refresh(), key, Put::Plain);
        if self.guards().stampede.cluster == Some(Cluster::Lock) {
            let token = try_lock(self, ctx, key).await.ok()??;
            let value = load.await;
            unlock(ctx, key, token).await;
            return value.ok();
        }
        self.coalesced(ctx, key, load.boxed()).await.ok()
    }

    fn coalesced<'a>(
        &'a self,
        ctx: &'a Ctx<'_>,
        key: Key,
        load: BoxFuture<'a, Outcome<Value>>,
    ) -> BoxFuture<'a, Outcome<Value>> {
        match self.guards().stampede.coalesce {
            true => ctx.fill().join(&self.flights, key, load).boxed(),
            false => load,
        }
    }
}

/// What the cache's answer to a lookup comes to.
///
/// # Errors
/// If what it holds is no entry.
pub fn found(ctx: &Ctx<'_>, key: Key, answer: Outcome<Option<Entry>>) -> Outcome<Lookup> {
    match answer {
        Ok(Some(entry)) => held(ctx, key, entry),
        Ok(None) => Ok(Lookup::Missed),
        Err(_) => Ok(Lookup::Unanswered),
    }
}

/// What a lookup comes to that found an entry.
fn held(ctx: &Ctx<'_>, key: Key, entry: Entry) -> Outcome<Lookup> {
    Ok(match entry::decode(ctx.lookup(), key, entry)? {
        Held::Value(value, stamp) => Lookup::Found(Found { value, stamp }),
        Held::Tombstone(_) => Lookup::Missed,
    })
}
