//! A node's handle on the SQLite store.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt;
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};
use sqlx::{Row as _, SqliteConnection};

use super::pool::Pool;
use super::statement::{self, apply, runs};
use crate::backend::{Applied, Event, Origin, Read, Row, Store, VersionedDraft};
use crate::model::{Aggregate, Draft, Key, Outcome, Value, Version, Writer};

/// A node's connections for reading, and its share of the one that writes.
///
/// A call that is dropped before its answer may still take effect, but never in part.
pub struct SqliteStore {
    readers: Arc<Pool>,
    writer: Arc<Pool>,
    origin: Origin,
}

impl SqliteStore {
    pub(super) fn new(readers: Arc<Pool>, writer: Arc<Pool>, origin: Origin) -> Self {
        Self { readers, writer, origin }
    }

    /// Writes by a statement that answers with the version and ends with the COMMIT.
    async fn write_by(&self, statement: &'static str, draft: &Draft) -> Outcome<Version> {
        let mut lease = self.writer.lease().await?;
        let write = sqlx::query(statement)
            .bind(draft.key.0.cast_signed())
            .bind(draft.writer.0.cast_signed())
            .bind(i64::from(draft.checksum))
            .bind(draft.body.as_deref());
        // All rows, though there is but one: it comes before the COMMIT, and only asking on for
        // the next one brings that to an end and its error to light.
        let rows = write.fetch_all(lease.connection()).await;
        let version = rows.and_then(|rows| match rows.as_slice() {
            [row] => version_of(row, 0),
            _ => Err(sqlx::Error::RowNotFound),
        });
        lease.finish(version)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn read(&self, key: Key) -> Outcome<Read> {
        let mut lease = self.readers.lease().await?;
        let statement = match self.origin {
            Origin::PointLookup | Origin::Api(_) => statement::POINT_LOOKUP,
            Origin::Aggregation { .. } => statement::AGGREGATION,
        };
        let row = sqlx::query(statement)
            .bind(key.0.cast_signed())
            .fetch_optional(lease.connection())
            .await;
        let read = row.and_then(|row| match row {
            Some(row) => found(key, &row, self.origin),
            None => Ok(Read { value: Value::never_written(key), rows: 0 }),
        });
        lease.finish(read)
    }

    async fn version(&self, key: Key) -> Outcome<Version> {
        let mut lease = self.readers.lease().await?;
        let row = sqlx::query(statement::VERSION)
            .bind(key.0.cast_signed())
            .fetch_optional(lease.connection())
            .await;
        let version =
            row.and_then(|row| row.map_or(Ok(Version::INITIAL), |row| version_of(&row, 0)));
        lease.finish(version)
    }

    async fn write(&self, draft: &Draft) -> Outcome<Version> {
        self.write_by(statement::WRITE, draft).await
    }

    async fn write_with_event(&self, draft: &Draft) -> Outcome<Version> {
        self.write_by(statement::WRITE_WITH_EVENT, draft).await
    }

    async fn apply_batch(&self, writes: &[VersionedDraft]) -> Outcome<Applied> {
        if writes.is_empty() {
            return Ok(Applied::default());
        }
        let mut lease = self.writer.lease().await?;
        let written = apply_all(lease.connection(), writes).await;
        let written = lease.finish(written)?;
        let passed = writes.len() as u64 - written;
        Ok(Applied { written: written as u32, passed: passed as u32 })
    }

    async fn read_outbox(&self, max: usize) -> Outcome<Vec<Event>> {
        let mut lease = self.readers.lease().await?;
        let events = sqlx::query(statement::READ_OUTBOX)
            .bind(i64::try_from(max).unwrap_or(i64::MAX))
            .fetch(lease.connection())
            .and_then(|row| async move { event(&row) })
            .try_collect()
            .await;
        lease.finish(events)
    }

    async fn trim_outbox(&self, published: &[Event]) -> Outcome<()> {
        if published.is_empty() {
            return Ok(());
        }
        let sequences: Vec<_> = published.iter().map(|event| event.sequence).collect();
        let sequences = serde_json::to_string(&sequences).expect("integers are always valid JSON");
        let mut lease = self.writer.lease().await?;
        let trimmed =
            sqlx::query(statement::TRIM_OUTBOX).bind(sequences).execute(lease.connection()).await;
        lease.finish(trimmed.map(drop))
    }
}

/// Binds a row for [`apply`].
pub(super) fn bind_row<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    draft: &'q Draft,
    version: Version,
) -> Query<'q, Sqlite, SqliteArguments> {
    query
        .bind(draft.key.0.cast_signed())
        .bind(version.0.cast_signed())
        .bind(draft.writer.0.cast_signed())
        .bind(i64::from(draft.checksum))
        .bind(draft.body.as_deref())
}

/// A row of [`statement::ALL_ROWS`], checked.
pub(super) fn audited(row: &SqliteRow) -> Result<Row, sqlx::Error> {
    let key = Key(unsigned(row, 0)?);
    let value = value(key, row, 1)?;
    Ok(Row { key, version: value.version, writer: value.writer, intact: value.is_intact(key) })
}

/// Applies a batch in one transaction and returns how many rows it set.
async fn apply_all(
    connection: &mut SqliteConnection,
    writes: &[VersionedDraft],
) -> Result<u64, sqlx::Error> {
    sqlx::query(statement::BEGIN).execute(&mut *connection).await?;
    let mut written = 0;
    for run in runs(writes) {
        let upsert = sqlx::query(apply(run.len()));
        let upsert =
            run.iter().fold(upsert, |upsert, write| bind_row(upsert, &write.draft, write.version));
        written += upsert.execute(&mut *connection).await?.rows_affected();
    }
    sqlx::query(statement::COMMIT).execute(connection).await?;
    Ok(written)
}

fn found(key: Key, row: &SqliteRow, origin: Origin) -> Result<Read, sqlx::Error> {
    let mut value = value(key, row, 0)?;
    let mut rows = 1;
    if let Origin::Aggregation { .. } = origin
        && !value.is_absent()
    {
        let aggregate = Aggregate { rows: row.try_get(4)?, total: row.try_get(5)? };
        rows += aggregate.rows;
        value.aggregate = Some(aggregate);
    }
    Ok(Read { value, rows })
}

/// The value in the columns version, writer, checksum and body, from `first` on.
fn value(key: Key, row: &SqliteRow, first: usize) -> Result<Value, sqlx::Error> {
    Ok(Value {
        key,
        version: version_of(row, first)?,
        writer: Writer(unsigned(row, first + 1)?),
        checksum: row.try_get(first + 2)?,
        aggregate: None,
        body: row.try_get::<Option<&[u8]>, _>(first + 3)?.map(Bytes::copy_from_slice),
    })
}

fn event(row: &SqliteRow) -> Result<Event, sqlx::Error> {
    Ok(Event {
        sequence: unsigned(row, 0)?,
        key: Key(unsigned(row, 1)?),
        version: version_of(row, 2)?,
    })
}

fn version_of(row: &SqliteRow, column: usize) -> Result<Version, sqlx::Error> {
    unsigned(row, column).map(Version)
}

/// A number that is never negative, unless somebody else wrote it.
fn unsigned(row: &SqliteRow, column: usize) -> Result<u64, sqlx::Error> {
    let number: i64 = row.try_get(column)?;
    u64::try_from(number).map_err(|error| sqlx::Error::ColumnDecode {
        index: column.to_string(),
        source: error.into(),
    })
}
