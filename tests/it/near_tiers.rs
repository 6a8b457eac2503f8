//! The tiers in the nodes' own memory: what they answer, what they are told, and what they do when
//! nobody tells them any more.

use std::sync::Arc;

use cacheduel::backend::managed::ManagedRedis;
use cacheduel::backend::{CacheOptions, CacheServer};
use cacheduel::experiment::{self, Environment, Silent};
use cacheduel::model::{Nanos, Version};
use cacheduel::scenario;
use futures_util::future::join;

use crate::private_servers::{PATIENCE, World};
use crate::stage::{LOAD, Node, Stage, beside, play, play_with_twin};

const STRATEGIES: [&str; 2] = ["two-tier", "client-tracking"];
const OPTIONS: &str = "ttl = \"60s\"\nlocal-ttl = \"30s\"";
/// Until what has been sent has come, and a lost connection is made anew.
const MOMENT: Nanos = Nanos::from_millis(200);

/// Lets a scene go on with two nodes that listen.
async fn with_two<T>(stage: &Stage, name: &str, scene: impl AsyncFnOnce(&Node, &Node) -> T) -> T {
    let [one, other] = [stage.node(name, OPTIONS).await, stage.node(name, OPTIONS).await];
    let listening = async {
        join(one.maintain(), other.maintain()).await;
    };
    beside(listening, async {
        stage.pass(MOMENT).await;
        scene(&one, &other).await
    })
    .await
}

/// Whether a read is answered by the node itself.
async fn is_near(node: &Node) -> bool {
    let touches = node.read_and_touch().await.1;
    touches.node_hits > 0 && touches.cache_hits + touches.cache_misses == 0
}

/// Reads until the node has the value in its own memory.
async fn bring_near(node: &Node) {
    for _ in 0..3 {
        node.read().await.unwrap();
    }
    assert!(is_near(node).await);
}

#[test]
fn a_node_answers_from_its_own_memory_until_another_node_writes() {
    for name in STRATEGIES {
        play(async |stage| {
            with_two(stage, name, async |one, other| {
                bring_near(one).await;
                bring_near(other).await;
                assert_eq!(other.write(stage.draft(1)).await, Version(1));
                assert_eq!(other.version().await, Version(1), "{name}: its own write, at once");
                stage.pass(MOMENT).await;
                assert!(!is_near(one).await, "{name}: it has been told");
                assert_eq!(one.version().await, Version(1));
                bring_near(one).await;
            })
            .await;
        });
    }
}

#[test]
fn a_value_lives_in_a_node_for_its_own_ttl_only() {
    for name in STRATEGIES {
        play(async |stage| {
            with_two(stage, name, async |one, _| {
                bring_near(one).await;
                stage.pass(Nanos::from_secs(30)).await;
                assert!(!is_near(one).await, "{name}");
            })
            .await;
        });
    }
}

#[test]
fn a_node_that_does_not_listen_has_no_memory() {
    for name in STRATEGIES {
        play(async |stage| {
            let node = stage.node(name, OPTIONS).await;
            for _ in 0..3 {
                assert!(!is_near(&node).await, "{name}");
            }
        });
    }
}

#[test]
fn a_node_that_loses_its_connection_forgets_everything_at_once_and_listens_anew() {
    for name in STRATEGIES {
        play_with_twin(async |stage, cache| {
            with_two(stage, name, async |one, other| {
                bring_near(one).await;
                cache.disconnect();
                stage.pass(Nanos(1)).await;
                // Nobody is told of this write; the next read must show it all the same.
                other.write(stage.draft(1)).await;
                assert_eq!(one.version().await, Version(1), "{name}");
                assert!(!is_near(one).await, "{name}: without a connection, no memory");
                stage.pass(MOMENT).await;
                bring_near(one).await;
                other.write(stage.draft(2)).await;
                stage.pass(MOMENT).await;
                assert_eq!(one.version().await, Version(2), "{name}: it is told again");
            })
            .await;
        });
    }
}

#[tokio::test]
async fn on_a_real_redis_a_cut_connection_is_noticed_and_no_old_value_outlives_it() {
    for name in STRATEGIES {
        let world = World::new();
        let server = world.server(&CacheOptions::default()).await;
        let clock = world.clock.clone();
        let host = world.shared_host(&server.url(), &CacheOptions::default()).await.unwrap();
        let stage = Stage::on(Arc::new(host), clock, LOAD).await;
        with_two(&stage, name, async |one, other| {
            until(&stage, async || is_near(one).await).await;
            assert!(cut(&server).await >= 2, "both nodes listen");
            other.write(stage.draft(1)).await;
            // As soon as the node knows that it is cut off, which is before its own TTL is up.
            until(&stage, async || one.version().await == Version(1)).await;
            // From there on no read goes back, and the node's memory comes into use again.
            until(&stage, async || {
                assert_eq!(one.version().await, Version(1), "{name}");
                is_near(one).await
            })
            .await;
            other.write(stage.draft(2)).await;
            until(&stage, async || one.version().await == Version(2)).await;
        })
        .await;
    }
}

/// Cuts every connection that brings notices, and says how many there were.
async fn cut(server: &ManagedRedis) -> usize {
    let client = redis::Client::open(server.url()).unwrap();
    let mut admin = client.get_multiplexed_async_connection().await.unwrap();
    let clients: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut admin).await.unwrap();
    let mut cut = 0;
    for client in clients.lines() {
        let field = |name: &str| client.split(' ').find_map(|field| field.strip_prefix(name));
        let flags = field("flags=").unwrap();
        // `P` is a subscriber, `t` is tracked.
        if flags.contains('P') || flags.contains('t') {
            let id = field("id=").unwrap();
            let mut kill = redis::cmd("CLIENT");
            // It may have gone by itself meanwhile.
            cut += kill
                .arg("KILL")
                .arg("ID")
                .arg(id)
                .query_async::<()>(&mut admin)
                .await
                .map_or(0, |()| 1);
        }
    }
    cut
}

/// Waits for what must come about.
async fn until(stage: &Stage, comes: impl AsyncFn() -> bool) {
    let deadline = stage.clock.now() + PATIENCE;
    while !comes().await {
        assert!(stage.clock.now() < deadline, "it never came about");
        stage.pass(Nanos::from_millis(1)).await;
    }
}

/// Both tiers under load, on a server whose notices are cut off again and again.
const UNDER_LOAD: &str = r#"
question = "Is any read staler than both TTLs together?"
[dataset]
entity = "counter"
keys = 20
size = "200B"
[workload]
reads = 0.8
popularity = "uniform"
arrival = { poisson = { rate = 400 } }
duration = "3s"
nodes = 2
[strategies]
two-tier = { ttl = "400ms", local-ttl = "300ms" }
client-tracking = { ttl = "400ms", local-ttl = "300ms" }
"#;

#[tokio::test]
async fn under_load_no_read_is_staler_than_both_ttls_together_however_often_the_notices_are_cut() {
    let world = World::new();
    let server = world.server(&CacheOptions::default()).await;
    let mut loaded = scenario::parse("cut", UNDER_LOAD).unwrap();
    loaded.scenario.cache.server = CacheServer::Url(server.url());
    let environment = Environment::real(&loaded.scenario, None).await.unwrap();
    let mut cuts = 0;
    let cutting = async {
        loop {
            world.pass(MOMENT).await;
            cuts += cut(&server).await;
        }
    };
    let record = beside(cutting, experiment::run(&loaded, &environment, &Silent)).await.unwrap();
    assert!(cuts > 4, "{cuts} connections were cut");
    for contender in &record.contenders {
        let run = &contender.runs[0];
        assert!(run.measures.node.hits > 0, "{}: its nodes have a tier", contender.label);
        assert_eq!((run.findings.corrupt, run.audit.lost_writes), (0, 0), "{}", contender.label);
        // What a fill or an answer may be late by, on a machine that stands still now and then, is
        // part of the time that some request took.
        let requests = run.measures.latency.iter().map(|latency| latency.service.max());
        let late = requests.max().unwrap();
        let (worst, bound) = (contender.staleness_max(), Nanos::from_millis(700) + late + late);
        assert!(worst <= bound, "{}: {worst}, at most {bound}", contender.label);
    }
}
