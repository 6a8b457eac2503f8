//! The envelope of a cached value: a typed entry, never a bare string.
//!
//! ```text
//! 0         8        16         20      21      22            23     27      35       43     51
//! | version | writer | checksum | flags | codec | compression | rows | total | expiry | load | body
//! ```
//!
//! All numbers are big-endian. The version comes first because the cache's atomic steps compare and
//! replace it ([`ENTRY_VERSION`](crate::backend::ENTRY_VERSION)). The expiry is the logical one, on
//! the run's clock; the cache's own may be later. The load is how long the store took to answer.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::format::{self, Codec, Compression, Format};
use crate::backend::{Ctx, Purposed};
use crate::model::{
    Aggregate, Draft, Fault, FaultKind, Key, Nanos, Outcome, Value, Version, Writer,
};

const HEADER: usize = 51;
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
pub struct Identity([u8; HEADER]);

impl Identity {
    pub fn to_bytes(self) -> Bytes {
        Bytes::copy_from_slice(&self.0)
    }
}

struct Header {
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
    /// Whether the body is kept as it is.
    fn is_plain(&self) -> bool {
        self.codec == Codec::Json && self.compression == Compression::None
    }
}

/// The entry that holds `value`, made for a purpose so that the tap sees what it takes.
pub fn encode(by: Purposed<'_>, value: &Value, stamp: Stamp, format: &Format) -> Bytes {
    by.encode(value.key, value.size(), || write(value, stamp, format))
}

/// What `entry` holds under `key`, read for a purpose so that the tap sees what it takes.
///
/// # Errors
/// As [`read`].
pub fn decode(by: Purposed<'_>, key: Key, entry: Bytes) -> Outcome<Held> {
    let bytes = entry.len();
    open(entry, |header, body| match header.is_plain() {
        // There is nothing to do, and to time that would take longer than it takes.
        true => value(key, header, body),
        false => by.decode(key, bytes, || value(key, header, body)),
    })
}

/// What `entry` holds under `key`.
///
/// # Errors
/// [`FaultKind::Corrupt`] where it is no entry at all. Whether the value is what its writer wrote
/// is for the client to check ([`Value::is_intact`]).
pub fn read(key: Key, entry: Bytes) -> Outcome<Held> {
    open(entry, |header, body| value(key, header, body))
}

/// An entry without a value, which only says that whatever is older than `version` is out of date.
pub fn tombstone(version: Version) -> Bytes {
    let (codec, compression) = (Codec::Json, Compression::None);
    let nothing = Value::never_written(Key(0));
    let value = Value { version, ..nothing };
    with_header(&value, TOMBSTONE, codec, compression, Stamp::NONE, &[])
}

/// What tells `entry` from any other entry of its key, for a compare-and-set. Of what is no entry it
/// makes no sense.
pub fn identity(entry: &[u8]) -> Identity {
    Identity(entry.first_chunk().copied().unwrap_or([0; HEADER]))
}

/// The draft that a queued entry was made from, and the version that the cache gave it.
///
/// # Errors
/// As [`read`].
pub fn read_draft(key: Key, entry: Bytes) -> Outcome<(Draft, Version)> {
    let Held::Value(value, _) = read(key, entry)? else { return Err(corrupt()) };
    let Value { version, writer, checksum, aggregate, body, .. } = value;
    Ok((Draft { key, writer, body, checksum, aggregate }, version))
}

/// The entry that holds `value`, made for nobody in particular.
pub fn write(value: &Value, stamp: Stamp, format: &Format) -> Bytes {
    let Some(body) = &value.body else {
        return with_header(value, ABSENT, Codec::Json, Compression::None, stamp, &[]);
    };
    let (codec, compression, body) = format.encode(body);
    with_header(value, 0, codec, compression, stamp, &body)
}

/// What `entry` holds, its value by way of `unpack`.
fn open(mut entry: Bytes, unpack: impl FnOnce(Header, Bytes) -> Outcome<Value>) -> Outcome<Held> {
    let header = header(&entry)?;
    if header.flags & TOMBSTONE != 0 {
        return Ok(Held::Tombstone(header.version));
    }
    let stamp = header.stamp;
    // The entry itself goes on as the body: another handle on it would be counted.
    entry.advance(HEADER);
    Ok(Held::Value(unpack(header, entry)?, stamp))
}

fn with_header(
    value: &Value,
    flags: u8,
    codec: Codec,
    compression: Compression,
    stamp: Stamp,
    body: &[u8],
) -> Bytes {
    let aggregate = value.aggregate.unwrap_or_default();
    let mut entry = BytesMut::with_capacity(HEADER + body.len());
    entry.put_u64(value.version.0);
    entry.put_u64(value.writer.0);
    entry.put_u32(value.checksum);
    entry.put_u8(flags | if value.aggregate.is_some() { HAS_AGGREGATE } else { 0 });
    entry.put_u8(codec as u8);
    entry.put_u8(compression as u8);
    entry.put_u32(aggregate.rows);
    entry.put_i64(aggregate.total);
    entry.put_u64(stamp.expiry.0);
    entry.put_u64(stamp.load.0);
    entry.put_slice(body);
    entry.freeze()
}

fn header(mut entry: &[u8]) -> Outcome<Header> {
    if entry.len() < HEADER {
        return Err(corrupt());
    }
    let (version, writer) = (Version(entry.get_u64()), Writer(entry.get_u64()));
    let (checksum, flags) = (entry.get_u32(), entry.get_u8());
    let codec = Codec::from_byte(entry.get_u8()).ok_or_else(corrupt)?;
    let compression = Compression::from_byte(entry.get_u8()).ok_or_else(corrupt)?;
    if flags & !(HAS_AGGREGATE | ABSENT | TOMBSTONE) != 0 {
        return Err(corrupt());
    }
    let aggregate = Aggregate { rows: entry.get_u32(), total: entry.get_i64() };
    let stamp = Stamp { expiry: Nanos(entry.get_u64()), load: Nanos(entry.get_u64()) };
    Ok(Header { version, writer, checksum, flags, codec, compression, aggregate, stamp })
}

fn value(key: Key, header: Header, body: Bytes) -> Outcome<Value> {
    let body = match header.flags & ABSENT {
        0 => Some(format::decode(header.codec, header.compression, body).ok_or_else(corrupt)?),
        _ => None,
    };
    let Header { version, writer, checksum, flags, aggregate, .. } = header;
    let aggregate = (flags & HAS_AGGREGATE != 0).then_some(aggregate);
    Ok(Value { key, version, writer, checksum, aggregate, body })
}

const fn corrupt() -> Fault {
    Fault::cache(FaultKind::Corrupt)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::backend::ENTRY_VERSION;

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
            prop_assert_eq!(&entry[ENTRY_VERSION], &version.to_be_bytes()[..]);
            prop_assert_eq!(read(Key(key), entry.clone()).unwrap(), Held::Value(value, stamp));
            prop_assert_eq!(read_draft(Key(key), entry).unwrap(), (draft, Version(version)));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = read(Key(1), bytes.into());
        }
    }

    #[test]
    fn a_truncated_entry_is_corrupt() {
        let value = Draft::new(Key(1), Writer(1), Bytes::new()).at(Version(1));
        let cut = write(&value, Stamp::NONE, &Format::default()).slice(..HEADER - 1);
        assert_eq!(read(Key(1), cut), Err(corrupt()));
    }

    #[test]
    fn a_tombstone_holds_a_version_and_no_value() {
        let entry = tombstone(Version(7));
        assert_eq!(read(Key(1), entry.clone()), Ok(Held::Tombstone(Version(7))));
        assert_eq!(read_draft(Key(1), entry), Err(corrupt()));
    }
}
