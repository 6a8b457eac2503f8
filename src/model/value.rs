//! Keys, and the values that live under them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Body, Promise, Size};

/// The largest body of a row. What is larger than this was not written by anyone here; and parsed, it may
/// take a hundred times as much.
pub const BODY_MAX: Size = Size(8 << 20);

/// A key of the dataset, by its number: `0 .. keys`. Backends turn it into their own name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(pub u64);

/// A row's own version: 0 as loaded, and one more with every committed write.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Version(pub u64);

impl Version {
    /// The row as it was loaded, or its absence where the key was never written.
    pub const INITIAL: Self = Self(0);

    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Which write made a value: the number of its request in the plan plus one, or 0 for the load.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Writer(pub u64);

impl Writer {
    pub const LOAD: Self = Self(0);

    pub const fn of_request(number: u64) -> Self {
        Self(number + 1)
    }
}

/// What a client asks to be written: a value before the store has given it a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub key: Key,
    pub writer: Writer,
    /// The entity as JSON; `None` where the row is to be deleted.
    pub body: Option<Body>,
    /// CRC-32 over key, writer and the body's text, made where that was made; 0 of a promise, which
    /// has no text that could come to harm.
    pub checksum: u32,
    /// What the origin would compute for this row: a client that edits an entity has all of it in
    /// hand, so that what it writes to a cache is as complete as what the origin would answer.
    pub aggregate: Option<Aggregate>,
}

impl Draft {
    pub fn new(key: Key, writer: Writer, text: Bytes) -> Self {
        let checksum = checksum(key, writer, Some(&text));
        Self { key, writer, body: Some(text.into()), checksum, aggregate: None }
    }

    /// What the promise's own writer writes.
    pub fn promised(promise: Promise) -> Self {
        let (key, writer) = (promise.key(), promise.writer());
        Self { key, writer, body: Some(Body::Promised(promise)), checksum: 0, aggregate: None }
    }

    /// The deletion of the row.
    pub fn deletion(key: Key, writer: Writer) -> Self {
        Self { key, writer, body: None, checksum: checksum(key, writer, None), aggregate: None }
    }

    /// Whether it deletes the row.
    pub const fn is_deletion(&self) -> bool {
        self.body.is_none()
    }

    /// Bytes of its body.
    pub fn size(&self) -> usize {
        self.body.as_ref().map_or(0, Body::len)
    }

    /// Its text, if there is to be a row, and the checksum over it: what a server is told that keeps
    /// what it is told.
    pub fn in_full(&self) -> (Option<Bytes>, u32) {
        in_full(self.checksum, self.body.as_ref())
    }

    pub fn with_aggregate(self, aggregate: Option<Aggregate>) -> Self {
        Self { aggregate, ..self }
    }

    /// The value that this draft becomes once the store has committed it as `version`.
    pub fn at(&self, version: Version) -> Value {
        Value {
            key: self.key,
            version,
            writer: self.writer,
            checksum: self.checksum,
            aggregate: self.aggregate,
            body: self.body.clone(),
        }
    }
}

/// What an aggregating origin computes over a row's children.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aggregate {
    pub rows: u32,
    pub total: i64,
}

/// A row as a client gets to see it: an entity, or that there is none.
///
/// An absence is a value too. It has the version of the deletion that made it, or
/// [`Version::INITIAL`] where there never was a row, so that it can be as stale as any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    pub key: Key,
    pub version: Version,
    pub writer: Writer,
    /// The writer's checksum, carried along from end to end.
    pub checksum: u32,
    /// Present where the origin aggregates child rows of a row that is there.
    pub aggregate: Option<Aggregate>,
    /// The entity as JSON; `None` where there is no row.
    pub body: Option<Body>,
}

impl Value {
    /// There is no row under `key`, and there never was one.
    pub fn never_written(key: Key) -> Self {
        Draft::deletion(key, Writer::LOAD).at(Version::INITIAL)
    }

    /// Whether there is no row.
    pub const fn is_absent(&self) -> bool {
        self.body.is_none()
    }

    /// Bytes of its body.
    pub fn size(&self) -> usize {
        self.body.as_ref().map_or(0, Body::len)
    }

    /// As [`Draft::in_full`].
    pub fn in_full(&self) -> (Option<Bytes>, u32) {
        in_full(self.checksum, self.body.as_ref())
    }

    /// Whether this is, byte for byte, what some writer wrote under `key`. Text is held against the
    /// writer's checksum. A body that is still a promise has been over no wire and in no file, so no
    /// byte of it can be wrong; it can be another's, and has to be that of `key` and the writer.
    pub fn is_intact(&self, key: Key) -> bool {
        let is_its_own = match &self.body {
            None => self.checksum == checksum(key, self.writer, None),
            Some(Body::Text(text)) => self.checksum == checksum(key, self.writer, Some(text)),
            Some(Body::Promised(promise)) => {
                promise.key() == key && promise.writer() == self.writer
            }
        };
        self.key == key && is_its_own
    }
}

fn in_full(carried: u32, body: Option<&Body>) -> (Option<Bytes>, u32) {
    match body {
        None => (None, carried),
        Some(Body::Text(text)) => (Some(text.clone()), carried),
        Some(Body::Promised(promise)) => {
            let (text, checksum) = promise.in_full();
            (Some(text), checksum)
        }
    }
}

/// An absent body and an empty one have different checksums.
pub(super) fn checksum(key: Key, writer: Writer, body: Option<&[u8]>) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&key.0.to_le_bytes());
    crc.update(&writer.0.to_le_bytes());
    match body {
        Some(body) => crc.update(body),
        None => crc.update(b"deleted"),
    }
    crc.finalize()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Maker;

    struct Named;

    impl Maker for Named {
        fn make(&self, key: Key, writer: Writer) -> Bytes {
            format!("{} by {}", key.0, writer.0).into()
        }
    }

    fn promise() -> Promise {
        Promise::new(Arc::new(Named), Key(7), Writer(3), 6)
    }

    #[test]
    fn a_promise_is_intact_as_its_own_key_and_writer() {
        let value = Draft::promised(promise()).at(Version(4));
        assert!(value.is_intact(Key(7)) && value.size() == 6);
        assert!(!value.is_intact(Key(8)), "served under another key");
        assert!(!Value { key: Key(8), ..value.clone() }.is_intact(Key(8)), "another key's");
        assert!(!Value { writer: Writer(9), ..value }.is_intact(Key(7)), "another writer's");
    }

    #[test]
    fn in_full_a_promise_is_what_its_writer_would_have_written() {
        let text = Bytes::from_static(b"7 by 3");
        let (promised, written) =
            (Draft::promised(promise()), Draft::new(Key(7), Writer(3), text.clone()));
        assert_eq!(promised.in_full(), written.in_full());
        assert_eq!(promised.at(Version(1)).in_full(), (Some(text), written.checksum));
    }

    #[test]
    fn a_value_is_intact_only_as_its_writer_made_it() {
        let draft = Draft::new(Key(7), Writer(3), Bytes::from_static(b"{}"));
        let value = draft.at(Version(4));
        assert!(value.is_intact(Key(7)));
        assert!(!value.is_intact(Key(8)), "served under another key");
        assert!(!Value { writer: Writer(9), ..value.clone() }.is_intact(Key(7)));
        let changed = Some(Bytes::from_static(b"[]").into());
        assert!(!Value { body: changed, ..value.clone() }.is_intact(Key(7)));
        assert!(!Value { body: None, ..value }.is_intact(Key(7)), "it was no deletion");
    }

    #[test]
    fn a_deletion_is_intact_as_its_writer_made_it() {
        let absent = Draft::deletion(Key(7), Writer(3)).at(Version(4));
        assert!(absent.is_absent() && absent.is_intact(Key(7)));
        assert!(!Value { writer: Writer(9), ..absent.clone() }.is_intact(Key(7)));
        assert!(!Value { body: Some(Bytes::new().into()), ..absent }.is_intact(Key(7)));
        assert!(Value::never_written(Key(7)).is_intact(Key(7)));
    }
}
