//! Layers around a backend: behaviour that is the same for every call, written once.
//!
//! A layer is told what is about to be called and is handed the call itself. [`Layered`] makes of a
//! backend and a layer a backend again, so the tap, a network and a fault are decorators that need
//! not know the methods one by one.

use std::future::Future;
use std::ops::Deref;

use async_trait::async_trait;
use bytes::Bytes;

use super::asking::Asking;
use super::cache::{CacheAsking, Delivery, Enqueued, Leased, QueuedWrite, Subscription, Token};
use super::entry::Entry;
use super::store::{Applied, Event, Read, StoreAsking, VersionedDraft};
use super::{Cache, Store};
use crate::model::{Draft, Key, Nanos, Outcome, Side, Verb, Version};

/// What is done around every call.
pub trait Layer: Send + Sync {
    /// Makes `call`, which is described by `step`, when and if it sees fit.
    fn around<T: Described>(
        &self,
        step: Step,
        call: impl Future<Output = Outcome<T>> + Send,
    ) -> impl Future<Output = Outcome<T>> + Send;

    /// Whether every single write to the store is to leave an event about itself in the outbox.
    fn leaves_events(&self) -> bool {
        false
    }

    /// Whether events and notices are lost on their way, of which their sender does not learn.
    fn loses_events(&self) -> bool {
        false
    }

    /// Receives events by `claim`, which is handed how long to wait for the first.
    fn receive<F>(
        &self,
        wait: Nanos,
        claim: impl Fn(Nanos) -> F + Send,
    ) -> impl Future<Output = Outcome<Vec<Delivery>>> + Send
    where
        F: Future<Output = Outcome<Vec<Delivery>>> + Send,
    {
        self.around(Step::cache_at_large(Verb::Stream), claim(wait))
    }

    /// Takes over the bus of one listener.
    fn listen(&self, subscription: Box<dyn Subscription>) -> Box<dyn Subscription> {
        subscription
    }
}

/// A backend inside a layer.
pub struct Layered<B, L> {
    backend: B,
    layer: L,
}

impl<B, L> Layered<B, L> {
    pub const fn new(backend: B, layer: L) -> Self {
        Self { backend, layer }
    }
}

/// What is about to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub side: Side,
    pub verb: Verb,
    pub key: Option<Key>,
    /// Bytes of entries or rows that are sent.
    pub bytes: usize,
}

impl Step {
    pub(super) const fn cache(verb: Verb, key: Key) -> Self {
        Self { side: Side::Cache, verb, key: Some(key), bytes: 0 }
    }

    const fn cache_at_large(verb: Verb) -> Self {
        Self { side: Side::Cache, verb, key: None, bytes: 0 }
    }

    const fn store(verb: Verb) -> Self {
        Self { side: Side::Store, verb, key: None, bytes: 0 }
    }

    const fn sending(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    const fn of(self, key: Key) -> Self {
        Self { key: Some(key), ..self }
    }
}

/// What a call's result amounts to.
pub trait Described: Send {
    /// Of a lookup: whether it found what it looked for.
    fn found(&self) -> Option<bool> {
        None
    }

    /// Rows that the store went through.
    fn rows(&self) -> usize {
        0
    }

    /// Bytes of entries or rows that came back.
    fn bytes(&self) -> usize {
        0
    }
}

impl Described for () {}
impl Described for bool {}
impl Described for Enqueued {}
impl Described for Vec<Delivery> {}
impl Described for Box<dyn Subscription> {}

impl Described for Option<Entry> {
    fn found(&self) -> Option<bool> {
        Some(self.is_some())
    }

    fn bytes(&self) -> usize {
        self.as_ref().map_or(0, Entry::len)
    }
}

impl Described for Leased {
    fn found(&self) -> Option<bool> {
        Some(matches!(self, Self::Found(_)))
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Found(entry) => entry.len(),
            Self::Granted | Self::Taken => 0,
        }
    }
}

impl Described for Vec<QueuedWrite> {
    fn bytes(&self) -> usize {
        self.iter().map(|write| write.entry.len()).sum()
    }
}

impl Described for Read {
    fn found(&self) -> Option<bool> {
        Some(!self.value.is_absent())
    }

    fn rows(&self) -> usize {
        self.rows as usize
    }

    fn bytes(&self) -> usize {
        self.value.size()
    }
}

impl Described for Version {
    fn rows(&self) -> usize {
        1
    }
}

impl Described for Applied {
    fn rows(&self) -> usize {
        self.written as usize
    }
}

impl Described for Vec<Event> {
    fn rows(&self) -> usize {
        self.len()
    }
}

/// What is called most often, without a box for its future.
impl<B, L> Layered<B, L>
where
    B: Deref<Target: Cache> + Send + Sync,
    L: Layer,
{
    /// As [`Cache::get`].
    pub fn get(&self, key: Key) -> impl Future<Output = Outcome<Option<Entry>>> + Send {
        self.layer.around(Step::cache(Verb::Get, key), self.backend.get(key))
    }

    /// As [`Cache::set`].
    pub fn set(
        &self,
        key: Key,
        entry: Entry,
        ttl: Option<Nanos>,
    ) -> impl Future<Output = Outcome<()>> + Send {
        let step = Step::cache(Verb::Set, key).sending(entry.len());
        self.layer.around(step, self.backend.set(key, entry, ttl))
    }

    /// As [`Cache::delete`].
    pub fn delete(&self, key: Key) -> impl Future<Output = Outcome<bool>> + Send {
        self.layer.around(Step::cache(Verb::Delete, key), self.backend.delete(key))
    }
}

/// The same of a store.
impl<B, L> Layered<B, L>
where
    B: Deref<Target: Store> + Send + Sync,
    L: Layer,
{
    /// As [`Store::read`].
    pub fn read(&self, key: Key) -> impl Future<Output = Outcome<Read>> + Send {
        self.layer.around(Step::store(Verb::Read).of(key), self.backend.read(key))
    }

    /// As [`Store::write`].
    pub fn write<'a>(
        &'a self,
        draft: &'a Draft,
    ) -> impl Future<Output = Outcome<Version>> + Send + use<'a, B, L> {
        let step = Step::store(Verb::Write).of(draft.key).sending(draft.size());
        let call = match self.layer.leaves_events() {
            true => self.backend.write_with_event(draft),
            false => self.backend.write(draft),
        };
        self.layer.around(step, call)
    }
}

#[async_trait]
impl<B, L> Cache for Layered<B, L>
where
    B: Deref<Target: Cache> + Send + Sync,
    L: Layer,
{
    fn get(&self, key: Key) -> CacheAsking<'_, Option<Entry>> {
        Asking::of(Self::get(self, key))
    }

    fn set(&self, key: Key, entry: Entry, ttl: Option<Nanos>) -> CacheAsking<'_, ()> {
        Asking::of(Self::set(self, key, entry, ttl))
    }

    async fn set_if_absent(&self, key: Key, entry: Entry, ttl: Option<Nanos>) -> Outcome<bool> {
        let step = Step::cache(Verb::Set, key).sending(entry.len());
        self.layer.around(step, self.backend.set_if_absent(key, entry, ttl)).await
    }

    async fn set_if_newer(&self, key: Key, entry: Entry, ttl: Option<Nanos>) -> Outcome<bool> {
        let step = Step::cache(Verb::Script, key).sending(entry.len());
        self.layer.around(step, self.backend.set_if_newer(key, entry, ttl)).await
    }

    async fn compare_and_set(
        &self,
        key: Key,
        expected: Bytes,
        entry: Entry,
        ttl: Option<Nanos>,
    ) -> Outcome<bool> {
        let step = Step::cache(Verb::Script, key).sending(entry.len());
        self.layer.around(step, self.backend.compare_and_set(key, expected, entry, ttl)).await
    }

    fn delete(&self, key: Key) -> CacheAsking<'_, bool> {
        Asking::of(Self::delete(self, key))
    }

    async fn delete_if_older(&self, key: Key, version: Version) -> Outcome<bool> {
        let call = self.backend.delete_if_older(key, version);
        self.layer.around(Step::cache(Verb::Script, key), call).await
    }

    async fn invalidate(&self, key: Key, tombstone: Entry, ttl: Option<Nanos>) -> Outcome<bool> {
        let step = Step::cache(Verb::Script, key).sending(tombstone.len());
        self.layer.around(step, self.backend.invalidate(key, tombstone, ttl)).await
    }

    async fn lock(&self, key: Key, token: Token, ttl: Nanos) -> Outcome<bool> {
        self.layer.around(Step::cache(Verb::Set, key), self.backend.lock(key, token, ttl)).await
    }

    async fn unlock(&self, key: Key, token: Token) -> Outcome<bool> {
        self.layer.around(Step::cache(Verb::Script, key), self.backend.unlock(key, token)).await
    }

    async fn lease_get(&self, key: Key, token: Token, ttl: Nanos) -> Outcome<Leased> {
        let call = self.backend.lease_get(key, token, ttl);
        self.layer.around(Step::cache(Verb::Script, key), call).await
    }

    async fn lease_set(
        &self,
        key: Key,
        token: Token,
        entry: Entry,
        ttl: Option<Nanos>,
    ) -> Outcome<bool> {
        let step = Step::cache(Verb::Script, key).sending(entry.len());
        self.layer.around(step, self.backend.lease_set(key, token, entry, ttl)).await
    }

    async fn lease_delete(&self, key: Key) -> Outcome<bool> {
        self.layer.around(Step::cache(Verb::Script, key), self.backend.lease_delete(key)).await
    }

    async fn enqueue_write(
        &self,
        key: Key,
        entry: Entry,
        seed: Option<Version>,
    ) -> Outcome<Enqueued> {
        let step = Step::cache(Verb::Script, key).sending(entry.len());
        self.layer.around(step, self.backend.enqueue_write(key, entry, seed)).await
    }

    async fn claim_writes(&self, max: usize, idle: Nanos) -> Outcome<Vec<QueuedWrite>> {
        let call = self.backend.claim_writes(max, idle);
        self.layer.around(Step::cache_at_large(Verb::Stream), call).await
    }

    async fn settle_writes(&self, writes: &[QueuedWrite], ttl: Option<Nanos>) -> Outcome<()> {
        let call = self.backend.settle_writes(writes, ttl);
        self.layer.around(Step::cache_at_large(Verb::Script), call).await
    }

    async fn publish(&self, events: &[Event]) -> Outcome<()> {
        if self.layer.loses_events() {
            return Ok(());
        }
        let call = self.backend.publish(events);
        self.layer.around(Step::cache_at_large(Verb::Stream), call).await
    }

    async fn claim_events(&self, max: usize, wait: Nanos, idle: Nanos) -> Outcome<Vec<Delivery>> {
        self.layer.receive(wait, |wait| self.backend.claim_events(max, wait, idle)).await
    }

    async fn settle_events(&self, events: &[Delivery]) -> Outcome<()> {
        let call = self.backend.settle_events(events);
        self.layer.around(Step::cache_at_large(Verb::Stream), call).await
    }

    async fn broadcast(&self, key: Key) -> Outcome<()> {
        if self.layer.loses_events() {
            return Ok(());
        }
        self.layer.around(Step::cache(Verb::Stream, key), self.backend.broadcast(key)).await
    }

    async fn subscribe(&self) -> Outcome<Box<dyn Subscription>> {
        let step = Step::cache_at_large(Verb::Stream);
        let subscription = self.layer.around(step, self.backend.subscribe()).await?;
        Ok(self.layer.listen(subscription))
    }

    async fn get_tracked(&self, key: Key) -> Outcome<Option<Entry>> {
        self.layer.around(Step::cache(Verb::Get, key), self.backend.get_tracked(key)).await
    }

    async fn track(&self) -> Outcome<Box<dyn Subscription>> {
        self.layer.around(Step::cache_at_large(Verb::Stream), self.backend.track()).await
    }
}

#[async_trait]
impl<B, L> Store for Layered<B, L>
where
    B: Deref<Target: Store> + Send + Sync,
    L: Layer,
{
    fn read(&self, key: Key) -> StoreAsking<'_, Read, Key> {
        Asking::of(Self::read(self, key))
    }

    async fn version(&self, key: Key) -> Outcome<Version> {
        self.layer.around(Step::store(Verb::Get).of(key), self.backend.version(key)).await
    }

    fn write<'a>(&'a self, draft: &'a Draft) -> StoreAsking<'a, Version, &'a Draft> {
        Asking::of(Self::write(self, draft))
    }

    fn write_with_event<'a>(&'a self, draft: &'a Draft) -> StoreAsking<'a, Version, &'a Draft> {
        let step = Step::store(Verb::Write).of(draft.key).sending(draft.size());
        Asking::of(self.layer.around(step, self.backend.write_with_event(draft)))
    }

    async fn apply_batch(&self, writes: &[VersionedDraft]) -> Outcome<Applied> {
        let bytes = writes.iter().map(|write| write.draft.size()).sum();
        let step = Step::store(Verb::Write).sending(bytes);
        self.layer.around(step, self.backend.apply_batch(writes)).await
    }

    async fn read_outbox(&self, max: usize) -> Outcome<Vec<Event>> {
        self.layer.around(Step::store(Verb::Stream), self.backend.read_outbox(max)).await
    }

    async fn trim_outbox(&self, published: &[Event]) -> Outcome<()> {
        self.layer.around(Step::store(Verb::Write), self.backend.trim_outbox(published)).await
    }
}
