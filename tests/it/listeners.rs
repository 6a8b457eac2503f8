//! Subscriptions over connections that are lost, and what a real server says on them by itself.

use std::pin::pin;

use cacheduel::backend::redis::RedisHost;
use cacheduel::backend::twin::TwinCacheHost;
use cacheduel::backend::{CacheHost, CacheOptions, Eviction, Notice, Subscription};
use cacheduel::clock::SimClock;
use cacheduel::model::{Fault, FaultKind, Key, Nanos, NodeId, Outcome};
use futures_util::future::{Either, select};
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, cmd};

use crate::private_servers::{PATIENCE, World};

const UNAVAILABLE: Fault = Fault::cache(FaultKind::Unavailable);

/// How CLIENT LIST marks who listens to a channel, and who is being tracked.
const LISTENS: char = 'P';
const TRACKED: char = 't';

#[tokio::test]
async fn a_lost_bus_ends_its_subscription_and_a_new_one_hears_again() {
    let (world, host, mut other) = server().await;
    let cache = host.connect(NodeId(0)).await.unwrap();
    let mut lost = cache.subscribe().await.unwrap();
    cache.broadcast(Key(1)).await.unwrap();
    assert_eq!(next(&world, &mut *lost).await, Ok(Notice::Changed(Key(1))));
    assert_eq!(kill(&mut other, LISTENS).await, 1);
    for _ in 0..2 {
        assert_eq!(next(&world, &mut *lost).await, Err(UNAVAILABLE));
    }
    let mut found = cache.subscribe().await.unwrap();
    cache.broadcast(Key(2)).await.unwrap();
    assert_eq!(next(&world, &mut *found).await, Ok(Notice::Changed(Key(2))));
}

#[tokio::test]
async fn a_lost_tracked_connection_ends_its_subscription_and_is_not_replaced_in_silence() {
    let (world, host, mut other) = server().await;
    let cache = host.connect(NodeId(0)).await.unwrap();
    cache.set(Key(1), "entry".into(), None).await.unwrap();
    let mut lost = cache.track().await.unwrap();
    assert!(cache.get_tracked(Key(1)).await.unwrap().is_some());
    assert_eq!(kill(&mut other, TRACKED).await, 1);
    for _ in 0..3 {
        assert_eq!(cache.get_tracked(Key(1)).await, Err(UNAVAILABLE));
        assert_eq!(next(&world, &mut *lost).await, Err(UNAVAILABLE));
        assert!(cache.get(Key(1)).await.unwrap().is_some(), "only the tracked connection is lost");
    }
    let mut found = cache.track().await.unwrap();
    assert!(cache.get_tracked(Key(1)).await.unwrap().is_some());
    cache.delete(Key(1)).await.unwrap();
    assert_eq!(next(&world, &mut *found).await, Ok(Notice::Changed(Key(1))));
    drop(lost);
    assert!(cache.get_tracked(Key(1)).await.unwrap().is_none(), "the old one's end is its own");
}

#[tokio::test]
async fn a_server_that_died_ends_all_subscriptions_and_takes_no_new_ones() {
    let (world, host, _) = server().await;
    let cache = host.connect(NodeId(0)).await.unwrap();
    let mut listening = [cache.subscribe().await.unwrap(), cache.track().await.unwrap()];
    let server = host.managed().unwrap();
    server.kill().unwrap();
    for subscription in &mut listening {
        assert_eq!(next(&world, &mut **subscription).await, Err(UNAVAILABLE));
    }
    assert_eq!(cache.subscribe().await.err(), Some(UNAVAILABLE));
    assert_eq!(cache.track().await.err(), Some(UNAVAILABLE));
    assert_eq!(cache.get_tracked(Key(1)).await, Err(UNAVAILABLE));
    server.restart(&world.clock).await.unwrap();
    let mut changes = cache.track().await.unwrap();
    cache.get_tracked(Key(1)).await.unwrap();
    let mut other = connection(&host).await;
    let () = other.set("cacheduel:test:product:1", "back").await.unwrap();
    assert_eq!(next(&world, &mut *changes).await, Ok(Notice::Changed(Key(1))));
}

#[tokio::test]
async fn a_server_tells_of_what_strangers_do_to_what_was_read() {
    let (world, host, mut other) = server().await;
    let cache = host.connect(NodeId(0)).await.unwrap();
    let mut changes = cache.track().await.unwrap();
    for key in [1, 2] {
        cache.get_tracked(Key(key)).await.unwrap();
    }
    for name in ["product:1", "cacheduel:other:product:1", "cacheduel:test:product:1"] {
        let () = other.set(name, "a stranger's").await.unwrap();
    }
    assert_eq!(next(&world, &mut *changes).await, Ok(Notice::Changed(Key(1))));
    let names = ["cacheduel:test:product:1", "cacheduel:test:product:2"];
    cache.get_tracked(Key(1)).await.unwrap();
    let () = other.mset(&names.map(|name| (name, "both at once"))).await.unwrap();
    for key in [1, 2] {
        assert_eq!(next(&world, &mut *changes).await, Ok(Notice::Changed(Key(key))));
    }
    cmd("FLUSHALL").exec_async(&mut other).await.unwrap();
    assert_eq!(next(&world, &mut *changes).await, Ok(Notice::All));
}

#[tokio::test]
async fn a_server_tells_of_an_expiry_that_nobody_comes_upon() {
    let (world, host, _) = server().await;
    let cache = host.connect(NodeId(0)).await.unwrap();
    let mut changes = cache.track().await.unwrap();
    // On a machine that stalls an entry may expire before it is read.
    for millis in [50, 1_000, 10_000] {
        let key = Key(millis);
        cache.set(key, "short".into(), Some(Nanos::from_millis(millis))).await.unwrap();
        if cache.get_tracked(key).await.unwrap().is_some() {
            assert_eq!(next(&world, &mut *changes).await, Ok(Notice::Changed(key)));
            assert_eq!(cache.get(key).await, Ok(None));
            return;
        }
    }
    panic!("no entry lived long enough to be read");
}

#[tokio::test]
async fn a_dropped_subscription_leaves_no_connection_behind() {
    let (world, host, mut other) = server().await;
    let cache = host.connect(NodeId(0)).await.unwrap();
    let listening = [cache.subscribe().await.unwrap(), cache.track().await.unwrap()];
    assert_eq!(ids(&mut other, LISTENS).await.len(), 1);
    assert_eq!(ids(&mut other, TRACKED).await.len(), 1);
    drop(listening);
    // A replaced one is no longer needed either, dropped or not.
    let _replaced = cache.track().await.unwrap();
    let _latest = cache.track().await.unwrap();
    let deadline = world.clock.now() + PATIENCE;
    while ids(&mut other, LISTENS).await.len() + ids(&mut other, TRACKED).await.len() > 1 {
        assert!(world.clock.now() < deadline, "a connection that nobody listens to stays open");
        world.pass(Nanos::from_millis(10)).await;
    }
}

#[test]
fn the_twin_loses_its_connections_as_a_real_server_does() {
    let clock = SimClock::new();
    let host = TwinCacheHost::new(&CacheOptions::default(), clock.handle()).unwrap();
    clock.block_on(async {
        let cache = host.connect(NodeId(0)).await.unwrap();
        let mut listening = [cache.subscribe().await.unwrap(), cache.track().await.unwrap()];
        cache.set(Key(1), "entry".into(), None).await.unwrap();
        cache.get_tracked(Key(1)).await.unwrap();
        host.disconnect();
        cache.broadcast(Key(1)).await.unwrap();
        cache.delete(Key(1)).await.unwrap();
        for subscription in &mut listening {
            assert_eq!(subscription.next().await, Err(UNAVAILABLE));
        }
        assert_eq!(cache.get_tracked(Key(1)).await, Err(UNAVAILABLE));
        let mut bus = cache.subscribe().await.unwrap();
        let mut changes = cache.track().await.unwrap();
        cache.broadcast(Key(2)).await.unwrap();
        assert_eq!(bus.next().await, Ok(Notice::Changed(Key(2))));
        cache.get_tracked(Key(1)).await.unwrap();
        host.reset().await.unwrap();
        assert_eq!(changes.next().await, Ok(Notice::All));
    });
}

#[test]
fn the_twin_tells_of_an_eviction_and_of_an_expiry_come_upon() {
    let clock = SimClock::new();
    let options = CacheOptions {
        max_keys: Some(2),
        eviction: Eviction::AllkeysLru,
        ..CacheOptions::default()
    };
    let host = TwinCacheHost::new(&options, clock.handle()).unwrap();
    clock.block_on(async {
        let cache = host.connect(NodeId(0)).await.unwrap();
        let mut changes = cache.track().await.unwrap();
        cache.set(Key(1), "entry".into(), None).await.unwrap();
        cache.set(Key(2), "entry".into(), Some(Nanos(10))).await.unwrap();
        for key in [1, 2] {
            cache.get_tracked(Key(key)).await.unwrap();
        }
        clock.sleep_until(Nanos(10)).await;
        cache.get(Key(2)).await.unwrap();
        assert_eq!(changes.next().await, Ok(Notice::Changed(Key(2))));
        for key in [3, 4] {
            cache.set(Key(key), "entry".into(), None).await.unwrap();
        }
        assert_eq!(changes.next().await, Ok(Notice::Changed(Key(1))));
    });
}

#[test]
fn the_twin_tells_of_an_expiry_that_nobody_comes_upon() {
    let clock = SimClock::new();
    let host = TwinCacheHost::new(&CacheOptions::default(), clock.handle()).unwrap();
    clock.block_on(async {
        let cache = host.connect(NodeId(0)).await.unwrap();
        let mut changes = cache.track().await.unwrap();
        cache.set(Key(1), "short".into(), Some(Nanos::from_millis(130))).await.unwrap();
        cache.get_tracked(Key(1)).await.unwrap();
        assert_eq!(changes.next().await, Ok(Notice::Changed(Key(1))));
        assert_eq!(clock.now(), Nanos::from_millis(200), "the second of ten cycles in a second");
    });
}

/// A server, its host, and a stranger's connection to it.
async fn server() -> (World, RedisHost, MultiplexedConnection) {
    let world = World::new();
    let host = world.managed_host(&CacheOptions::default()).await;
    let other = connection(&host).await;
    (world, host, other)
}

async fn connection(host: &RedisHost) -> MultiplexedConnection {
    let client = redis::Client::open(host.managed().unwrap().url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

async fn next(world: &World, subscription: &mut dyn Subscription) -> Outcome<Notice> {
    match select(subscription.next(), pin!(world.pass(PATIENCE))).await {
        Either::Left((notice, _)) => notice,
        Either::Right(_) => panic!("the subscription neither tells nor ends"),
    }
}

/// The connections that CLIENT LIST marks so.
async fn ids(other: &mut MultiplexedConnection, mark: char) -> Vec<u64> {
    let list: String = cmd("CLIENT").arg("LIST").query_async(other).await.unwrap();
    let field = |line: &str, name: &str| {
        let value = line.split(' ').find_map(|field| field.strip_prefix(name)).unwrap();
        value.to_owned()
    };
    let marked = list.lines().filter(|line| field(line, "flags=").contains(mark));
    marked.map(|line| field(line, "id=").parse().unwrap()).collect()
}

/// Closes the connections that CLIENT LIST marks so, and says how many they were.
async fn kill(other: &mut MultiplexedConnection, mark: char) -> usize {
    let ids = ids(other, mark).await;
    for id in &ids {
        cmd("CLIENT").arg("KILL").arg("ID").arg(id).exec_async(other).await.unwrap();
    }
    ids.len()
}
