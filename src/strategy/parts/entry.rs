//! The envelope of a cached value: a typed entry, never a bare string.
//!
//! ```text
//! 0        8        16         20      21       25      33
//! | version | writer | checksum | flags | rows   | total | body: JSON
//! ```
//!
//! All numbers are big-endian. The version comes first because the cache's atomic steps compare and
//! replace it ([`ENTRY_VERSION`](crate::backend::ENTRY_VERSION)).

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::model::{Aggregate, Draft, Fault, FaultKind, Key, Outcome, Value, Version, Writer};

const HEADER: usize = 33;
const HAS_AGGREGATE: u8 = 1;

/// The entry that holds `value`.
pub fn encode(value: &Value) -> Bytes {
    let aggregate = value.aggregate.unwrap_or_default();
    let mut entry = BytesMut::with_capacity(HEADER + value.body.len());
    entry.put_u64(value.version.0);
    entry.put_u64(value.writer.0);
    entry.put_u32(value.checksum);
    entry.put_u8(if value.aggregate.is_some() { HAS_AGGREGATE } else { 0 });
    entry.put_u32(aggregate.rows);
    entry.put_i64(aggregate.total);
    entry.put_slice(&value.body);
    entry.freeze()
}

/// The value that `entry` holds under `key`.
///
/// # Errors
/// [`FaultKind::Corrupt`] where it is no entry at all. Whether the value is what its writer wrote
/// is for the client to check ([`Value::is_intact`]).
pub fn decode(key: Key, mut entry: Bytes) -> Outcome<Value> {
    if entry.len() < HEADER {
        return Err(Fault::cache(FaultKind::Corrupt));
    }
    let version = Version(entry.get_u64());
    let writer = Writer(entry.get_u64());
    let checksum = entry.get_u32();
    let flags = entry.get_u8();
    let aggregate = Aggregate { rows: entry.get_u32(), total: entry.get_i64() };
    if flags & !HAS_AGGREGATE != 0 {
        return Err(Fault::cache(FaultKind::Corrupt));
    }
    let aggregate = (flags & HAS_AGGREGATE != 0).then_some(aggregate);
    Ok(Value { key, version, writer, checksum, aggregate, body: entry })
}

/// The draft that a queued entry was made from, and the version that the cache gave it.
///
/// # Errors
/// As [`decode`].
pub fn decode_draft(key: Key, entry: Bytes) -> Outcome<(Draft, Version)> {
    let Value { version, writer, checksum, aggregate, body, .. } = decode(key, entry)?;
    Ok((Draft { key, writer, body, checksum, aggregate }, version))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::backend::ENTRY_VERSION;

    proptest! {
        #[test]
        fn a_value_survives_its_envelope(
            key: u64, version: u64, writer: u64,
            aggregate in proptest::option::of((any::<u32>(), any::<i64>())),
            body: Vec<u8>,
        ) {
            let aggregate = aggregate.map(|(rows, total)| Aggregate { rows, total });
            let draft = Draft::new(Key(key), Writer(writer), body.into()).with_aggregate(aggregate);
            let value = draft.at(Version(version));
            let entry = encode(&value);
            prop_assert_eq!(&entry[ENTRY_VERSION], &version.to_be_bytes()[..]);
            prop_assert_eq!(decode(Key(key), entry.clone()).unwrap(), value);
            prop_assert_eq!(decode_draft(Key(key), entry).unwrap(), (draft, Version(version)));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = decode(Key(1), bytes.into());
        }
    }

    #[test]
    fn a_truncated_entry_is_corrupt() {
        let entry = encode(&Draft::new(Key(1), Writer(1), Bytes::new()).at(Version(1)));
        let cut = entry.slice(..HEADER - 1);
        assert_eq!(decode(Key(1), cut), Err(Fault::cache(FaultKind::Corrupt)));
    }
}
