//! The online judge against the definitions, recomputed from everything that happened.

use proptest::prelude::*;

use super::store::{Asked, Happened, asked, carry_out};
use super::{judge_with, judge_within, memory, rules};
use crate::judge::{Findings, FreshnessPoint, Rules, StalenessBucket};
use crate::model::{Distribution, Nanos, Op, Sample, Version, Writer};

const KEYS: u64 = 4;
/// The other keys have no row at first.
const LOADED: u64 = 3;
const WINDOW: (Nanos, Nanos) = (Nanos(5), Nanos(28));
const BUCKET: Nanos = Nanos(4);

/// All operations of one key.
struct Offline<'a> {
    samples: Vec<&'a Sample>,
    /// The highest version that anyone got or saw.
    last: u64,
    /// The invocations of writes of which neither their client nor a reader knows the version.
    unattributed: Vec<Nanos>,
}

impl<'a> Offline<'a> {
    fn new(samples: impl Iterator<Item = &'a Sample>) -> Self {
        let samples: Vec<_> = samples.collect();
        let shown = samples.iter().filter_map(|it| shown(it));
        let last = shown.map(|version| version.0).max().unwrap_or_default();
        let mut this = Self { samples, last, unattributed: Vec::new() };
        let writes = this.samples.iter().filter(|it| !it.op.is_read());
        let unattributed = writes.filter(|it| this.version_of(it).is_none());
        this.unattributed = unattributed.map(|it| it.wrote_from).collect();
        this
    }

    /// The version of a write: as acknowledged, or as a reader saw it.
    fn version_of(&self, write: &Sample) -> Option<u64> {
        let writer = Writer::of_request(write.request);
        let seen = self.samples.iter().find(|it| it.seen_writer == Some(writer));
        write.written.or(seen.and_then(|it| it.seen)).map(|version| version.0)
    }

    fn in_place_from(&self, version: u64) -> Nanos {
        let writes = self.samples.iter().filter(|it| !it.op.is_read());
        let up_to = writes.filter(|it| self.version_of(it).is_some_and(|it| it <= version));
        up_to.map(|it| it.wrote_from).max().unwrap_or_default()
    }

    fn in_place_by(&self, version: u64) -> Nanos {
        let from = self.samples.iter().filter(|it| shown(it).is_some_and(|it| it.0 >= version));
        from.map(|it| it.ended).min().unwrap_or(Nanos::NEVER)
    }

    fn judge(&self, read: &Sample, version: u64, expected: &mut Findings) {
        let next = version + 1;
        let bucket = ((read.intended - WINDOW.0).0 / BUCKET.0) as usize;
        expected.reads += 1;
        expected.timeline[bucket].reads += 1;

        let installed = (1..=self.last).filter(|&u| self.in_place_by(u) < read.started).count();
        let stale = self.in_place_by(next) < read.started;
        if stale {
            expected.definitely_stale += 1;
            expected.timeline[bucket].definitely_stale += 1;
            expected.age_at_least.record(read.started - self.in_place_by(next));
            expected.versions_at_least.record_count(installed as u64 - version);
            self.judge_session(read, version, expected);
        }

        let mut newest = (1..=self.last).filter(|&u| self.in_place_from(u) <= read.ended).count();
        let mut earliest = Nanos::NEVER;
        if next <= self.last {
            earliest = self.in_place_from(next);
        } else if let Some(&first) = self.unattributed.iter().min() {
            earliest = self.in_place_from(self.last).max(first);
        }
        if newest as u64 == self.last {
            newest += self.unattributed.iter().filter(|&&invoked| invoked <= read.ended).count();
        }
        if earliest < read.ended {
            expected.possibly_stale += 1;
            expected.timeline[bucket].possibly_stale += 1;
            expected.age_at_most.record(read.ended - earliest);
            expected.versions_at_most.record_count(newest as u64 - version);
        }

        let made_by_deletion = match read.seen_writer {
            Some(Writer::LOAD) => read.key.0 >= LOADED,
            writer => self
                .samples
                .iter()
                .any(|it| it.op == Op::Delete && Some(Writer::of_request(it.request)) == writer),
        };
        expected.phantom_absent += u64::from(read.absent && !made_by_deletion);
        expected.phantom_present += u64::from(!read.absent && made_by_deletion);

        let acknowledged = self.samples.iter().filter(|it| it.written.is_some());
        let before = acknowledged.map(|it| it.ended).filter(|&ended| ended < read.started);
        if before.max().is_some() {
            // Every span of these histories is within the curve's first.
            let point = FreshnessPoint { since_write: Nanos::from_micros(100), reads: 0, stale: 0 };
            expected.freshness.resize(1, point);
            expected.freshness[0].reads += 1;
            expected.freshness[0].stale += u64::from(stale);
        }
    }

    fn judge_session(&self, read: &Sample, version: u64, expected: &mut Findings) {
        let obliges = |reads: bool| {
            let of_client = self.samples.iter().filter(|it| it.client == read.client);
            let own = of_client.filter(|it| it.op.is_read() == reads);
            let mut earlier = own.filter(|it| it.ended < read.started);
            earlier.any(|it| shown(it).is_some_and(|it| it.0 > version))
        };
        expected.monotonic_violations += u64::from(obliges(true));
        expected.read_your_writes_violations += u64::from(obliges(false));
    }
}

/// The version that an operation's client knows of by its answer.
fn shown(sample: &Sample) -> Option<Version> {
    sample.written.or(sample.seen)
}

fn in_window(sample: &Sample) -> bool {
    (WINDOW.0..WINDOW.1).contains(&sample.intended)
}

fn by_definition(samples: &[Sample]) -> Findings {
    let buckets = (WINDOW.1 - WINDOW.0).0.div_ceil(BUCKET.0) as usize;
    let mut expected =
        Findings { timeline: vec![StalenessBucket::default(); buckets], ..Findings::default() };
    for key in 0..KEYS {
        let offline = Offline::new(samples.iter().filter(|it| it.key.0 == key));
        for sample in offline.samples.iter().filter(|it| in_window(it)) {
            match (sample.op, sample.seen, sample.written) {
                (Op::Read, Some(version), _) => offline.judge(sample, version.0, &mut expected),
                (_, seen, Some(written)) => {
                    expected.writes += 1;
                    let is_lost = seen.is_some_and(|seen| written != seen.next());
                    expected.lost_updates += u64::from(is_lost);
                }
                _ => expected.unknown_writes += 1,
            }
        }
        let acknowledged = offline.samples.iter().filter_map(|it| it.written);
        let highest = acknowledged.clone().max().unwrap_or_default();
        expected.unclaimed_versions += highest.0 - acknowledged.count() as u64;
    }
    expected
}

fn history(with_unknown: bool) -> impl Strategy<Value = Happened> {
    prop::collection::vec(asked(KEYS, 6, with_unknown), 0..120)
        .prop_map(|asked: Vec<Asked>| carry_out(KEYS, LOADED, &asked))
}

/// The same, with some answers that say the opposite of whether there is a row.
fn history_with_lies(with_unknown: bool) -> impl Strategy<Value = Happened> {
    let lies = prop::collection::vec(prop::bool::weighted(0.1), 240);
    (history(with_unknown), lies).prop_map(|(mut happened, lies)| {
        for (sample, lies) in happened.samples.iter_mut().zip(lies) {
            sample.absent ^= lies && sample.op.is_read();
        }
        happened
    })
}

fn with_ring(ring: usize) -> Rules {
    Rules { loaded: LOADED, ring, window: WINDOW, bucket: BUCKET, ..rules() }
}

/// Mean and number of what a distribution holds.
fn total(distribution: &Distribution) -> f64 {
    distribution.mean() * distribution.len() as f64
}

/// What an all-knowing observer would count as stale, with the sums of age and of versions behind.
#[derive(Clone, Copy, Debug, Default)]
struct Stale {
    reads: u64,
    age: u64,
    versions: u64,
}

/// The stale reads by when versions really took effect: before the reads began, and before they
/// ended.
fn truth(happened: &Happened) -> (Stale, Stale) {
    let (mut at_start, mut at_end) = (Stale::default(), Stale::default());
    for read in happened.samples.iter().filter(|it| in_window(it) && it.op.is_read()) {
        let Some(version) = read.seen else { continue };
        let newer = &happened.versions[read.key.0 as usize][version.0 as usize + 1..];
        for (sum, instant) in [(&mut at_start, read.started), (&mut at_end, read.ended)] {
            let in_place = newer.iter().filter(|made| made.effect < instant);
            if let Some(superseded) = in_place.clone().map(|made| made.effect).next() {
                sum.reads += 1;
                sum.age += (instant - superseded).0;
                sum.versions += in_place.count() as u64;
            }
        }
    }
    (at_start, at_end)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn findings_are_those_of_the_definition_however_the_watermark_moves(
        happened in history_with_lies(false),
        pace in 0..5_usize,
    ) {
        let (findings, _) =
            judge_with(with_ring(Rules::RING), &happened.samples, pace, &happened.end);
        prop_assert_eq!(findings, by_definition(&happened.samples));
    }

    #[test]
    fn findings_are_those_of_the_definition_with_unknown_writes(
        happened in history_with_lies(true),
    ) {
        let (findings, _) = judge_with(with_ring(Rules::RING), &happened.samples, 0, &happened.end);
        prop_assert_eq!(findings, by_definition(&happened.samples));
    }

    #[test]
    fn a_tiny_ring_only_widens_the_ages_and_forgets_phantoms(
        happened in history_with_lies(false),
        pace in 0..5_usize,
        ring in 1..4_usize,
    ) {
        let expected = by_definition(&happened.samples);
        let (findings, _) = judge_with(with_ring(ring), &happened.samples, pace, &happened.end);
        prop_assert!(findings.beyond_ring <= findings.definitely_stale);
        prop_assert!(findings.phantom_absent <= expected.phantom_absent);
        prop_assert!(findings.phantom_present <= expected.phantom_present);
        prop_assert_eq!(findings.age_at_least.len(), expected.age_at_least.len());
        prop_assert_eq!(findings.age_at_most.len(), expected.age_at_most.len());
        prop_assert!(total(&findings.age_at_least) <= total(&expected.age_at_least) + 1e-6);
        prop_assert!(total(&findings.age_at_most) >= total(&expected.age_at_most) - 1e-6);
        let same_ages = Findings {
            age_at_least: expected.age_at_least.clone(),
            age_at_most: expected.age_at_most.clone(),
            beyond_ring: 0,
            phantom_absent: expected.phantom_absent,
            phantom_present: expected.phantom_present,
            ..findings
        };
        prop_assert_eq!(same_ages, expected);
    }

    #[test]
    fn scarce_memory_only_widens_the_ages_and_forgets_phantoms_and_what_clients_saw(
        happened in history_with_lies(false),
        pace in 0..5_usize,
        ring in 1..6_usize,
    ) {
        let expected = by_definition(&happened.samples);
        let (findings, audit) =
            judge_within(memory(true), with_ring(ring), &happened.samples, pace, &happened.end);
        prop_assert_eq!(audit.lost_writes, 0);
        prop_assert!(findings.beyond_ring <= findings.definitely_stale);
        prop_assert!(findings.phantom_absent <= expected.phantom_absent);
        prop_assert!(findings.phantom_present <= expected.phantom_present);
        if findings.forgotten_pairs == 0 {
            prop_assert_eq!(findings.monotonic_violations, expected.monotonic_violations);
        }
        prop_assert!(findings.monotonic_violations <= expected.monotonic_violations);
        prop_assert!(findings.read_your_writes_violations <= expected.read_your_writes_violations);
        prop_assert_eq!(findings.age_at_least.len(), expected.age_at_least.len());
        prop_assert_eq!(findings.age_at_most.len(), expected.age_at_most.len());
        prop_assert!(total(&findings.age_at_least) <= total(&expected.age_at_least) + 1e-6);
        prop_assert!(total(&findings.age_at_most) >= total(&expected.age_at_most) - 1e-6);
        let all_else = Findings {
            age_at_least: expected.age_at_least.clone(),
            age_at_most: expected.age_at_most.clone(),
            beyond_ring: 0,
            phantom_absent: expected.phantom_absent,
            phantom_present: expected.phantom_present,
            monotonic_violations: expected.monotonic_violations,
            read_your_writes_violations: expected.read_your_writes_violations,
            forgotten_pairs: 0,
            ..findings
        };
        prop_assert_eq!(all_else, expected);
    }

    #[test]
    fn the_truth_lies_between_definite_and_possible(
        happened in history(true),
        pace in 0..5_usize,
        ring in 1..6_usize,
        is_scarce: bool,
    ) {
        let (findings, _) = judge_within(
            memory(is_scarce), with_ring(ring), &happened.samples, pace, &happened.end,
        );
        let (at_start, at_end) = truth(&happened);
        prop_assert!(findings.definitely_stale <= at_start.reads);
        prop_assert!(total(&findings.age_at_least) <= at_start.age as f64 + 1e-6);
        prop_assert!(total(&findings.versions_at_least) <= at_start.versions as f64 + 1e-6);
        prop_assert!(findings.possibly_stale >= at_end.reads);
        prop_assert!(total(&findings.age_at_most) >= at_end.age as f64 - 1e-6);
        prop_assert!(total(&findings.versions_at_most) >= at_end.versions as f64 - 1e-6);
        prop_assert_eq!((findings.order_violations, findings.dirty_reads), (0, 0));
    }
}
