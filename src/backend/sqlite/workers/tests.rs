use std::sync::mpsc::{self, Sender};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join};
use tempfile::TempDir;

use super::*;
use crate::clock::Clock;
use crate::model::{Nanos, PoolWaits};

const ADD: &str = "INSERT INTO done (number) VALUES (?1)";

fn workers(connections: usize) -> (TempDir, Workers) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let open = |_| Connection::open(&path).unwrap();
    let connections: Vec<_> = (0..connections).map(open).collect();
    let schema = "PRAGMA journal_mode = WAL; CREATE TABLE done (number INTEGER)";
    connections[0].execute_batch(schema).unwrap();
    let notes = Arc::new(Notes::new("a test", Clock::wall()));
    (directory, Workers::start("test", connections, notes).unwrap())
}

/// A call that keeps a thread until it is released.
struct Held<'a> {
    call: BoxFuture<'a, Result<(), Failure>>,
    release: Sender<()>,
}

/// Has one thread at work by the time that this returns.
fn hold(workers: &Workers) -> Held<'_> {
    let (release, released) = mpsc::channel();
    let (begun, has_begun) = mpsc::channel();
    let wait = move |_: &Connection| {
        begun.send(()).unwrap();
        let _ = released.recv();
        Ok(())
    };
    let mut call = workers.call(wait).boxed();
    assert!((&mut call).now_or_never().is_none());
    has_begun.recv().unwrap();
    Held { call, release }
}

fn add(workers: &Workers, number: i64) -> BoxFuture<'_, Result<(), Failure>> {
    workers.call(move |connection| connection.execute(ADD, [number]).map(drop)).boxed()
}

async fn done(workers: &Workers) -> Vec<i64> {
    let all = workers.call(|connection| {
        let mut select = connection.prepare("SELECT number FROM done ORDER BY rowid")?;
        select.query_map([], |row| row.get(0))?.collect()
    });
    all.await.unwrap()
}

fn waits(workers: &Workers) -> PoolWaits {
    workers.notes.waits().read()
}

#[tokio::test]
async fn calls_are_served_in_the_order_of_asking_and_each_wait_is_counted() {
    let (_directory, workers) = workers(1);
    let held = hold(&workers);
    let mut calls: Vec<_> = (0..5).map(|number| add(&workers, number)).collect();
    for call in &mut calls {
        assert!(call.now_or_never().is_none());
    }
    drop(held.release);
    // Waited for the other way round: it is the asking that counts.
    for call in calls.into_iter().rev() {
        call.await.unwrap();
    }
    assert_eq!(done(&workers).await, [0, 1, 2, 3, 4]);
    let waits = waits(&workers);
    assert_eq!(waits.calls, 7);
    assert!(waits.max > Nanos::ZERO && waits.total >= waits.max);
}

#[tokio::test]
async fn a_call_that_is_given_up_before_its_turn_is_never_made() {
    let (_directory, workers) = workers(1);
    let held = hold(&workers);
    assert!(add(&workers, 1).now_or_never().is_none());
    drop(held.release);
    assert_eq!(done(&workers).await, [] as [i64; 0]);
    assert_eq!(waits(&workers).calls, 2, "it had no connection");
}

#[tokio::test]
async fn a_call_that_is_given_up_in_its_turn_is_made_to_its_end() {
    let (_directory, workers) = workers(1);
    let (release, released) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    let call = workers.call(move |connection| {
        connection.execute_batch("BEGIN")?;
        connection.execute(ADD, [1])?;
        begun.send(()).unwrap();
        let _ = released.recv();
        connection.execute(ADD, [2])?;
        connection.execute_batch("COMMIT")
    });
    let mut call = call.boxed();
    assert!((&mut call).now_or_never().is_none());
    has_begun.recv().unwrap();
    drop(call);
    drop(release);
    assert_eq!(done(&workers).await, [1, 2]);
}

#[tokio::test]
async fn as_many_calls_are_made_at_once_as_there_are_connections() {
    let (_directory, workers) = workers(3);
    // Each of them returns with its thread at work.
    let held: Vec<_> = (0..3).map(|_| hold(&workers)).collect();
    assert!(add(&workers, 1).now_or_never().is_none(), "there is no fourth");
    for held in held {
        drop(held.release);
        held.call.await.unwrap();
    }
}

#[tokio::test]
async fn closed_they_finish_what_they_are_at_and_refuse_the_rest() {
    let (_directory, workers) = workers(1);
    let held = hold(&workers);
    let mut waiting = add(&workers, 1);
    assert!((&mut waiting).now_or_never().is_none());
    let mut close = workers.close().boxed();
    assert!((&mut close).now_or_never().is_none(), "a call is at work");
    assert!(matches!(waiting.await, Err(Failure::Closed)));
    drop(held.release);
    let ((), finished) = join(close, held.call).await;
    finished.unwrap();
    assert!(matches!(add(&workers, 2).await, Err(Failure::Closed)));
    assert_eq!(Arc::strong_count(&workers.queue), 1, "the thread has ended");
}

#[tokio::test]
async fn a_panic_fails_its_call_and_all_that_follow_instead_of_hanging() {
    let (_directory, workers) = workers(1);
    let held = hold(&workers);
    let mut broken = workers.call(|_| -> rusqlite::Result<()> { panic!("on purpose") }).boxed();
    let mut waiting = add(&workers, 1);
    assert!((&mut broken).now_or_never().is_none());
    assert!((&mut waiting).now_or_never().is_none());
    drop(held.release);
    assert!(matches!(broken.await, Err(Failure::Closed)));
    assert!(matches!(waiting.await, Err(Failure::Closed)));
    assert!(matches!(add(&workers, 2).await, Err(Failure::Closed)));
}

#[tokio::test]
async fn dropped_they_break_off_what_they_are_at() {
    let (_directory, workers) = workers(1);
    let (begun, has_begun) = mpsc::channel();
    let (ended, has_ended) = mpsc::channel();
    let long = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000000)
                SELECT i FROM n";
    let mut call = workers
        .call(move |connection| {
            let mut select = connection.prepare(long)?;
            let mut rows = select.query([])?;
            rows.next()?;
            begun.send(()).unwrap();
            let broken_off = loop {
                match rows.next() {
                    Ok(Some(_)) => {}
                    Ok(None) => break false,
                    Err(_interrupted) => break true,
                }
            };
            ended.send(broken_off).unwrap();
            Ok(())
        })
        .boxed();
    assert!((&mut call).now_or_never().is_none());
    has_begun.recv().unwrap();
    drop(call);
    drop(workers);
    assert_eq!(has_ended.try_recv(), Ok(true), "and the thread has ended");
}
