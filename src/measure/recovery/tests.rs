use proptest::prelude::*;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::judge::StalenessBucket;
use crate::measure::{Bucket, Timeline};
use crate::model::{Breakage, CacheBreakage, Distribution};

const WIDTH: Nanos = Nanos::from_millis(100);

/// An interval of 200 requests, half of which are reads; of these nine tenths hit.
fn usual() -> Bucket {
    let times = |median: u64| {
        let mut times = Distribution::coarse();
        (0..100).for_each(|index| times.record(Nanos::from_micros(median + index)));
        times
    };
    Bucket {
        requests: 200,
        hits: 90,
        misses: 10,
        store_reads: 10,
        store_burst: 10,
        reads: times(200),
        writes: times(900),
        ..Bucket::default()
    }
}

/// The same while the cache is gone: half of the requests fail, the others are slow.
fn broken() -> Bucket {
    let mut reads = Distribution::coarse();
    (0..50).for_each(|_| reads.record(Nanos::from_millis(40)));
    let (hits, misses) = (0, 50);
    Bucket { failed: 100, hits, misses, store_reads: 60, store_burst: 60, reads, ..usual() }
}

fn run_of(timeline: Vec<Bucket>) -> (Measures, Findings) {
    let judged = StalenessBucket { reads: 100, definitely_stale: 1, possibly_stale: 1 };
    let findings = Findings { timeline: vec![judged; timeline.len()], ..Findings::default() };
    let window = Nanos(WIDTH.0 * timeline.len() as u64);
    (Measures { window, bucket: WIDTH, timeline, ..Measures::default() }, findings)
}

/// `buckets` usual intervals, but for those that are broken.
fn with_broken(buckets: usize, broken_ones: &[(usize, usize)]) -> (Measures, Findings) {
    let is_broken = |index| broken_ones.iter().any(|&(from, to)| (from..to).contains(&index));
    let bucket = |index| if is_broken(index) { broken() } else { usual() };
    run_of((0..buckets).map(bucket).collect())
}

fn fault(began: u64, ended: u64) -> Injected {
    Injected {
        what: Breakage::Cache(CacheBreakage::Paused),
        began: Nanos::from_millis(began),
        ended: Nanos::from_millis(ended),
        trouble: None,
    }
}

fn through(run: &(Measures, Findings), faults: &[Injected]) -> Vec<ThroughFault> {
    through_faults(&run.0, &run.1, faults)
}

fn of(through: &ThroughFault, figure: Figure) -> Recovery {
    let found = through.recoveries.iter().find(|recovery| recovery.figure == figure);
    *found.unwrap_or_else(|| panic!("no {figure:?} in {through:?}"))
}

#[test]
fn a_figure_is_told_before_at_its_worst_and_until_it_is_back() {
    // Broken from 3.0 s to 4.0 s, and for another 0.7 s.
    let told = through(&with_broken(100, &[(30, 47)]), &[fault(3_000, 4_000)]);
    let errors = of(&told[0], Figure::Errors);
    assert_eq!((errors.before, errors.worst), (0.0, 0.5));
    assert_eq!(errors.back_after, Some(Nanos::from_millis(700)));
    let hits = of(&told[0], Figure::HitRatio);
    assert!((hits.before - 0.9).abs() < 1e-9 && hits.worst == 0.0);
    assert_eq!(hits.back_after, Some(Nanos::from_millis(700)));
    let reads = of(&told[0], Figure::StoreReads);
    assert!((reads.before - 100.0).abs() < 1e-6 && (reads.worst - 600.0).abs() < 1e-6);
    assert_eq!(reads.back_after, Some(Nanos::from_millis(700)));
    let latency = of(&told[0], Figure::ReadLatency);
    assert!((0.000_29..0.000_31).contains(&latency.before), "{latency:?}");
    assert!(latency.worst > 0.039, "{latency:?}");
    assert_eq!(latency.back_after, Some(Nanos::from_millis(700)));
    assert_eq!(of(&told[0], Figure::WriteLatency).back_after, Some(Nanos::ZERO));
    assert_eq!(of(&told[0], Figure::StaleReads).back_after, Some(Nanos::ZERO));
    assert_eq!((told[0].failed, told[0].followed), (1_700, Nanos::from_secs(6)));
    assert_eq!((told[0].store_burst_before, told[0].store_burst), (10, 60));
}

#[test]
fn what_is_back_before_the_fault_is_over_is_back_at_once() {
    let told = through(&with_broken(100, &[(30, 35)]), &[fault(3_000, 5_000)]);
    assert_eq!(of(&told[0], Figure::Errors).back_after, Some(Nanos::ZERO));
    assert_eq!(of(&told[0], Figure::Errors).worst, 0.5);
    assert!(
        of(&told[0], Figure::Errors).worsened,
        "that it is back does not mean that it never was"
    );
    assert!(
        !of(&told[0], Figure::WriteLatency).worsened && !of(&told[0], Figure::StaleReads).worsened
    );
}

#[test]
fn what_breaks_again_was_not_back() {
    let told = through(&with_broken(100, &[(30, 42), (60, 62)]), &[fault(3_000, 4_000)]);
    assert_eq!(of(&told[0], Figure::Errors).back_after, Some(Nanos::from_millis(2_200)));
}

#[test]
fn what_stays_worse_is_not_back_though_no_single_interval_shows_it() {
    let (mut measures, findings) = with_broken(100, &[]);
    for bucket in &mut measures.timeline[40..] {
        bucket.failed = 1;
    }
    let told = through(&(measures, findings), &[fault(3_000, 4_000)]);
    assert_eq!(of(&told[0], Figure::Errors).back_after, None);
}

#[test]
fn until_the_next_fault_begins_and_no_longer() {
    let run = with_broken(100, &[(30, 42), (60, 75)]);
    let told = through(&run, &[fault(6_000, 7_000), fault(3_000, 4_000)]);
    assert_eq!(told[0].injected.began, Nanos::from_secs(3), "in the order in which they began");
    assert_eq!(of(&told[0], Figure::Errors).back_after, Some(Nanos::from_millis(200)));
    assert_eq!(of(&told[1], Figure::Errors).back_after, Some(Nanos::from_millis(500)));
    assert_eq!(told[0].followed, Nanos::from_secs(2));
    assert_eq!((told[0].failed, told[1].failed), (1_200, 1_500));
}

#[test]
fn what_was_not_back_is_nothing_to_compare_the_next_fault_with() {
    let told = through(&with_broken(100, &[(30, 75)]), &[fault(3_000, 4_000), fault(6_000, 7_000)]);
    assert_eq!(of(&told[0], Figure::Errors).back_after, None);
    let figures: Vec<_> = told[1].recoveries.iter().map(|recovery| recovery.figure).collect();
    assert_eq!(figures, [Figure::WriteLatency, Figure::StaleReads], "what was never worse");
}

#[test]
fn faults_that_overlap_are_felt_together() {
    let run = with_broken(100, &[(30, 55)]);
    let told = through(&run, &[fault(3_000, 5_000), fault(3_500, 4_000)]);
    assert_eq!(told.len(), 2);
    for fault in &told {
        assert_eq!(of(fault, Figure::Errors).back_after, Some(Nanos::from_millis(500)));
        assert_eq!(of(fault, Figure::Errors).before, 0.0);
    }
    assert_eq!((told[0].failed, told[1].failed), (2_500, 2_000));
}

#[test]
fn with_too_little_before_it_nothing_is_told() {
    let told = through(&with_broken(100, &[(3, 6)]), &[fault(300, 500)]);
    assert_eq!(told[0].recoveries, []);
    assert_eq!(told[0].failed, 300);
}

#[test]
fn with_too_little_after_it_nothing_is_back() {
    let told = through(&with_broken(100, &[]), &[fault(9_600, 9_990)]);
    assert!(told[0].recoveries.iter().all(|recovery| recovery.back_after.is_none()));
    let beyond = through(&with_broken(100, &[]), &[fault(9_000, 30_000)]);
    assert!(beyond[0].recoveries.iter().all(|recovery| recovery.back_after.is_none()));
    assert_eq!(beyond[0].followed, Nanos::ZERO);
}

#[test]
fn intervals_without_data_are_neither_back_nor_not() {
    let (mut measures, findings) = with_broken(100, &[(30, 40)]);
    for bucket in &mut measures.timeline[40..45] {
        *bucket = Bucket::default();
    }
    let told = through(&(measures, findings), &[fault(3_000, 4_000)]);
    assert_eq!(of(&told[0], Figure::Errors).back_after, Some(Nanos::from_millis(500)));
    // A second without reads is a second without reads of the store: no worse than before.
    assert_eq!(of(&told[0], Figure::StoreReads).back_after, Some(Nanos::ZERO));
}

#[test]
fn better_than_before_is_no_change_for_the_worse() {
    let (mut measures, findings) = with_broken(100, &[]);
    for bucket in &mut measures.timeline[40..] {
        (bucket.hits, bucket.misses, bucket.store_reads) = (100, 0, 0);
        bucket.reads = Distribution::coarse();
        (0..100).for_each(|_| bucket.reads.record(Nanos::from_micros(10)));
    }
    let told = through(&(measures, findings), &[fault(3_000, 4_000)]);
    for recovery in &told[0].recoveries {
        assert_eq!(recovery.back_after, Some(Nanos::ZERO), "{recovery:?}");
    }
}

/// An interval as chance has it: Poisson requests, each of which fails, hits or is slow by itself.
fn by_chance(chance: &mut ChaCha8Rng, requests: u64) -> Bucket {
    let mut bucket = Bucket::default();
    for _ in 0..requests * 3 {
        if !chance.random_bool(1.0 / 3.0) {
            continue;
        }
        bucket.requests += 1;
        if chance.random_bool(0.001) {
            bucket.failed += 1;
            continue;
        }
        let slow: f64 = chance.random();
        let took = Nanos::from_micros((100.0 / (1.0 - slow).sqrt()) as u64);
        if chance.random_bool(0.1) {
            bucket.writes.record(took);
            continue;
        }
        bucket.reads.record(took);
        if chance.random_bool(0.8) {
            bucket.hits += 1;
        } else {
            bucket.misses += 1;
            bucket.store_reads += 1;
        }
    }
    bucket
}

#[test]
fn chance_alone_is_hardly_ever_taken_for_a_change() {
    let (mut told, mut late) = (0, 0);
    for seed in 0..24 {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let mut timeline = Timeline::Fine.empty(Nanos::from_secs(12));
        let rate = [20, 60, 150][chance.next_u32() as usize % 3];
        timeline.iter_mut().for_each(|bucket| *bucket = by_chance(&mut chance, rate));
        let (measures, mut findings) = run_of(timeline);
        for judged in &mut findings.timeline {
            judged.definitely_stale = u64::from(chance.random_bool(0.2));
        }
        for recovery in &through(&(measures, findings), &[fault(4_000, 5_000)])[0].recoveries {
            told += 1;
            late += u32::from(recovery.back_after != Some(Nanos::ZERO));
        }
    }
    assert!(told > 100, "{told}");
    assert!(late * 50 <= told, "{late} of {told} figures that never changed");
}

prop_compose! {
    fn any_bucket()(
        (requests, failed) in (0..400u64, 0..400u64),
        (hits, misses, store_reads) in (0..400u64, 0..400u64, 0..400u64),
        micros in proptest::collection::vec(0..1_000_000u64, 0..20),
    ) -> Bucket {
        let mut reads = Distribution::coarse();
        micros.iter().for_each(|&micros| reads.record(Nanos::from_micros(micros)));
        let writes = reads.clone();
        Bucket { requests, failed, hits, misses, store_reads, reads, writes, ..Bucket::default() }
    }
}

prop_compose! {
    fn any_fault()(began in 0..12_000u64, ended in 0..20_000u64) -> Injected {
        fault(began, ended)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_run_and_any_faults_can_be_told(
        timeline in proptest::collection::vec(any_bucket(), 0..90),
        faults in proptest::collection::vec(any_fault(), 0..6),
        shorter in 0..90_000_000u64,
    ) {
        let (mut measures, findings) = run_of(timeline);
        measures.window = measures.window.since(Nanos(shorter));
        let told = through(&(measures.clone(), findings), &faults);
        prop_assert_eq!(told.len(), faults.len());
        for fault in &told {
            for recovery in &fault.recoveries {
                prop_assert!(recovery.before.is_finite() && recovery.worst.is_finite());
                prop_assert!(recovery.back_after.is_none_or(|after| after <= fault.followed));
            }
        }
        let nothing = through(&(Measures::default(), Findings::default()), &faults);
        prop_assert!(nothing.iter().all(|fault| fault.recoveries.is_empty()));
    }

    #[test]
    fn a_run_without_any_change_is_back_at_once(
        bucket in any_bucket(),
        began in 3_000..6_000u64,
        lasts in 0..2_000u64,
    ) {
        let told = through(&run_of(vec![bucket; 110]), &[fault(began, began + lasts)]);
        for recovery in &told[0].recoveries {
            prop_assert_eq!(recovery.back_after, Some(Nanos::ZERO), "{:?}", recovery);
            let same = (recovery.worst - recovery.before).abs() <= 0.011 * recovery.before;
            prop_assert!(same, "{:?}", recovery);
        }
    }

    #[test]
    fn what_gets_worse_is_never_told_as_better_nor_as_back_earlier(
        failed in proptest::collection::vec(0..4u64, 100),
        worse in proptest::collection::vec(0..40u64, 60),
    ) {
        let with = |more: &[u64]| {
            let (mut measures, findings) = with_broken(100, &[]);
            for (index, bucket) in measures.timeline.iter_mut().enumerate() {
                let more = index.checked_sub(40).map_or(0, |after| more[after]);
                bucket.failed = failed[index] + more;
            }
            of(&through(&(measures, findings), &[fault(3_500, 4_000)])[0], Figure::Errors)
        };
        let (less, more) = (with(&[0; 60]), with(&worse));
        prop_assert!(more.worst >= less.worst);
        let after = |recovery: &Recovery| recovery.back_after.unwrap_or(Nanos::NEVER);
        prop_assert!(after(&more) >= after(&less), "{:?} {:?}", less, more);
    }
}
