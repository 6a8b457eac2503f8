//! Closed forms met on a real Redis and a real SQLite, within the band that a run is held to.
//!
//! A busy machine delays requests and makes loads slow. Neither moves these figures: who hits follows from
//! the order of requests, TTLs and rests are long against any delay, and a load's time is measured.

use cacheduel::backend::CacheServer;
use cacheduel::experiment::{self, Environment, Silent};
use cacheduel::record::{Record, Standing};
use cacheduel::scenario;

/// Each key is read seven times a second and written three times, and an entry lives for a second.
const WRITTEN: &str = r#"
question = "Do real servers give what theory says?"
[dataset]
entity = "counter"
keys = 40
[workload]
seed = 20
reads = 0.7
popularity = "uniform"
arrival = { poisson = { rate = 400 } }
warm-up = "1s"
duration = "5s"
nodes = 2
[store]
durability = "normal"
[strategies.no-cache]
[strategies.cache-aside]
ttl = "1s"
[strategies.ttl]
ttl = "1s"
[strategies.write-through]
ttl = "1s"
[strategies.write-behind]
ttl = "1s"
flush-interval = "500ms"
"#;

/// Four hot keys whose loads take fifty milliseconds.
const READ: &str = r#"
question = "Do real servers give what theory says of guards and refreshes?"
[dataset]
entity = "counter"
keys = 4
[workload]
seed = 21
reads = 1.0
popularity = "uniform"
arrival = { poisson = { rate = 400 } }
warm-up = "600ms"
duration = "6s"
nodes = 2
[store]
delay = "50ms"
[strategies.cache-aside]
ttl = "600ms"
[strategies."cache-aside@coalesce"]
ttl = "600ms"
stampede = "coalesce"
[strategies."cache-aside@lease"]
ttl = "600ms"
stampede = "lease"
[strategies.refresh-ahead]
ttl = "600ms"
factor = 0.5
"#;

async fn real(text: &str) -> Record {
    let loaded = scenario::parse("forms", text).unwrap();
    assert_eq!(loaded.scenario.cache.server, CacheServer::Managed);
    let environment = Environment::real(&loaded.scenario, None).await.unwrap();
    let record = experiment::run(&loaded, &environment, &Silent).await.unwrap();
    assert!(!record.is_embedded(), "these tests are of a real server");
    assert_eq!(record.store.kind, "sqlite");
    record
}

/// The figures that a run is held to, in the order of the tables, all of which are within the band.
fn held(record: &Record) -> Vec<String> {
    let check = record.checks.iter().find(|check| check.name == "closed forms").unwrap();
    assert_eq!(check.standing, Standing::Ok, "{}", check.detail);
    let mut held = Vec::new();
    for contender in &record.contenders {
        for found in contender.predictions.iter().filter(|found| found.caveat.is_none()) {
            assert!(found.standard_error.is_finite() && found.predicted.is_finite(), "{found:?}");
            held.push(format!("{}: {}", contender.label, found.quantity));
        }
    }
    assert!(check.detail.starts_with(&format!("{} figures", held.len())), "{}", check.detail);
    held
}

#[tokio::test]
async fn hit_ratios_and_store_load_under_writes_are_what_theory_says() {
    let record = real(WRITTEN).await;
    assert_eq!(
        held(&record),
        [
            "no-cache: hit ratio",
            "cache-aside: hit ratio",
            "cache-aside: store reads per expiry",
            "ttl: hit ratio",
            "ttl: stale share of hits",
            "ttl: store reads per expiry",
            "write-through: hit ratio",
            "write-behind: rows per flush",
        ]
    );
    // Told apart from each other by far more than the band is wide.
    let hits = |label: &str| {
        let found = record.contenders.iter().find(|contender| contender.label == label).unwrap();
        found.predictions[0].predicted
    };
    assert!(hits("cache-aside") + 0.05 < hits("ttl"));
    assert!(hits("ttl") + 0.05 < hits("write-through"));
}

#[tokio::test]
async fn what_guards_and_refreshes_cost_the_store_is_what_theory_says() {
    let record = real(READ).await;
    assert_eq!(
        held(&record),
        [
            "cache-aside: hit ratio",
            "cache-aside: store reads per expiry",
            "cache-aside@coalesce: hit ratio",
            "cache-aside@coalesce: store reads per expiry",
            "cache-aside@lease: hit ratio",
            "cache-aside@lease: store reads per expiry",
            "refresh-ahead: hit ratio",
            "refresh-ahead: store reads/s",
        ]
    );
}
