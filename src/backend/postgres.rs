//! The store on PostgreSQL: a private server, or one of others, in a schema of the run's own.
//!
//! Each node reads over connections of its own, through a fair pool without health checks, and writes
//! over as many others. PostgreSQL has many writers: they wait for each other's rows, and their
//! COMMITs share the way to the disk. Writes of one connection, or of one pool for all nodes, would
//! hide both. Reads have connections apart, so that they do not wait for COMMITs, as on SQLite.
//!
//! The dataset is loaded once, into a table that serves as template. Every reset makes the tables
//! that a run writes to from it, so each strategy of an experiment starts from the same rows.

mod address;
mod counters;
mod fault;
mod load;
mod pool;
mod session;
mod settings;
mod statement;
mod store;

pub use address::SCHEMES;
pub use store::PostgresStore;

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Row as _, raw_sql};
use tokio::sync::Mutex;

use self::address::Address;
use self::counters::{Seen, Watch};
use self::pool::Pool;
use self::session::Sessions;
use super::columns;
use super::filesystem;
use super::fingerprint::Fingerprint;
use super::managed::ManagedPostgres;
use super::notes::Notes;
use super::{Dataset, Error, Row, Server, Store, StoreCounters, StoreHost, StoreOptions};
use crate::clock::Clock;
use crate::model::{Breakage, Key, Nanos, NodeId, StoreBreakage};

/// The name of the store in the log.
const NAME: &str = "PostgreSQL";
/// How long the sessions of an earlier block may take to be gone, once they have been told to.
const GONE_WITHIN: Nanos = Nanos::from_secs(20);
const GONE_POLL: Nanos = Nanos::from_millis(2);

/// PostgreSQL, as the experiment handles it.
pub struct PostgresHost {
    address: Address,
    /// The run's own, and the name of its sessions.
    schema: String,
    options: StoreOptions,
    clock: Clock,
    server: Server,
    watch: Option<Watch>,
    state: Mutex<State>,
    managed: Option<ManagedPostgres>,
}

/// What a reset replaces.
struct State {
    /// Whether the run has made its schema.
    has_schema: bool,
    /// The dataset that the template holds.
    template: Option<Fingerprint>,
    notes: Arc<Notes>,
    pools: Vec<Arc<Pool>>,
    /// Transactions in which sessions did nothing but hand in their counts, since the server was
    /// started at the time that it says.
    handed_in: (String, u64),
    loaded: Option<Sizes>,
}

/// How much there was after a reset, in bytes: by how much the database has grown since can be told
/// without adding to what the server counts.
#[derive(Clone, Copy)]
struct Sizes {
    /// The tables that a run uses.
    tables: u64,
    /// The whole database.
    all: u64,
}

impl PostgresHost {
    /// Uses the server at `url`, which may be shared with others, in a schema that is named after
    /// `run`. It is made by the first reset.
    ///
    /// # Errors
    /// If the server cannot be reached, is not set as the scenario asks, or has such a schema.
    pub async fn open(
        url: &str,
        run: &str,
        options: &StoreOptions,
        clock: Clock,
    ) -> Result<Self, Error> {
        Self::with(url, run, options, None, clock).await
    }

    /// Uses a server that the run has to itself.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_managed(
        managed: ManagedPostgres,
        run: &str,
        options: &StoreOptions,
        clock: Clock,
    ) -> Result<Self, Error> {
        Self::with(&managed.url(), run, options, Some(managed), clock).await
    }

    /// How many connections each node has.
    pub const fn connections(options: &StoreOptions) -> u32 {
        options.connections.saturating_mul(2)
    }

    /// The run's own server, for whoever is to break it.
    pub fn managed(&self) -> Option<&ManagedPostgres> {
        self.managed.as_ref()
    }

    async fn with(
        url: &str,
        run: &str,
        options: &StoreOptions,
        managed: Option<ManagedPostgres>,
        clock: Clock,
    ) -> Result<Self, Error> {
        let address = Address::parse(url)?;
        let schema = schema_name(run);
        let notes = Arc::new(Notes::new(NAME, clock.clone()));
        let unreachable = |error: sqlx::Error| Error::StoreUnreachable {
            address: address.shown.clone(),
            reason: error.to_string(),
        };
        let unsuitable = |reason| Error::Unsuitable { address: address.shown.clone(), reason };
        let settings = session::host_settings(&schema, options.durability);
        let sessions = Sessions::new(&address, &schema, settings, Vec::new(), notes.clone());
        let mut connection = sessions.connect().await.map_err(unreachable)?;
        let mut facts = settings::read(&mut connection).await.map_err(unreachable)?;
        if let Some(reason) = facts.unsuitable(options.durability) {
            return Err(unsuitable(reason));
        }
        if has_schema(&mut connection, &schema).await.map_err(unreachable)? {
            let reason = format!("it has a schema {schema} already, which is not this run's");
            return Err(unsuitable(reason));
        }
        connection.close().await.map_err(unreachable)?;
        let mut watch = Watch::open(&address, facts.database.clone(), facts.number);
        if let Some(managed) = &managed {
            facts.settings.insert("filesystem".into(), filesystem(managed.data())?);
            if let Some(from_here) = watch {
                watch = Some(from_here.look_from_elsewhere().await.map_err(unreachable)?);
            }
        }
        let server = Server {
            kind: "postgres".into(),
            version: facts.version,
            managed: managed.is_some(),
            address: address.shown.clone(),
            settings: facts.settings,
        };
        let state = State {
            has_schema: false,
            template: None,
            notes,
            pools: Vec::new(),
            handed_in: (String::new(), 0),
            loaded: None,
        };
        let (options, state) = (options.clone(), Mutex::new(state));
        Ok(Self { address, schema, options, clock, server, watch, state, managed })
    }

    /// A session of the experiment's own: what it does must not show in the pools' waits.
    async fn session(&self, notes: &Arc<Notes>) -> Result<PgConnection, sqlx::Error> {
        let settings = session::host_settings(&self.schema, self.options.durability);
        let (address, name) = (&self.address, &self.schema);
        Sessions::new(address, name, settings, Vec::new(), notes.clone()).connect().await
    }

    async fn pool(
        &self,
        notes: &Arc<Notes>,
        prepared: Vec<&'static str>,
    ) -> Result<Arc<Pool>, Error> {
        let settings = session::settings(&self.schema, self.options.durability);
        let (address, name) = (&self.address, &self.schema);
        let sessions = Sessions::new(address, name, settings, prepared, notes.clone());
        Ok(Arc::new(Pool::open(sessions, self.options.connections).await?))
    }

    /// Closes what nodes are connected over, and ends the run's other sessions in the server. A call
    /// that was given up may still be on its way there, and would reach the tables that come next.
    async fn end_sessions(
        &self,
        state: &mut State,
        connection: &mut PgConnection,
    ) -> Result<(), Error> {
        for pool in state.pools.drain(..) {
            pool.close().await;
        }
        let deadline = self.clock.now() + GONE_WITHIN;
        loop {
            let ended = sqlx::query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE application_name = $1 AND datname = current_database()
                       AND pid <> pg_backend_pid()",
            );
            let left = ended.bind(&self.schema).fetch_all(&mut *connection).await;
            if left.map_err(|error| self.failed(&error))?.is_empty() {
                return Ok(());
            }
            if self.clock.now() >= deadline {
                let reason = "the sessions of this run do not end".into();
                return Err(Error::Failed { address: self.address.shown.clone(), reason });
            }
            self.clock.sleep(GONE_POLL).await;
        }
    }

    /// Makes the schema unless it has been made. One that somebody else has made meanwhile is theirs.
    async fn make_schema(
        &self,
        state: &mut State,
        connection: &mut PgConnection,
    ) -> Result<(), Error> {
        if !state.has_schema {
            let create = format!("CREATE SCHEMA \"{}\"", self.schema);
            // Noted first: a run that is cut short in between must find it.
            state.has_schema = true;
            if let Err(error) = raw_sql(AssertSqlSafe(create)).execute(&mut *connection).await {
                state.has_schema = false;
                return Err(self.failed(&error));
            }
            state.template = None;
        }
        Ok(())
    }

    /// Bytes of the tables that a run uses, without the template.
    async fn tables_size(&self, connection: &mut PgConnection) -> Result<u64, sqlx::Error> {
        let size: i64 = sqlx::query_scalar(
            "SELECT COALESCE(SUM(pg_total_relation_size(oid)), 0)::BIGINT FROM pg_class
             WHERE relnamespace = to_regnamespace($1) AND relkind = 'r' AND relname <> 'original'",
        )
        .bind(format!("\"{}\"", self.schema))
        .fetch_one(connection)
        .await?;
        Ok(size.max(0).cast_unsigned())
    }

    /// The sizes after a reset, where the server can be looked at from elsewhere.
    async fn sizes(&self, connection: &mut PgConnection) -> Result<Option<Sizes>, sqlx::Error> {
        match self.watch.as_ref().filter(|watch| watch.is_elsewhere()) {
            None => Ok(None),
            Some(watch) => {
                let tables = self.tables_size(connection).await?;
                Ok(Some(Sizes { tables, all: watch.read().await?.size }))
            }
        }
    }

    async fn rows_of(
        &self,
        keys: &Range<Key>,
        connection: &mut PgConnection,
    ) -> Result<Vec<Row>, sqlx::Error> {
        let (start, end) = columns::range(keys);
        sqlx::query(statement::ROWS)
            .bind(start)
            .bind(end)
            .fetch(connection)
            .and_then(|row| async move { columns::audited(&row) })
            .try_collect()
            .await
    }

    fn failed(&self, error: &sqlx::Error) -> Error {
        Error::Failed { address: self.address.shown.clone(), reason: error.to_string() }
    }

    fn breakable(&self, breakage: &StoreBreakage) -> Result<&ManagedPostgres, Error> {
        match (breakage, &self.managed) {
            (StoreBreakage::Killed, Some(managed)) => Ok(managed),
            _ => Err(Error::unbreakable(self.server.clone(), Breakage::Store(*breakage))),
        }
    }
}

#[async_trait]
impl StoreHost for PostgresHost {
    fn server(&self) -> Server {
        self.server.clone()
    }

    /// Opens the node's connections. They serve until the next reset and fail as unavailable from
    /// then on: connect again after it.
    async fn connect(&self, _node: NodeId) -> Result<Arc<dyn Store>, Error> {
        let mut state = self.state.lock().await;
        let origin = self.options.origin;
        let readers = self.pool(&state.notes, PostgresStore::reads(origin)).await?;
        state.pools.push(readers.clone());
        let writers = self.pool(&state.notes, PostgresStore::writes()).await?;
        state.pools.push(writers.clone());
        Ok(Arc::new(PostgresStore::new(readers, writers, origin)))
    }

    async fn reset(&self, dataset: &dyn Dataset) -> Result<(), Error> {
        let mut state = self.state.lock().await;
        state.notes = Arc::new(Notes::new(NAME, self.clock.clone()));
        let session = self.session(&state.notes).await;
        let mut connection = session.map_err(|error| self.failed(&error))?;
        self.end_sessions(&mut state, &mut connection).await?;
        self.make_schema(&mut state, &mut connection).await?;
        let asked = Fingerprint::of(dataset);
        let restored = async {
            if state.template.as_ref() != Some(&asked) {
                state.template = None;
                load::load(&mut connection, dataset).await?;
                state.template = Some(asked);
            }
            load::restore(&mut connection).await?;
            state.loaded = self.sizes(&mut connection).await?;
            connection.close().await
        };
        restored.await.map_err(|error| self.failed(&error))
    }

    /// The waits are those since the last reset, the size that of the tables that a run uses. What
    /// the server counts is complete where no call is in progress.
    async fn counters(&self) -> Result<StoreCounters, Error> {
        let mut state = self.state.lock().await;
        let counters = async {
            let mut counters =
                StoreCounters { pool: state.notes.waits().read(), ..StoreCounters::default() };
            let mut grown = None;
            if let Some(watch) = &self.watch {
                let handed_in = counters::hand_in(&state.pools).await;
                let Seen { counters: mut counted, size } = watch.read().await?;
                // After a crash the server has forgotten those of before.
                if state.handed_in.0 != counted.started {
                    state.handed_in = (counted.started.clone(), 0);
                }
                state.handed_in.1 += handed_in;
                counted.commits = counted.commits.saturating_sub(state.handed_in.1);
                counters.database = Some(counted);
                grown =
                    state.loaded.map(|loaded| (loaded.tables + size).saturating_sub(loaded.all));
            }
            counters.size = match grown {
                Some(size) => size,
                None => self.tables_size(&mut self.session(&state.notes).await?).await?,
            };
            Ok(counters)
        };
        counters.await.map_err(|error: sqlx::Error| self.failed(&error))
    }

    async fn rows(&self, keys: Range<Key>) -> Result<Vec<Row>, Error> {
        let state = self.state.lock().await;
        let rows = async {
            let mut connection = self.session(&state.notes).await?;
            let rows = self.rows_of(&keys, &mut connection).await?;
            connection.close().await?;
            Ok(rows)
        };
        rows.await.map_err(|error| self.failed(&error))
    }

    async fn clear(&self) -> Result<(), Error> {
        let mut state = self.state.lock().await;
        if !state.has_schema {
            return Ok(());
        }
        let session = self.session(&state.notes).await;
        let mut connection = session.map_err(|error| self.failed(&error))?;
        self.end_sessions(&mut state, &mut connection).await?;
        let cleared = async {
            let drop_all = format!("DROP SCHEMA IF EXISTS \"{}\" CASCADE", self.schema);
            raw_sql(AssertSqlSafe(drop_all)).execute(&mut connection).await?;
            connection.close().await
        };
        cleared.await.map_err(|error| self.failed(&error))?;
        state.has_schema = false;
        Ok(())
    }

    async fn inject(&self, breakage: &StoreBreakage) -> Result<(), Error> {
        self.breakable(breakage)?.kill(&self.clock).await
    }

    async fn lift(&self, breakage: &StoreBreakage) -> Result<(), Error> {
        self.breakable(breakage)?.restart(&self.clock).await
    }
}

/// `cacheduel_<run>`. The run's name has the tool's before it as a rule.
fn schema_name(run: &str) -> String {
    let run = run.strip_prefix("cacheduel-").unwrap_or(run);
    let word = |sign: char| if sign.is_ascii_alphanumeric() { sign } else { '_' };
    format!("cacheduel_{}", run.chars().map(word).collect::<String>())
}

async fn has_schema(connection: &mut PgConnection, schema: &str) -> Result<bool, sqlx::Error> {
    let query = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";
    sqlx::query(query).bind(schema).fetch_one(connection).await?.try_get(0)
}
