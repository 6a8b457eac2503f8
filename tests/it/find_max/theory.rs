//! A store with one connection that takes ten milliseconds over every read: queueing theory says at
//! which rate the p99 passes what is asked.

use cacheduel::experiment::find_max::Settings;
use cacheduel::model::Nanos;
use cacheduel::record::ceilings::Outcome;

use super::{assert_consistent, ceiling, loaded, search};

const READS: f64 = 0.8;
/// Reads a second that the store can answer at most.
const CAPACITY: f64 = 100.0;
/// What is asked of the p99, as so many times what a read takes.
const ASKED: f64 = 20.0;

const SCENARIO: &str = r#"
question = "How much does a cache add to a store of 100 reads a second?"
[dataset]
entity = "product"
keys = 1000
size = "256B"
[workload]
reads = 0.8
popularity = "uniform"
arrival = { poisson = { rate = 100 } }
prefill = true
duration = "1s"
[store]
origin = { api = { latency = { p50 = "10ms", p99 = "10ms" } } }
connections = 1
[strategies]
no-cache = {}
cache-aside = { ttl = "10h" }
[thresholds]
read-p99 = "200ms"
errors = 0.0
"#;

#[test]
fn the_ceiling_is_where_the_queue_for_the_store_says() {
    let settings =
        Settings { from: Some(40.0), precision: 0.08, step: Nanos::from_secs(15), to: 1e5 };
    let record = search(&loaded(SCENARIO), &settings);
    assert_consistent(&record);
    // Every entry ends with the first write of its key: of the reads, as many miss as there are writes
    // among all requests. Hits take no time, so the slowest hundredth of all are misses.
    let cases = [("no-cache", 1.0), ("cache-aside", 1.0 - READS)];
    for (label, misses) in cases {
        let ceiling = ceiling(&record, label);
        let expected = utilisation_at(0.01 / misses) * CAPACITY / (READS * misses);
        let found = ceiling.answer.holds.unwrap();
        let off = found / expected;
        // What is between the last that held and the first that did not, and the chance of a p99.
        assert!((0.82..1.1).contains(&off), "{label}: {found} and not {expected}");
        assert!(ceiling.answer.confirmed);
        let beyond = ceiling.beyond().unwrap();
        assert_eq!(beyond.outcome, Outcome::Broke);
        assert_eq!(beyond.broken()[0].what, "read p99");
        let store_reads = ceiling.at_ceiling().unwrap().figures.store_reads_per_sec().unwrap();
        assert!((75.0..CAPACITY).contains(&store_reads), "{label}: {store_reads}");
    }
}

/// The utilisation of an M/D/1 queue at which this share of its customers spend longer than is asked.
fn utilisation_at(share: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        let slow = 1.0 - waits_at_most(ASKED - 1.0, middle);
        *(if slow > share { &mut high } else { &mut low }) = middle;
    }
    low
}

/// The share of the customers of an M/D/1 queue that wait for at most `time` services (Erlang).
fn waits_at_most(time: f64, utilisation: f64) -> f64 {
    let mut sum = 0.0;
    let mut factorial = 1.0;
    for k in 0..=time as i32 {
        if k > 0 {
            factorial *= f64::from(k);
        }
        let argument = utilisation * (f64::from(k) - time);
        sum += argument.powi(k) / factorial * (-argument).exp();
    }
    (1.0 - utilisation) * sum
}

#[test]
fn the_queue_is_as_it_is_known() {
    // Half of the customers of an idle-half queue do not wait, and none waits at no load.
    assert!((waits_at_most(0.0, 0.5) - 0.5).abs() < 1e-12);
    assert!((waits_at_most(3.0, 1e-9) - 1.0).abs() < 1e-6);
    let slow = utilisation_at(0.01);
    assert!((0.85..0.93).contains(&slow), "{slow}");
    assert!(utilisation_at(0.05) > slow);
}
