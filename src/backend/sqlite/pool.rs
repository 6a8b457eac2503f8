//! Connections that calls take turns at: first come, first served, and no health checks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::{Connection, SqliteConnection};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::database::Database;
use crate::backend::Error;
use crate::model::{Fault, FaultKind, Outcome};

pub struct Pool {
    database: Arc<Database>,
    /// One for each connection. Waiting is in the order of asking.
    permits: Semaphore,
    idle: Mutex<Vec<Idle>>,
}

/// One call's turn at a connection.
///
/// Dropped before [`finish`](Lease::finish), as a call is that was given up in the middle of a
/// query, it marks the connection as one that may still be at work or in a transaction. The next
/// lease waits for that to end and rolls it back.
pub struct Lease<'a> {
    pool: &'a Pool,
    _permit: SemaphorePermit<'a>,
    /// Taken out by `Drop`, or where it broke.
    idle: Option<Idle>,
}

struct Idle {
    connection: SqliteConnection,
    settled: bool,
}

impl Pool {
    /// Opens all connections at once, so that no call pays for it.
    pub async fn open(database: Arc<Database>, connections: u32) -> Result<Arc<Self>, Error> {
        let mut idle = Vec::new();
        for _ in 0..connections {
            let connection = database.connect().await.map_err(|error| database.error(&error))?;
            idle.push(Idle { connection, settled: true });
        }
        let permits = Semaphore::new(idle.len());
        Ok(Arc::new(Self { database, permits, idle: Mutex::new(idle) }))
    }

    /// Waits for a connection that is ready to serve. All of the wait is counted.
    pub async fn lease(&self) -> Outcome<Lease<'_>> {
        let asked = self.database.now();
        let Ok(permit) = self.permits.acquire().await else {
            return Err(Fault::store(FaultKind::Unavailable));
        };
        let mut lease = Lease { pool: self, _permit: permit, idle: self.idle().pop() };
        let ready = lease.make_ready().await;
        self.database.waits().record(self.database.now().since(asked));
        ready.map_err(|error| self.database.fault(&error))?;
        Ok(lease)
    }

    /// Refuses every lease from now on, and closes the connections that are not leased.
    pub async fn close(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        for Idle { connection, .. } in idle {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "a connection to SQLite did not close");
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease<'_> {
    /// The connection. From here on its state is unknown, until [`finish`](Lease::finish).
    pub fn connection(&mut self) -> &mut SqliteConnection {
        let idle = self.idle.as_mut().expect("a lease is handed out with a connection");
        idle.settled = false;
        &mut idle.connection
    }

    /// Gives the connection back after its work ended in `result`.
    pub fn finish<T>(mut self, result: Result<T, sqlx::Error>) -> Outcome<T> {
        match &result {
            Ok(_) => {
                if let Some(idle) = &mut self.idle {
                    idle.settled = true;
                }
            }
            Err(sqlx::Error::WorkerCrashed | sqlx::Error::Io(_)) => self.idle = None,
            // The statement failed, perhaps within a transaction: it stays unsettled.
            Err(_) => {}
        }
        result.map_err(|error| self.pool.database.fault(&error))
    }

    async fn make_ready(&mut self) -> Result<(), sqlx::Error> {
        if let Some(idle) = &mut self.idle
            && !idle.settled
        {
            if roll_back(&mut idle.connection).await.is_ok() {
                idle.settled = true;
            } else {
                self.idle = None;
            }
        }
        if self.idle.is_none() {
            let connection = self.pool.database.connect().await?;
            self.idle = Some(Idle { connection, settled: true });
        }
        Ok(())
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(idle) = self.idle.take()
            && !self.pool.permits.is_closed()
        {
            self.pool.idle().push(idle);
        }
    }
}

/// Ends what the connection was left with. Its worker takes commands in turn, so this also waits
/// for a query that nobody waits for any more.
async fn roll_back(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    /// The plain SQLITE_ERROR is SQLite's answer to a ROLLBACK where there is no transaction.
    const NO_TRANSACTION: &str = "1";
    match sqlx::query("ROLLBACK").execute(connection).await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(NO_TRANSACTION) => {
            Ok(())
        }
        result => result.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::backend::Durability;
    use crate::backend::sqlite::load;
    use crate::clock::WallClock;
    use crate::model::Nanos;

    async fn pool(connections: u32) -> (tempfile::TempDir, Arc<Pool>) {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(WallClock::new());
        let database = Database::numbered(0, directory.path(), Durability::Off, clock);
        load::create_empty(database.path()).await.unwrap();
        (directory, Pool::open(Arc::new(database), connections).await.unwrap())
    }

    async fn query(pool: &Pool, sql: &'static str) -> Outcome<Vec<sqlx::sqlite::SqliteRow>> {
        let mut lease = pool.lease().await?;
        let rows = sqlx::query(sql).fetch_all(lease.connection()).await;
        lease.finish(rows)
    }

    #[tokio::test]
    async fn a_transaction_that_was_given_up_is_rolled_back_before_the_next_lease() {
        let (_directory, pool) = pool(1).await;
        let mut lease = pool.lease().await.unwrap();
        let half = "BEGIN IMMEDIATE; INSERT INTO outbox (key, version) VALUES (1, 1)";
        sqlx::raw_sql(half).execute(lease.connection()).await.unwrap();
        drop(lease);
        assert!(query(&pool, "SELECT * FROM outbox").await.unwrap().is_empty());
        query(&pool, "BEGIN IMMEDIATE").await.expect("no transaction is open");
    }

    #[tokio::test]
    async fn a_query_that_was_given_up_is_waited_for_and_the_connection_serves_on() {
        let (_directory, pool) = pool(1).await;
        let long = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000)
                    SELECT i FROM n";
        for _ in 0..10 {
            assert!(query(&pool, long).now_or_never().is_none(), "given up in mid-query");
            assert_eq!(query(&pool, "SELECT 1").await.unwrap().len(), 1);
        }
    }

    #[tokio::test]
    async fn a_statement_that_fails_in_a_transaction_leaves_none_open() {
        let (_directory, pool) = pool(1).await;
        let sql = "BEGIN IMMEDIATE; INSERT INTO outbox (key, version) VALUES (NULL, 1); COMMIT";
        assert_eq!(query(&pool, sql).await.unwrap_err(), Fault::store(FaultKind::Refused));
        query(&pool, "BEGIN IMMEDIATE").await.expect("no transaction is open");
    }

    #[tokio::test]
    async fn a_read_only_database_refuses_a_write() {
        let (_directory, pool) = pool(1).await;
        query(&pool, "PRAGMA query_only = 1").await.unwrap();
        let refused = query(&pool, "DELETE FROM outbox").await.unwrap_err();
        assert_eq!(refused, Fault::store(FaultKind::Refused));
    }

    #[tokio::test]
    async fn a_closed_pool_is_unavailable_even_to_those_who_wait_already() {
        let (_directory, pool) = pool(1).await;
        let lease = pool.lease().await.unwrap();
        let mut waiting = Box::pin(pool.lease());
        assert!(waiting.as_mut().now_or_never().is_none());
        pool.close().await;
        drop(lease);
        assert_eq!(waiting.await.err(), Some(Fault::store(FaultKind::Unavailable)));
        assert!(pool.idle().is_empty(), "the connection that was out is not kept");
    }

    #[tokio::test]
    async fn leases_are_given_in_the_order_of_asking_and_every_one_is_counted() {
        let (_directory, pool) = pool(1).await;
        let held = pool.lease().await.unwrap();
        let mut first = Box::pin(pool.lease());
        let mut second = Box::pin(pool.lease());
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        drop(held);
        assert!(second.as_mut().now_or_never().is_none(), "the first is first");
        drop(first.await.unwrap());
        drop(second.await.unwrap());
        let waits = pool.database.waits().read();
        assert_eq!(waits.calls, 3);
        assert!(waits.max > Nanos::ZERO && waits.total >= waits.max);
    }
}
