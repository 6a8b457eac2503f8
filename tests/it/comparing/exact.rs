//! Simulations: equal to the last count, or not.

use async_trait::async_trait;
use cacheduel::backend::Ctx;
use cacheduel::clock::SimClock;
use cacheduel::compare::difference::{Error, Method};
use cacheduel::compare::{Change, Metric, compare};
use cacheduel::experiment::{self, Environment};
use cacheduel::model::{Draft, Key, Outcome, Profile, Value, Version};
use cacheduel::record::{Record, Standing};
use cacheduel::scenario::{self, Loaded};
use cacheduel::strategy::Strategy;
use futures_util::future::BoxFuture;

use super::{change, of};
use crate::simulated::{profile, simulate};

const SCENARIO: &str = r#"
question = "Is it as it was?"
[dataset]
entity = "counter"
keys = 100
[workload]
seed = 5
reads = 0.9
popularity = { zipf = { exponent = 0.9 } }
arrival = { poisson = { rate = 500 } }
warm-up = "2s"
duration = "20s"
[strategies]
no-cache = {}
cache-aside = { ttl = "1s" }
"#;

fn loaded() -> Loaded {
    scenario::parse("exact", SCENARIO).unwrap()
}

/// Servers that take so many times as long as usual.
fn servers(times: f64) -> Profile {
    let [round_trip, read, version, commit] =
        [200.0, 1_000.0, 300.0, 2_000.0].map(|micros: f64| (micros * times).round() as u64);
    profile(round_trip, read, version, commit)
}

/// A simulation whose servers take so many times as long.
pub fn simulated(times: f64) -> Record {
    simulate(&loaded(), &servers(times))
}

#[test]
fn ten_of_the_same_are_equal() {
    let baseline = simulated(1.0);
    assert!(baseline.is_simulated());
    for _ in 0..10 {
        let mut candidate = simulated(1.0);
        candidate.started = "2031-01-01T00:00:00Z".into();
        candidate.host.cores += 6;
        candidate.tool = "9.9.9".into();
        let comparison = compare(&baseline, &candidate).unwrap();
        assert_eq!(comparison.is_equal(), Some(true), "{:?}", comparison.method);
        assert_eq!(comparison.change(), Change::Unchanged);
        assert_eq!(comparison.sentences(), ["Equal to the last count: nothing has changed."]);
    }
}

#[test]
fn a_tenth_of_latency_is_always_found() {
    let comparison = compare(&simulated(1.0), &simulated(1.1)).unwrap();
    assert_eq!(comparison.change(), Change::Regressed);
    for metric in [Metric::ReadP50, Metric::ReadP99, Metric::UpdateP50, Metric::UpdateP99] {
        assert_eq!(change(&comparison, metric), Change::Regressed, "{metric:?}");
    }
    let note =
        "the servers were not simulated alike: profile.cache.round-trip.p50: 200us against 220us";
    assert!(comparison.notes.contains(&note.to_owned()), "{:?}", comparison.notes);
    let found = of(&comparison, Metric::ReadP50).relative().unwrap();
    assert!((found - 0.1).abs() < 0.01, "{found}");
    assert_eq!(change(&comparison, Metric::StoreReads), Change::Unchanged);
}

#[test]
fn the_least_change_is_named_with_both_values() {
    let (baseline, mut candidate) = (simulated(1.0), simulated(1.0));
    candidate.contenders[1].runs[0].measures.lookups.hits += 1;
    let comparison = compare(&baseline, &candidate).unwrap();
    assert_eq!(comparison.is_equal(), Some(false));
    let Method::Exact { differing, more: 0 } = &comparison.method else { panic!() };
    assert_eq!(differing.len(), 1);
    assert_eq!(differing[0].path, "cache-aside.runs.0.measures.lookups.hits");
    let hits = baseline.contenders[1].runs[0].measures.lookups.hits;
    assert_eq!(
        (&differing[0].baseline, &differing[0].candidate),
        (&hits.to_string(), &(hits + 1).to_string())
    );
    // One more hit is a little better.
    assert_eq!(comparison.change(), Change::Improved);

    let mut candidate = baseline.clone();
    candidate.contenders[0].runs[0].measures.requests.in_flight_peak += 1;
    let comparison = compare(&baseline, &candidate).unwrap();
    assert_eq!((comparison.is_equal(), comparison.change()), (Some(false), Change::Unchanged));
    assert!(comparison.headline().contains("1 values differ"), "{}", comparison.headline());
}

#[test]
fn an_invalid_simulation_says_nothing() {
    let (baseline, mut candidate) = (simulated(1.0), simulated(1.1));
    candidate.contenders[0].runs[0].checks[0].standing = Standing::Invalid;
    let comparison = compare(&baseline, &candidate).unwrap();
    assert_eq!(change(&comparison, Metric::ReadP50), Change::Inconclusive);
}

/// No cache, and a read that asks the store so many times.
struct Repeating(usize);

#[async_trait]
impl Strategy for Repeating {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        Box::pin(async move {
            let mut row = ctx.lookup().store().read(key).await?;
            for _ in 1..self.0 {
                row = ctx.lookup().store().read(key).await?;
            }
            Ok(row.value)
        })
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        ctx.write().store().write(&draft).await
    }
}

#[test]
fn doubled_reads_of_the_store_are_always_found() {
    let mut loaded = loaded();
    loaded.scenario.strategies.0.truncate(1);
    let with_reads = |times: usize| {
        let mut record = simulate(&loaded, &servers(1.0));
        let clock = SimClock::new();
        let environment = Environment::simulated(&loaded.scenario, &clock, &servers(1.0));
        let build = || Box::new(Repeating(times)) as Box<dyn Strategy>;
        let run = clock.block_on(experiment::run_strategy(&loaded, &environment, &build)).unwrap();
        record.contenders[0].runs = vec![run];
        record
    };
    let (baseline, candidate) = (with_reads(1), with_reads(2));
    let comparison = compare(&baseline, &candidate).unwrap();
    assert_eq!(change(&comparison, Metric::StoreReads), Change::Regressed);
    assert_eq!(of(&comparison, Metric::StoreReads).relative(), Some(1.0));
    let equal = compare(&baseline, &with_reads(1)).unwrap();
    assert_eq!(equal.is_equal(), Some(true));
}

#[test]
fn a_simulation_is_no_measurement() {
    let baseline = simulated(1.0);
    let mut measured = baseline.clone();
    measured.profile = None;
    let Err(Error::Incomparable(found)) = compare(&baseline, &measured) else { panic!() };
    assert_eq!(found[0].to_string(), "the run: simulated against measured");
}
