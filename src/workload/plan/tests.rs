use std::fs;

use proptest::prelude::*;

use super::*;
use crate::model::{Share, Size, Span};
use crate::workload::{BodySize, Entity, Rate, TraceFiles, Zipf};

fn dataset() -> DatasetOptions {
    DatasetOptions {
        entity: Entity::Product,
        namespace: None,
        keys: Some(1_000),
        size: BodySize::default(),
        absent: Share(0.0),
    }
}

fn workload() -> WorkloadOptions {
    WorkloadOptions {
        seed: 1,
        reads: Share(0.9),
        inserts: Share(0.0),
        deletes: Share(0.0),
        read_modify_writes: Share(0.0),
        own_reads: None,
        prefill: false,
        popularity: Popularity::Zipf(Zipf { exponent: 0.99 }),
        arrival: Arrival::Poisson(Rate { rate: 1_000.0 }),
        warm_up: Span::from_secs(1),
        duration: Span::from_secs(10),
        nodes: 3,
        clients: 100,
        timeout: Span::from_secs(10),
    }
}

fn plan(workload: &WorkloadOptions) -> Plan {
    Plan::new(&dataset(), workload, Path::new("")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_request_does_not_depend_on_what_was_asked_before(
        seed: u64, numbers in prop::collection::vec(0..u64::MAX, 1..50)
    ) {
        let options = WorkloadOptions { seed, ..workload() };
        let (one, two) = (plan(&options), plan(&options));
        let forwards: Vec<_> = numbers.iter().map(|&number| one.request(number)).collect();
        let mut backwards: Vec<_> =
            numbers.iter().rev().map(|&number| two.request(number)).collect();
        backwards.reverse();
        prop_assert_eq!(forwards, backwards);
    }

    #[test]
    fn a_client_stays_with_its_node(seed: u64, nodes in 1_u32..9, number: u64) {
        let request = plan(&WorkloadOptions { seed, nodes, ..workload() }).request(number);
        prop_assert!(request.client.0 < 100);
        prop_assert_eq!(request.node.0, request.client.0 % nodes);
    }
}

#[test]
fn the_realised_mix_is_near_the_asked_one() {
    let plan = plan(&workload());
    let mix = plan.describe_mix(100_000);
    assert_eq!(mix.reads + mix.updates, 100_000);
    assert!((mix.share_of(Op::Read).unwrap() - 0.9).abs() < 0.004, "{mix:?}");
    let mut chances = plan.probabilities().unwrap();
    chances.sort_by(|a, b| b.total_cmp(a));
    let top: f64 = chances[..10].iter().sum();
    assert!((mix.top_share().unwrap() - top).abs() < 0.006, "{mix:?} for {top}");
    assert!(mix.distinct_keys > 990, "{mix:?}");
    assert_eq!(plan.describe_mix(0).share_of(Op::Read), None);
}

#[test]
fn the_extreme_shares_are_exact() {
    for (reads, expected) in [(0.0, 0), (1.0, 10_000)] {
        let options = WorkloadOptions { reads: Share(reads), ..workload() };
        assert_eq!(plan(&options).describe_mix(10_000).reads, expected);
    }
}

#[test]
fn an_axis_keeps_its_draws_when_another_changes() {
    let one = plan(&workload());
    let two = plan(&WorkloadOptions { reads: Share(0.5), clients: 7, ..workload() });
    assert!((0..1_000).all(|number| one.request(number).key == two.request(number).key));
    assert_eq!(one.arrivals().take(100).last(), two.arrivals().take(100).last());
}

#[test]
fn a_closed_loop_deals_requests_to_its_clients_in_turn() {
    let closed = Closed { clients: 5, think: Span::from_millis(20) };
    let plan = plan(&WorkloadOptions { arrival: Arrival::Closed(closed), ..workload() });
    assert!(!plan.is_open());
    assert_eq!(plan.closed(), Some(closed));
    assert_eq!((plan.clients(), plan.rate()), (5, None));
    let of_client_two: Vec<u32> = (0..3).map(|k| plan.request(k * 5 + 2).client.0).collect();
    assert_eq!(of_client_two, [2, 2, 2]);
}

/// The hash is part of the Record's format: if this changes, stored Records of the same scenario
/// no longer compare.
#[test]
fn the_hash_is_the_same_on_every_machine() {
    assert_eq!(
        plan(&workload()).hash(),
        "0fbec477d510491f8d486aedf4d92f2bb7deb5c5f8438962bcb32520937a5214"
    );
}

#[test]
fn the_hash_changes_with_whatever_decides_the_plan() {
    let base = plan(&workload()).hash();
    let changed = [
        WorkloadOptions { seed: 2, ..workload() },
        WorkloadOptions { reads: Share(0.91), ..workload() },
        WorkloadOptions { arrival: Arrival::Constant(Rate { rate: 1_000.0 }), ..workload() },
        WorkloadOptions { duration: Span::from_secs(11), ..workload() },
        WorkloadOptions { nodes: 2, ..workload() },
    ];
    for options in &changed {
        assert_ne!(plan(options).hash(), base, "{options:?}");
    }
    let larger = DatasetOptions { size: BodySize::Fixed(Size(2_048)), ..dataset() };
    assert_ne!(Plan::new(&larger, &workload(), Path::new("")).unwrap().hash(), base);
}

#[test]
fn a_trace_brings_its_own_keys_and_its_content_is_hashed() {
    let directory = tempfile::tempdir().unwrap();
    let traced = |name: &str, lines: &str, keys| {
        fs::write(directory.path().join(name), lines).unwrap();
        let files = TraceFiles { files: vec![name.into()] };
        let options = WorkloadOptions { popularity: Popularity::Trace(files), ..workload() };
        Plan::new(&DatasetOptions { keys, ..dataset() }, &options, directory.path())
    };
    let plan = traced("one.txt", "a\nb\na\n", None).unwrap();
    assert_eq!(plan.keys(), 2);
    let asked: Vec<u64> = (0..5).map(|number| plan.request(number).key.0).collect();
    assert_eq!(asked, [0, 1, 0, 0, 1]);
    assert_eq!(plan.hash(), traced("two.txt", "x\ny\nx\n", None).unwrap().hash());
    assert_ne!(plan.hash(), traced("three.txt", "a\nb\nb\n", None).unwrap().hash());
    assert_eq!(traced("one.txt", "a\nb\na\n", Some(9)).unwrap().keys(), 9);
    let error = traced("one.txt", "a\nb\na\n", Some(1)).unwrap_err();
    assert!(matches!(error, Error::TooFewKeys { given: 1, needed: 2 }), "{error}");
}

#[test]
fn an_option_that_allows_no_plan_is_named() {
    let rate = |rate| Arrival::Poisson(Rate { rate });
    let closed = Closed { clients: 0, think: Span::default() };
    let wrong = [
        ("workload.nodes", WorkloadOptions { nodes: 0, ..workload() }),
        ("workload.clients", WorkloadOptions { clients: 0, ..workload() }),
        ("poisson.rate", WorkloadOptions { arrival: rate(0.0), ..workload() }),
        ("poisson.rate", WorkloadOptions { arrival: rate(f64::NAN), ..workload() }),
        ("closed.clients", WorkloadOptions { arrival: Arrival::Closed(closed), ..workload() }),
    ];
    for (option, options) in wrong {
        let error = Plan::new(&dataset(), &options, Path::new("")).unwrap_err().to_string();
        assert!(error.contains(option), "{error}");
    }
    let size = BodySize::Uniform { min: Size(9), max: Size(8) };
    for (option, dataset) in [
        ("dataset.keys", DatasetOptions { keys: None, ..dataset() }),
        ("dataset.keys", DatasetOptions { keys: Some(0), ..dataset() }),
        ("dataset.size", DatasetOptions { size, ..dataset() }),
        ("dataset.namespace", DatasetOptions { namespace: Some("x".into()), ..dataset() }),
    ] {
        let error = Plan::new(&dataset, &workload(), Path::new("")).unwrap_err().to_string();
        assert!(error.contains(option), "{error}");
    }
}
