//! A Redis that dies, hangs, is full, or will not do.

use cacheduel::backend::{CacheHost, CacheOptions, Enqueued, Error, Event, Eviction};
use cacheduel::model::{Fault, FaultKind, Key, Nanos, NodeId, Outcome, Side, Size, Span, Version};

use crate::private_servers::{PATIENCE, World, layouts};

/// Longer than any of these tests.
const IDLE: Nanos = Nanos::from_secs(3_600);

#[tokio::test]
async fn a_server_that_died_is_unavailable_and_found_again_when_it_is_back() {
    for layout in layouts(2) {
        dies_and_comes_back(&layout).await;
    }
}

async fn dies_and_comes_back(options: &CacheOptions) {
    let world = World::new();
    let host = world.managed_host(options).await;
    let server = host.managed().unwrap();
    host.reset().await.unwrap();
    let cache = host.connect(NodeId(0)).await.unwrap();
    cache.set(Key(1), "entry".into(), None).await.unwrap();
    cache.publish(&[event()]).await.unwrap();
    assert_eq!(cache.claim_events(1, Nanos::ZERO, IDLE).await.unwrap().len(), 1);

    server.kill().unwrap();
    // Each connection finds out on its own, and then that it cannot be made anew.
    for _ in 0..6 {
        assert_eq!(cache.get(Key(1)).await, Err(Fault::cache(FaultKind::Unavailable)));
        let events = cache.claim_events(1, Nanos::ZERO, IDLE).await;
        assert_eq!(events, Err(Fault::cache(FaultKind::Unavailable)));
    }

    // The new server knows neither scripts nor consumer groups, and nobody resets it.
    server.restart(&world.clock).await.unwrap();
    let get = async || cache.get(Key(1)).await;
    assert_eq!(until_answered(&world, get).await, None, "its memory is lost");
    let enqueue = async || cache.enqueue_write(Key(1), "12345678".into(), Some(Version(4))).await;
    assert_eq!(until_answered(&world, enqueue).await, Enqueued::As(Version(5)));
    let queued = until_answered(&world, async || cache.claim_writes(10, IDLE).await).await;
    assert_eq!(queued.len(), 1);
    until_answered(&world, async || cache.settle_writes(&queued, None).await).await;
    let delete = async || cache.delete_if_older(Key(1), Version(6)).await;
    assert!(until_answered(&world, delete).await);
    until_answered(&world, async || cache.publish(&[event()]).await).await;
    let claim = async || cache.claim_events(1, PATIENCE, IDLE).await;
    assert_eq!(until_answered(&world, claim).await[0].event, event());
    until_answered(&world, async || cache.get(Key(1)).await).await;
    // The host's own connection heals too.
    let deadline = world.clock.now() + PATIENCE;
    while host.reset().await.is_err() {
        assert!(world.clock.now() < deadline, "the host does not find the server again");
    }
}

#[tokio::test]
async fn a_server_that_hangs_times_out_and_answers_when_it_goes_on() {
    for layout in layouts(1) {
        hangs_and_goes_on(CacheOptions { timeout: Span::from_millis(20), ..layout }).await;
    }
}

async fn hangs_and_goes_on(options: CacheOptions) {
    let world = World::new();
    let host = world.managed_host(&options).await;
    let cache = host.connect(NodeId(0)).await.unwrap();
    cache.set(Key(1), "one".into(), None).await.unwrap();
    cache.set(Key(2), "two".into(), None).await.unwrap();
    let server = host.managed().unwrap();
    server.pause().unwrap();
    // It may answer once more before the signal takes hold.
    let fault = loop {
        if let Err(fault) = cache.get(Key(1)).await {
            break fault;
        }
    };
    assert_eq!(fault, Fault::cache(FaultKind::Timeout));
    let events = cache.claim_events(1, Nanos::from_millis(5), IDLE).await.unwrap_err();
    assert_eq!(events.side, Some(Side::Cache));
    server.resume().unwrap();
    // The first answer on the old connection would be the one to a call that was given up.
    let two = until_answered(&world, async || cache.get(Key(2)).await).await;
    assert_eq!(two, Some("two".into()));
}

#[tokio::test]
async fn a_server_without_memory_left_refuses_writes_and_answers_reads() {
    let world = World::new();
    let options = CacheOptions { maxmemory: Some(Size(4 << 20)), ..CacheOptions::default() };
    let host = world.managed_host(&options).await;
    host.reset().await.unwrap();
    let cache = host.connect(NodeId(0)).await.unwrap();
    cache.set(Key(0), "entry".into(), None).await.unwrap();
    let refused = Err(Fault::cache(FaultKind::Refused));
    let mut acknowledged = 0;
    loop {
        let entry = vec![0; 10_000].into();
        let answer = cache.enqueue_write(Key(1), entry, Some(Version(0))).await;
        if answer == refused {
            break;
        }
        acknowledged += 1;
        assert_eq!(answer, Ok(Enqueued::As(Version(acknowledged))));
        assert!(acknowledged < 10_000, "the server takes more than its limit");
    }
    let set = cache.set(Key(2), vec![0; 100_000].into(), None).await;
    assert_eq!(set.unwrap_err().kind, FaultKind::Refused);
    let queued = cache.claim_writes(10_000, IDLE).await.unwrap();
    assert_eq!(queued.len() as u64, acknowledged, "a refused write is not queued");
    assert!(cache.get(Key(0)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_server_that_evicts_counts_it() {
    let world = World::new();
    let options = CacheOptions {
        maxmemory: Some(Size(4 << 20)),
        eviction: Eviction::AllkeysLru,
        ..CacheOptions::default()
    };
    let host = world.managed_host(&options).await;
    assert_eq!(host.server().settings["maxmemory-policy"], "allkeys-lru");
    assert_eq!(host.server().settings["maxmemory"], (4 << 20).to_string());
    let cache = host.connect(NodeId(0)).await.unwrap();
    for key in 0..200 {
        cache.set(Key(key), vec![0; 100_000].into(), None).await.unwrap();
    }
    let counters = host.counters().await.unwrap().unwrap();
    assert!(counters.evicted_keys > 0);
    assert_eq!(counters.commands["set"], 200);
    assert!(counters.network_in > 20_000_000);
}

#[tokio::test]
async fn a_waiter_that_gives_up_does_not_keep_the_next_one_waiting() {
    let world = World::new();
    let host = world.managed_host(&CacheOptions::default()).await;
    host.reset().await.unwrap();
    let cache = host.connect(NodeId(0)).await.unwrap();
    {
        let waiting = std::pin::pin!(cache.claim_events(1, PATIENCE, IDLE));
        let giving_up = std::pin::pin!(world.pass(Nanos::from_millis(30)));
        futures_util::future::select(waiting, giving_up).await;
    }
    cache.publish(&[event()]).await.unwrap();
    let started = world.clock.now();
    // Had the server gone on to serve the first call, it might have had the event. Then it would
    // be handed out again.
    let came = cache.claim_events(1, PATIENCE, Nanos::from_millis(30)).await.unwrap();
    assert_eq!(came[0].event, event());
    assert!(world.clock.now().since(started) < PATIENCE, "it waited for the first one's turn");
}

#[tokio::test]
async fn what_cannot_be_used_is_told_with_its_reason_and_without_its_password() {
    let world = World::new();
    let nobody = "redis://ali:sesame@127.0.0.1:1/0";
    let error = world.shared_host(nobody, &CacheOptions::default()).await.err().unwrap();
    assert!(matches!(&error, Error::Unreachable { address, .. }
        if address == "redis://ali:***@127.0.0.1:1/0"));
    for nonsense in ["redis://:se same@:x", "http://:sesame@localhost", ":sesame@localhost"] {
        let error = world.shared_host(nonsense, &CacheOptions::default()).await.err().unwrap();
        assert!(!format!("{error} {error:?}").contains("same"), "{error:?}");
    }

    let server = world.server(&CacheOptions::default()).await;
    let mut connection = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    redis::cmd("CONFIG").arg("SET").arg("requirepass").arg("sesame").exec(&mut connection).unwrap();
    let wrong = format!("redis://:guess@127.0.0.1:{}", server.port());
    let error = world.shared_host(&wrong, &CacheOptions::default()).await.err().unwrap();
    assert!(!format!("{error} {error:?}").contains("guess"));
    let right = format!("redis://:sesame@127.0.0.1:{}", server.port());
    let host = world.shared_host(&right, &CacheOptions::default()).await.unwrap();
    assert_eq!(host.server().address, format!("redis://:***@127.0.0.1:{}", server.port()));
    let asked = CacheOptions { maxmemory: Some(Size(64 << 20)), ..CacheOptions::default() };
    let error = world.shared_host(&right, &asked).await.err().unwrap().to_string();
    assert!(error.contains("64MiB") && error.contains("cannot be used"), "{error}");
}

#[tokio::test]
async fn nodes_are_the_user_and_in_the_database_that_the_address_names() {
    let world = World::new();
    let server = world.server(&CacheOptions::default()).await;
    let mut admin = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    let user = ["SETUSER", "ali", "on", ">sesame", "~*", "&*", "+@all"];
    redis::cmd("ACL").arg(&user).exec(&mut admin).unwrap();
    redis::cmd("ACL").arg(&["SETUSER", "default", "off"]).exec(&mut admin).unwrap();
    redis::cmd("SELECT").arg(3).exec(&mut admin).unwrap();
    let address = format!("redis://ali:sesame@127.0.0.1:{}/3", server.port());
    for (layout, key) in layouts(2).iter().zip([Key(1), Key(2)]) {
        let host = world.shared_host(&address, layout).await.unwrap();
        let cache = host.connect(NodeId(0)).await.unwrap();
        cache.set(key, "entry".into(), None).await.unwrap();
        let names: u64 = redis::cmd("DBSIZE").query(&mut admin).unwrap();
        assert_eq!(names, key.0, "{layout:?}");
    }
}

/// Asks until the connections have been made anew: each call that fails finds one broken.
async fn until_answered<T>(world: &World, ask: impl AsyncFn() -> Outcome<T>) -> T {
    let deadline = world.clock.now() + PATIENCE;
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(fault) => assert!(world.clock.now() < deadline, "still {fault:?}"),
        }
        world.pass(Nanos::from_millis(10)).await;
    }
}

fn event() -> Event {
    Event { sequence: 1, key: Key(1), version: Version(1) }
}
