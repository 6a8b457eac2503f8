//! What the columns of a store's rows mean, whichever database they come from.

use std::ops::Range;

use bytes::Bytes;

use super::{Event, Origin, Read, Row};
use crate::model::{Aggregate, Key, Value, Version, Writer};

/// A row as its database hands it out.
pub trait Columns {
    type Error;

    fn integer(&self, column: usize) -> Result<i64, Self::Error>;

    fn bytes(&self, column: usize) -> Result<Option<&[u8]>, Self::Error>;

    /// The error where `column` holds a `number` that none of ours can be.
    fn out_of_range(column: usize, number: i64) -> Self::Error;
}

/// A read that found a row: version, writer, checksum and body; of an aggregation also the count and
/// the sum over the children.
pub fn found<C: Columns>(key: Key, row: &C, origin: Origin) -> Result<Read, C::Error> {
    let mut value = value(key, row, 0)?;
    let mut rows = 1;
    if let Origin::Aggregation { .. } = origin
        && !value.is_absent()
    {
        let aggregate = Aggregate { rows: unsigned(row, 4)?, total: row.integer(5)? };
        rows += aggregate.rows;
        value.aggregate = Some(aggregate);
    }
    Ok(Read { value, rows })
}

/// A row of the audit: key, version, writer, checksum and body. Its body is checked.
pub fn audited<C: Columns>(row: &C) -> Result<Row, C::Error> {
    let key = Key(unsigned(row, 0)?);
    let value = value(key, row, 1)?;
    Ok(Row { key, version: value.version, writer: value.writer, intact: value.is_intact(key) })
}

/// The keys from the first to before the last, as a database has numbers: it has none for those beyond.
pub fn range(keys: &Range<Key>) -> (i64, i64) {
    let number = |key: Key| i64::try_from(key.0).unwrap_or(i64::MAX);
    (number(keys.start), number(keys.end))
}

/// A row of the outbox: sequence, key and version.
pub fn event<C: Columns>(row: &C) -> Result<Event, C::Error> {
    Ok(Event {
        sequence: unsigned(row, 0)?,
        key: Key(unsigned(row, 1)?),
        version: version(row, 2)?,
    })
}

pub fn version<C: Columns>(row: &C, column: usize) -> Result<Version, C::Error> {
    unsigned(row, column).map(Version)
}

/// The value in the columns version, writer, checksum and body, from `first` on.
fn value<C: Columns>(key: Key, row: &C, first: usize) -> Result<Value, C::Error> {
    Ok(Value {
        key,
        version: version(row, first)?,
        writer: Writer(unsigned(row, first + 1)?),
        checksum: unsigned(row, first + 2)?,
        aggregate: None,
        body: row.bytes(first + 3)?.map(|text| Bytes::copy_from_slice(text).into()),
    })
}

/// A number that is never negative and not too big, unless somebody else wrote it.
fn unsigned<T: TryFrom<i64>, C: Columns>(row: &C, column: usize) -> Result<T, C::Error> {
    let number = row.integer(column)?;
    T::try_from(number).map_err(|_| C::out_of_range(column, number))
}
