//! A store behind an API: the real service, its twin, and whole runs on both.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use cacheduel::backend::api::{ApiHost, TwinApiHost};
use cacheduel::backend::conformance::store;
use cacheduel::backend::sqlite::SqliteHost;
use cacheduel::backend::twin::TwinStoreHost;
use cacheduel::backend::{
    ApiOptions, CacheServer, Dataset, Origin, Store, StoreHost, StoreOptions,
};
use cacheduel::clock::{Clock, SimClock};
use cacheduel::experiment::{self, Environment, Silent};
use cacheduel::model::{
    Draft, Fault, FaultKind, Key, Nanos, NodeId, Op, Profile, Span, Spread, Version, Writer,
};
use cacheduel::record::{Contender, Record};
use cacheduel::scenario;
use futures_util::FutureExt;
use futures_util::future::{Either, join_all, select};

use crate::simulated::simulate;

const THROTTLED: Fault = Fault::store(FaultKind::Throttled);
const KEYS: u64 = 20;
const SEED: u64 = 5;

#[tokio::test]
async fn the_api_conforms_in_front_of_each_store() {
    let origin = Origin::Api(unlimited(micros(50)));
    store::check(&real(twin_store(), unlimited(micros(50)), 3), origin).await;
    let directory = tempfile::tempdir().unwrap();
    let options = StoreOptions { origin, ..StoreOptions::default() };
    let clock = Clock::wall();
    let sqlite = SqliteHost::open(directory.path(), &options, clock).await.unwrap();
    store::check(&real(Box::new(sqlite), unlimited(micros(50)), 3), origin).await;
}

#[test]
fn the_twin_conforms_under_virtual_time() {
    let clock = SimClock::new();
    let options = unlimited(Span::from_millis(40));
    let host = twin(&clock, options, 3);
    clock.block_on(store::check(&host, Origin::Api(options)));
    assert!(clock.now() >= Nanos::from_secs(1), "reads took their time: {}", clock.now());
}

/// One read in a thousand seconds: what is let through is the burst alone, however slow the machine.
fn limited() -> ApiOptions {
    ApiOptions { rate_limit: Some(0.001), burst: Some(3), ..unlimited(micros(50)) }
}

#[tokio::test]
async fn the_api_refuses_what_is_beyond_its_limit() {
    refuses_what_is_beyond_its_limit(&real(twin_store(), limited(), 2)).await;
}

#[test]
fn the_twin_refuses_what_is_beyond_its_limit() {
    let clock = SimClock::new();
    clock.block_on(refuses_what_is_beyond_its_limit(&twin(&clock, limited(), 2)));
}

async fn refuses_what_is_beyond_its_limit(host: &dyn StoreHost) {
    for _ in 0..2 {
        host.reset(&Rows).await.unwrap();
        let nodes = [connect(host, 0).await, connect(host, 1).await];
        let mut answers = Vec::new();
        for number in 0..8 {
            answers.push(nodes[number % 2].read(Key(number as u64)).await.map(|read| read.rows));
        }
        let expected: Vec<_> =
            (0..8).map(|number| if number < 3 { Ok(1) } else { Err(THROTTLED) }).collect();
        assert_eq!(answers, expected, "one limit for all nodes, whole again after each reset");

        for number in 1..=20 {
            assert_eq!(nodes[0].write(&draft(Key(1), number)).await, Ok(Version(number)));
            assert_eq!(nodes[1].version(Key(1)).await, Ok(Version(number)));
        }
        let api = host.counters().await.unwrap().api.unwrap();
        assert_eq!((api.served, api.refused), (3, 5), "the owner's own calls do not count");
        assert_eq!(api.waits.calls, 8);
    }
}

#[tokio::test]
async fn a_stampede_on_the_api_is_answered_whole() {
    let host = real(twin_store(), unlimited(micros(200)), 3);
    stampede(&host).await;
}

#[test]
fn a_stampede_on_the_twin_waits_for_connections_exactly() {
    let clock = SimClock::new();
    let host = twin(&clock, unlimited(Span::from_millis(10)), 3);
    clock.block_on(stampede(&host));
    // Each node's 100 reads take turns at 3 connections: 34 rounds.
    let off = clock.now().0.abs_diff(Nanos::from_millis(340).0);
    assert!(off < 1_000, "{}", clock.now());
    let waits = clock.block_on(host.counters()).unwrap().api.unwrap().waits;
    assert!(waits.max.0.abs_diff(Nanos::from_millis(330).0) < 1_000, "{}", waits.max);
}

/// 200 reads at once, from two nodes.
async fn stampede(host: &dyn StoreHost) {
    host.reset(&Rows).await.unwrap();
    let nodes = [connect(host, 0).await, connect(host, 1).await];
    let reads = (0..200_u64).map(|number| {
        let key = Key(number / 2 % KEYS);
        nodes[number as usize % 2].read(key).map(move |read| (key, read))
    });
    for (key, read) in join_all(reads).await {
        assert_eq!(read.unwrap().value, Rows.initial(key).at(Version::INITIAL));
    }
    let api = host.counters().await.unwrap().api.unwrap();
    assert_eq!((api.served, api.refused, api.waits.calls), (200, 0, 200));
}

/// Whatever a request has come to when it is given up, the next one gets its own answer, over a
/// node's only connection.
#[tokio::test]
async fn requests_that_are_given_up_do_not_break_the_connection() {
    let host = real(twin_store(), unlimited(micros(300)), 1);
    host.reset(&Rows).await.unwrap();
    let store = connect(&host, 0).await;
    for attempt in 0..120 {
        give_up_after(attempt % 40, store.read(Key(attempt % KEYS))).await;
        if attempt % 4 == 0 {
            let key = Key((attempt + 1) % KEYS);
            let read = store.read(key).await.unwrap();
            assert_eq!(read.value, Rows.initial(key).at(Version::INITIAL), "attempt {attempt}");
        }
    }
    let api = host.counters().await.unwrap().api.unwrap();
    assert!(api.served >= 30, "{api:?}");
}

/// Each is given up while the API is at work on it, and a node's only connection is free again.
#[tokio::test]
async fn a_request_that_is_given_up_frees_its_connection() {
    let host = real(twin_store(), unlimited(Span::from_secs(3_600)), 1);
    host.reset(&Rows).await.unwrap();
    let store = connect(&host, 0).await;
    for number in 1..=5 {
        let arrived = async {
            while host.counters().await.unwrap().api.unwrap().served < number {
                tokio::task::yield_now().await;
            }
        };
        let came_first = select(store.read(Key(0)), arrived.boxed()).await;
        assert!(matches!(came_first, Either::Right(_)), "an hour has not passed");
    }
}

/// The same for the twin: a permit or a place in the queue that is given up is not lost.
#[test]
fn requests_that_are_given_up_do_not_hold_the_twin_up() {
    let clock = SimClock::new();
    let host = twin(&clock, unlimited(Span::from_millis(10)), 1);
    clock.block_on(async {
        host.reset(&Rows).await.unwrap();
        let store = connect(&host, 0).await;
        for _ in 0..20 {
            let patience = clock.sleep(Nanos::from_millis(4)).boxed();
            let reads = join_all((0..3).map(|key| store.read(Key(key)))).boxed();
            assert!(matches!(select(reads, patience).await, Either::Right(_)), "too soon");
        }
        let before = clock.now();
        store.read(Key(0)).await.unwrap();
        assert!((clock.now() - before).0.abs_diff(Nanos::from_millis(10).0) < 100);
    });
}

#[tokio::test]
async fn an_api_ends_with_its_host() {
    let host = real(twin_store(), unlimited(micros(50)), 2);
    host.reset(&Rows).await.unwrap();
    let store = connect(&host, 0).await;
    store.read(Key(0)).await.unwrap();
    drop(host);
    for _ in 0..3 {
        let read = store.read(Key(0)).await;
        assert_eq!(read, Err(Fault::store(FaultKind::Unavailable)));
    }
}

#[test]
fn the_record_says_that_reads_go_through_an_api_and_to_what() {
    let options = ApiOptions {
        latency: Spread::log_normal(Span::from_millis(40), Span::from_millis(150)),
        rate_limit: Some(100.0),
        burst: None,
    };
    for server in
        [real(twin_store(), options, 4).server(), twin(&SimClock::new(), options, 4).server()]
    {
        assert_eq!(server.kind, "embedded");
        assert!(server.settings["reads"].starts_with("through an API"));
        assert_eq!(server.settings["api_latency"], "p50 40ms, p99 150ms");
        assert_eq!(server.settings["api_rate_limit"], "100/s with a burst of 100");
        assert_eq!(server.settings["api_connections"], "4");
        assert!(server.settings.contains_key("durability"), "the store behind is still described");
    }
}

const SCENARIO: &str = r#"
question = "What does a rate-limited API make of misses?"
[dataset]
entity = "api-response"
keys = 50
size = "512B"
[workload]
seed = 7
reads = 0.95
popularity = { zipf = { exponent = 0.9 } }
arrival = { poisson = { rate = 100 } }
duration = "60s"
[store]
origin = { api = { latency = { p50 = "40ms", p99 = "150ms" }, rate-limit = 40, burst = 20 } }
connections = 200
[strategies]
no-cache = {}
cache-aside = { ttl = "20s" }
"#;

fn run() -> Record {
    simulate(&scenario::parse("api", SCENARIO).unwrap(), &Profile::instant())
}

/// What the run of a strategy counted at the API, and how many reads failed as throttled.
fn at_the_api(contender: &Contender) -> (u64, u64, u64) {
    let run = &contender.runs[0];
    let api = run.store_counters.api.unwrap();
    let failed: Vec<_> = run.measures.requests.failed.iter().collect();
    assert!(failed.iter().all(|failed| (failed.op, failed.fault) == (Op::Read, THROTTLED)));
    (api.served, api.refused, failed.iter().map(|failed| failed.count).sum())
}

#[test]
fn a_simulated_run_behind_an_api_is_exact_and_shows_the_limit_on_both_sides() {
    let (one, other) = (run(), run());
    assert_eq!(one.contenders, other.contenders);

    let [control, cached] = one.contenders.as_slice() else { panic!("two strategies") };
    let (served, refused, throttled) = at_the_api(control);
    let requests = &control.runs[0].measures.requests;
    assert_eq!((served, refused), (requests.reads, throttled), "client and API count alike");
    assert!(served <= 20 + 40 * 60, "{served}");
    assert!(served >= 40 * 59, "the limit is used up: {served}");
    assert!(refused > served, "{refused} refused");
    let reads = control.response(Op::Read);
    for (q, expected) in [(0.5, 40.0), (0.99, 150.0)] {
        let off = reads.quantile(q).as_millis_f64() / expected - 1.0;
        assert!(off.abs() < 0.15, "p{q} is {}", reads.quantile(q));
    }

    let (served, refused, throttled) = at_the_api(cached);
    assert_eq!(refused, throttled);
    assert!(served < 1_000 && refused < 500, "{served} served, {refused} refused");
}

/// The same scenario for a second, on SQLite and the real service.
#[tokio::test]
async fn a_real_run_goes_through_the_service() {
    let mut loaded = scenario::parse("api", SCENARIO).unwrap();
    loaded.scenario.workload.duration = Span::from_secs(1);
    loaded.scenario.store.connections = 4;
    loaded.scenario.cache.server = CacheServer::Embedded;
    let environment = Environment::real(&loaded.scenario, None).await.unwrap();
    let record = experiment::run(&loaded, &environment, &Silent).await.unwrap();
    assert_eq!(record.store.kind, "sqlite");
    assert!(record.store.settings["reads"].contains("HTTP"));
    for contender in &record.contenders {
        let run = &contender.runs[0];
        let api = run.store_counters.api.unwrap();
        assert!(api.served > 0, "{}", contender.label);
        assert_eq!(api.waits.calls, api.served + api.refused, "{}", contender.label);
        assert_eq!(run.findings.corrupt, 0);
    }
}

fn unlimited(latency: Span) -> ApiOptions {
    let latency = Spread::log_normal(latency, latency);
    ApiOptions { latency, rate_limit: None, burst: None }
}

fn micros(micros: u64) -> Span {
    Span(std::time::Duration::from_micros(micros))
}

fn twin_store() -> Box<dyn StoreHost> {
    Box::new(TwinStoreHost::new(&StoreOptions::default()))
}

fn real(inner: Box<dyn StoreHost>, options: ApiOptions, connections: u32) -> ApiHost {
    ApiHost::new(inner, options, connections, SEED, Clock::wall())
}

fn twin(clock: &SimClock, options: ApiOptions, connections: u32) -> TwinApiHost {
    TwinApiHost::new(twin_store(), options, connections, SEED, clock.handle())
}

async fn connect(host: &dyn StoreHost, node: u32) -> Arc<dyn Store> {
    host.connect(NodeId(node)).await.unwrap()
}

/// Lets `call` and the service work for a number of turns, and drops it.
async fn give_up_after(turns: u64, call: impl Future) {
    let patience = async {
        for _ in 0..turns {
            std::thread::yield_now();
            tokio::task::yield_now().await;
        }
    };
    let (call, patience) = (std::pin::pin!(call), std::pin::pin!(patience));
    select(call, patience).await;
}

struct Rows;

impl Dataset for Rows {
    fn keys(&self) -> u64 {
        KEYS
    }

    fn initial(&self, key: Key) -> Draft {
        draft(key, 0)
    }

    fn children(&self) -> u32 {
        0
    }

    fn child_amount(&self, _: Key, _: u32) -> i64 {
        0
    }

    fn shared(&self) -> Arc<dyn Dataset> {
        Arc::new(Self)
    }
}

fn draft(key: Key, number: u64) -> Draft {
    let body = format!(r#"{{"id":{},"number":{number}}}"#, key.0);
    Draft::new(key, Writer(number), Bytes::from(body))
}
