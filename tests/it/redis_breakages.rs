//! A real Redis that is killed, paused, flushed, cut off, slowed down and reset while nodes use it.
//! Time is bounded from below at most; whatever has to come about is waited for with patience.

use std::pin::pin;

use cacheduel::backend::{self, redis::Route};
use cacheduel::backend::{
    Cache, CacheHost, CacheOptions, Entry, Error, Event, Notice, Subscription, Token,
};
use cacheduel::experiment::Environment;
use cacheduel::model::CacheBreakage::{Flushed, Killed, Paused, Reset, Slow, Unreachable};
use cacheduel::model::{
    CacheBreakage, Fault, FaultKind, Key, Nanos, NodeId, Outcome, Size, Span, Toxics, Version,
};
use futures_util::future::{Either, join_all, select};

use crate::private_servers::{PATIENCE, World};

mod killed;

const IDLE: Nanos = Nanos::from_secs(3_600);
/// A call's patience where calls are to run out of it.
const SHORT: Span = Span::from_millis(100);

const SLOW: CacheBreakage = Slow(Toxics {
    latency: Span::from_millis(5),
    jitter: Span::from_millis(5),
    bandwidth: Some(Size(1_000_000)),
});

#[tokio::test]
async fn every_step_outlives_a_kill() {
    outlives(Killed, Connections::End).await;
}

#[tokio::test]
async fn every_step_outlives_a_pause() {
    outlives(Paused, Connections::Last).await;
}

#[tokio::test]
async fn every_step_outlives_a_reset() {
    outlives(Reset, Connections::End).await;
}

#[tokio::test]
async fn every_step_outlives_an_outage_of_the_network() {
    outlives(Unreachable, Connections::Last).await;
}

#[tokio::test]
async fn every_step_outlives_a_slow_network() {
    outlives(SLOW, Connections::Last).await;
}

#[tokio::test]
async fn every_step_outlives_a_flush() {
    outlives(Flushed, Connections::Last).await;
}

/// What becomes of the connections that there are.
#[derive(PartialEq, Eq)]
enum Connections {
    End,
    Last,
}

/// Calls everything before, during and after the breakage, on a node that nobody tells of it.
async fn outlives(breakage: CacheBreakage, connections: Connections) {
    let world = World::new();
    let options = CacheOptions {
        connections: backend::Connections::Shared(2),
        timeout: SHORT,
        ..CacheOptions::default()
    };
    let host = world.proxied_host(&options).await;
    host.reset().await.unwrap();
    let cache = host.connect(NodeId(0)).await.unwrap();
    let mut bus = until_answered(&world, async || cache.subscribe().await).await;
    let mut changes = until_answered(&world, async || cache.track().await).await;
    until_answered(&world, async || cache.get_tracked(Key(0)).await).await;
    all_answer(&world, &*cache, 100).await;

    world.soon(host.inject(&breakage)).await.unwrap();
    for outcome in world.soon(join_all(every_step(&*cache, 200))).await {
        if let Err(Fault { kind, .. }) = outcome {
            assert!(
                matches!(kind, FaultKind::Timeout | FaultKind::Unavailable),
                "nothing is known of a call that got no answer, and this is {kind:?}"
            );
        }
    }
    world.soon(host.lift(&breakage)).await.unwrap();
    all_answer(&world, &*cache, 300).await;
    if connections == Connections::End {
        for lost in [&mut bus, &mut changes] {
            until_lost(&world, &mut **lost).await;
        }
        bus = until_answered(&world, async || cache.subscribe().await).await;
        changes = until_answered(&world, async || cache.track().await).await;
    }
    until_answered(&world, async || cache.broadcast(Key(7)).await).await;
    until_told(&world, &mut *bus, Notice::Changed(Key(7))).await;
    until_answered(&world, async || cache.get_tracked(Key(8)).await).await;
    until_answered(&world, async || cache.set(Key(8), "new".into(), None).await).await;
    until_told(&world, &mut *changes, Notice::Changed(Key(8))).await;
    world.soon(host.reset()).await.unwrap();
}

type Step<'a> = std::pin::Pin<Box<dyn Future<Output = Outcome<()>> + Send + 'a>>;

/// One call of each step of a cache, on keys from `from` on.
fn every_step(cache: &dyn Cache, from: u64) -> Vec<Step<'_>> {
    let key = move |offset| Key(from + offset);
    let entry = || Entry::from("12345678 entry");
    let ttl = Nanos::from_secs(600);
    vec![
        Box::pin(async move { cache.get(key(0)).await.map(drop) }),
        Box::pin(async move { cache.set(key(1), entry(), Some(ttl)).await }),
        Box::pin(async move { cache.set_if_absent(key(2), entry(), None).await.map(drop) }),
        Box::pin(async move { cache.set_if_newer(key(3), entry(), None).await.map(drop) }),
        Box::pin(async move {
            cache.compare_and_set(key(4), entry().into_bytes(), entry(), None).await.map(drop)
        }),
        Box::pin(async move { cache.delete(key(5)).await.map(drop) }),
        Box::pin(async move { cache.delete_if_older(key(6), Version(9)).await.map(drop) }),
        Box::pin(async move { cache.invalidate(key(7), entry(), None).await.map(drop) }),
        Box::pin(async move { cache.lock(key(8), Token(1), ttl).await.map(drop) }),
        Box::pin(async move { cache.unlock(key(8), Token(1)).await.map(drop) }),
        Box::pin(async move { cache.lease_get(key(9), Token(1), ttl).await.map(drop) }),
        Box::pin(async move { cache.lease_set(key(9), Token(1), entry(), None).await.map(drop) }),
        Box::pin(async move { cache.lease_delete(key(9)).await.map(drop) }),
        Box::pin(
            async move { cache.enqueue_write(key(10), entry(), Some(Version(0))).await.map(drop) },
        ),
        Box::pin(async move {
            let queued = cache.claim_writes(100, IDLE).await?;
            cache.settle_writes(&queued, None).await
        }),
        Box::pin(async move { cache.publish(&[event(from)]).await }),
        Box::pin(async move {
            let events = cache.claim_events(100, Nanos::from_millis(5), IDLE).await?;
            cache.settle_events(&events).await
        }),
        Box::pin(async move { cache.broadcast(key(11)).await }),
        Box::pin(async move { cache.subscribe().await.map(drop) }),
    ]
}

/// Every step is answered sooner or later, and what was written is there.
async fn all_answer(world: &World, cache: &dyn Cache, from: u64) {
    for step in 0..every_step(cache, from).len() {
        until_answered(world, async || every_step(cache, from).swap_remove(step).await).await;
    }
    let seen = until_answered(world, async || cache.get(Key(from + 1)).await).await;
    assert!(seen.is_some());
    let version = Version(41);
    let enqueue =
        async || cache.enqueue_write(Key(from + 50), "12345678".into(), Some(version)).await;
    until_answered(world, enqueue).await;
    let claim = async || match cache.claim_writes(100, IDLE).await? {
        queued if queued.iter().any(|write| write.key == Key(from + 50)) => Ok(queued),
        _ => Err(Fault::cache(FaultKind::Unavailable)),
    };
    let queued = until_answered(world, claim).await;
    until_answered(world, async || cache.settle_writes(&queued, None).await).await;
    let sequence = from + 51;
    until_answered(world, async || cache.publish(&[event(sequence)]).await).await;
    let claim = async || match cache.claim_events(100, PATIENCE, IDLE).await? {
        came if came.iter().any(|delivery| delivery.event == event(sequence)) => Ok(came),
        _ => Err(Fault::cache(FaultKind::Unavailable)),
    };
    let came = until_answered(world, claim).await;
    until_answered(world, async || cache.settle_events(&came).await).await;
}

#[tokio::test]
async fn a_waiter_is_told_that_its_connection_broke() {
    for breakage in [Killed, Reset] {
        let world = World::new();
        let host = world.proxied_host(&CacheOptions::default()).await;
        host.reset().await.unwrap();
        let cache = host.connect(NodeId(0)).await.unwrap();
        let mut waiting = pin!(cache.claim_events(1, PATIENCE, IDLE));
        let a_while = pin!(world.pass(Nanos::from_millis(50)));
        assert!(matches!(select(&mut waiting, a_while).await, Either::Right(_)));
        host.inject(&breakage).await.unwrap();
        assert_eq!(world.soon(waiting).await, Err(Fault::cache(FaultKind::Unavailable)));
        host.lift(&breakage).await.unwrap();
    }
}

#[tokio::test]
async fn a_waiter_outlives_a_flush_and_hears_what_comes_after_it() {
    let world = World::new();
    let host = world.managed_host(&CacheOptions::default()).await;
    host.reset().await.unwrap();
    let cache = host.connect(NodeId(0)).await.unwrap();
    let mut waiting = pin!(cache.claim_events(1, PATIENCE, IDLE));
    let a_while = pin!(world.pass(Nanos::from_millis(50)));
    assert!(matches!(select(&mut waiting, a_while).await, Either::Right(_)));
    host.inject(&Flushed).await.unwrap();
    cache.publish(&[event(5)]).await.unwrap();
    assert_eq!(world.soon(waiting).await.unwrap()[0].event, event(5));
}

#[tokio::test]
async fn a_flush_is_told_to_who_tracks() {
    let world = World::new();
    let host = world.managed_host(&CacheOptions::default()).await;
    let cache = host.connect(NodeId(0)).await.unwrap();
    let mut changes = cache.track().await.unwrap();
    cache.get_tracked(Key(1)).await.unwrap();
    host.inject(&Flushed).await.unwrap();
    assert_eq!(world.soon(changes.next()).await, Ok(Notice::All));
}

#[tokio::test]
async fn a_flush_of_a_shared_server_leaves_what_is_not_the_runs() {
    let world = World::new();
    let server = world.server(&CacheOptions::default()).await;
    let mut other = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    redis::cmd("SET").arg("product:1").arg("not the run's").exec(&mut other).unwrap();
    let host = world.shared_host(&server.url(), &CacheOptions::default()).await.unwrap();
    host.reset().await.unwrap();
    let cache = host.connect(NodeId(0)).await.unwrap();
    cache.set(Key(1), "entry".into(), None).await.unwrap();
    host.inject(&Flushed).await.unwrap();
    assert_eq!(cache.get(Key(1)).await, Ok(None));
    let left: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut other).unwrap();
    assert_eq!(left, ["product:1"]);
    assert_eq!(cache.claim_writes(1, IDLE).await, Ok(vec![]), "the group is made anew");
    for breakage in [Killed, Paused, Reset, Unreachable, SLOW] {
        let error = host.inject(&breakage).await.unwrap_err();
        assert!(matches!(error, Error::Unbreakable { .. }), "{error}");
    }
}

#[tokio::test]
async fn what_was_sent_into_an_outage_takes_effect_when_it_is_over() {
    let world = World::new();
    let options = CacheOptions {
        connections: backend::Connections::Shared(1),
        timeout: SHORT,
        ..CacheOptions::default()
    };
    let host = world.proxied_host(&options).await;
    assert_eq!(host.server().settings["proxy"], "127.0.0.1, between nodes and server");
    let cache = host.connect(NodeId(0)).await.unwrap();
    host.inject(&Unreachable).await.unwrap();
    let set = world.soon(cache.set(Key(1), "late".into(), None)).await;
    assert_eq!(set, Err(Fault::cache(FaultKind::Timeout)));
    let error = world.soon(host.connect(NodeId(1))).await.err().unwrap();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert!(host.state(&[Key(1)]).await.unwrap()[0].entry.is_none(), "the host goes directly");
    host.lift(&Unreachable).await.unwrap();
    assert_eq!(
        until_answered(&world, async || cache.get(Key(1)).await).await.unwrap(),
        "late".into()
    );
}

#[tokio::test]
async fn many_calls_into_an_outage_all_end() {
    let world = World::new();
    let options = CacheOptions {
        connections: backend::Connections::Shared(1),
        timeout: SHORT,
        ..CacheOptions::default()
    };
    let host = world.proxied_host(&options).await;
    let cache = host.connect(NodeId(0)).await.unwrap();
    host.inject(&Unreachable).await.unwrap();
    let entry = vec![7; 100_000];
    let calls = (0..500).map(|key| cache.set(Key(key), entry.clone().into(), None));
    for outcome in world.soon(join_all(calls)).await {
        assert_eq!(outcome, Err(Fault::cache(FaultKind::Timeout)));
    }
    host.lift(&Unreachable).await.unwrap();
    until_answered(&world, async || cache.get(Key(1)).await).await;
}

#[tokio::test]
async fn a_slow_network_adds_its_latency_to_every_call() {
    let world = World::new();
    let host = world.proxied_host(&CacheOptions::default()).await;
    let cache = host.connect(NodeId(0)).await.unwrap();
    let toxics = Toxics { latency: Span::from_millis(20), ..Toxics::default() };
    host.inject(&Slow(toxics)).await.unwrap();
    let began = world.clock.now();
    world.soon(join_all((0..200).map(|key| cache.get(Key(key))))).await;
    assert!(world.clock.now() - began >= Nanos::from_millis(40), "there and back");
    host.lift(&Slow(toxics)).await.unwrap();
}

#[tokio::test]
async fn a_run_that_was_cut_short_in_a_breakage_is_cleared_up_after() {
    for breakage in [Killed, Paused, Unreachable] {
        let world = World::new();
        let host = world.proxied_host(&CacheOptions::default()).await;
        let cache = host.connect(NodeId(0)).await.unwrap();
        host.inject(&breakage).await.unwrap();
        world.soon(host.clear()).await.unwrap();
        until_answered(&world, async || cache.get(Key(1)).await).await;
    }
}

#[tokio::test]
async fn no_proxy_stands_in_front_of_what_it_cannot_carry() {
    let world = World::new();
    for url in ["unix:///run/redis.sock", "rediss://ali:sesame@localhost:6379"] {
        let options = CacheOptions::default();
        let error = world.shared_host_by(Route::Proxied { seed: 1 }, url, &options).await;
        let error = error.err().unwrap();
        assert!(matches!(&error, Error::Unsuitable { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("sesame"), "{error}");
    }
}

/// Asks until there is an answer: a call that finds its connection broken fails, and the next one
/// makes it anew.
async fn until_answered<T>(world: &World, ask: impl AsyncFn() -> Outcome<T>) -> T {
    let deadline = world.clock.now() + PATIENCE;
    loop {
        match world.soon(ask()).await {
            Ok(answer) => return answer,
            Err(fault) => assert!(world.clock.now() < deadline, "still {fault:?}"),
        }
        world.pass(Nanos::from_millis(10)).await;
    }
}

async fn until_told(world: &World, subscription: &mut dyn Subscription, expected: Notice) {
    while world.soon(subscription.next()).await.unwrap() != expected {}
}

/// Reads what had come before, up to the end.
async fn until_lost(world: &World, subscription: &mut dyn Subscription) {
    while world.soon(subscription.next()).await.is_ok() {}
}

fn event(sequence: u64) -> Event {
    Event { sequence, key: Key(1), version: Version(1) }
}

#[tokio::test]
async fn a_proxy_stands_there_only_in_runs_that_break_the_network() {
    for (fault, proxied) in [("\"killed\"", false), ("\"unreachable\"", true)] {
        let text = format!(
            r#"
            question = "Which?"
            [dataset]
            entity = "product"
            keys = 100
            [workload]
            reads = 0.9
            popularity = "uniform"
            arrival = {{ even = {{ rate = 5 }} }}
            duration = "1m"
            [store]
            server = "embedded"
            [[faults]]
            at = "10s"
            lasts = "2s"
            what = {{ cache = {fault} }}
            [strategies]
            ttl = {{}}
            "#
        );
        let scenario = cacheduel::scenario::parse("test", &text).unwrap().scenario;
        let environment = Environment::real(&scenario, None).await.unwrap();
        let cache = environment.open_cache().await.unwrap();
        assert_eq!(cache.server().settings.contains_key("proxy"), proxied, "{fault}");
    }
}
