//! Whole runs on the twins in whose course something breaks: what each strategy loses, serves and
//! asks of the store, to the last count.

use cacheduel::clock::SimClock;
use cacheduel::experiment::{self, Environment, Silent};
use cacheduel::model::{Fault, FaultKind, Nanos, Side};
use cacheduel::record::{Record, Run};
use cacheduel::scenario;

use crate::simulated::USUAL;

const SCENARIO: &str = r#"
question = "What does a fault do?"
[dataset]
entity = "product"
keys = 300
size = "128B"
[workload]
seed = 3
reads = 0.8
popularity = { zipf = { exponent = 0.8 } }
arrival = { poisson = { rate = 1000 } }
warm-up = "3s"
duration = "20s"
nodes = 3
timeout = "2s"
[cache]
CACHE
[store]
delay = "4ms"
[strategies]
STRATEGIES
[[faults]]
FAULT
"#;

/// The run of one strategy through one fault.
fn through(strategy: &str, fault: &str) -> Run {
    on(strategy, "", fault)
}

fn on(strategy: &str, cache: &str, fault: &str) -> Run {
    let mut record = record(&format!("{strategy}\n"), cache, fault);
    record.contenders.remove(0).runs.remove(0)
}

fn record(strategies: &str, cache: &str, fault: &str) -> Record {
    let text = SCENARIO
        .replace("STRATEGIES", strategies)
        .replace("CACHE", cache)
        .replace("FAULT", &fault.replace("; ", "\n"));
    let loaded = scenario::parse("faulted", &text).unwrap_or_else(|error| panic!("{error}"));
    let clock = SimClock::new();
    let environment = Environment::simulated(&loaded.scenario, &clock, &USUAL);
    clock.block_on(experiment::run(&loaded, &environment, &Silent)).unwrap()
}

const CACHE_KILLED: &str = r#"at = "8s"; lasts = "2s"; what = { cache = "killed" }"#;

fn failed(run: &Run) -> u64 {
    run.measures.requests.failed.iter().map(|failed| failed.count).sum()
}

/// Store reads a second from `from` to `to`, in seconds since the window opened.
fn store_reads(run: &Run, from: f64, to: f64) -> f64 {
    let width = run.measures.bucket.as_secs_f64();
    let range = (from / width) as usize..(to / width) as usize;
    let reads: u64 = run.measures.timeline[range].iter().map(|bucket| bucket.store_reads).sum();
    reads as f64 / (to - from)
}

#[test]
fn a_fault_is_carried_out_when_the_plan_says_and_is_in_the_record() {
    let run = through("cache-aside = {}", CACHE_KILLED);
    let [fault] = run.faults.as_slice() else { panic!("{:?}", run.faults) };
    assert_eq!(fault.injected.began, Nanos::from_secs(8));
    assert_eq!(fault.injected.ended, Nanos::from_secs(10));
    assert_eq!(fault.injected.trouble, None);
}

#[test]
fn cache_aside_survives_a_lost_cache_without_a_loss_and_shows_the_herd() {
    let run = through("cache-aside = { ttl = \"60s\" }", CACHE_KILLED);
    assert_eq!((run.audit.lost_writes, failed(&run)), (0, 0));
    let (before, during) = (store_reads(&run, 4.0, 8.0), store_reads(&run, 8.5, 10.0));
    assert!(before < 300.0, "{before} reads of the store a second while the cache was there");
    assert!(during > 700.0, "{during} reads of the store a second without it");
}

#[test]
fn a_guard_caps_the_herd_that_follows() {
    let after = |stampede: &str| {
        let strategy = format!("cache-aside = {{ ttl = \"60s\", stampede = \"{stampede}\" }}");
        let run = through(&strategy, r#"at = "8s"; what = { cache = "flushed" }"#);
        assert_eq!((run.audit.lost_writes, failed(&run)), (0, 0));
        run.measures.store.duplicate_fills
    };
    let (none, lock) = (after("none"), after("lock"));
    assert!(lock < none, "{lock} duplicate loads with a lock, {none} without");
}

#[test]
fn write_behind_loses_what_was_queued_and_nothing_else() {
    let strategy = "write-behind = { flush-interval = \"500ms\" }";
    let run = through(strategy, CACHE_KILLED);
    // 200 writes a second, the last flush up to half a second ago.
    assert!((1..=110).contains(&run.audit.lost_writes), "{} lost", run.audit.lost_writes);
    assert_eq!(run.audit.ahead + run.audit.phantom, 0);
    let kept = on(strategy, "append-only = \"always\"", CACHE_KILLED);
    assert_eq!(kept.audit.lost_writes, 0, "what outlives the process is flushed later");
}

#[test]
fn a_worker_killed_between_commit_and_settling_applies_nothing_twice() {
    let run = through(
        "write-behind = { claim-timeout = \"1s\" }",
        r#"at = "8s"; lasts = "500ms"; what = { worker = "killed-after-commit" }"#,
    );
    assert_eq!(run.faults[0].injected.trouble, None);
    assert_eq!((run.audit.lost_writes, failed(&run)), (0, 0));
    assert_eq!(run.audit.ahead + run.audit.phantom + run.audit.stale, 0);
    assert_eq!(run.findings.order_violations + run.findings.duplicate_versions, 0);
    assert_eq!(run.findings.dirty_reads, 0);
}

#[test]
fn a_killed_node_fails_what_it_was_working_on_and_its_clients_turn_to_the_next() {
    let node = r#"at = "8s"; lasts = "4s"; what = { node = { killed = 1 } }
[[faults]]; at = "7s"; lasts = "2s"; what = { store = { slow = { by = "20ms" } } }"#;
    let run = through("no-cache = {}", node);
    let requests = &run.measures.requests;
    assert!(!requests.failed.is_empty(), "some requests were being worked on");
    for failed in &requests.failed {
        assert_eq!(failed.fault, Fault { side: Some(Side::Node), kind: FaultKind::Unavailable });
    }
    // About 330 requests a second come to the node, each taking some 25 ms.
    assert!(failed(&run) < 30, "{} requests failed", failed(&run));
    assert_eq!(run.audit.lost_writes, 0);
}

#[test]
fn events_that_are_dropped_or_late_leave_entries_stale() {
    let with = |fault: &str| through("event-invalidation = { ttl = \"60s\" }", fault);
    let stale = |run: &Run| run.findings.definitely_stale;
    // What is left is what any fill can do that races with its invalidation.
    let undisturbed = with(r#"at = "19s"; what = { node = { killed = 2 } }"#);
    let late = with(r#"at = "5s"; lasts = "10s"; what = { events = { delayed = { by = "1s" } } }"#);
    assert!(stale(&late) > 5 * stale(&undisturbed), "{} of {}", stale(&late), stale(&undisturbed));
    let p90 = late.findings.age_at_least.quantile(0.9);
    assert!(p90 > Nanos::from_millis(700) && p90 < Nanos::from_millis(1_100), "{p90}");
    assert_eq!(late.audit.stale, undisturbed.audit.stale, "late is not lost");
    let lost = with(r#"at = "16s"; lasts = "2s"; what = { events = "dropped" }"#);
    assert!(lost.findings.age_at_least.max() > Nanos::from_secs(2));
    assert!(lost.audit.stale > undisturbed.audit.stale, "what was never told is stale to the end");
    let at_the_end = r#"at = "17s"; lasts = "9s"; what = { events = { delayed = { by = "2s" } } }"#;
    let late = with(at_the_end);
    assert_eq!(late.audit.stale, undisturbed.audit.stale, "the drain waits for what is on its way");
}

#[test]
fn a_store_that_is_down_fails_only_what_needs_it() {
    let down = r#"at = "8s"; lasts = "2s"; what = { store = "down" }"#;
    let run = through("cache-aside = { ttl = \"60s\" }", down);
    let uncached = through("no-cache = {}", down);
    assert!((1_900..2_100).contains(&failed(&uncached)), "{}", failed(&uncached));
    assert!(failed(&run) > 300 && failed(&run) < failed(&uncached), "{}", failed(&run));
    assert_eq!(run.audit.lost_writes, 0);
    let failed = run.measures.requests.failed.iter();
    assert!(failed.into_iter().all(|failed| failed.fault.side == Some(Side::Store)));
}

#[test]
fn a_slow_store_and_a_slow_cache_are_felt_by_those_who_ask_them() {
    let store = r#"at = "5s"; lasts = "10s"; what = { store = { slow = { by = "50ms" } } }"#;
    let run = through("no-cache = {}", store);
    let slowest = |run: &Run| {
        let reads = run.measures.timeline.iter().map(|bucket| bucket.reads.max());
        reads.collect::<Vec<_>>()
    };
    let bucket = run.measures.bucket;
    let at = |seconds: u64| (Nanos::from_secs(seconds).0 / bucket.0) as usize;
    assert!(slowest(&run)[at(3)] < Nanos::from_millis(10));
    assert!(slowest(&run)[at(10)] >= Nanos::from_millis(55));
    let cache = r#"at = "5s"; lasts = "10s"; what = { cache = { slow = { latency = "20ms" } } }"#;
    let run = through("cache-aside = {}", cache);
    assert!(slowest(&run)[at(10)] >= Nanos::from_millis(40), "there and back");
    assert_eq!(failed(&run), 0);
}

#[test]
fn a_silent_cache_costs_a_timeout_until_the_breaker_opens() {
    for what in ["paused", "unreachable"] {
        let fault = format!(r#"at = "8s"; lasts = "3s"; what = {{ cache = "{what}" }}"#);
        let run = on("cache-aside = {}", "timeout = \"100ms\"", &fault);
        assert_eq!((run.audit.lost_writes, failed(&run)), (0, 0), "{what}");
        let slowest = run.measures.timeline.iter().map(|bucket| bucket.reads.max()).max();
        assert!(slowest.unwrap() >= Nanos::from_millis(100), "{what}");
    }
}

#[test]
fn faults_are_the_same_in_every_run() {
    let strategies = "write-behind = {}\ntwo-tier = {}\n";
    let faults = r#"at = "4s"; lasts = "1s"; what = { cache = "killed" }
[[faults]]; at = "9s"; lasts = "2s"; what = { node = { killed = 0 } }
[[faults]]; at = "10s"; lasts = "1s"; what = { worker = "killed" }
[[faults]]; at = "14s"; lasts = "2s"; what = { cache = { slow = { latency = "5ms", jitter = "5ms" } } }"#;
    let (one, other) = (record(strategies, "", faults), record(strategies, "", faults));
    assert_eq!(one.contenders, other.contenders);
    assert_eq!(one.contenders[0].runs[0].faults.len(), 4);
}
