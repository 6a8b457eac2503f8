//! The pool over SQLite, which needs no server.

use futures_util::FutureExt;

use super::*;
use crate::backend::Durability;
use crate::backend::sqlite::database::Database;
use crate::backend::sqlite::load;
use crate::clock::WallClock;

async fn pool(connections: u32) -> (tempfile::TempDir, Arc<Pool<Database>>) {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(WallClock::new());
    let database = Database::numbered(0, directory.path(), Durability::Off, clock);
    load::create_empty(database.path()).await.unwrap();
    (directory, Pool::open(Arc::new(database), connections).await.unwrap())
}

async fn query(pool: &Pool<Database>, sql: &'static str) -> Outcome<Vec<sqlx::sqlite::SqliteRow>> {
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
    let waits = pool.endpoint.notes().waits().read();
    assert_eq!(waits.calls, 3);
    assert!(waits.max > Nanos::ZERO && waits.total >= waits.max);
}

#[tokio::test]
async fn spare_connections_are_those_that_no_call_holds_and_are_not_counted() {
    let (_directory, pool) = pool(3).await;
    let held = pool.lease().await.unwrap();
    let mut given_up = pool.lease().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(given_up.connection()).await.unwrap();
    drop(given_up);
    let spare = pool.spare().await;
    assert_eq!(spare.len(), 2, "one is out");
    drop(spare);
    assert!(pool.spare().await.is_empty(), "nothing has been done since");
    drop(held);
    assert_eq!(pool.spare().await.len(), 1, "that one has not been spare before");
    assert_eq!(pool.idle().len(), 3, "all are back");
    assert_eq!(pool.endpoint.notes().waits().read().calls, 2);
    query(&pool, "BEGIN IMMEDIATE").await.expect("what was given up has been rolled back");
}
