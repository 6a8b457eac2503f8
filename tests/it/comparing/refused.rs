//! What is not compared, and what is said of it.

use cacheduel::compare::compare;
use cacheduel::compare::difference::Error;
use cacheduel::record::Record;

use super::made_up::Plan;

fn records() -> (Record, Record) {
    Plan { paired: true, ..Plan::default() }.records()
}

/// Every difference between a Record and the same after a change.
fn refusals(change: impl Fn(&mut Record)) -> Vec<String> {
    let (baseline, mut candidate) = records();
    change(&mut candidate);
    match compare(&baseline, &candidate) {
        Err(Error::Incomparable(found)) => found.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_difference_in_what_was_asked_of_whom_is_named() {
    let found = refusals(|candidate| {
        candidate.scenario.workload.seed = 43;
        candidate.plan.hash = "0000".into();
        candidate.cache.version = "8.4.0".into();
        candidate.store.settings.insert("synchronous".into(), "OFF".into());
        candidate.host.cores = 16;
    });
    let expected = [
        "workload.seed: 42 against 43",
        "the plan's hash: 9f2c41d07be85a36 against 0000",
        "the cache's version: 8.2.1 against 8.4.0",
        "the store's settings.synchronous: FULL against OFF",
        "the machine.cores: 8 against 16",
    ];
    assert_eq!(found, expected);
}

#[test]
fn another_kind_of_server_is_refused() {
    let found = refusals(|candidate| candidate.store.kind = "postgres".into());
    assert_eq!(found, ["the store's kind: sqlite against postgres"]);
}

#[test]
fn a_strategy_must_have_been_run_again_as_it_was() {
    let found = refusals(|candidate| candidate.contenders.truncate(1));
    assert_eq!(found, ["strategies.ttl: was run against was not run"]);
    let found = refusals(|candidate| {
        let text = candidate.source.replace("ttl = \"30s\"", "ttl = \"31s\"");
        candidate.scenario = toml::from_str(&text).unwrap();
    });
    assert_eq!(found, ["strategies.ttl.ttl: 30s against 31s"]);
    let (mut baseline, candidate) = records();
    baseline.contenders.truncate(1);
    let comparison = compare(&baseline, &candidate).unwrap();
    assert_eq!(comparison.notes, ["ttl is not in the baseline, and was left out"]);
}

#[test]
fn words_and_thresholds_may_differ() {
    let (baseline, mut candidate) = records();
    candidate.scenario.question = "Another?".into();
    candidate.scenario.notes = None;
    candidate.scenario.repeats = 99;
    candidate.scenario.thresholds.lost_writes = Some(5);
    candidate.cache.address = "/tmp/another/socket".into();
    assert!(compare(&baseline, &candidate).is_ok());
}

#[test]
fn no_data_is_an_error_and_never_a_pass() {
    let (mut baseline, mut candidate) = records();
    for run in candidate.contenders.iter_mut().flat_map(|one| &mut one.runs) {
        run.measures.latency.truncate(1);
    }
    let error = compare(&baseline, &candidate).unwrap_err();
    assert!(matches!(error, Error::NoData(_)), "{error}");
    assert!(error.to_string().contains("only the baseline has the figure update p50"), "{error}");
    // Neither side has updates: nobody asked for any by name.
    for run in baseline.contenders.iter_mut().flat_map(|one| &mut one.runs) {
        run.measures.latency.truncate(1);
    }
    assert_eq!(compare(&baseline, &candidate).unwrap().family, 10);
    candidate.scenario.gate = toml::from_str("primary = [\"update-p50\"]").unwrap();
    assert!(matches!(compare(&baseline, &candidate), Err(Error::NoData(_))));

    baseline.contenders.clear();
    assert!(matches!(compare(&baseline, &baseline.clone()), Err(Error::NoData(_))));
    let hollow = crate::reports::fixture::hollow();
    assert!(matches!(compare(&hollow, &hollow), Err(Error::NoData(_))));
}
