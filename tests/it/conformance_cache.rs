//! Every cache keeps the same promises: the twin, a private Redis and a shared one.

use cacheduel::backend::twin::TwinCacheHost;
use cacheduel::backend::{
    AppendFsync, CacheHost, CacheOptions, Enqueued, Eviction, Victim, conformance,
};
use cacheduel::clock::{Clock, SimClock};
use cacheduel::model::{CacheTimes, Fault, FaultKind, Key, Nanos, NodeId, Span, Spread, Version};
use redis::AsyncCommands;

use crate::private_servers::{World, kinds, layouts};

/// As long as a server on the same machine takes.
const LOOPBACK: CacheTimes = CacheTimes {
    round_trip: Spread::log_normal(Span::from_micros(80), Span::from_micros(200)),
    service: Span::from_micros(5),
    script: Span::from_micros(15),
};

#[test]
fn the_twin_keeps_the_promises_of_a_cache() {
    for times in [CacheTimes::default(), LOOPBACK] {
        for layout in layouts(4) {
            let clock = SimClock::new();
            let host = TwinCacheHost::simulated(&layout, &times, 7, clock.handle()).unwrap();
            clock.block_on(conformance::cache::check(&host, &clock));
        }
    }
}

#[tokio::test]
async fn the_twin_keeps_the_promises_of_a_cache_under_the_wall_clock() {
    let clock = Clock::wall();
    let host = TwinCacheHost::new(&CacheOptions::default(), clock.clone()).unwrap();
    conformance::cache::check(&host, &clock).await;
}

#[test]
fn the_twin_breaks_as_a_server_does() {
    let clock = SimClock::new();
    let shared = clock.handle();
    for times in [CacheTimes::default(), LOOPBACK] {
        for layout in layouts(4) {
            let twin =
                |options| TwinCacheHost::simulated(options, &times, 7, shared.clone()).unwrap();
            clock.block_on(conformance::cache::check_breakages(&twin(&layout), &clock));
            let kept = CacheOptions { append_only: Some(AppendFsync::Always), ..layout.clone() };
            clock.block_on(conformance::cache::check_persistence(&twin(&kept), &clock));
        }
    }
}

#[tokio::test]
async fn a_private_redis_keeps_the_promises_of_a_cache() {
    for kind in kinds() {
        let world = World::new();
        let host = world.managed_host(&kind).await;
        let server = host.server();
        assert!(server.managed);
        let program = kind.program.unwrap().display().to_string();
        assert!(program.ends_with(&format!("{}-server", server.kind)), "{program}: {server:?}");
        assert_eq!(server.settings["appendonly"], "no");
        assert_eq!(server.settings["save"], "");
        conformance::cache::check(&host, &world.clock).await;
    }
}

#[tokio::test]
async fn a_redis_keeps_its_promises_to_calls_that_have_a_connection_to_themselves() {
    let world = World::new();
    let [_, pooled] = layouts(8);
    let host = world.managed_host(&pooled).await;
    conformance::cache::check(&host, &world.clock).await;
}

#[tokio::test]
async fn a_private_redis_breaks_as_its_twin_does() {
    let world = World::new();
    for layout in layouts(4) {
        let options = CacheOptions { timeout: Span::from_millis(300), ..layout };
        let host = world.proxied_host(&options).await;
        conformance::cache::check_breakages(&host, &world.clock).await;
        for policy in [AppendFsync::Always, AppendFsync::Everysec] {
            let options = CacheOptions { append_only: Some(policy), ..options.clone() };
            let host = world.managed_host(&options).await;
            conformance::cache::check_persistence(&host, &world.clock).await;
        }
    }
}

#[tokio::test]
async fn a_shared_redis_keeps_the_promises_of_a_cache_and_what_is_not_the_runs() {
    let world = World::new();
    let server = world.server(&CacheOptions::default()).await;
    let client = redis::Client::open(server.url()).unwrap();
    let mut other = client.get_multiplexed_async_connection().await.unwrap();
    for name in ["product:1", "cacheduel:other:product:1", "cacheduel:"] {
        let () = other.set(name, "not the run's").await.unwrap();
    }
    let host = world.shared_host(&server.url(), &CacheOptions::default()).await.unwrap();
    assert!(!host.server().managed);
    conformance::cache::check(&host, &world.clock).await;
    host.connect(NodeId(0)).await.unwrap().set(Key(1), "entry".into(), None).await.unwrap();
    let kept: Option<String> = other.get("cacheduel:test:product:1").await.unwrap();
    assert_eq!(kept.as_deref(), Some("entry"), "an entry goes by the name of its template");
    host.reset().await.unwrap();
    let mut left: Vec<String> = other.keys("*").await.unwrap();
    left.sort();
    let expected = [
        "cacheduel:",
        "cacheduel:other:product:1",
        "cacheduel:test:events",
        "cacheduel:test:queue",
        "product:1",
    ];
    assert_eq!(left, expected);
    host.clear().await.unwrap();
    let mut left: Vec<String> = other.keys("*").await.unwrap();
    left.sort();
    assert_eq!(left, ["cacheduel:", "cacheduel:other:product:1", "product:1"]);
}

#[test]
fn the_twin_says_what_it_cannot_do() {
    let twin = |options: CacheOptions| {
        let host = TwinCacheHost::new(&options, SimClock::new().handle());
        host.map(|_| ()).map_err(|error| error.to_string())
    };
    let exact = Some(Victim::Exact);
    for eviction in [Eviction::AllkeysLfu, Eviction::VolatileTtl, Eviction::AllkeysRandom] {
        let options = CacheOptions { eviction, victim: exact, ..CacheOptions::default() };
        assert!(twin(options).unwrap_err().contains("LRU"), "{eviction:?}");
    }
    let none = CacheOptions { max_keys: Some(0), ..CacheOptions::default() };
    assert!(twin(none).is_err());
}

#[test]
fn a_full_twin_refuses_a_write_whole() {
    let clock = SimClock::new();
    let options = CacheOptions { max_keys: Some(1), ..CacheOptions::default() };
    let host = TwinCacheHost::new(&options, clock.handle()).unwrap();
    clock.block_on(async {
        let cache = host.connect(NodeId(0)).await.unwrap();
        let write = |key, seed| cache.enqueue_write(Key(key), "12345678".into(), seed);
        write(1, Some(Version(0))).await.unwrap();
        let refused = write(2, Some(Version(7))).await;
        assert_eq!(refused, Err(Fault::cache(FaultKind::Refused)));
        assert_eq!(write(2, None).await, Ok(Enqueued::NoCounter), "not even a counter is left");
        assert_eq!(cache.claim_writes(10, Nanos::NEVER).await.unwrap().len(), 1);
    });
}
