use futures_util::FutureExt;
use futures_util::future::join;

use super::*;
use crate::backend::Read;
use crate::backend::StoreOptions;
use crate::backend::twin::TwinStoreHost;
use crate::clock::SimClock;
use crate::model::{Draft, Key, Value, Version, Writer};
use bytes::Bytes;

const KEY: Key = Key(0);

fn millis(millis: u64) -> Nanos {
    Nanos::from_millis(millis)
}

async fn store(clock: &SimClock, delays: StoreDelays) -> Arc<dyn Store> {
    let twin = Box::new(TwinStoreHost::new(&StoreOptions::default()));
    let host = DelayedStoreHost::new(twin, clock.handle(), delays);
    host.connect(NodeId(0)).await.unwrap()
}

fn draft() -> Draft {
    Draft::new(KEY, Writer(1), Bytes::from_static(b"{}"))
}

#[test]
fn a_read_sees_the_store_as_it_was_before_the_delay() {
    let clock = SimClock::new();
    clock.block_on(async {
        let delays = StoreDelays { read: millis(10), ..StoreDelays::default() };
        let store = store(&clock, delays).await;
        let write = async {
            clock.sleep(millis(1)).await;
            store.write(&draft()).await
        };
        let (read, written) = join(store.read(KEY), write).await;
        assert_eq!(written, Ok(Version(1)));
        let nothing = Read { value: Value::never_written(KEY), rows: 0 };
        assert_eq!(read, Ok(nothing), "the write came after the look");
        assert_eq!(clock.now(), millis(10));
    });
}

#[test]
fn a_write_commits_at_the_end_of_its_delay() {
    let clock = SimClock::new();
    clock.block_on(async {
        let delays = StoreDelays { write: millis(10), ..StoreDelays::default() };
        let store = store(&clock, delays).await;
        let look = async {
            clock.sleep(millis(9)).await;
            store.version(KEY).await
        };
        let draft = draft();
        let (written, seen) = join(store.write(&draft), look).await;
        assert_eq!((written, seen), (Ok(Version(1)), Ok(Version(0))));
        assert_eq!(clock.now(), millis(10));
    });
}

#[test]
fn no_delay_does_not_wait_at_all() {
    let clock = SimClock::new();
    let store = clock.block_on(store(&clock, StoreDelays::default()));
    assert_eq!(store.write(&draft()).now_or_never(), Some(Ok(Version(1))));
    assert_eq!(store.version(KEY).now_or_never(), Some(Ok(Version(1))));
    assert!(store.read(KEY).now_or_never().is_some());
}
