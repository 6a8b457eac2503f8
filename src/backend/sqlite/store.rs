//! A node's handle on the SQLite store.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior};

use super::database::Database;
use super::fault::{self, Failure};
use super::statement::{self, apply, runs};
use super::workers::Workers;
use crate::backend::columns::{self, Columns};
use crate::backend::notes::Notes;
use crate::backend::{
    Applied, Asking, Error, Event, Origin, Read, Store, StoreAsking, VersionedDraft,
};
use crate::model::{Draft, Fault, FaultKind, Key, Nanos, Outcome, Value, Version};

/// What the writer writes by.
pub(super) const WRITES: [&str; 3] =
    [statement::WRITE, statement::ADD_EVENT, statement::TRIM_OUTBOX];

/// A node's connections for reading, and its share of the one that writes.
///
/// A call that is dropped before its answer may still take effect, but never in part.
pub struct SqliteStore {
    readers: Arc<Readers>,
    writer: Arc<Workers>,
    notes: Arc<Notes>,
    origin: Origin,
}

/// What one node reads over, until the next reset.
pub(super) struct Readers {
    /// For what is quick: a caller uses it on its own thread. All callers of a node are on one
    /// thread, so nobody waits for the lock.
    at_once: Mutex<Option<Connection>>,
    /// For what may take long.
    pub slow: Workers,
}

impl Readers {
    /// Opens all connections at once, so that no call pays for it: so many on threads of their own,
    /// and the one for what is quick.
    pub async fn open(database: &Arc<Database>, slow: u32) -> Result<Self, Error> {
        let (at_once, slow) = database
            .aside(move |database| {
                let at_once = database.connect(&[statement::POINT_LOOKUP, statement::VERSION])?;
                // It must not wait on the load thread. It has nothing to wait for either, as long as
                // nobody from outside locks the file.
                at_once.busy_timeout(std::time::Duration::ZERO)?;
                let prepared = [statement::AGGREGATION, statement::READ_OUTBOX];
                Ok((at_once, database.connect_all(slow, &prepared)?))
            })
            .await?;
        let slow = Workers::start("sqlite-reader", slow, database.notes().clone());
        let slow = slow.map_err(|error| database.error(&error))?;
        Ok(Self { at_once: Mutex::new(Some(at_once)), slow })
    }

    /// Refuses every call from now on, and closes the connections.
    pub async fn close(&self) {
        drop(self.at_once.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.slow.close().await;
    }
}

impl SqliteStore {
    pub(super) fn new(
        readers: Arc<Readers>,
        writer: Arc<Workers>,
        notes: Arc<Notes>,
        origin: Origin,
    ) -> Self {
        Self { readers, writer, notes, origin }
    }

    /// Reads on the caller's own thread, in microseconds. It counts as a call that did not wait.
    async fn read_at_once<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send,
    ) -> Outcome<T> {
        // Calls that are always ready would keep whoever makes one after the other from ever letting
        // others have the thread: sockets, timers, a signal.
        tokio::task::coop::consume_budget().await;
        let connection = self.readers.at_once.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(connection) = &*connection else { return self.outcome(Err(Failure::Closed)) };
        self.notes.waits().record(Nanos::ZERO);
        self.outcome(read(connection).map_err(Failure::from))
    }

    async fn read_aside<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Outcome<T> {
        self.outcome(self.readers.slow.call(read).await)
    }

    /// Writes when it is this call's turn. `write` is one transaction, ended by its COMMIT.
    async fn write_by<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Outcome<T> {
        self.outcome(self.writer.call(write).await)
    }

    fn outcome<T>(&self, result: Result<T, Failure>) -> Outcome<T> {
        result.map_err(|failure| match failure {
            Failure::Sqlite(error) => self.notes.fault(fault::kind(&error), &error),
            Failure::Closed => Fault::store(FaultKind::Unavailable),
        })
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn read(&self, key: Key) -> StoreAsking<'_, Read, Key> {
        let origin = self.origin;
        let read = move |connection: &Connection| read(connection, key, origin);
        match origin {
            Origin::PointLookup | Origin::Api(_) => Asking::of(self.read_at_once(read)),
            Origin::Aggregation { .. } => Asking::of(self.read_aside(read)),
        }
    }

    async fn version(&self, key: Key) -> Outcome<Version> {
        self.read_at_once(|connection| {
            let mut select = connection.prepare_cached(statement::VERSION)?;
            let version = select.query_row([key.0.cast_signed()], |row| columns::version(row, 0));
            Ok(version.optional()?.unwrap_or(Version::INITIAL))
        })
        .await
    }

    fn write<'a>(&'a self, draft: &'a Draft) -> StoreAsking<'a, Version, &'a Draft> {
        let draft = draft.clone();
        Asking::of(self.write_by(move |connection| write(connection, &draft)))
    }

    fn write_with_event<'a>(&'a self, draft: &'a Draft) -> StoreAsking<'a, Version, &'a Draft> {
        let draft = draft.clone();
        Asking::of(self.write_by(move |connection| {
            let transaction = begin(connection)?;
            let version = write(&transaction, &draft)?;
            let event = (draft.key.0.cast_signed(), version.0.cast_signed());
            transaction.prepare_cached(statement::ADD_EVENT)?.execute(event)?;
            transaction.commit()?;
            Ok(version)
        }))
    }

    async fn apply_batch(&self, writes: &[VersionedDraft]) -> Outcome<Applied> {
        if writes.is_empty() {
            return Ok(Applied::default());
        }
        let writes = writes.to_vec();
        self.write_by(move |connection| {
            let transaction = begin(connection)?;
            let written = apply_all(&transaction, &writes)?;
            transaction.commit()?;
            let passed = writes.len() - written;
            Ok(Applied { written: written as u32, passed: passed as u32 })
        })
        .await
    }

    async fn read_outbox(&self, max: usize) -> Outcome<Vec<Event>> {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        self.read_aside(move |connection| {
            let mut select = connection.prepare_cached(statement::READ_OUTBOX)?;
            select.query_map([max], |row| columns::event(row))?.collect()
        })
        .await
    }

    async fn trim_outbox(&self, published: &[Event]) -> Outcome<()> {
        if published.is_empty() {
            return Ok(());
        }
        let sequences: Vec<_> = published.iter().map(|event| event.sequence).collect();
        let sequences = serde_json::to_string(&sequences).expect("integers are always valid JSON");
        self.write_by(move |connection| {
            connection.prepare_cached(statement::TRIM_OUTBOX)?.execute([sequences]).map(drop)
        })
        .await
    }
}

/// A transaction that no other writer can get in the way of once it has begun. Dropped before its
/// COMMIT, it is rolled back.
fn begin(connection: &Connection) -> rusqlite::Result<Transaction<'_>> {
    Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
}

fn read(connection: &Connection, key: Key, origin: Origin) -> rusqlite::Result<Read> {
    let mut select = connection.prepare_cached(match origin {
        Origin::PointLookup | Origin::Api(_) => statement::POINT_LOOKUP,
        Origin::Aggregation { .. } => statement::AGGREGATION,
    })?;
    let found = select
        .query_row([key.0.cast_signed()], |row| columns::found(key, row, origin))
        .optional()?;
    Ok(found.unwrap_or_else(|| Read { value: Value::never_written(key), rows: 0 }))
}

/// Writes the row, outside of a transaction in one of its own.
fn write(connection: &Connection, draft: &Draft) -> rusqlite::Result<Version> {
    let mut write = connection.prepare_cached(statement::WRITE)?;
    let (body, checksum) = draft.in_full();
    let mut rows = write.query((
        draft.key.0.cast_signed(),
        draft.writer.0.cast_signed(),
        i64::from(checksum),
        body.as_deref(),
    ))?;
    let row = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let version = columns::version(row, 0)?;
    // The row comes before the COMMIT: only asking on for the next one brings that to an end and its
    // error to light.
    while rows.next()?.is_some() {}
    Ok(version)
}

/// Applies a batch, within a transaction that was begun; returns how many rows it set.
pub(super) fn apply_all(
    connection: &Connection,
    writes: &[VersionedDraft],
) -> rusqlite::Result<usize> {
    let mut written = 0;
    for run in runs(writes) {
        let mut upsert = connection.prepare_cached(apply(run.len()))?;
        for (number, VersionedDraft { draft, version }) in run.iter().enumerate() {
            let first = 5 * number + 1;
            let (body, checksum) = draft.in_full();
            upsert.raw_bind_parameter(first, draft.key.0.cast_signed())?;
            upsert.raw_bind_parameter(first + 1, version.0.cast_signed())?;
            upsert.raw_bind_parameter(first + 2, draft.writer.0.cast_signed())?;
            upsert.raw_bind_parameter(first + 3, i64::from(checksum))?;
            upsert.raw_bind_parameter(first + 4, body.as_deref())?;
        }
        written += upsert.raw_execute()?;
    }
    Ok(written)
}

impl Columns for Row<'_> {
    type Error = rusqlite::Error;

    fn integer(&self, column: usize) -> rusqlite::Result<i64> {
        self.get(column)
    }

    fn bytes(&self, column: usize) -> rusqlite::Result<Option<&[u8]>> {
        match self.get_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Blob(bytes) | ValueRef::Text(bytes) => Ok(Some(bytes)),
            other => {
                let name = self.as_ref().column_name(column)?.to_owned();
                Err(rusqlite::Error::InvalidColumnType(column, name, other.data_type()))
            }
        }
    }

    fn out_of_range(column: usize, number: i64) -> rusqlite::Error {
        rusqlite::Error::IntegralValueOutOfRange(column, number)
    }
}
