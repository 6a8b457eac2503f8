//! What the server counts about the run's database.

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{ConnectOptions, Connection, Row, raw_sql};

use super::address::Address;
use super::pool::Pool;
use super::statement;
use crate::backend::DatabaseCounters;

/// The first version whose sessions can be told to hand in what they have counted. Before it, and
/// without being told, they do so when they see fit.
const VERSION_MIN: i64 = 150_000;
/// A database that every server has and that no run uses.
const ELSEWHERE: &str = "template1";

const DATABASE: &str = "
    SELECT pg_postmaster_start_time()::TEXT, xact_commit, xact_rollback, tup_returned, tup_fetched,
           tup_inserted, tup_updated, tup_deleted, blks_read, blks_hit, deadlocks, temp_bytes,
           pg_database_size(datid)
    FROM pg_stat_database
    WHERE datname = $1";

/// Looks at the server's counters: from another database, where what the look itself costs is counted
/// there, or from the same.
pub struct Watch {
    options: PgConnectOptions,
    database: String,
    is_elsewhere: bool,
    counts_statements: bool,
}

/// What a look found.
pub struct Seen {
    pub counters: DatabaseCounters,
    /// Bytes of the whole database on disk.
    pub size: u64,
}

impl Watch {
    /// `None` where the server cannot be brought to tell all that it has counted.
    pub fn open(address: &Address, database: String, version: i64) -> Option<Self> {
        let options = address.options.clone();
        (version >= VERSION_MIN).then_some(Self {
            options,
            database,
            is_elsewhere: false,
            counts_statements: false,
        })
    }

    /// Looks from another database of a server that is the run's own: what the look itself costs is
    /// counted there. Has each statement counted, if the server can.
    ///
    /// # Errors
    /// If that database cannot be used.
    pub async fn look_from_elsewhere(mut self) -> Result<Self, sqlx::Error> {
        self.options = self.options.database(ELSEWHERE);
        self.is_elsewhere = true;
        let mut connection = self.options.connect().await?;
        let preloaded: String =
            sqlx::query_scalar("SELECT current_setting('shared_preload_libraries')")
                .fetch_one(&mut connection)
                .await?;
        if preloaded.contains("pg_stat_statements") {
            let create = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements";
            self.counts_statements = raw_sql(create).execute(&mut connection).await.is_ok();
        }
        connection.close().await?;
        Ok(self)
    }

    /// Whether a look adds nothing to what it looks at.
    pub const fn is_elsewhere(&self) -> bool {
        self.is_elsewhere
    }

    /// What the server has counted by now.
    pub async fn read(&self) -> Result<Seen, sqlx::Error> {
        let mut connection = self.options.connect().await?;
        let row = sqlx::query(DATABASE).bind(&self.database).fetch_one(&mut connection).await?;
        let mut counters = database(&row)?;
        if self.counts_statements {
            counters.statements = Some(self.calls(&mut connection).await?.into_iter().collect());
        }
        connection.close().await?;
        Ok(Seen { counters, size: count(&row, 12)? })
    }

    async fn calls(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Vec<(String, u64)>, sqlx::Error> {
        let rows = sqlx::query(statement::CALLS).bind(&self.database).fetch_all(connection).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, count(row, 1)?))).collect()
    }
}

/// Has every session that no call holds hand in what it has counted; returns how many have, each of
/// which has committed one transaction more for it. One that has nothing else to hand in would tell
/// of that transaction only later, and so is not asked.
pub async fn hand_in(pools: &[std::sync::Arc<Pool>]) -> u64 {
    let mut handed_in = 0;
    for pool in pools {
        for mut lease in pool.spare().await {
            let told = raw_sql("SELECT pg_stat_force_next_flush()").execute(lease.connection());
            let told = told.await;
            handed_in += u64::from(lease.finish(told).is_ok());
        }
    }
    handed_in
}

fn database(row: &PgRow) -> Result<DatabaseCounters, sqlx::Error> {
    Ok(DatabaseCounters {
        started: row.try_get(0)?,
        commits: count(row, 1)?,
        rollbacks: count(row, 2)?,
        rows_returned: count(row, 3)?,
        rows_fetched: count(row, 4)?,
        rows_inserted: count(row, 5)?,
        rows_updated: count(row, 6)?,
        rows_deleted: count(row, 7)?,
        blocks_read: count(row, 8)?,
        blocks_hit: count(row, 9)?,
        deadlocks: count(row, 10)?,
        temp_bytes: count(row, 11)?,
        statements: None,
    })
}

fn count(row: &PgRow, column: usize) -> Result<u64, sqlx::Error> {
    let count: i64 = row.try_get(column)?;
    Ok(count.max(0).cast_unsigned())
}
