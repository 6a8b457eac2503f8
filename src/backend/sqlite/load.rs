//! Makes database files: an empty one, or a template that holds a dataset.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use super::fault::Failure;
use super::statement;
use super::store::apply_all;
use super::workers::Workers;
use crate::backend::notes::Notes;
use crate::backend::{Dataset, Error, VersionedDraft};
use crate::model::{Key, Version};

/// Rows, or child rows, drawn from the dataset at a time.
const ROWS_AT_ONCE: u64 = 1024;

/// Makes a database with the schema and the whole dataset, every row as version 0; with no rows where
/// there is no dataset. `notes` are not those of any store: loading is no call.
pub async fn load(
    path: &Path,
    dataset: Option<&dyn Dataset>,
    notes: Arc<Notes>,
) -> Result<(), Error> {
    if let Err(source) = std::fs::remove_file(path)
        && source.kind() != std::io::ErrorKind::NotFound
    {
        return Err(Error::File { path: path.to_owned(), source });
    }
    let failed = |reason: &dyn Display| Error::Database {
        path: path.to_owned(),
        reason: reason.to_string(),
    };
    let connection = unsafe_but_fast(path).map_err(|error| failed(&error))?;
    // Sorting a large index takes seconds, in which the run must still heed a signal.
    let worker = Workers::start("sqlite-load", vec![connection], notes);
    let worker = worker.map_err(|error| failed(&error))?;
    let filled = fill(&worker, dataset).await;
    worker.close().await;
    filled.map_err(|error| failed(&error))
}

/// Opens a new file that is thrown away if anything goes wrong while it is made.
fn unsafe_but_fast(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
    Ok(connection)
}

async fn fill(worker: &Workers, dataset: Option<&dyn Dataset>) -> Result<(), Failure> {
    worker
        .call(|connection| {
            connection.execute_batch("BEGIN IMMEDIATE")?;
            connection.execute_batch(statement::SCHEMA)
        })
        .await?;
    if let Some(dataset) = dataset {
        insert_rows(worker, dataset).await?;
        insert_children(worker, dataset).await?;
    }
    worker
        .call(|connection| {
            connection.execute_batch(statement::CHILD_INDEX)?;
            connection.execute_batch("COMMIT")?;
            // The mode stays with the file, and so with its copies.
            connection.execute_batch("PRAGMA journal_mode = WAL")
        })
        .await
}

async fn insert_rows(worker: &Workers, dataset: &dyn Dataset) -> Result<(), Failure> {
    for first in (0..dataset.keys()).step_by(ROWS_AT_ONCE as usize) {
        let last = dataset.keys().min(first + ROWS_AT_ONCE);
        let initial =
            |key| VersionedDraft { draft: dataset.initial(Key(key)), version: Version::INITIAL };
        let rows: Vec<_> = (first..last).map(initial).collect();
        worker.call(move |connection| apply_all(connection, &rows)).await?;
    }
    Ok(())
}

async fn insert_children(worker: &Workers, dataset: &dyn Dataset) -> Result<(), Failure> {
    if dataset.children() == 0 {
        return Ok(());
    }
    let parents_at_once = (ROWS_AT_ONCE / u64::from(dataset.children())).max(1);
    for first in (0..dataset.keys()).step_by(parents_at_once as usize) {
        let last = dataset.keys().min(first + parents_at_once);
        let parents: Vec<_> =
            (first..last).map(|key| (key.cast_signed(), amounts(dataset, Key(key)))).collect();
        worker
            .call(move |connection| {
                let mut insert = connection.prepare_cached(statement::INSERT_CHILDREN)?;
                parents.iter().try_for_each(|parent| insert.execute(parent.clone()).map(drop))
            })
            .await?;
    }
    Ok(())
}

/// What the children of `key` add to it, as a JSON array.
fn amounts(dataset: &dyn Dataset, key: Key) -> String {
    let amounts: Vec<_> =
        (0..dataset.children()).map(|child| dataset.child_amount(key, child)).collect();
    serde_json::to_string(&amounts).expect("integers are always valid JSON")
}
