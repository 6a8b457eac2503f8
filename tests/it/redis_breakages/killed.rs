//! What a kill takes along, what an append-only file brings back, and what is known of the calls that
//! were under way.

use std::pin::pin;

use cacheduel::backend::redis::RedisHost;
use cacheduel::backend::{AppendFsync, CacheHost, CacheOptions, Connections};
use cacheduel::model::CacheBreakage::{Killed, Paused, Reset, Slow};
use cacheduel::model::{Fault, FaultKind, Key, Nanos, NodeId, Size, Span, Toxics, Version};
use futures_util::future::{Either, join_all, select};

use super::{IDLE, event, until_answered};
use crate::private_servers::{PATIENCE, World};

#[tokio::test]
async fn counters_begin_anew_with_the_process_and_say_so() {
    let world = World::new();
    let host = world.managed_host(&CacheOptions::default()).await;
    host.reset().await.unwrap();
    let cache = host.connect(NodeId(0)).await.unwrap();
    for key in 0..50 {
        cache.get(Key(key)).await.unwrap();
    }
    let before = host.counters().await.unwrap().unwrap();
    cache.get(Key(1)).await.unwrap();
    let counted = host.counters().await.unwrap().unwrap().since(&before);
    assert_eq!((counted.commands["get"], counted.restarted), (1, false));

    host.inject(&Killed).await.unwrap();
    host.lift(&Killed).await.unwrap();
    // The host's own calls work at once, and the server has not been asked for anything else yet.
    let counted = host.counters().await.unwrap().unwrap().since(&before);
    assert!(counted.restarted);
    assert_eq!(counted.commands.get("get"), None, "the old process's calls went with it");
    until_answered(&world, async || cache.get(Key(1)).await).await;
    let counted = host.counters().await.unwrap().unwrap().since(&before);
    assert!(counted.commands["get"] >= 1 && counted.commands["get"] < 50);
    assert!(host.state(&[Key(1)]).await.unwrap()[0].entry.is_none());
}

#[tokio::test]
async fn an_append_only_file_brings_back_what_was_acknowledged() {
    for fsync in [AppendFsync::Always, AppendFsync::Everysec, AppendFsync::No] {
        let world = World::new();
        let options = CacheOptions { append_only: Some(fsync), ..CacheOptions::default() };
        let host = world.managed_host(&options).await;
        let settings = host.server().settings;
        assert_eq!(settings["appendonly"], "yes");
        assert_eq!(settings["appendfsync"], fsync.name());
        let cache = host.connect(NodeId(0)).await.unwrap();
        cache.set(Key(9), "before the run".into(), None).await.unwrap();
        host.reset().await.unwrap();
        // Enough for the server to be loading for a while.
        fill(&host, 100_000).await;
        cache.set(Key(1), "entry".into(), Some(Nanos::from_secs(3_600))).await.unwrap();
        cache.enqueue_write(Key(2), "12345678".into(), Some(Version(6))).await.unwrap();
        assert_eq!(cache.claim_writes(10, IDLE).await.unwrap().len(), 1);
        cache.publish(&[event(3)]).await.unwrap();

        if fsync == AppendFsync::Everysec {
            until_appended(&world, &host).await;
        }
        host.inject(&Killed).await.unwrap();
        world.soon(host.lift(&Killed)).await.unwrap();
        let fresh = host.connect(NodeId(1)).await.unwrap();
        assert_eq!(fresh.get(Key(1)).await, Ok(Some("entry".into())), "{fsync:?}");
        assert_eq!(fresh.get(Key(9)).await, Ok(None), "what a reset removed stays away");
        let left = fresh.claim_writes(10, Nanos::ZERO).await.unwrap();
        assert_eq!(left.len(), 1, "the group and who had claimed what are there again");
        let came = fresh.claim_events(10, Nanos::ZERO, IDLE).await.unwrap();
        assert_eq!(came[0].event, event(3));
    }
}

#[tokio::test]
async fn without_an_append_only_file_nothing_comes_back() {
    let world = World::new();
    let host = world.managed_host(&CacheOptions::default()).await;
    let cache = host.connect(NodeId(0)).await.unwrap();
    cache.set(Key(1), "entry".into(), None).await.unwrap();
    host.inject(&Killed).await.unwrap();
    host.lift(&Killed).await.unwrap();
    assert_eq!(until_answered(&world, async || cache.get(Key(1)).await).await, None);
}

#[tokio::test]
async fn a_call_in_flight_when_the_server_is_killed_may_or_may_not_have_been_done() {
    let world = World::new();
    let host = world.managed_host(&CacheOptions::default()).await;
    host.reset().await.unwrap();
    let cache = host.connect(NodeId(0)).await.unwrap();
    host.inject(&Paused).await.unwrap();
    let (version, entry) = (Some(Version(0)), "12345678");
    let steps = join_all((0..20).map(|key| cache.enqueue_write(Key(key), entry.into(), version)));
    let mut steps = pin!(steps);
    let a_while = pin!(world.pass(Nanos::from_millis(20)));
    assert!(matches!(select(&mut steps, a_while).await, Either::Right(_)));
    host.inject(&Killed).await.unwrap();
    for outcome in world.soon(steps).await {
        assert_eq!(outcome, Err(Fault::cache(FaultKind::Unavailable)));
    }
    // Nothing that was in flight keeps anybody from going on.
    host.lift(&Killed).await.unwrap();
    until_answered(&world, async || cache.get(Key(1)).await).await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_corrupt_one() {
    for breakage in [Killed, Reset] {
        let world = World::new();
        let options = CacheOptions {
            connections: Connections::Shared(1),
            timeout: Span::from_secs(60),
            ..CacheOptions::default()
        };
        let host = world.proxied_host(&options).await;
        let cache = host.connect(NodeId(0)).await.unwrap();
        // More than sockets and proxy hold together, so that a part of it is never sent.
        cache.set(Key(1), vec![7; 64 << 20].into(), None).await.unwrap();
        let bandwidth = Some(Size(64 << 10));
        let slow = Slow(Toxics { bandwidth, ..Toxics::default() });
        host.inject(&slow).await.unwrap();
        let mut reading = pin!(cache.get(Key(1)));
        let a_while = pin!(world.pass(Nanos::from_millis(300)));
        assert!(matches!(select(&mut reading, a_while).await, Either::Right(_)));
        host.inject(&breakage).await.unwrap();
        host.lift(&slow).await.unwrap();
        assert_eq!(world.soon(reading).await, Err(Fault::cache(FaultKind::Unavailable)));
        host.lift(&breakage).await.unwrap();
    }
}

/// Waits until all that was acknowledged is in the file: while a disk is slow, this one policy holds
/// back for up to two seconds what a kill then takes along.
async fn until_appended(world: &World, host: &RedisHost) {
    let client = redis::Client::open(host.managed().unwrap().url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let deadline = world.clock.now() + PATIENCE;
    loop {
        let mut info = redis::cmd("INFO");
        let info: String = info.arg("persistence").query_async(&mut connection).await.unwrap();
        let is_zero = |name: &str| info.lines().any(|line| line == format!("{name}:0"));
        if is_zero("aof_buffer_length") && is_zero("aof_pending_bio_fsync") {
            return;
        }
        assert!(world.clock.now() < deadline, "{info}");
        world.pass(Nanos::from_millis(10)).await;
    }
}

/// Sets that many keys that no run knows.
async fn fill(host: &RedisHost, keys: u32) {
    const FILL: &str = "for n = 1, ARGV[1] do redis.call('SET', 'filler:' .. n, 'entry') end";
    let client = redis::Client::open(host.managed().unwrap().url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    connection.set_response_timeout(PATIENCE.into());
    let mut call = redis::cmd("EVAL");
    call.arg(FILL).arg(0).arg(keys).exec_async(&mut connection).await.unwrap();
}
