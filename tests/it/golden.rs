//! The recorded traces through a whole run: its hits are those of exact LRU and of exact FIFO.

use std::path::Path;

use cacheduel::model::Profile;
use cacheduel::scenario;

use crate::simulated::simulate;
use crate::traces::{GOLDEN, Golden};

/// Requests a second: far enough apart that each has its answer before the next one starts.
const RATE: usize = 1_000;

/// Nothing waits, so a request ends at the instant at which it starts.
const NO_LATENCIES: Profile = Profile::instant();

/// Hits and misses of one run over the whole trace, from an empty cache of `capacity` entries.
fn replay(golden: &Golden, eviction: &str, capacity: usize) -> (u64, u64) {
    let Golden { file, requests, .. } = golden;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/traces").join(file);
    let text = format!(
        r#"
        question = "Does a whole run hit as often as the policy by itself?"
        [dataset]
        entity = "counter"
        size = "130B"
        [workload]
        reads = 1.0
        popularity = {{ trace = {{ files = ['{}'] }} }}
        arrival = {{ even = {{ rate = {RATE} }} }}
        duration = "{}ms"
        [cache]
        server = "embedded"
        max-keys = {capacity}
        eviction = "{eviction}"
        [store]
        server = "embedded"
        [strategies]
        cache-aside = {{ ttl = "1000h" }}
        "#,
        path.display(),
        requests * 1_000 / RATE,
    );
    let loaded = scenario::parse("golden", &text).unwrap_or_else(|error| panic!("{error}"));
    let record = simulate(&loaded, &NO_LATENCIES);
    let run = &record.contenders[0].runs[0];
    assert_eq!(run.requests, *requests as u64);
    assert_eq!(run.measures.requests.answered, *requests as u64);
    assert_eq!(run.measures.requests.in_flight_peak, 1);
    (run.measures.lookups.hits, run.measures.lookups.misses)
}

fn assert_exact(golden: &Golden, eviction: &str, known: &[(usize, usize)]) {
    for &(capacity, hits) in known {
        if [75, 300, 1_200].contains(&capacity) {
            let expected = (hits as u64, (golden.requests - hits) as u64);
            let found = replay(golden, eviction, capacity);
            assert_eq!(found, expected, "{} at {capacity} by {eviction}", golden.file);
        }
    }
}

#[test]
fn a_whole_run_over_the_first_trace_hits_as_often_as_exact_lru() {
    assert_exact(&GOLDEN[0], "allkeys-lru", &GOLDEN[0].lru_hits);
}

#[test]
fn a_whole_run_over_the_second_trace_hits_as_often_as_exact_lru() {
    assert_exact(&GOLDEN[1], "allkeys-lru", &GOLDEN[1].lru_hits);
}

#[test]
fn a_whole_run_over_the_first_trace_hits_as_often_as_exact_fifo() {
    assert_exact(&GOLDEN[0], "allkeys-fifo", &GOLDEN[0].fifo_hits);
}

#[test]
fn a_whole_run_over_the_second_trace_hits_as_often_as_exact_fifo() {
    assert_exact(&GOLDEN[1], "allkeys-fifo", &GOLDEN[1].fifo_hits);
}
