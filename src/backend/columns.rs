//! What the columns of a store's rows mean, whichever database they come from.

use bytes::Bytes;

use super::{Event, Origin, Read, Row};
use crate::model::{Aggregate, Key, Value, Version, Writer};

/// A row as its database hands it out.
pub trait Columns {
    fn integer(&self, column: usize) -> Result<i64, sqlx::Error>;

    fn bytes(&self, column: usize) -> Result<Option<&[u8]>, sqlx::Error>;
}

/// A read that found a row: version, writer, checksum and body; of an aggregation also the count and
/// the sum over the children.
pub fn found(key: Key, row: &impl Columns, origin: Origin) -> Result<Read, sqlx::Error> {
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
pub fn audited(row: &impl Columns) -> Result<Row, sqlx::Error> {
    let key = Key(unsigned(row, 0)?);
    let value = value(key, row, 1)?;
    Ok(Row { key, version: value.version, writer: value.writer, intact: value.is_intact(key) })
}

/// A row of the outbox: sequence, key and version.
pub fn event(row: &impl Columns) -> Result<Event, sqlx::Error> {
    Ok(Event {
        sequence: unsigned(row, 0)?,
        key: Key(unsigned(row, 1)?),
        version: version(row, 2)?,
    })
}

pub fn version(row: &impl Columns, column: usize) -> Result<Version, sqlx::Error> {
    unsigned(row, column).map(Version)
}

/// The value in the columns version, writer, checksum and body, from `first` on.
fn value(key: Key, row: &impl Columns, first: usize) -> Result<Value, sqlx::Error> {
    Ok(Value {
        key,
        version: version(row, first)?,
        writer: Writer(unsigned(row, first + 1)?),
        checksum: unsigned(row, first + 2)?,
        aggregate: None,
        body: row.bytes(first + 3)?.map(Bytes::copy_from_slice),
    })
}

/// A number that is never negative and not too big, unless somebody else wrote it.
fn unsigned<T>(row: &impl Columns, column: usize) -> Result<T, sqlx::Error>
where
    T: TryFrom<i64, Error: std::error::Error + Send + Sync + 'static>,
{
    T::try_from(row.integer(column)?).map_err(|error| sqlx::Error::ColumnDecode {
        index: column.to_string(),
        source: error.into(),
    })
}
