//! One database file, from one reset to the next: how it is opened, and what is noted about it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};

use super::fault;
use crate::backend::waits::Waits;
use crate::backend::{Durability, Error};
use crate::clock::Clock;
use crate::model::{Fault, Nanos};

pub struct Database {
    path: PathBuf,
    options: SqliteConnectOptions,
    clock: Arc<dyn Clock>,
    waits: Waits,
    /// The kinds of fault that have been logged, a bit for each.
    logged: AtomicU8,
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
        Self { path, options, clock, waits: Waits::default(), logged: AtomicU8::new(0) }
    }

    pub async fn connect(&self) -> Result<SqliteConnection, sqlx::Error> {
        self.options.connect().await
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn now(&self) -> Nanos {
        self.clock.now()
    }

    pub fn waits(&self) -> &Waits {
        &self.waits
    }

    /// The fault that `error` amounts to. The first of each kind is logged with its text; more of
    /// them would only repeat it thousands of times a second.
    pub fn fault(&self, error: &sqlx::Error) -> Fault {
        let kind = fault::kind(error);
        let bit = 1 << kind as u8;
        if self.logged.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
            tracing::warn!(%error, ?kind, "SQLite failed; more of this kind are not logged");
        }
        Fault::store(kind)
    }

    /// `error` where no single operation failed but the database is of no use.
    pub fn error(&self, error: &sqlx::Error) -> Error {
        Error::Database { path: self.path.clone(), reason: error.to_string() }
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

fn synchronous(durability: Durability) -> SqliteSynchronous {
    match durability {
        Durability::Full => SqliteSynchronous::Full,
        Durability::Normal => SqliteSynchronous::Normal,
        Durability::Off => SqliteSynchronous::Off,
    }
}
