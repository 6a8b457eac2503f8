//! The store on SQLite: a database file that the run makes for itself, in WAL mode.
//!
//! What is quick and waits for nobody, a lookup by primary key, is done on the caller's own thread: it
//! takes microseconds, and handing it to another thread and back would take ten times as long. What
//! may take long is done on threads of the store's own, so that it delays no other request: an
//! aggregation and a look into the outbox on those of the node, and whatever commits on the one that
//! writes for all nodes.
//!
//! All nodes write through one connection, in turn: SQLite has one writer at a time, and several
//! connections competing for it would measure SQLite's busy handler instead of its commits. Each write
//! has a COMMIT of its own, also where others wait behind it. To commit them together is what an
//! application may do over SQLite, not what SQLite does; given to every strategy alike, it would take
//! away what write-behind does it for.
//!
//! The dataset is loaded once, into a template file. Every reset opens a fresh copy of it, so each
//! strategy of an experiment starts from the same bytes.

mod database;
mod fault;
mod load;
mod settings;
mod statement;
mod store;
mod workers;

pub use store::SqliteStore;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use self::database::Database;
use self::store::{Readers, WRITES};
use self::workers::Workers;
use super::columns;
use super::fingerprint::Fingerprint;
use super::notes::Notes;
use super::{Dataset, Error, Origin, Row, Server, Store, StoreCounters, StoreHost, StoreOptions};
use crate::clock::Clock;
use crate::model::{Key, NodeId};

/// SQLite, as the experiment handles it.
pub struct SqliteHost {
    directory: PathBuf,
    options: StoreOptions,
    clock: Clock,
    server: Server,
    state: Mutex<State>,
}

/// What a reset replaces.
struct State {
    /// The dataset that the template file holds.
    template: Option<Fingerprint>,
    resets: u64,
    open: Open,
}

/// The database in use, and everything that is connected to it.
struct Open {
    database: Arc<Database>,
    /// One thread for all nodes.
    writer: Arc<Workers>,
    readers: Vec<Arc<Readers>>,
}

impl SqliteHost {
    /// Makes an empty store in `directory`, which must exist and belongs to this host alone.
    ///
    /// `clock` times how long calls wait for a connection.
    ///
    /// # Errors
    /// If SQLite cannot make a database there, or does not take the settings.
    pub async fn open(
        directory: &Path,
        options: &StoreOptions,
        clock: Clock,
    ) -> Result<Self, Error> {
        let database = Database::numbered(0, directory, options.durability, notes(&clock));
        load::load(database.path(), None, notes(&clock)).await?;
        let database = Arc::new(database);
        let server = settings::server(&database, directory).await?;
        let open = Open::new(database).await?;
        Ok(Self {
            directory: directory.to_owned(),
            options: options.clone(),
            clock,
            server,
            state: Mutex::new(State { template: None, resets: 0, open }),
        })
    }

    fn template(&self) -> PathBuf {
        self.directory.join("template.db")
    }

    /// How many of a node's reads that may take long are made at once.
    const fn slow_readers(&self) -> u32 {
        match self.options.origin {
            Origin::Aggregation { .. } => self.options.connections,
            // The only ones are looks into the outbox, and they come one by one.
            Origin::PointLookup | Origin::Api(_) => 1,
        }
    }
}

#[async_trait]
impl StoreHost for SqliteHost {
    fn server(&self) -> Server {
        self.server.clone()
    }

    /// Opens the node's connections. They serve until the next reset and fail as unavailable from
    /// then on: connect again after it.
    async fn connect(&self, _node: NodeId) -> Result<Arc<dyn Store>, Error> {
        let mut state = self.state.lock().await;
        let open = &mut state.open;
        let readers = Arc::new(Readers::open(&open.database, self.slow_readers()).await?);
        open.readers.push(readers.clone());
        let (writer, notes) = (open.writer.clone(), open.database.notes().clone());
        Ok(Arc::new(SqliteStore::new(readers, writer, notes, self.options.origin)))
    }

    async fn reset(&self, dataset: &dyn Dataset) -> Result<(), Error> {
        let mut state = self.state.lock().await;
        let asked = Fingerprint::of(dataset);
        if state.template.as_ref() != Some(&asked) {
            state.template = None;
            load::load(&self.template(), Some(dataset), notes(&self.clock)).await?;
            state.template = Some(asked);
        }

        state.open.close().await;
        state.resets += 1;
        let database = Database::numbered(
            state.resets,
            &self.directory,
            self.options.durability,
            notes(&self.clock),
        );
        copy(&self.template(), database.path()).await?;
        state.open = Open::new(Arc::new(database)).await?;
        Ok(())
    }

    /// The waits are those since the last reset.
    async fn counters(&self) -> Result<StoreCounters, Error> {
        let database = self.state.lock().await.open.database.clone();
        let (pool, size) = (database.notes().waits().read(), database.size()?);
        Ok(StoreCounters { pool, size, ..StoreCounters::default() })
    }

    async fn rows(&self, keys: Range<Key>) -> Result<Vec<Row>, Error> {
        let database = self.state.lock().await.open.database.clone();
        database
            .aside(move |database| {
                let connection = database.connect(&[])?;
                let mut select = connection.prepare(statement::ROWS)?;
                let keys = columns::range(&keys);
                select.query_map(keys, |row| columns::audited(row))?.collect()
            })
            .await
    }

    /// The files go with the run's own folder.
    async fn clear(&self) -> Result<(), Error> {
        Ok(())
    }
}

impl Open {
    async fn new(database: Arc<Database>) -> Result<Self, Error> {
        let writer = database.aside(|database| database.connect_all(1, &WRITES)).await?;
        let writer = Workers::start("sqlite-writer", writer, database.notes().clone());
        let writer = Arc::new(writer.map_err(|error| database.error(&error))?);
        Ok(Self { database, writer, readers: Vec::new() })
    }

    /// Closes every connection, and removes the files. Returns when the last call that was at work
    /// has ended, so that nothing of it falls on the next block.
    async fn close(&mut self) {
        for readers in self.readers.drain(..) {
            readers.close().await;
        }
        self.writer.close().await;
        self.database.remove_files();
    }
}

/// Notes of which nothing is known yet.
fn notes(clock: &Clock) -> Arc<Notes> {
    Arc::new(Notes::new("SQLite", clock.clone()))
}

/// Copies a closed database, down to the disk: left to the kernel, the copy's pages would be
/// written out while the next block is measured.
async fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let copied: io::Result<()> = async {
        tokio::fs::copy(from, to).await?;
        tokio::fs::File::open(to).await?.sync_all().await
    }
    .await;
    copied.map_err(|source| Error::File { path: to.to_owned(), source })
}

#[cfg(test)]
mod tests;
