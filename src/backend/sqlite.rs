//! The store on SQLite: a database file that the run makes for itself, in WAL mode.
//!
//! Each node reads over connections of its own, through a fair pool without health checks. All
//! nodes write through one connection, in turn: SQLite has one writer at a time, and several
//! connections competing for it would measure SQLite's busy handler instead of its commits.
//!
//! The dataset is loaded once, into a template file. Every reset opens a fresh copy of it, so each
//! strategy of an experiment starts from the same bytes.

pub(super) mod database;
mod fault;
pub(super) mod load;
mod settings;
mod statement;
mod store;

pub use store::SqliteStore;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::Connection;
use tokio::sync::Mutex;

use self::database::Database;
use super::columns;
use super::fingerprint::Fingerprint;
use super::pool::{Endpoint, Pool};
use super::{Dataset, Error, Row, Server, Store, StoreCounters, StoreHost, StoreOptions};
use crate::clock::Clock;
use crate::model::NodeId;

/// SQLite, as the experiment handles it.
pub struct SqliteHost {
    directory: PathBuf,
    options: StoreOptions,
    clock: Arc<dyn Clock>,
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
    writer: Arc<Pool<Database>>,
    readers: Vec<Arc<Pool<Database>>>,
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
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let database = Database::numbered(0, directory, options.durability, clock.clone());
        load::create_empty(database.path()).await?;
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
        let readers = Pool::open(open.database.clone(), self.options.connections).await?;
        open.readers.push(readers.clone());
        Ok(Arc::new(SqliteStore::new(readers, open.writer.clone(), self.options.origin)))
    }

    async fn reset(&self, dataset: &dyn Dataset) -> Result<(), Error> {
        let mut state = self.state.lock().await;
        let asked = Fingerprint::of(dataset);
        if state.template.as_ref() != Some(&asked) {
            state.template = None;
            load::load(&self.template(), dataset).await?;
            state.template = Some(asked);
        }

        state.open.close().await;
        state.resets += 1;
        let database = Database::numbered(
            state.resets,
            &self.directory,
            self.options.durability,
            self.clock.clone(),
        );
        copy(&self.template(), database.path()).await?;
        state.open = Open::new(database).await?;
        Ok(())
    }

    /// The waits are those since the last reset.
    async fn counters(&self) -> Result<StoreCounters, Error> {
        let database = self.state.lock().await.open.database.clone();
        let (pool, size) = (database.notes().waits().read(), database.size()?);
        Ok(StoreCounters { pool, size, ..StoreCounters::default() })
    }

    async fn rows(&self) -> Result<Vec<Row>, Error> {
        let database = self.state.lock().await.open.database.clone();
        let rows = async {
            // A connection of its own: the audit must not show in the pool's waits.
            let mut connection = database.connect().await?;
            let rows = sqlx::query(statement::ALL_ROWS)
                .fetch(&mut connection)
                .and_then(|row| async move { columns::audited(&row) })
                .try_collect()
                .await?;
            connection.close().await?;
            Ok(rows)
        };
        rows.await.map_err(|error| database.error(&error))
    }

    /// The files go with the run's own folder.
    async fn clear(&self) -> Result<(), Error> {
        Ok(())
    }
}

impl Open {
    async fn new(database: Database) -> Result<Self, Error> {
        let database = Arc::new(database);
        let writer = Pool::open(database.clone(), 1).await?;
        Ok(Self { database, writer, readers: Vec::new() })
    }

    /// Closes every connection that no call holds, and removes the files. A call that still runs
    /// keeps what it needs: the next database has another name.
    async fn close(&mut self) {
        for readers in self.readers.drain(..) {
            readers.close().await;
        }
        self.writer.close().await;
        self.database.remove_files();
    }
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
