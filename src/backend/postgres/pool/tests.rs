//! The pool, on a server that these tests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgRow;
use tokio::sync::OnceCell;

use super::*;
use crate::backend::Durability;
use crate::backend::managed::{ManagedPostgres, Workspace};
use crate::backend::notes::Notes;
use crate::backend::postgres::address::Address;
use crate::clock::Clock;
use crate::model::Nanos;

/// Sessions that all of these tests together may have.
const SESSIONS: u32 = 40;

/// The guardian of its directory ends the server when the tests have ended.
async fn server() -> &'static ManagedPostgres {
    static SERVER: OnceCell<ManagedPostgres> = OnceCell::const_new();
    let start = async || {
        let workspace = Workspace::create(None).expect("the system has a temporary directory");
        let clock = Clock::wall();
        let server = ManagedPostgres::start(&workspace, Durability::Off, SESSIONS, &clock).await;
        server.expect("PostgreSQL is installed")
    };
    SERVER.get_or_init(start).await
}

/// A pool in a schema that no other test has, with a table `done`.
async fn pool(connections: u32) -> Pool {
    static SCHEMAS: AtomicU64 = AtomicU64::new(0);
    let schema = format!("pool_{}", SCHEMAS.fetch_add(1, Ordering::Relaxed));
    let address = Address::parse(&server().await.url()).unwrap();
    let notes = Arc::new(Notes::new("a test", Clock::wall()));
    let settings = session::settings(&schema, Durability::Off);
    let sessions = Sessions::new(&address, &schema, settings, Vec::new(), notes);
    let make = format!("CREATE SCHEMA {schema}; CREATE TABLE {schema}.done (number INT NOT NULL)");
    let mut connection = sessions.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    Pool::open(sessions, connections).await.unwrap()
}

async fn query(pool: &Pool, sql: &'static str) -> Outcome<Vec<PgRow>> {
    let mut lease = pool.lease().await?;
    let rows = sqlx::raw_sql(sql).fetch_all(lease.connection()).await;
    lease.finish(rows)
}

#[tokio::test]
async fn a_transaction_that_was_given_up_is_rolled_back_before_the_next_lease() {
    let pool = pool(1).await;
    let mut lease = pool.lease().await.unwrap();
    let half = "BEGIN; INSERT INTO done VALUES (1)";
    sqlx::raw_sql(half).execute(lease.connection()).await.unwrap();
    drop(lease);
    assert!(query(&pool, "SELECT * FROM done").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_query_that_was_given_up_is_waited_for_and_the_connection_serves_on() {
    let pool = pool(2).await;
    let mut holder = pool.lease().await.unwrap();
    let mut hold = async |sql: &'static str| {
        sqlx::raw_sql(sql).execute(holder.connection()).await.unwrap();
    };
    let process = "SELECT pg_backend_pid()";
    let before = query(&pool, process).await.unwrap();
    for _ in 0..5 {
        hold("SELECT pg_advisory_lock(1)").await;
        let long = query(&pool, "SELECT pg_advisory_lock_shared(1), generate_series(1, 10000)");
        assert!(long.now_or_never().is_none(), "given up in mid-query");
        hold("SELECT pg_advisory_unlock(1)").await;
        assert_eq!(query(&pool, "SELECT pg_advisory_unlock_all()").await.unwrap().len(), 1);
    }
    let id = |rows: Vec<PgRow>| sqlx::Row::get::<i32, _>(&rows[0], 0);
    assert_eq!(id(query(&pool, process).await.unwrap()), id(before), "the same connection");
}

#[tokio::test]
async fn a_statement_that_fails_in_a_transaction_leaves_none_open() {
    let pool = pool(1).await;
    let sql = "BEGIN; INSERT INTO done VALUES (1); INSERT INTO done VALUES (NULL); COMMIT";
    assert_eq!(query(&pool, sql).await.unwrap_err(), Fault::store(FaultKind::Refused));
    assert!(query(&pool, "SELECT * FROM done").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_read_only_session_refuses_a_write() {
    let pool = pool(1).await;
    query(&pool, "SET default_transaction_read_only TO on").await.unwrap();
    let refused = query(&pool, "DELETE FROM done").await.unwrap_err();
    assert_eq!(refused, Fault::store(FaultKind::Refused));
}

#[tokio::test]
async fn a_closed_pool_is_unavailable_even_to_those_who_wait_already() {
    let pool = pool(1).await;
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
    let pool = pool(1).await;
    let held = pool.lease().await.unwrap();
    let mut first = Box::pin(pool.lease());
    let mut second = Box::pin(pool.lease());
    assert!(first.as_mut().now_or_never().is_none());
    assert!(second.as_mut().now_or_never().is_none());
    drop(held);
    assert!(second.as_mut().now_or_never().is_none(), "the first is first");
    drop(first.await.unwrap());
    drop(second.await.unwrap());
    let waits = pool.sessions.notes().waits().read();
    assert_eq!(waits.calls, 3);
    assert!(waits.max > Nanos::ZERO && waits.total >= waits.max);
}

#[tokio::test]
async fn spare_connections_are_those_that_no_call_holds_and_are_not_counted() {
    let pool = pool(3).await;
    let held = pool.lease().await.unwrap();
    let mut given_up = pool.lease().await.unwrap();
    let half = "BEGIN; INSERT INTO done VALUES (1)";
    sqlx::raw_sql(half).execute(given_up.connection()).await.unwrap();
    drop(given_up);
    let spare = pool.spare().await;
    assert_eq!(spare.len(), 2, "one is out");
    drop(spare);
    assert!(pool.spare().await.is_empty(), "nothing has been done since");
    drop(held);
    assert_eq!(pool.spare().await.len(), 1, "that one has not been spare before");
    assert_eq!(pool.idle().len(), 3, "all are back");
    assert_eq!(pool.sessions.notes().waits().read().calls, 2);
    let rows = query(&pool, "SELECT * FROM done").await.unwrap();
    assert!(rows.is_empty(), "what was given up has been rolled back");
}
