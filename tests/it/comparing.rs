//! Two Records side by side: what is planted is found, what is noise is not, and what cannot be compared
//! is refused.

pub mod command;
mod consumers;
mod emitted;
pub mod exact;
mod kept;
pub mod made_up;
mod refused;

use cacheduel::compare::difference::{Difference, Method, Reason};
use cacheduel::compare::{Change, Comparison, Metric, compare};
use cacheduel::record::{Check, Record, Standing};
use made_up::{Plan, twinned};

/// A difference of the first strategy.
fn of(comparison: &Comparison, metric: Metric) -> &Difference {
    let found = comparison.strategies[0].differences.iter().find(|it| it.metric == metric);
    found.unwrap_or_else(|| panic!("there is no {}", metric.name()))
}

fn change(comparison: &Comparison, metric: Metric) -> Change {
    of(comparison, metric).decision.as_ref().expect("it decides").change
}

fn reason(comparison: &Comparison, metric: Metric) -> Option<&Reason> {
    of(comparison, metric).decision.as_ref().expect("it decides").reason.as_ref()
}

fn compared((baseline, candidate): &(Record, Record)) -> Comparison {
    compare(baseline, candidate).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn of_twenty_that_are_alike_none_has_regressed() {
    for seed in 0..10 {
        for paired in [true, false] {
            let comparison = compared(&Plan { seed, paired, ..Plan::default() }.records());
            let method = if paired { Method::Paired } else { Method::Unpaired };
            assert_eq!(comparison.method, method);
            assert_ne!(comparison.change(), Change::Regressed, "{:#?}", comparison.sentences());
            // Two strategies, and all seven figures of each.
            assert_eq!(comparison.family, 14);
        }
    }
}

#[test]
fn a_tenth_of_latency_is_found_in_twelve_pairs() {
    for seed in 0..5 {
        let plan = Plan { seed, paired: true, slower: 1.1, ..Plan::default() };
        let comparison = compared(&plan.records());
        assert_eq!(comparison.change(), Change::Regressed, "{seed}");
        assert_eq!(change(&comparison, Metric::ReadP50), Change::Regressed, "{seed}");
        assert_ne!(change(&comparison, Metric::StoreReads), Change::Regressed, "{seed}");
        let found = of(&comparison, Metric::ReadP50).relative().unwrap();
        assert!((0.08..0.12).contains(&found), "{found}");
        assert!(comparison.sentences()[0].starts_with("Regressed: "));
    }
}

#[test]
fn a_fifth_of_latency_is_found_without_pairs_too() {
    for seed in 0..5 {
        let comparison = compared(&Plan { seed, slower: 1.2, ..Plan::default() }.records());
        assert_eq!(change(&comparison, Metric::ReadP50), Change::Regressed, "{seed}");
    }
}

#[test]
fn doubled_reads_of_the_store_are_found() {
    for (seed, paired) in (0..5).flat_map(|seed| [(seed, true), (seed, false)]) {
        let plan = Plan { seed, paired, store_reads: 2.0, ..Plan::default() };
        let comparison = compared(&plan.records());
        assert_eq!(change(&comparison, Metric::StoreReads), Change::Regressed, "{seed}");
        assert_ne!(change(&comparison, Metric::ReadP50), Change::Regressed, "{seed}");
    }
}

#[test]
fn less_is_an_improvement_and_the_other_way_round_a_regression() {
    let (slow, fast) = Plan { paired: true, slower: 0.8, ..Plan::default() }.records();
    let comparison = compare(&slow, &fast).unwrap();
    assert_eq!(change(&comparison, Metric::ReadP50), Change::Improved);
    assert_ne!(comparison.change(), Change::Regressed);
    let back = compare(&fast, &slow).unwrap();
    assert_eq!(change(&back, Metric::ReadP50), Change::Regressed);
    let p = |comparison: &Comparison| of(comparison, Metric::ReadP50).probability;
    assert_eq!(p(&comparison), p(&back));
}

#[test]
fn too_few_runs_say_nothing_and_say_so() {
    let plan = Plan { paired: true, slower: 2.0, runs: 11, ..Plan::default() };
    let comparison = compared(&plan.records());
    assert_eq!(comparison.change(), Change::Inconclusive);
    let expected = Reason::TooFew { runs: 11, needed: 12, paired: true };
    assert_eq!(reason(&comparison, Metric::ReadP50), Some(&expected));
    let told = comparison.sentences().join("\n");
    assert!(told.contains("11 valid pairs are too few: it takes 12"), "{told}");
}

#[test]
fn a_change_that_is_smaller_than_what_matters_is_none() {
    let mut records = Plan { paired: true, slower: 1.1, ..Plan::default() }.records();
    for figure in ["read-p50", "read-p99", "update-p50", "update-p99"] {
        let gated = serde_json::from_value(figure.into()).unwrap();
        let effect = "25%".parse().unwrap();
        records.1.scenario.gate.minimum_effect.insert(gated, effect);
    }
    let comparison = compared(&records);
    assert_eq!(change(&comparison, Metric::ReadP50), Change::Unchanged);
    assert_eq!(comparison.that(Change::Regressed).count(), 0);
    // It is the candidate's scenario that counts.
    let back = compare(&records.1, &records.0).unwrap();
    assert_eq!(change(&back, Metric::ReadP50), Change::Improved);
}

#[test]
fn what_looks_like_a_change_and_is_not_sure_is_not_called_the_same() {
    let mut records = Plan { paired: true, ..Plan::default() }.records();
    // Half of the runs find twice as many stale reads, the others as many as before.
    let stale =
        |record: &Record, place: usize| record.contenders[0].runs[place].findings.definitely_stale;
    for place in 0..12 {
        let twice = if place % 2 == 0 { 2 } else { 1 };
        let reads = stale(&records.0, place) * twice - u64::from(place == 5);
        records.1.contenders[0].runs[place].findings.definitely_stale = reads;
    }
    let comparison = compared(&records);
    assert_eq!(change(&comparison, Metric::StaleShare), Change::Inconclusive);
    assert!(matches!(
        reason(&comparison, Metric::StaleShare),
        Some(Reason::Unclear | Reason::NotSignificant(_))
    ));
}

#[test]
fn what_is_as_large_as_the_noise_is_not_told() {
    let records = Plan { paired: true, slower: 1.12, ..Plan::default() }.records();
    assert_eq!(change(&compared(&records), Metric::ReadP50), Change::Regressed);
    let comparison = compare(&twinned(records.0.clone(), 1.15), &records.1).unwrap();
    assert_eq!(change(&comparison, Metric::ReadP50), Change::Inconclusive);
    assert!(
        matches!(reason(&comparison, Metric::ReadP50), Some(Reason::Noise(floor)) if *floor > 0.12)
    );
    assert_eq!(comparison.strategies.len(), 2, "a twin is no rival");
    let quiet = compare(&twinned(records.0, 1.02), &records.1).unwrap();
    assert_eq!(change(&quiet, Metric::ReadP50), Change::Regressed);
}

#[test]
fn a_run_that_is_invalid_is_left_out_with_the_other_of_its_pair() {
    let mut records = Plan { paired: true, slower: 1.2, runs: 13, ..Plan::default() }.records();
    records.1.contenders[0].runs[4].checks.push(Check {
        name: "dispatch lag".into(),
        standing: Standing::Invalid,
        detail: "late".into(),
    });
    let comparison = compared(&records);
    assert_eq!(of(&comparison, Metric::ReadP50).baseline_runs.len(), 12);
    assert_eq!(change(&comparison, Metric::ReadP50), Change::Regressed);
    let note = "1 of the candidate's 13 runs are INVALID (dispatch lag), and were left out";
    assert!(comparison.notes[0].contains(note), "{:?}", comparison.notes);

    for run in &mut records.1.contenders[0].runs {
        run.checks[0].standing = Standing::Invalid;
    }
    let comparison = compared(&records);
    assert_eq!(change(&comparison, Metric::ReadP50), Change::Inconclusive);
    assert_eq!(reason(&comparison, Metric::ReadP50), Some(&Reason::Invalid));
}

#[test]
fn what_does_not_decide_never_does() {
    let mut records = Plan { paired: true, ..Plan::default() }.records();
    for run in records.1.contenders.iter_mut().flat_map(|one| &mut one.runs) {
        run.cache_counters.as_mut().unwrap().used_memory *= 3;
    }
    let comparison = compared(&records);
    let memory = of(&comparison, Metric::Memory);
    assert_eq!((memory.relative(), &memory.decision), (Some(2.0), &None));
    assert_ne!(comparison.change(), Change::Regressed);
    records.1.scenario.gate = toml::from_str("primary = [\"memory\", \"read-p50\"]").unwrap();
    let comparison = compared(&records);
    assert_eq!(change(&comparison, Metric::Memory), Change::Regressed);
    assert_eq!(comparison.family, 4);
}
