//! A node's handle on the PostgreSQL store.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Row as _, raw_sql};

use super::pool::Pool;
use super::statement;
use crate::backend::columns::{self, Columns};
use crate::backend::{Applied, Asking, Event, Origin, Read, Store, StoreAsking, VersionedDraft};
use crate::model::{Draft, Key, Outcome, Value, Version};

/// A node's connections for reading, and those for writing.
///
/// A call that is dropped before its answer may still take effect, but never in part.
pub struct PostgresStore {
    readers: Arc<Pool>,
    writers: Arc<Pool>,
    origin: Origin,
}

impl PostgresStore {
    pub(super) fn new(readers: Arc<Pool>, writers: Arc<Pool>, origin: Origin) -> Self {
        Self { readers, writers, origin }
    }

    /// What readers ask by, so that it can be prepared.
    pub(super) fn reads(origin: Origin) -> Vec<&'static str> {
        vec![read_by(origin), statement::VERSION, statement::READ_OUTBOX]
    }

    /// What writers write by.
    pub(super) fn writes() -> Vec<&'static str> {
        use statement::{APPLY, TRIM_OUTBOX, WRITE, WRITE_WITH_EVENT};
        vec![WRITE, WRITE_WITH_EVENT, APPLY, TRIM_OUTBOX]
    }

    /// Writes by a statement that answers with the version and is a transaction of its own.
    async fn write_by(&self, statement: &'static str, draft: &Draft) -> Outcome<Version> {
        let mut lease = self.writers.lease().await?;
        let (body, checksum) = draft.in_full();
        let write = sqlx::query(statement)
            .bind(draft.key.0.cast_signed())
            .bind(draft.writer.0.cast_signed())
            .bind(i64::from(checksum))
            .bind(body.as_deref());
        // All rows, though there is but one: it comes before the COMMIT, and only asking on for
        // the next one waits for that and brings its error to light.
        let rows = write.fetch_all(lease.connection()).await;
        let version = rows.and_then(|rows| match rows.as_slice() {
            [row] => columns::version(row, 0),
            _ => Err(sqlx::Error::RowNotFound),
        });
        lease.finish(version)
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn read(&self, key: Key) -> StoreAsking<'_, Read, Key> {
        Asking::of(async move {
            let mut lease = self.readers.lease().await?;
            let row = sqlx::query(read_by(self.origin))
                .bind(key.0.cast_signed())
                .fetch_optional(lease.connection())
                .await;
            let read = row.and_then(|row| match row {
                Some(row) => columns::found(key, &row, self.origin),
                None => Ok(Read { value: Value::never_written(key), rows: 0 }),
            });
            lease.finish(read)
        })
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

    fn write<'a>(&'a self, draft: &'a Draft) -> StoreAsking<'a, Version, &'a Draft> {
        Asking::of(self.write_by(statement::WRITE, draft))
    }

    fn write_with_event<'a>(&'a self, draft: &'a Draft) -> StoreAsking<'a, Version, &'a Draft> {
        Asking::of(self.write_by(statement::WRITE_WITH_EVENT, draft))
    }

    async fn apply_batch(&self, writes: &[VersionedDraft]) -> Outcome<Applied> {
        if writes.is_empty() {
            return Ok(Applied::default());
        }
        let mut lease = self.writers.lease().await?;
        let written = apply_all(lease.connection(), writes).await;
        let written = lease.finish(written)?;
        let passed = writes.len() as u64 - written;
        Ok(Applied { written: written as u32, passed: passed as u32 })
    }

    async fn read_outbox(&self, max: usize) -> Outcome<Vec<Event>> {
        let mut lease = self.readers.lease().await?;
        let rows = sqlx::query(statement::READ_OUTBOX)
            .bind(i64::try_from(max).unwrap_or(i64::MAX))
            .fetch_all(lease.connection())
            .await;
        lease.finish(rows.and_then(|rows| rows.iter().map(columns::event).collect()))
    }

    async fn trim_outbox(&self, published: &[Event]) -> Outcome<()> {
        if published.is_empty() {
            return Ok(());
        }
        let sequences: Vec<_> =
            published.iter().map(|event| event.sequence.cast_signed()).collect();
        let mut lease = self.writers.lease().await?;
        let trimmed =
            sqlx::query(statement::TRIM_OUTBOX).bind(sequences).execute(lease.connection()).await;
        lease.finish(trimmed.map(drop))
    }
}

impl Columns for PgRow {
    type Error = sqlx::Error;

    fn integer(&self, column: usize) -> Result<i64, sqlx::Error> {
        self.try_get(column)
    }

    fn bytes(&self, column: usize) -> Result<Option<&[u8]>, sqlx::Error> {
        self.try_get(column)
    }

    fn out_of_range(column: usize, number: i64) -> sqlx::Error {
        let source = format!("{number} is out of range").into();
        sqlx::Error::ColumnDecode { index: column.to_string(), source }
    }
}

const fn read_by(origin: Origin) -> &'static str {
    match origin {
        Origin::PointLookup | Origin::Api(_) => statement::POINT_LOOKUP,
        Origin::Aggregation { .. } => statement::AGGREGATION,
    }
}

/// Applies a batch in one transaction and returns how many rows it set. One statement is one.
async fn apply_all(
    connection: &mut PgConnection,
    writes: &[VersionedDraft],
) -> Result<u64, sqlx::Error> {
    match rounds(writes).as_slice() {
        [round] => apply(connection, round).await,
        rounds => {
            raw_sql("BEGIN").execute(&mut *connection).await?;
            let mut written = 0;
            for round in rounds {
                written += apply(connection, round).await?;
            }
            raw_sql("COMMIT").execute(connection).await?;
            Ok(written)
        }
    }
}

async fn apply(
    connection: &mut PgConnection,
    round: &[&VersionedDraft],
) -> Result<u64, sqlx::Error> {
    let numbers = |number: fn(&VersionedDraft) -> i64| -> Vec<i64> {
        round.iter().map(|write| number(write)).collect()
    };
    let in_full: Vec<_> = round.iter().map(|write| write.draft.in_full()).collect();
    let applied = sqlx::query(statement::APPLY)
        .bind(numbers(|write| write.draft.key.0.cast_signed()))
        .bind(numbers(|write| write.version.0.cast_signed()))
        .bind(numbers(|write| write.draft.writer.0.cast_signed()))
        .bind(in_full.iter().map(|(_, checksum)| i64::from(*checksum)).collect::<Vec<_>>())
        .bind(in_full.iter().map(|(body, _)| body.as_deref()).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(applied.rows_affected())
}

/// Cuts a batch so that no row is in a round twice, which one statement could not set twice; the
/// writes of a row keep their order. Rows are in the order of keys: all batches lock them in the same
/// order, and none waits for another that waits for it.
fn rounds(writes: &[VersionedDraft]) -> Vec<Vec<&VersionedDraft>> {
    let mut sorted: Vec<_> = writes.iter().collect();
    sorted.sort_by_key(|write| write.draft.key);
    let mut met: HashMap<Key, usize> = HashMap::with_capacity(sorted.len());
    let mut rounds: Vec<Vec<_>> = Vec::new();
    for write in sorted {
        let times = met.entry(write.draft.key).or_default();
        if rounds.len() == *times {
            rounds.push(Vec::new());
        }
        rounds[*times].push(write);
        *times += 1;
    }
    rounds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Writer;

    #[test]
    fn a_row_is_in_a_round_once_and_its_writes_keep_their_order() {
        let write = |key, version| VersionedDraft {
            draft: Draft::deletion(Key(key), Writer(version)),
            version: Version(version),
        };
        let writes = [write(2, 5), write(1, 1), write(2, 3), write(3, 9), write(2, 4)];
        let found: Vec<Vec<_>> = rounds(&writes)
            .iter()
            .map(|round| round.iter().map(|write| (write.draft.key.0, write.version.0)).collect())
            .collect();
        assert_eq!(found, [vec![(1, 1), (2, 5), (3, 9)], vec![(2, 3)], vec![(2, 4)]]);
    }
}
