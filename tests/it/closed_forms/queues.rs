//! The forms for what has to wait: reads for a connection, events for the relay, and what renews an entry
//! before anyone waits for it.

use cacheduel::model::Profile;
use cacheduel::record::{Contender, Prediction, Record, Standing};
use cacheduel::scenario;

use super::more::{agrees, closed_forms};
use super::prediction;
use crate::simulated::{profile, simulate};

const WAIT: &str = "wait for the API, ms";
const STALE: &str = "stale share of hits";
const AGE: &str = "age of stale reads, ms";

/// Nothing takes any time but the API.
fn play(text: &str) -> Record {
    simulate(&scenario::parse("forms", text).unwrap(), &Profile::instant())
}

fn contender<'a>(record: &'a Record, label: &str) -> &'a Contender {
    record.contenders.iter().find(|contender| contender.label == label).unwrap()
}

fn found<'a>(record: &'a Record, label: &str, quantity: &str) -> Option<&'a Prediction> {
    contender(record, label).predictions.iter().find(|found| found.quantity == quantity)
}

/// Two nodes, each of which reads so many times a second over so many connections.
fn api(rate: f64, connections: u32, latency: &str, duration: &str) -> String {
    format!(
        r#"
question = "How long do reads wait for a connection?"
[dataset]
entity = "counter"
keys = 100
[workload]
seed = 3
reads = 0.8
popularity = "uniform"
arrival = {{ poisson = {{ rate = {} }} }}
warm-up = "2s"
duration = "{duration}"
nodes = 2
[store]
origin = {{ api = {{ latency = {{ {latency} }} }} }}
connections = {connections}
[strategies.no-cache]
[strategies.cache-aside]
ttl = "1s"
"#,
        2.0 * rate / 0.8
    )
}

#[test]
fn reads_wait_for_a_connection_as_erlang_and_who_came_after_him_say() {
    let constant = "p50 = \"10ms\", p99 = \"10ms\"";
    let varied = "p50 = \"8ms\", p99 = \"30ms\"";
    // The mean of the varied times is 9.4 ms.
    for (rate, connections, latency) in
        [(70.0, 1, constant), (65.0, 1, varied), (300.0, 4, constant), (300.0, 4, varied)]
    {
        let record = play(&api(rate, connections, latency, "300s"));
        let waits = agrees(&record, "no-cache", WAIT);
        assert_eq!(waits.caveat, None);
        assert!(waits.predicted > 1.0, "there is something to wait for: {waits:?}");
        let off = waits.measured / waits.predicted - 1.0;
        assert!(off.abs() < 0.1, "{rate} over {connections}, {latency}: {waits:?}");
        assert_eq!(closed_forms(&record).standing, Standing::Ok);
        assert_eq!(found(&record, "cache-aside", WAIT), None, "misses are no Poisson process");
    }
}

#[test]
fn a_queue_without_a_form_is_given_none() {
    let wait = |text: &str| {
        let record = play(text);
        found(&record, "no-cache", WAIT).cloned()
    };
    let latency = "p50 = \"10ms\", p99 = \"10ms\"";
    let usual = api(50.0, 1, latency, "5s");
    let limited = usual.replace("} } }\nconnections", "}, rate-limit = 1000.0 } }\nconnections");
    assert_ne!(limited, usual);
    assert_eq!(wait(&limited), None, "it may refuse some");
    assert_eq!(wait(&api(50.0, 1, "p50 = \"1ms\", p99 = \"50ms\"", "5s")), None, "too varied");
    assert_eq!(wait(&api(120.0, 1, latency, "5s")), None, "the queue grows without end");
    let short = wait(&api(90.0, 1, latency, "5s")).unwrap().caveat;
    assert_eq!(short.as_deref(), Some("the queue is too full for a run of this length"));
    let direct = usual.lines().filter(|line| !line.starts_with("origin"));
    assert_eq!(wait(&direct.collect::<Vec<_>>().join("\n")), None, "nobody waits for rows");
}

const EVENTS: &str = r#"
question = "How old is what clients see until the event has come?"
[dataset]
entity = "counter"
keys = 20
[workload]
seed = 9
reads = 0.8
popularity = { zipf = { exponent = 0.5 } }
arrival = { poisson = { rate = 400 } }
warm-up = "5s"
duration = "200s"
nodes = 2
[strategies.event-invalidation]
ttl = "5s"
relay-interval = "7ms"
[strategies."event-invalidation@versioned"]
ttl = "5s"
form = "delete-if-older"
relay-interval = "100ms"
[strategies."event-invalidation@plain-and-late"]
ttl = "5s"
relay-interval = "100ms"
[strategies."event-invalidation@small-batches"]
ttl = "5s"
relay-interval = "100ms"
batch = 10
[strategies."event-invalidation@at-once"]
ttl = "5s"
relay-interval = "1ms"
[strategies."event-invalidation@lease"]
ttl = "5s"
stampede = "lease"
"#;

#[test]
fn entries_are_stale_for_as_long_as_their_events_are_on_the_way() {
    let profile = profile(200, 500, 300, 1_000);
    let record = simulate(&scenario::parse("events", EVENTS).unwrap(), &profile);
    for label in ["event-invalidation", "event-invalidation@versioned"] {
        for quantity in [STALE, AGE] {
            assert_eq!(agrees(&record, label, quantity).caveat, None, "{label}: {quantity}");
        }
    }
    assert_eq!(closed_forms(&record).standing, Standing::Ok);
    // Half of a period of 100.3 ms, and half a millisecond of way, to the mean; a third of it to the age.
    let late = found(&record, "event-invalidation@versioned", AGE).unwrap();
    assert!((33.0..36.0).contains(&late.predicted), "{late:?}");
    assert!((late.measured / late.predicted - 1.0).abs() < 0.03, "{late:?}");
    let plain = found(&record, "event-invalidation@plain-and-late", STALE).unwrap();
    let caveat = plain.caveat.as_deref();
    assert_eq!(caveat, Some("an event also deletes what was filled since its write"));
    // Batches that are too small, loads that events overtake, readers who wait for a load.
    for refused in ["small-batches", "at-once", "lease"] {
        let label = &format!("event-invalidation@{refused}");
        assert_eq!(found(&record, label, STALE), None, "{label}");
    }
}

#[test]
fn refresh_ahead_reads_the_store_as_often_as_it_must() {
    let reads = prediction("refresh-ahead", "store reads/s");
    // A cycle is 0.7 s, a load of 0.1 s, and a read of 1 / 400 s.
    assert!((reads.predicted - 1.0 / 0.8025).abs() < 0.01, "{reads:?}");
    assert!((reads.measured / reads.predicted - 1.0).abs() < 0.01, "{reads:?}");
}
