//! The guards against stampedes: how many load, what the others get, and what happens when the one who
//! loads never comes back.

use std::sync::Arc;

use cacheduel::backend::CacheOptions;
use cacheduel::model::{Nanos, NodeId, Outcome, Value, Version};
use cacheduel::strategy::parts::entry::{self, Stamp};
use cacheduel::strategy::parts::format::Format;
use futures_util::FutureExt;
use futures_util::future::{join, join_all};

use crate::private_servers::World;
use crate::stage::{KEY, LOAD, Node, Stage, play};

/// The guards that hold for all nodes.
const CLUSTER: [&str; 4] = ["lock", "lease", "coalesce+lock", "coalesce+lease"];
const GUARD_TIME: Nanos = Nanos::from_secs(2);

async fn node(stage: &Stage, stampede: &str) -> Node {
    stage.node("cache-aside", &format!("stampede = \"{stampede}\"")).await
}

async fn nodes(stage: &Stage, stampede: &str) -> [Node; 2] {
    [node(stage, stampede).await, node(stage, stampede).await]
}

/// Ten clients of each node ask for the same missing key at the same time.
async fn stampede(nodes: &[Node; 2]) -> Vec<Outcome<Value>> {
    join_all((0..20).map(|client| nodes[client % 2].read())).await
}

async fn loads_of(stage: &Stage, guard: &str) -> usize {
    let nodes = nodes(stage, guard).await;
    let answers = stampede(&nodes).await;
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap().version == Version(0)), "{guard}");
    stage.origin_reads()
}

#[test]
fn one_expiry_costs_a_load_for_everyone_for_each_node_or_for_all() {
    for (guard, loads) in [("none", 20), ("early", 20), ("coalesce", 2)]
        .into_iter()
        .chain(CLUSTER.map(|guard| (guard, 1)))
    {
        assert_eq!(play(async |stage| loads_of(stage, guard).await), loads, "{guard}");
    }
}

#[tokio::test]
async fn the_same_holds_on_a_real_redis() {
    for (guard, loads) in
        [("none", 20), ("coalesce", 2)].into_iter().chain(CLUSTER.map(|guard| (guard, 1)))
    {
        let (_world, stage) = on_redis().await;
        assert_eq!(loads_of(&stage, guard).await, loads, "{guard}");
    }
}

async fn on_redis() -> (World, Stage) {
    let world = World::new();
    let clock = world.clock.clone();
    let host = world.managed_host(&CacheOptions::default()).await;
    // So long that nothing which is to happen while it lasts can be too late for it.
    let stage = Stage::on(Arc::new(host), clock, Nanos::from_secs(1)).await;
    (world, stage)
}

/// Starts a read and gives it up while it loads, as a client does that has waited too long or whose
/// process dies; then somebody else, on another node, reads.
async fn die_while_loading(stage: &Stage, guard: &str) -> Nanos {
    let [owner, other] = nodes(stage, guard).await;
    let mut doomed = Box::pin(owner.read());
    // Until it reads the store: by then it has its lock or lease.
    let started = stage.clock.now();
    while stage.reads_begun() == 0 {
        assert!((&mut doomed).now_or_never().is_none());
        stage.pass(Nanos::from_millis(1)).await;
    }
    drop(doomed);
    assert_eq!(other.version().await, Version(0));
    stage.clock.now() - started
}

#[test]
fn when_the_owner_of_a_guard_dies_the_others_go_on_after_its_lifetime() {
    for guard in CLUSTER {
        let took = play(async |stage| die_while_loading(stage, guard).await);
        let latest = GUARD_TIME + LOAD + Nanos::from_millis(30);
        assert!(took >= GUARD_TIME && took <= latest, "{guard}: {took}");
    }
}

#[tokio::test]
async fn on_a_real_redis_they_go_on_too() {
    for guard in CLUSTER {
        let (_world, stage) = on_redis().await;
        die_while_loading(&stage, guard).await;
    }
}

#[test]
fn a_leader_that_is_given_up_leaves_its_node_to_load_at_once() {
    play(async |stage| {
        let node = node(stage, "coalesce").await;
        let mut leader = Box::pin(node.read());
        let mut follower = Box::pin(node.read());
        assert!((&mut leader).now_or_never().is_none() && (&mut follower).now_or_never().is_none());
        stage.pass(Nanos::from_millis(10)).await;
        drop(leader);
        assert_eq!(follower.await.unwrap().version, Version(0));
        assert_eq!(stage.clock.now(), Nanos::from_millis(10) + LOAD, "nobody waits for the dead");
    });
}

#[test]
fn an_error_is_shared_once_and_never_cached() {
    for guard in ["none", "coalesce", "early"].into_iter().chain(CLUSTER) {
        play(async |stage| {
            let nodes = nodes(stage, guard).await;
            stage.fail(true);
            let answers = stampede(&nodes).await;
            assert!(answers.iter().all(Result::is_err), "{guard}: {answers:?}");
            stage.fail(false);
            stage.origin_reads();
            assert_eq!(nodes[0].version().await, Version(0), "{guard}: the next one loads anew");
            assert_eq!(stage.origin_reads(), 1, "{guard}");
        });
    }
}

#[test]
fn whoever_does_not_get_the_lock_takes_the_expired_entry_if_there_is_one() {
    play(async |stage| {
        let options = "ttl = \"1s\"\nstampede = \"lock\"\ngrace = \"1s\"";
        let nodes =
            [stage.node("cache-aside", options).await, stage.node("cache-aside", options).await];
        nodes[0].read().await.unwrap();
        stage.pass(Nanos::from_millis(1_100)).await;
        let (winner, other) = join(nodes[0].read_and_touch(), nodes[1].read_and_touch()).await;
        assert_eq!((winner.1.store_reads, winner.1.stale_served), (1, 0));
        assert_eq!((other.1.store_reads, other.1.stale_served), (0, 1));
        assert_eq!(other.0.unwrap().key, KEY);
    });
}

#[test]
fn an_entry_that_is_about_to_leave_the_cache_lets_nobody_past_the_guard() {
    for guard in CLUSTER {
        play(async |stage| {
            let nodes = nodes(stage, guard).await;
            // Out of date by its own account, but not by the cache's: the time between the two is short,
            // and everyone reads in it.
            let value = Value::never_written(KEY);
            let stamp = Stamp { expiry: stage.clock.now(), load: LOAD };
            let entry = entry::write(&value, stamp, &Format::default());
            let ttl = Some(Nanos::from_millis(2));
            stage.cache.connect(NodeId(9)).await.unwrap().set(KEY, entry, ttl).await.unwrap();
            let answers = stampede(&nodes).await;
            assert!(answers.iter().all(|answer| !answer.as_ref().unwrap().is_absent()), "{guard}");
            assert_eq!(stage.origin_reads(), 1, "{guard}");
        });
    }
}

#[test]
fn early_recomputes_before_the_expiry_and_serves_what_it_has_if_that_fails() {
    play(async |stage| {
        let plain = stage.node("cache-aside", "stampede = \"early\"").await;
        plain.read().await.unwrap();
        plain.read().await.unwrap();
        assert_eq!(stage.origin_reads(), 1, "an entry of a minute is not recomputed at once");
        // With a beta as large as this, every read recomputes.
        let node = stage.node("cache-aside", "stampede = \"early\"\nbeta = 1e9").await;
        node.read().await.unwrap();
        assert_eq!(stage.origin_reads(), 1);
        stage.fail(true);
        assert_eq!(node.version().await, Version(0));
    });
}
