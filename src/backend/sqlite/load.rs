//! Makes database files: an empty one, or a template that holds a dataset.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::statement::{self, apply, runs};
use super::store::bind_row;
use crate::backend::{Dataset, Error};
use crate::model::{Key, Version};

/// Rows drawn from the dataset at a time.
const ROWS_AT_ONCE: u64 = 1024;

/// Makes a database with the schema and no rows.
pub async fn create_empty(path: &Path) -> Result<(), Error> {
    create(path, None).await
}

/// Makes a database with the whole dataset, every row as version 0.
pub async fn load(path: &Path, dataset: &dyn Dataset) -> Result<(), Error> {
    create(path, Some(dataset)).await
}

async fn create(path: &Path, dataset: Option<&dyn Dataset>) -> Result<(), Error> {
    if let Err(source) = std::fs::remove_file(path)
        && source.kind() != std::io::ErrorKind::NotFound
    {
        return Err(Error::File { path: path.to_owned(), source });
    }
    let created = async {
        let mut connection = unsafe_but_fast(path).connect().await?;
        sqlx::query(statement::BEGIN).execute(&mut connection).await?;
        sqlx::raw_sql(statement::SCHEMA).execute(&mut connection).await?;
        if let Some(dataset) = dataset {
            insert_rows(&mut connection, dataset).await?;
            insert_children(&mut connection, dataset).await?;
        }
        sqlx::query(statement::CHILD_INDEX).execute(&mut connection).await?;
        sqlx::query(statement::COMMIT).execute(&mut connection).await?;
        // The mode stays with the file, and so with its copies.
        sqlx::query("PRAGMA journal_mode = WAL").execute(&mut connection).await?;
        connection.close().await
    };
    created.await.map_err(|error: sqlx::Error| Error::Database {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

/// Settings for a file that is thrown away if anything goes wrong while it is made.
fn unsafe_but_fast(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .disable_statement_logging()
}

async fn insert_rows(
    connection: &mut SqliteConnection,
    dataset: &dyn Dataset,
) -> Result<(), sqlx::Error> {
    for first in (0..dataset.keys()).step_by(ROWS_AT_ONCE as usize) {
        let last = dataset.keys().min(first + ROWS_AT_ONCE);
        let drafts: Vec<_> = (first..last).map(|key| dataset.initial(Key(key))).collect();
        for run in runs(&drafts) {
            let insert = sqlx::query(apply(run.len()));
            run.iter()
                .fold(insert, |insert, draft| bind_row(insert, draft, Version::INITIAL))
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}

async fn insert_children(
    connection: &mut SqliteConnection,
    dataset: &dyn Dataset,
) -> Result<(), sqlx::Error> {
    if dataset.children() == 0 {
        return Ok(());
    }
    for key in (0..dataset.keys()).map(Key) {
        let amounts: Vec<_> =
            (0..dataset.children()).map(|child| dataset.child_amount(key, child)).collect();
        let amounts = serde_json::to_string(&amounts).expect("integers are always valid JSON");
        sqlx::query(statement::INSERT_CHILDREN)
            .bind(key.0.cast_signed())
            .bind(amounts)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
