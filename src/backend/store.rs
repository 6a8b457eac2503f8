//! The store as a strategy sees it: the source of truth.

use async_trait::async_trait;

use super::asking::Asking;
use super::twin::StoreCall;
use crate::model::{Draft, Key, Outcome, Value, Version};

/// A durable store. A method that writes returns once the store has acknowledged its COMMIT.
///
/// Every method fails with a [`Fault`](crate::model::Fault) on the store's side.
// What is called most often is written out, as in a [`Cache`](super::Cache).
#[async_trait]
pub trait Store: Send + Sync {
    /// Answers the read that the scenario's origin stands for, at that origin's cost.
    fn read(&self, key: Key) -> StoreAsking<'_, Read, Key>;

    /// The row's version alone, by a point lookup; [`Version::INITIAL`] where there is no row.
    async fn version(&self, key: Key) -> Outcome<Version>;

    /// Writes the row, whether or not there is one, and returns the version it was committed as: one
    /// more than before. A deletion leaves its version behind, so that versions never start again.
    fn write<'a>(&'a self, draft: &'a Draft) -> StoreAsking<'a, Version, &'a Draft>;

    /// The same, with an outbox row about it in the same transaction.
    fn write_with_event<'a>(&'a self, draft: &'a Draft) -> StoreAsking<'a, Version, &'a Draft>;

    /// In one transaction, sets each row to the version given, unless it is there or past it.
    async fn apply_batch(&self, writes: &[VersionedDraft]) -> Outcome<Applied>;

    /// Up to `max` outbox rows, oldest first.
    async fn read_outbox(&self, max: usize) -> Outcome<Vec<Event>>;

    /// Forgets these outbox rows: they have been published. Rows are named one by one, for a
    /// transaction with a lower number may commit after one with a higher.
    async fn trim_outbox(&self, published: &[Event]) -> Outcome<()>;
}

/// One of the most frequent calls to a store, under way: one about an `A` that is answered by a `T`.
pub type StoreAsking<'a, T, A> = Asking<'a, T, StoreCall<'a, T, A>>;

/// What a read brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The row, or that there is none.
    pub value: Value,
    /// Rows the store went through for it.
    pub rows: u32,
}

/// A draft whose version was given before it reached the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionedDraft {
    pub draft: Draft,
    pub version: Version,
}

/// What came of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Rows that were set.
    pub written: u32,
    /// Rows that already held this version or a later one.
    pub passed: u32,
}

/// "This key was committed as this version."
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// The outbox row's number.
    pub sequence: u64,
    pub key: Key,
    pub version: Version,
}
