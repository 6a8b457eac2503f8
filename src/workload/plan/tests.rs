use std::fs;

use proptest::prelude::*;

use super::*;
use crate::model::{Share, Size, Span};
use crate::theory::goodness::chi_squared;
use crate::workload::{
    BodySize, Entity, Hotspot, Latest, OwnReads, Profile, Ramp, TraceFiles, Zipf,
};

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
        arrival: Arrival::Poisson(Profile::Rate(1_000.0)),
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
    let mix = plan.census(100_000).mix;
    assert_eq!(mix.reads + mix.updates, 100_000);
    assert!((mix.share_of(Op::Read).unwrap() - 0.9).abs() < 0.004, "{mix:?}");
    let mut chances = plan.probabilities().unwrap();
    chances.sort_by(|a, b| b.total_cmp(a));
    let top: f64 = chances[..10].iter().sum();
    assert!((mix.top_share().unwrap() - top).abs() < 0.006, "{mix:?} for {top}");
    assert!(mix.distinct_keys > 990, "{mix:?}");
    assert_eq!(plan.census(0).mix.share_of(Op::Read), None);
}

#[test]
fn the_draws_are_such_as_was_asked_for() {
    let hotspot = Hotspot { keys: Share(0.02), requests: Share(0.8) };
    for popularity in [
        Popularity::Uniform,
        Popularity::Zipf(Zipf { exponent: 0.5 }),
        Popularity::Zipf(Zipf { exponent: 1.2 }),
        Popularity::Hotspot(hotspot),
    ] {
        for seed in 1..6 {
            let (dataset, workload) = all_kinds();
            let own_reads = Some(OwnReads { share: Share(0.5), after: 3 });
            let workload =
                WorkloadOptions { popularity: popularity.clone(), seed, own_reads, ..workload };
            let plan = Plan::new(&dataset, &workload, Path::new("")).unwrap();
            let tallies = plan.census(200_000).tallies;
            let named: Vec<_> = tallies.iter().map(|tally| tally.of).collect();
            assert_eq!(named, ["operations", "popularity", "gaps"]);
            for tally in tallies {
                let fit = chi_squared(&tally.classes).unwrap();
                assert!(fit.p_value > 0.001, "{popularity:?}, seed {seed}: {} {fit:?}", tally.of);
            }
        }
    }
}

#[test]
fn what_chance_does_not_decide_is_not_tested() {
    let closed = Arrival::Closed(Closed { clients: 5, think: Span::default() });
    let latest = Popularity::Latest(Latest { exponent: 1.0, every: 5 });
    let options = WorkloadOptions { arrival: closed, popularity: latest, ..workload() };
    let named: Vec<_> = plan(&options).census(100).tallies.iter().map(|tally| tally.of).collect();
    assert_eq!(named, ["operations"]);
    let even = WorkloadOptions { arrival: Arrival::Even(Profile::Rate(9.0)), ..workload() };
    assert_eq!(plan(&even).census(100).tallies.len(), 2);
}

#[test]
fn a_rate_that_changes_is_no_rate_for_a_closed_form() {
    let ramp = Profile::Ramp(Ramp { from: 1_000.0, to: 2_000.0, over: None });
    let ramp = plan(&WorkloadOptions { arrival: Arrival::Poisson(ramp), ..workload() });
    assert_eq!((plan(&workload()).rate(), ramp.rate()), (Some(1_000.0), None));
    assert_ne!(ramp.hash(), plan(&workload()).hash());
}

#[test]
fn the_extreme_shares_are_exact() {
    for (reads, expected) in [(0.0, 0), (1.0, 10_000)] {
        let options = WorkloadOptions { reads: Share(reads), ..workload() };
        assert_eq!(plan(&options).census(10_000).mix.reads, expected);
    }
}

/// Every kind of operation, on keys of which a quarter has no row.
fn all_kinds() -> (DatasetOptions, WorkloadOptions) {
    let workload = WorkloadOptions {
        reads: Share(0.5),
        inserts: Share(0.1),
        deletes: Share(0.1),
        read_modify_writes: Share(0.2),
        ..workload()
    };
    (DatasetOptions { absent: Share(0.25), ..dataset() }, workload)
}

#[test]
fn every_operation_has_the_share_asked_for() {
    let (dataset, workload) = all_kinds();
    let plan = Plan::new(&dataset, &workload, Path::new("")).unwrap();
    let mix = plan.census(100_000).mix;
    let shares = [0.5, 0.1, 0.1, 0.1, 0.2];
    for (op, share) in Op::ALL.into_iter().zip(shares) {
        // Four standard deviations of the widest are 0.0063.
        assert!((mix.share_of(op).unwrap() - share).abs() < 0.0064, "{op:?}: {mix:?}");
    }
    let exact = WorkloadOptions { read_modify_writes: Share(0.3), ..workload };
    let plan = Plan::new(&dataset, &exact, Path::new("")).unwrap();
    assert_eq!(plan.census(100_000).mix.updates, 0, "the shares leave nothing");
}

#[test]
fn inserts_take_keys_without_a_row_and_other_requests_any() {
    let (dataset, workload) = all_kinds();
    let plan = Plan::new(&dataset, &workload, Path::new("")).unwrap();
    assert_eq!((plan.keys(), plan.loaded()), (1_000, 750));
    let requests: Vec<_> = (0..20_000).map(|number| plan.request(number)).collect();
    let keys = |op| requests.iter().filter(move |it| it.op == op).map(|it| it.key.0);
    assert!(keys(Op::Insert).all(|key| (750..1_000).contains(&key)));
    for op in [Op::Read, Op::Update, Op::Delete, Op::ReadModifyWrite] {
        assert!(keys(op).any(|key| key < 750) && keys(op).any(|key| key >= 750), "{op:?}");
    }
    // Where nothing is inserted the same keys are asked for.
    let other =
        Plan::new(&dataset, &WorkloadOptions { inserts: Share(0.0), ..workload }, Path::new(""));
    let other = other.unwrap();
    let unchanged = requests.iter().filter(|it| it.op != Op::Insert);
    assert!(unchanged.into_iter().all(|it| other.request(it.number).key == it.key));
}

/// The own reads among the first requests: each with the write that it must be a read of.
fn own_reads(workload: &WorkloadOptions, distance: u64) -> Vec<(Request, Request)> {
    let with = plan(workload);
    let without = plan(&WorkloadOptions { own_reads: None, ..workload.clone() });
    (0..50_000)
        .map(|number| (with.request(number), without.request(number)))
        .filter(|(with, without)| with != without)
        .map(|(with, _)| (with, without.request(with.number - distance)))
        .collect()
}

#[test]
fn a_client_reads_its_own_write_so_many_requests_later() {
    let own = OwnReads { share: Share(0.5), after: 3 };
    let closed = Arrival::Closed(Closed { clients: 7, think: Span::default() });
    for (arrival, distance) in [(workload().arrival, 3), (closed, 3 * 7)] {
        let options = WorkloadOptions { own_reads: Some(own), arrival, ..workload() };
        let reads = own_reads(&options, distance);
        let plan = plan(&options);
        for (read, write) in &reads {
            assert_eq!((read.op, read.key), (Op::Read, write.key));
            assert_eq!((read.client, read.node), (write.client, write.node));
            assert!(!write.op.is_read());
            assert_eq!(plan.request(write.number), *write, "the write itself is in the plan");
        }
        let writes = (0..50_000).filter(|&number| !plan.request(number).op.is_read()).count();
        let share = reads.len() as f64 / writes as f64;
        // About 4,900 writes: a standard deviation is 0.007.
        assert!((share - 0.5).abs() < 0.03, "{share}");
    }
}

#[test]
fn an_own_read_is_never_read_in_turn() {
    let own_reads = Some(OwnReads { share: Share(1.0), after: 2 });
    let plan = plan(&WorkloadOptions { reads: Share(0.0), own_reads, ..workload() });
    let is_read = |number| plan.request(number).op.is_read();
    // Two writes, their two reads, two writes again: also past where a row is cut.
    for number in 2..20_000 {
        assert_eq!(is_read(number), !is_read(number - 2), "{number}");
    }
    assert!(!is_read(0) && !is_read(1));
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
        "fcb28ac2a0c15f98f88d37deb5dac9716fefb96e6e48f24d4805105a1aca903c"
    );
}

#[test]
fn the_hash_changes_with_whatever_decides_the_plan() {
    let base = plan(&workload()).hash();
    let changed = [
        WorkloadOptions { seed: 2, ..workload() },
        WorkloadOptions { reads: Share(0.91), ..workload() },
        WorkloadOptions { arrival: Arrival::Even(Profile::Rate(1_000.0)), ..workload() },
        WorkloadOptions { duration: Span::from_secs(11), ..workload() },
        WorkloadOptions { nodes: 2, ..workload() },
        WorkloadOptions { deletes: Share(0.1), ..workload() },
        WorkloadOptions { prefill: true, ..workload() },
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
    let rate = |rate| Arrival::Poisson(Profile::Rate(rate));
    let closed = Closed { clients: 0, think: Span::default() };
    let wrong = [
        ("workload.nodes", WorkloadOptions { nodes: 0, ..workload() }),
        ("workload.clients", WorkloadOptions { clients: 0, ..workload() }),
        ("poisson.rate", WorkloadOptions { arrival: rate(0.0), ..workload() }),
        ("workload.reads", WorkloadOptions { deletes: Share(0.2), ..workload() }),
        ("dataset.absent", WorkloadOptions { inserts: Share(0.1), ..workload() }),
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
