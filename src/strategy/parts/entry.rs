//! The envelope of a cached value: a typed entry, never a bare string.
//!
//! ```text
//! 0         8        16         20      21      22            23     27      35       43     51
//! | version | writer | checksum | flags | codec | compression | rows | total | expiry | load | body
//! ```
//!
//! All numbers are big-endian. The version comes first because the cache's atomic steps compare and
//! replace it ([`ENTRY_VERSION`](crate::backend::ENTRY_VERSION)). A body that was only promised stays
//! so where it would be kept as it is; any other format makes its text. The expiry is the logical one, on
//! the run's clock; the cache's own may be later. The load is how long the store took to answer.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::format::{self, Codec, Compression, Format};
use crate::backend::{Ctx, ENTRY_HEAD, Entry, Purposed};
use crate::model::{
    Aggregate, Body, Draft, Fault, FaultKind, Key, Nanos, Outcome, Value, Version, Writer,
};

const HAS_AGGREGATE: u8 = 1;
/// The row is known not to be there.
const ABSENT: u8 = 2;
/// No value at all: it only says that whatever is older is out of date.
const TOMBSTONE: u8 = 4;

/// What an entry says of its own life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// From then on it is out of date; `NEVER` if it does not say.
    pub expiry: Nanos,
    /// How long its value took to load.
    pub load: Nanos,
}

impl Stamp {
    /// Of an entry whose life is the cache's affair alone.
    pub const NONE: Self = Self { expiry: Nanos::NEVER, load: Nanos::ZERO };

    /// Whether it is out of date by now.
    pub fn is_expired(self, ctx: &Ctx<'_>) -> bool {
        self.expiry != Nanos::NEVER && self.expiry <= ctx.clock().now()
    }
}

/// What a cached entry holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    Value(Value, Stamp),
    /// Everything up to this version is out of date.
    Tombstone(Version),
}

/// The bytes with which an entry begins, and no other of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity([u8; ENTRY_HEAD]);

impl Identity {
    pub fn to_bytes(self) -> Bytes {
        Bytes::copy_from_slice(&self.0)
    }
}

/// What an entry says of itself before its body.
pub struct Header {
    version: Version,
    writer: Writer,
    checksum: u32,
    flags: u8,
    codec: Codec,
    compression: Compression,
    aggregate: Aggregate,
    stamp: Stamp,
}

impl Header {
    /// Of the value with its body as it is.
    fn of(value: &Value, stamp: Stamp) -> Self {
        Self {
            version: value.version,
            writer: value.writer,
            checksum: value.checksum,
            flags: if value.aggregate.is_some() { HAS_AGGREGATE } else { 0 },
            codec: Codec::Json,
            compression: Compression::None,
            aggregate: value.aggregate.unwrap_or_default(),
            stamp,
        }
    }

    /// # Errors
    /// [`FaultKind::Corrupt`] of what is no entry at all.
    #[inline(always)]
    fn read(entry: &Entry) -> Outcome<Self> {
        let mut head = entry.head();
        if head.len() < ENTRY_HEAD {
            return Err(corrupt());
        }
        let (version, writer) = (Version(head.get_u64()), Writer(head.get_u64()));
        let (checksum, flags) = (head.get_u32(), head.get_u8());
        let codec = Codec::from_byte(head.get_u8()).ok_or_else(corrupt)?;
        let compression = Compression::from_byte(head.get_u8()).ok_or_else(corrupt)?;
        if flags & !(HAS_AGGREGATE | ABSENT | TOMBSTONE) != 0 {
            return Err(corrupt());
        }
        let aggregate = Aggregate { rows: head.get_u32(), total: head.get_i64() };
        let stamp = Stamp { expiry: Nanos(head.get_u64()), load: Nanos(head.get_u64()) };
        Ok(Self { version, writer, checksum, flags, codec, compression, aggregate, stamp })
    }

    /// What the entry says of its life.
    pub const fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// The value of the `entry` that begins so, under `key`, read for a purpose so that the tap sees what it
    /// takes.
    ///
    /// # Errors
    /// [`FaultKind::Corrupt`] where its body is none.
    // In place: it is written where it stays.
    #[inline(always)]
    pub fn value(self, by: Purposed<'_>, key: Key, entry: Entry) -> Outcome<Value> {
        if self.is_plain() {
            // There is nothing to do, and to time that would take longer than it takes.
            return self.with_body(key, entry.into_body());
        }
        by.decode(key, entry.len(), || self.with_body(key, entry.into_body()))
    }

    #[inline(always)]
    fn with_body(self, key: Key, body: Body) -> Outcome<Value> {
        let Self { version, writer, checksum, flags, codec, compression, aggregate, .. } = self;
        let body = match flags & ABSENT {
            0 => match format::decode(codec, compression, body) {
                Some(body) => Some(body),
                None => return Err(corrupt()),
            },
            _ => None,
        };
        let aggregate = (flags & HAS_AGGREGATE != 0).then_some(aggregate);
        Ok(Value { key, version, writer, checksum, aggregate, body })
    }

    /// Whether there is no value.
    const fn is_tombstone(&self) -> bool {
        self.flags & TOMBSTONE != 0
    }

    /// Whether the body is kept as it is.
    fn is_plain(&self) -> bool {
        self.codec == Codec::Json && self.compression == Compression::None
    }

    fn to_bytes(&self) -> [u8; ENTRY_HEAD] {
        let mut bytes = [0; ENTRY_HEAD];
        let mut head = &mut bytes[..];
        head.put_u64(self.version.0);
        head.put_u64(self.writer.0);
        head.put_u32(self.checksum);
        head.put_u8(self.flags);
        head.put_u8(self.codec as u8);
        head.put_u8(self.compression as u8);
        head.put_u32(self.aggregate.rows);
        head.put_i64(self.aggregate.total);
        head.put_u64(self.stamp.expiry.0);
        head.put_u64(self.stamp.load.0);
        bytes
    }

    /// The entry of the `text` as `format` has it.
    fn before_text(self, text: &Bytes, format: &Format) -> Entry {
        let (codec, compression, body) = format.encode(text);
        Self { codec, compression, ..self }.before(&body)
    }

    fn before(self, body: &[u8]) -> Entry {
        let mut entry = BytesMut::with_capacity(ENTRY_HEAD + body.len());
        entry.put_slice(&self.to_bytes());
        entry.put_slice(body);
        entry.freeze().into()
    }
}

/// The entry that holds `value`, made for a purpose so that the tap sees what it takes.
pub fn encode(by: Purposed<'_>, value: &Value, stamp: Stamp, format: &Format) -> Entry {
    by.encode(value.key, value.size(), || write(value, stamp, format))
}

/// What `entry` holds under `key`, read for a purpose so that the tap sees what it takes.
///
/// # Errors
/// As [`read`].
pub fn decode(by: Purposed<'_>, key: Key, entry: Entry) -> Outcome<Held> {
    open(entry, |header, entry| header.value(by, key, entry))
}

/// How `entry` begins, if it holds a value.
// In place: see `Header::value`.
#[inline(always)]
pub fn header(entry: &Entry) -> Option<Header> {
    Header::read(entry).ok().filter(|header| !header.is_tombstone())
}

/// What `entry` holds under `key`.
///
/// # Errors
/// [`FaultKind::Corrupt`] where it is no entry at all. Whether the value is what its writer wrote
/// is for the client to check ([`Value::is_intact`]).
pub fn read(key: Key, entry: Entry) -> Outcome<Held> {
    open(entry, |header, entry| header.with_body(key, entry.into_body()))
}

/// An entry without a value, which only says that whatever is older than `version` is out of date.
pub fn tombstone(version: Version) -> Entry {
    let value = Value { version, ..Value::never_written(Key(0)) };
    Header { flags: TOMBSTONE, ..Header::of(&value, Stamp::NONE) }.before(&[])
}

/// What tells `entry` from any other entry of its key, for a compare-and-set. Of what is no entry it
/// makes no sense.
pub fn identity(entry: &Entry) -> Identity {
    Identity(entry.head().first_chunk().copied().unwrap_or([0; ENTRY_HEAD]))
}

/// The draft that a queued entry was made from, and the version that the cache gave it.
///
/// # Errors
/// As [`read`].
pub fn read_draft(key: Key, entry: Entry) -> Outcome<(Draft, Version)> {
    let Held::Value(value, _) = read(key, entry)? else { return Err(corrupt()) };
    let Value { version, writer, checksum, aggregate, body, .. } = value;
    Ok((Draft { key, writer, body, checksum, aggregate }, version))
}

/// The entry that holds `value`, made for nobody in particular.
pub fn write(value: &Value, stamp: Stamp, format: &Format) -> Entry {
    let header = Header::of(value, stamp);
    match &value.body {
        None => Header { flags: header.flags | ABSENT, ..header }.before(&[]),
        Some(Body::Text(text)) => header.before_text(text, format),
        Some(Body::Promised(promise)) if format.keeps(promise.length()) => {
            Entry::promised(&header.to_bytes(), promise.clone())
        }
        Some(Body::Promised(promise)) => {
            let (text, checksum) = promise.in_full();
            Header { checksum, ..header }.before_text(&text, format)
        }
    }
}

/// What `entry` holds, its value by way of `value`.
fn open(entry: Entry, value: impl FnOnce(Header, Entry) -> Outcome<Value>) -> Outcome<Held> {
    let header = Header::read(&entry)?;
    if header.is_tombstone() {
        return Ok(Held::Tombstone(header.version));
    }
    let stamp = header.stamp;
    Ok(Held::Value(value(header, entry)?, stamp))
}

const fn corrupt() -> Fault {
    Fault::cache(FaultKind::Corrupt)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::model::{Maker, Promise, Size};

    /// JSON of 100 bytes that compresses well.
    struct Padded;

    impl Maker for Padded {
        fn make(&self, key: Key, writer: Writer) -> Bytes {
            let fields = format!(r#"{{"key":{},"by":{},"pad":""#, key.0, writer.0);
            format!("{fields:a<98}\"}}").into()
        }
    }

    fn promised(key: Key, writer: Writer) -> Draft {
        Draft::promised(Promise::new(Arc::new(Padded), key, writer, 100))
    }

    #[test]
    fn only_an_entry_with_a_value_tells_of_its_life() {
        let stamp_of = |entry: Entry| header(&entry).map(|header| header.stamp());
        let life = Stamp { expiry: Nanos(7), load: Nanos(3) };
        let absent = Value::never_written(Key(1));
        assert_eq!(stamp_of(write(&absent, life, &Format::default())), Some(life));
        assert_eq!(stamp_of(tombstone(Version(4))), None);
        assert_eq!(stamp_of("too short".into()), None);
    }

    proptest! {
        #[test]
        fn a_value_survives_its_envelope(
            key: u64, version: u64, writer: u64, expiry: u64, load: u64,
            aggregate in proptest::option::of((any::<u32>(), any::<i64>())),
            body in proptest::option::of(any::<Vec<u8>>()),
        ) {
            let aggregate = aggregate.map(|(rows, total)| Aggregate { rows, total });
            let draft = match body {
                Some(body) => Draft::new(Key(key), Writer(writer), body.into()),
                None => Draft::deletion(Key(key), Writer(writer)),
            };
            let draft = draft.with_aggregate(aggregate);
            let value = draft.at(Version(version));
            let stamp = Stamp { expiry: Nanos(expiry), load: Nanos(load) };
            let entry = write(&value, stamp, &Format::default());
            prop_assert_eq!(entry.version(), Some(Version(version)));
            prop_assert_eq!(read(Key(key), entry.clone()).unwrap(), Held::Value(value, stamp));
            prop_assert_eq!(read_draft(Key(key), entry).unwrap(), (draft, Version(version)));
        }

        #[test]
        fn a_promise_survives_its_envelope_and_is_kept_where_it_is_written_out(
            key: u64, version: u64, writer: u64, expiry: u64,
            aggregate in proptest::option::of((any::<u32>(), any::<i64>())),
        ) {
            let aggregate = aggregate.map(|(rows, total)| Aggregate { rows, total });
            let (key, version, writer) = (Key(key), Version(version), Writer(writer));
            let value = promised(key, writer).with_aggregate(aggregate).at(version);
            let stamp = Stamp { expiry: Nanos(expiry), load: Nanos(1) };
            let entry = write(&value, stamp, &Format::default());
            prop_assert_eq!(entry.len(), ENTRY_HEAD + value.size());
            prop_assert_eq!(read(key, entry.clone()).unwrap(), Held::Value(value.clone(), stamp));
            let Draft { checksum, body, .. } = Draft::new(key, writer, value.in_full().0.unwrap());
            let written = Value { checksum, body, ..value };
            let bytes = Entry::from(entry.into_bytes());
            prop_assert_eq!(&bytes, &write(&written, stamp, &Format::default()));
            prop_assert_eq!(read(key, bytes).unwrap(), Held::Value(written, stamp));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = read(Key(1), bytes.into());
        }
    }

    #[test]
    fn what_looks_at_a_promise_has_its_text_which_is_intact() {
        let value = promised(Key(7), Writer(3)).at(Version(1));
        let (text, checksum) = value.in_full();
        let written = Value { checksum, body: text.map(Body::from), ..value.clone() };
        let of = |codec, compression, from| Format::new(codec, compression, None, Size(from));
        for format in [
            of(Codec::JsonParsed, Compression::None, 0),
            of(Codec::Messagepack, Compression::None, 0),
            of(Codec::Json, Compression::Zstd, 0),
            of(Codec::Json, Compression::Lz4, value.size() as u64),
        ] {
            let entry = write(&value, Stamp::NONE, &format);
            assert_eq!(entry, write(&written, Stamp::NONE, &format), "{format:?}");
            let Ok(Held::Value(held, _)) = read(Key(7), entry) else { panic!("{format:?}") };
            assert!(held.is_intact(Key(7)) && matches!(held.body, Some(Body::Text(_))));
        }
        let too_small = of(Codec::Json, Compression::Lz4, value.size() as u64 + 1);
        let Ok(Held::Value(held, _)) = read(Key(7), write(&value, Stamp::NONE, &too_small)) else {
            panic!("it is a value");
        };
        assert_eq!(held, value);
        assert!(matches!(held.body, Some(Body::Promised(_))));
    }

    #[test]
    fn a_truncated_entry_is_corrupt() {
        let value = Draft::new(Key(1), Writer(1), Bytes::new()).at(Version(1));
        let cut =
            write(&value, Stamp::NONE, &Format::default()).into_bytes().slice(..ENTRY_HEAD - 1);
        assert_eq!(read(Key(1), cut.into()), Err(corrupt()));
    }

    #[test]
    fn a_tombstone_holds_a_version_and_no_value() {
        let entry = tombstone(Version(7));
        assert_eq!(read(Key(1), entry.clone()), Ok(Held::Tombstone(Version(7))));
        assert_eq!(read_draft(Key(1), entry), Err(corrupt()));
    }
}
