//! One database file, from one reset to the next: how it is opened, and what is noted about it.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::task::spawn_blocking;

use crate::backend::notes::Notes;
use crate::backend::{Durability, Error};

/// How long a connection on a thread of its own waits for a lock that somebody outside of the run
/// holds. Within the run nobody waits for one: there is one writer, and readers of a WAL need none.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements that a connection keeps: more than there are in `statement`.
const STATEMENTS_KEPT: usize = 32;

pub struct Database {
    path: PathBuf,
    durability: Durability,
    notes: Arc<Notes>,
}

impl Database {
    /// The database that the `number`th reset brings; nothing is opened yet. A new name every time
    /// keeps a connection that is still busy with the last one from ever touching this one.
    pub fn numbered(
        number: u64,
        directory: &Path,
        durability: Durability,
        notes: Arc<Notes>,
    ) -> Self {
        Self { path: directory.join(format!("store-{number}.db")), durability, notes }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn notes(&self) -> &Arc<Notes> {
        &self.notes
    }

    /// Does `work` with the database on a thread where it may take long, and where nothing of it shows
    /// in the waits of calls.
    ///
    /// # Errors
    /// With the path, and the reason that SQLite gives.
    pub async fn aside<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let database = self.clone();
        match spawn_blocking(move || work(&database)).await {
            Ok(done) => done.map_err(|error| self.error(&error)),
            Err(panicked) => Err(self.error(&panicked)),
        }
    }

    /// Opens a connection on which `prepared` is ready, so that no call pays for it.
    pub fn connect(&self, prepared: &[&str]) -> rusqlite::Result<Connection> {
        // A connection is used by one thread at a time: SQLite need not lock it once more.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.execute_batch(settings(self.durability))?;
        for sql in prepared {
            connection.prepare_cached(sql)?;
        }
        Ok(connection)
    }

    /// So many connections.
    pub fn connect_all(&self, count: u32, prepared: &[&str]) -> rusqlite::Result<Vec<Connection>> {
        (0..count).map(|_| self.connect(prepared)).collect()
    }

    /// What is the matter with the database as a whole.
    pub fn error(&self, reason: &dyn Display) -> Error {
        Error::Database { path: self.path.clone(), reason: reason.to_string() }
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

/// What each connection is set to. `fullfsync` is there on macOS only, where a plain fsync leaves the
/// data in the drive's own cache.
const fn settings(durability: Durability) -> &'static str {
    match durability {
        Durability::Full => {
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = 1"
        }
        Durability::Normal => {
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA fullfsync = 0"
        }
        Durability::Off => {
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA fullfsync = 0"
        }
    }
}
