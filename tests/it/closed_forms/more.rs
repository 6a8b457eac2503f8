//! The forms for a cache that is full and for flushes of write-behind, and whether a run is held to
//! agree with what there is.

use cacheduel::record::{Check, Prediction, Record, Standing};
use cacheduel::scenario;

use crate::simulated::{profile, simulate};

fn play(text: &str) -> Record {
    let profile = profile(100, 500, 300, 1_000);
    simulate(&scenario::parse("forms", text).unwrap(), &profile)
}

pub(super) fn closed_forms(record: &Record) -> &Check {
    record.checks.iter().find(|check| check.name == "closed forms").unwrap()
}

pub(super) fn agrees(record: &Record, label: &str, quantity: &str) -> Prediction {
    let contender = record.contenders.iter().find(|one| one.label == label).unwrap();
    let found = contender.predictions.iter().find(|one| one.quantity == quantity);
    let prediction = found.expect("there is a closed form").clone();
    let deviation = prediction.deviation();
    assert!(deviation.abs() < 4.0, "{label}: {prediction:?} is {deviation} standard errors off");
    prediction
}

/// 800 keys, of which 200 fit.
fn full(eviction: &str, warm_up: &str) -> String {
    format!(
        r#"
question = "What does a full cache hit?"
[dataset]
entity = "counter"
keys = 800
[workload]
seed = 11
reads = 1.0
popularity = {{ zipf = {{ exponent = 0.9 }} }}
arrival = {{ poisson = {{ rate = 300 }} }}
warm-up = "{warm_up}"
duration = "50s"
[cache]
server = "embedded"
max-keys = 200
eviction = "{eviction}"
[strategies.ttl]
ttl = "1h"
[strategies.cache-aside]
ttl = "1h"
[strategies."ttl@expiring"]
ttl = "10s"
"#
    )
}

#[test]
fn a_full_cache_hits_as_ches_approximation_says() {
    let ratios = ["allkeys-lru", "allkeys-random", "allkeys-fifo"].map(|eviction| {
        let record = play(&full(eviction, "20s"));
        for label in ["ttl", "cache-aside"] {
            assert_eq!(agrees(&record, label, "hit ratio").caveat, None);
        }
        let expiring = record.contenders.iter().find(|one| one.label == "ttl@expiring").unwrap();
        assert!(expiring.predictions.is_empty(), "what expires is not what is evicted");
        assert_eq!(closed_forms(&record).standing, Standing::Ok);
        agrees(&record, "ttl", "hit ratio").predicted
    });
    assert!(ratios[0] > ratios[1] + 0.01, "the two are told apart: {ratios:?}");
    assert_eq!(ratios[1], ratios[2], "chance and age alike do not look at use");
}

#[test]
fn a_full_cache_has_to_have_filled_first() {
    let record = play(&full("allkeys-lru", "100ms"));
    let caveat = &record.contenders[0].predictions[0].caveat;
    assert_eq!(caveat.as_deref(), Some("the warm-up is too short to fill the cache"));
    assert_eq!(closed_forms(&record).standing, Standing::NotApplicable);
    let refusing = play(&full("noeviction", "20s"));
    assert!(refusing.contenders[0].predictions.is_empty(), "it does not evict");
}

const WRITE_BEHIND: &str = r#"
question = "How many rows does a flush write?"
[dataset]
entity = "counter"
keys = 60
[workload]
seed = 5
reads = 0.5
popularity = { zipf = { exponent = 0.9 } }
arrival = { poisson = { rate = 200 } }
warm-up = "5s"
duration = "120s"
[strategies.write-behind]
ttl = "3s"
flush-interval = "500ms"
[strategies."write-behind@small-batches"]
ttl = "3s"
flush-interval = "500ms"
batch = 50
"#;

#[test]
fn a_flush_writes_as_many_rows_as_keys_were_written() {
    let record = play(WRITE_BEHIND);
    let prediction = agrees(&record, "write-behind", "rows per flush");
    assert_eq!(prediction.caveat, None);
    assert!(
        (20.0..40.0).contains(&prediction.predicted),
        "far less than the 50 writes: {prediction:?}"
    );
    let small = &record.contenders[1].predictions;
    assert!(small.iter().all(|one| one.quantity != "rows per flush"), "a flush is many batches");
    let hits = record.contenders[0].predictions.iter().find(|one| one.quantity == "hit ratio");
    let caveat = hits.unwrap().caveat.as_deref();
    assert_eq!(caveat, Some("write-behind is taken for write-through"));
}

#[test]
fn what_a_run_assumes_otherwise_is_said_and_not_held_against_it() {
    let text = full("allkeys-lru", "20s");
    let evenly = text.replace("poisson", "even");
    let record = play(&evenly);
    let caveat = record.contenders[0].predictions[0].caveat.as_deref();
    assert_eq!(caveat, Some("requests come evenly spaced"));
    assert_eq!(closed_forms(&record).standing, Standing::NotApplicable);
    let closed = "arrival = { closed = { clients = 5 } }";
    let closed = text.replace("arrival = { poisson = { rate = 300 } }", closed);
    let record = play(&closed.replace("50s", "1s").replace("20s", "1s"));
    assert_eq!(closed_forms(&record).standing, Standing::NotApplicable);
    assert!(closed_forms(&record).detail.contains("closed loop"));
}
