//! A store that is full, locked or dead, and who waits for what.

use std::sync::mpsc;

use bytes::Bytes;
use futures_util::FutureExt;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::backend::{Applied, EVERY_KEY, VersionedDraft};
use crate::clock::Clock;
use crate::model::{Draft, Fault, FaultKind, Key, Version, Writer};

const REFUSED: Fault = Fault::store(FaultKind::Refused);
const UNAVAILABLE: Fault = Fault::store(FaultKind::Unavailable);

struct Rows;

impl Dataset for Rows {
    fn keys(&self) -> u64 {
        8
    }

    fn initial(&self, key: Key) -> Draft {
        draft(key, 0, 20)
    }

    fn children(&self) -> u32 {
        3
    }

    fn child_amount(&self, _key: Key, child: u32) -> i64 {
        child.into()
    }

    fn shared(&self) -> Arc<dyn Dataset> {
        Arc::new(Self)
    }
}

fn draft(key: Key, writer: u64, size: usize) -> Draft {
    Draft::new(key, Writer(writer), Bytes::from(vec![b' '; size]))
}

async fn host(origin: Origin) -> (TempDir, SqliteHost) {
    let directory = tempfile::tempdir().unwrap();
    let options = StoreOptions { origin, connections: 2, ..StoreOptions::default() };
    let clock = Clock::wall();
    let host = SqliteHost::open(directory.path(), &options, clock).await.unwrap();
    host.reset(&Rows).await.unwrap();
    (directory, host)
}

async fn node(host: &SqliteHost) -> Arc<dyn Store> {
    host.connect(NodeId(0)).await.unwrap()
}

/// Does something to the connection that writes.
async fn on_the_writer(
    host: &SqliteHost,
    work: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
) -> Result<(), fault::Failure> {
    let writer = host.state.lock().await.open.writer.clone();
    writer.call(work).await
}

/// Lets the database grow by so many pages, and no further.
async fn leave_pages(host: &SqliteHost, pages: u32) {
    on_the_writer(host, move |connection| {
        let now: u32 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        connection.execute_batch(&format!("PRAGMA max_page_count = {}", now + pages))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_full_disk_refuses_what_has_no_room_whole_and_takes_what_has() {
    let (_directory, host) = host(Origin::PointLookup).await;
    let store = node(&host).await;
    leave_pages(&host, 0).await;
    let large = draft(Key(1), 1, 100_000);
    assert_eq!(store.write(&large).await, Err(REFUSED));
    assert_eq!(store.write_with_event(&large).await, Err(REFUSED));
    let small = VersionedDraft { draft: draft(Key(2), 2, 10), version: Version(5) };
    let batch = [small, VersionedDraft { draft: large.clone(), version: Version(6) }];
    assert_eq!(store.apply_batch(&batch).await, Err(REFUSED));

    let rows = host.rows(EVERY_KEY).await.unwrap();
    assert!(rows.iter().all(|row| row.version == Version::INITIAL), "nothing of it: {rows:?}");
    assert_eq!(store.read_outbox(10).await, Ok(vec![]));
    assert_eq!(store.write(&draft(Key(3), 3, 10)).await, Ok(Version(1)), "that has room");

    leave_pages(&host, 1_000).await;
    assert_eq!(store.write_with_event(&large).await, Ok(Version(1)), "now there is room");
    let applied = Applied { written: 2, passed: 0 };
    assert_eq!(store.apply_batch(&batch).await, Ok(applied));
}

#[tokio::test]
async fn a_file_that_is_locked_from_outside_refuses_writes_and_is_read_on() {
    let (_directory, host) = host(Origin::PointLookup).await;
    let store = node(&host).await;
    let outside = Connection::open(host.state.lock().await.open.database.path()).unwrap();
    outside.execute_batch("BEGIN IMMEDIATE").unwrap();
    // It would wait for some seconds, as its settings say.
    on_the_writer(&host, |writer| writer.busy_timeout(std::time::Duration::ZERO)).await.unwrap();
    assert_eq!(store.write(&draft(Key(1), 1, 10)).await, Err(REFUSED));
    assert_eq!(store.write_with_event(&draft(Key(1), 1, 10)).await, Err(REFUSED));
    assert_eq!(store.version(Key(1)).await, Ok(Version::INITIAL));
    assert_eq!(store.read(Key(1)).await.unwrap().value.version, Version::INITIAL);
    outside.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.write(&draft(Key(1), 1, 10)).await, Ok(Version(1)));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_with_its_path_and_the_reason() {
    let (directory, host) = host(Origin::PointLookup).await;
    let path = host.state.lock().await.open.database.path().to_owned();
    std::fs::write(&path, vec![b'x'; 8192]).unwrap();
    let error = host.connect(NodeId(0)).await.err().expect("it cannot be read");
    let Error::Database { path: told, reason } = error else { panic!("{error}") };
    assert_eq!(told, path);
    assert!(reason.contains("not a database"), "{reason}");
    drop(directory);
}

#[tokio::test]
async fn a_writer_that_died_is_unavailable_until_the_next_reset() {
    let (_directory, host) = host(Origin::PointLookup).await;
    let store = node(&host).await;
    let died = on_the_writer(&host, |_| panic!("on purpose")).await;
    assert!(matches!(died, Err(fault::Failure::Closed)));
    assert_eq!(store.write(&draft(Key(1), 1, 10)).await, Err(UNAVAILABLE));
    assert_eq!(store.version(Key(1)).await, Ok(Version::INITIAL), "readers know nothing of it");
    host.reset(&Rows).await.unwrap();
    assert_eq!(node(&host).await.write(&draft(Key(1), 1, 10)).await, Ok(Version(1)));
}

/// A call that is at work on its thread until `released` has no sender any more.
async fn busy(workers: &Workers, released: Arc<std::sync::Mutex<mpsc::Receiver<()>>>) {
    let wait = move |_: &Connection| {
        let _ = released.lock().unwrap().recv();
        Ok(())
    };
    workers.call(wait).await.unwrap();
}

#[tokio::test]
async fn what_may_take_long_holds_up_nothing_that_is_quick() {
    let (_directory, host) = host(Origin::Aggregation { rows: 3 }).await;
    let (store, written) = (node(&host).await, draft(Key(1), 1, 10));
    let readers = host.state.lock().await.open.readers[0].clone();
    let writer = host.state.lock().await.open.writer.clone();
    let (release, released) = mpsc::channel::<()>();
    let released = Arc::new(std::sync::Mutex::new(released));
    let mut held: Vec<_> = [&readers.slow, &readers.slow, &*writer]
        .map(|workers| busy(workers, released.clone()).boxed())
        .into();
    held.push(store.read(Key(1)).map(|read| assert_eq!(read.unwrap().rows, 4)).boxed());
    held.push(store.write(&written).map(|version| assert_eq!(version, Ok(Version(1)))).boxed());
    held.push(store.read_outbox(1).map(|events| assert_eq!(events, Ok(vec![]))).boxed());
    for call in &mut held {
        assert!(call.now_or_never().is_none(), "it waits for a thread, and not on this one");
    }
    let version = store.version(Key(2)).now_or_never();
    assert_eq!(version, Some(Ok(Version::INITIAL)), "a lookup waits for none of them");
    drop(release);
    futures_util::future::join_all(held).await;
}

#[tokio::test]
async fn a_quick_read_is_done_at_once_and_counts_as_one_that_did_not_wait() {
    let (_directory, host) = host(Origin::PointLookup).await;
    let store = node(&host).await;
    for key in (0..3).map(Key) {
        let read = store.read(key).now_or_never().expect("it is done on this thread");
        assert_eq!(read.unwrap().value.key, key);
    }
    let waits = host.counters().await.unwrap().pool;
    assert_eq!((waits.calls, waits.total.0, waits.max.0), (3, 0, 0));
}

#[tokio::test]
async fn one_quick_read_after_the_other_lets_others_have_the_thread() {
    let (_directory, host) = host(Origin::PointLookup).await;
    let store = node(&host).await;
    let endless = async {
        loop {
            store.read(Key(1)).await.unwrap();
        }
    };
    assert_eq!(endless.now_or_never(), None::<()>);
}
