//! A node's handle on the SQLite store.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};
use sqlx::{Row as _, SqliteConnection};

use super::database::Database;
use super::statement::{self, apply, runs};
use crate::backend::columns::{self, Columns};
use crate::backend::pool::Pool;
use crate::backend::{Applied, Event, Origin, Read, Store, VersionedDraft};
use crate::model::{Draft, Key, Outcome, Value, Version};

/// A node's connections for reading, and its share of the one that writes.
///
/// A call that is dropped before its answer may still take effect, but never in part.
pub struct SqliteStore {
    readers: Arc<Pool<Database>>,
    writer: Arc<Pool<Database>>,
    origin: Origin,
}

impl SqliteStore {
    pub(super) fn new(
        readers: Arc<Pool<Database>>,
        writer: Arc<Pool<Database>>,
        origin: Origin,
    ) -> Self {
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
            [row] => columns::version(row, 0),
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
            Some(row) => columns::found(key, &row, self.origin),
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
            row.and_then(|row| row.map_or(Ok(Version::INITIAL), |row| columns::version(&row, 0)));
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
            .and_then(|row| async move { columns::event(&row) })
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

impl Columns for SqliteRow {
    fn integer(&self, column: usize) -> Result<i64, sqlx::Error> {
        self.try_get(column)
    }

    fn bytes(&self, column: usize) -> Result<Option<&[u8]>, sqlx::Error> {
        self.try_get(column)
    }
}
