//! One database file, from one reset to the next: how it is opened, and what is noted about it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};

use super::fault;
use crate::backend::pool::{Endpoint, Notes};
use crate::backend::{Durability, Error};
use crate::clock::Clock;
use crate::model::FaultKind;

pub struct Database {
    path: PathBuf,
    options: SqliteConnectOptions,
    notes: Notes,
}

impl Database {
    /// The database that the `number`th reset brings; nothing is opened yet. A new name every time
    /// keeps a connection that is still busy with the last one from ever touching this one.
    pub fn numbered(
        number: u64,
        directory: &Path,
        durability: Durability,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let path = directory.join(format!("store-{number}.db"));
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous(durability))
            // Only macOS has it: there, a plain fsync leaves the data in the drive's own cache.
            .pragma("fullfsync", if durability == Durability::Full { "1" } else { "0" })
            .disable_statement_logging();
        Self { path, options, notes: Notes::new("SQLite", clock) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the database and of its write-ahead log, now.
    pub fn size(&self) -> Result<u64, Error> {
        [self.path.clone(), self.beside("-wal")]
            .into_iter()
            .map(|path| match fs::metadata(&path) {
                Ok(metadata) => Ok(metadata.len()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
                Err(source) => Err(Error::File { path, source }),
            })
            .sum()
    }

    /// Removes the files. One that is left takes space and does no other harm.
    pub fn remove_files(&self) {
        for path in [self.path.clone(), self.beside("-wal"), self.beside("-shm")] {
            if let Err(error) = fs::remove_file(&path)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, path = %path.display(), "a database file is left behind");
            }
        }
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(suffix);
        name.into()
    }
}

impl Endpoint for Database {
    type Connection = SqliteConnection;

    async fn connect(&self) -> Result<SqliteConnection, sqlx::Error> {
        self.options.connect().await
    }

    /// The connection's worker takes commands in turn, so this also waits for a query that nobody
    /// waits for any more.
    async fn roll_back(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        /// The plain SQLITE_ERROR is SQLite's answer to a ROLLBACK where there is no transaction.
        const NO_TRANSACTION: &str = "1";
        match sqlx::query("ROLLBACK").execute(connection).await {
            Err(sqlx::Error::Database(error))
                if error.code().as_deref() == Some(NO_TRANSACTION) =>
            {
                Ok(())
            }
            result => result.map(drop),
        }
    }

    fn is_lost(error: &sqlx::Error) -> bool {
        matches!(error, sqlx::Error::WorkerCrashed | sqlx::Error::Io(_))
    }

    fn kind(error: &sqlx::Error) -> FaultKind {
        fault::kind(error)
    }

    fn error(&self, error: &sqlx::Error) -> Error {
        Error::Database { path: self.path.clone(), reason: error.to_string() }
    }

    fn notes(&self) -> &Notes {
        &self.notes
    }
}

fn synchronous(durability: Durability) -> SqliteSynchronous {
    match durability {
        Durability::Full => SqliteSynchronous::Full,
        Durability::Normal => SqliteSynchronous::Normal,
        Durability::Off => SqliteSynchronous::Off,
    }
}
