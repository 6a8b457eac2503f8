//! Entries near and past the end of their life: refreshed ahead, served stale, or remembered absent.

use cacheduel::model::{Draft, Nanos, Version, Writer};
use futures_util::FutureExt;

use crate::stage::{KEY, LOAD, beside, play};

const fn millis(millis: u64) -> Nanos {
    Nanos::from_millis(millis)
}

#[test]
fn an_entry_that_is_read_late_is_refreshed_once_and_nobody_waits() {
    play(async |stage| {
        let node = stage.node("refresh-ahead", "ttl = \"1s\"\nfactor = 0.8").await;
        beside(node.maintain(), async {
            node.read().await.unwrap();
            stage.pass(millis(700)).await;
            node.read().await.unwrap();
            assert_eq!(stage.origin_reads(), 1, "not due yet");
            stage.pass(millis(200)).await;
            for _ in 0..5 {
                let (value, touches) = node.read_and_touch().await;
                assert_eq!((value.unwrap().version, touches.store_reads), (Version(0), 0));
            }
            stage.pass(LOAD + millis(10)).await;
            assert_eq!(stage.origin_reads(), 1, "one refresh for all of them");
            stage.pass(millis(500)).await;
            node.read().await.unwrap();
            assert_eq!(stage.origin_reads(), 0, "the first life would be over by now");
        })
        .await;
    });
}

#[test]
fn a_refresh_is_discarded_if_the_entry_changed_meanwhile() {
    for (name, options) in [
        ("refresh-ahead", "ttl = \"1s\"\nfactor = 0.1"),
        ("stale-while-revalidate", "ttl = \"100ms\"\nwindow = \"10s\""),
    ] {
        play(async |stage| {
            let node = stage.node(name, options).await;
            beside(node.maintain(), async {
                node.read().await.unwrap();
                stage.pass(millis(200)).await;
                node.read().await.unwrap();
                stage.pass(millis(10)).await;
                assert_eq!(stage.reads_begun(), 2, "{name}: the refresh has read the old row");
                node.write(stage.draft(1)).await;
                stage.pass(LOAD).await;
                assert_eq!(node.version().await, Version(1), "{name}");
            })
            .await;
        });
    }
}

const REVALIDATE: &str = "ttl = \"1s\"\nwindow = \"500ms\"\nstale-if-error = \"5s\"";

#[test]
fn past_its_ttl_an_entry_is_served_while_it_is_renewed_and_past_the_window_it_is_loaded() {
    play(async |stage| {
        let node = stage.node("stale-while-revalidate", REVALIDATE).await;
        beside(node.maintain(), async {
            node.read().await.unwrap();
            stage.pass(millis(1_100)).await;
            let touches = node.read_and_touch().await.1;
            assert_eq!((touches.stale_served, touches.store_reads), (1, 0), "within the window");
            stage.pass(LOAD + millis(10)).await;
            let touches = node.read_and_touch().await.1;
            assert_eq!((touches.stale_served, touches.store_reads), (0, 0), "renewed");
            stage.pass(millis(2_000)).await;
            let touches = node.read_and_touch().await.1;
            assert_eq!((touches.stale_served, touches.store_reads), (0, 1), "past the window");
        })
        .await;
    });
}

#[test]
fn an_old_value_is_better_than_an_error_for_as_long_as_it_is_allowed_to_be() {
    play(async |stage| {
        let node = stage.node("stale-while-revalidate", REVALIDATE).await;
        node.read().await.unwrap();
        stage.fail(true);
        stage.pass(millis(3_000)).await;
        let (value, touches) = node.read_and_touch().await;
        assert_eq!((value.unwrap().version, touches.stale_served), (Version(0), 1));
        stage.pass(millis(4_000)).await;
        assert!(node.read().await.is_err(), "too old to be served");
    });
}

#[test]
fn that_there_is_no_row_is_remembered_only_where_asked_and_until_it_is_inserted() {
    let deletion = || Draft::deletion(KEY, Writer(9));
    for (options, loads) in [("", 2), ("negative-ttl = \"1s\"", 1)] {
        play(async |stage| {
            let node = stage.node("cache-aside", options).await;
            node.write(deletion()).await;
            for _ in 0..2 {
                assert!(node.read().await.unwrap().is_absent());
            }
            assert_eq!(stage.origin_reads(), loads, "{options}");
            node.write(stage.draft(2)).await;
            assert_eq!(node.version().await, Version(2), "{options}: an insert is seen at once");
        });
    }
}

#[test]
fn a_null_entry_outlives_an_insert_where_writes_pass_the_cache_by() {
    play(async |stage| {
        let node = stage.node("ttl", "ttl = \"60s\"\nnegative-ttl = \"1s\"").await;
        node.write(Draft::deletion(KEY, Writer(9))).await;
        node.read().await.unwrap();
        node.write(stage.draft(2)).await;
        assert!(node.read().await.unwrap().is_absent(), "stale, as `ttl` is by design");
        stage.pass(millis(1_000)).await;
        assert_eq!(node.version().await, Version(2), "but for the shorter TTL only");
    });
}

#[test]
fn a_queued_deletion_is_read_as_one_at_once() {
    play(async |stage| {
        let node = stage.node("write-behind", "").await;
        node.write(stage.draft(1)).await;
        node.write(Draft::deletion(KEY, Writer(9))).await;
        let read = node.read().now_or_never().expect("the cache answers").unwrap();
        assert!(read.is_absent() && read.version == Version(2));
    });
}
