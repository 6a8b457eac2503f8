//! The judge against brute force: every order of a small history of one key is tried.

use proptest::prelude::*;

use super::store::{Asked, Kind, Made, asked, carry_out};
use super::{judge, judge_within, memory, read, rules, unknown, write};
use crate::judge::{Audit, EndState, Findings, Rules};
use crate::model::{Nanos, Op, Sample, Version, Writer};

const OPERATIONS: usize = 7;

/// What versions may follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbering {
    /// Every write gets the next version.
    Consecutive,
    /// Versions may be skipped, but never go back.
    Increasing,
}

/// What is in place: version, writer, and whether there is no row.
type Current = (u64, u64, bool);

const LOADED: Current = (0, 0, false);
const NEVER_LOADED: Current = (0, 0, true);

/// What an order of events has to obey.
#[derive(Clone, Copy, Debug)]
struct Order {
    numbering: Numbering,
    /// A read-modify-write finds what it read still in place.
    one_step: bool,
}

/// Whether the operations can have taken effect one after the other, each within its interval (an
/// unknown write at any time after its start, or never), so that everyone saw what was seen.
fn linearizable(samples: &[Sample], numbering: Numbering) -> bool {
    fits(samples, LOADED, Order { numbering, one_step: false })
}

fn fits(samples: &[Sample], initial: Current, order: Order) -> bool {
    search(samples, order, &mut vec![false; samples.len()], initial)
}

fn search(samples: &[Sample], order: Order, done: &mut [bool], current: Current) -> bool {
    let optional = |sample: &Sample| !sample.op.is_read() && sample.written.is_none();
    if samples.iter().zip(&*done).all(|(sample, &done)| done || optional(sample)) {
        return true;
    }
    for index in 0..samples.len() {
        let sample = &samples[index];
        let from = if sample.op.is_read() { sample.started } else { sample.wrote_from };
        let must_wait = samples
            .iter()
            .zip(&*done)
            .any(|(other, &done)| !done && !optional(other) && other.ended < from);
        if done[index] || must_wait {
            continue;
        }
        let Some(next) = effect(samples, sample, order, current) else { continue };
        done[index] = true;
        let found = search(samples, order, done, next);
        done[index] = false;
        if found {
            return true;
        }
    }
    false
}

/// What is in place after `sample` takes effect now, or `None` where it cannot.
fn effect(samples: &[Sample], sample: &Sample, order: Order, current: Current) -> Option<Current> {
    let writer = sample.request + 1;
    let next = match (sample.op, sample.written, order.numbering) {
        (Op::Read, ..) => {
            let seen = (sample.seen?.0, sample.seen_writer?.0, sample.absent);
            return (seen == current).then_some(current);
        }
        (_, Some(version), _) => version.0,
        (_, None, Numbering::Consecutive) => current.0 + 1,
        // Of an unknown write only that version matters which somebody saw.
        (_, None, Numbering::Increasing) => {
            let told = |it: &&Sample| it.seen_writer.is_some_and(|seen| seen.0 == writer);
            samples.iter().find(told)?.seen?.0
        }
    };
    let follows = match order.numbering {
        Numbering::Consecutive => next == current.0 + 1,
        Numbering::Increasing => next > current.0,
    };
    let builds_on_it = sample.seen.is_none_or(|seen| seen.0 == current.0);
    let is_allowed = follows && (builds_on_it || !order.one_step);
    is_allowed.then_some((next, writer, sample.op == Op::Delete))
}

fn with_ring(ring: usize) -> Rules {
    Rules { ring, ..rules() }
}

fn wrong(findings: &Findings) -> u64 {
    findings.definitely_stale
        + findings.dirty_reads
        + findings.order_violations
        + findings.duplicate_versions
        + findings.monotonic_violations
        + findings.read_your_writes_violations
        + findings.phantom_absent
        + findings.phantom_present
}

fn history() -> impl Strategy<Value = Vec<Asked>> {
    prop::collection::vec(asked(1, 0, true), 1..=OPERATIONS)
}

/// A history of a correct store in which then reads, or versions, are replaced by arbitrary ones.
fn arbitrary_history() -> impl Strategy<Value = Vec<Sample>> {
    let operations = OPERATIONS as u64;
    let lies = prop::bool::weighted(0.2);
    let change = prop::option::weighted(0.4, (0..5_u64, 0..=operations, any::<bool>(), lies));
    let changes = prop::collection::vec(change, 2 * OPERATIONS);
    (history(), changes).prop_map(|(asked, changes)| {
        let mut happened = carry_out(1, 1, &asked);
        let versions = &happened.versions[0];
        for (sample, change) in happened.samples.iter_mut().zip(changes) {
            let Some((version, writer, plausible, lies)) = change else { continue };
            if sample.op.is_read() {
                let made = versions.get(version as usize).filter(|_| plausible);
                sample.seen = Some(Version(version));
                sample.seen_writer = Some(Writer(made.map_or(writer, |made| made.writer)));
                sample.absent = made.map_or(sample.absent, |made| made.absent) ^ lies;
            } else if let Some(written) = &mut sample.written
                && plausible
            {
                written.0 = version.max(1);
            }
        }
        happened.samples
    })
}

/// Writes of a correct store, and one read of any version that ever was.
fn history_with_one_read() -> impl Strategy<Value = Vec<Sample>> {
    let write = |asked: Asked| match asked.kind {
        Kind::Read { .. } | Kind::ReadModifyWrite { .. } => Asked { kind: Kind::Write, ..asked },
        _ => asked,
    };
    let writes = prop::collection::vec(asked(1, 0, true).prop_map(write), 0..OPERATIONS);
    (writes, any::<prop::sample::Index>(), 0..30_u64, 0..15_u64).prop_map(
        |(writes, version, started, duration)| {
            let happened = carry_out(1, 1, &writes);
            let versions = &happened.versions[0];
            let version = version.index(versions.len());
            let Made { writer, absent, .. } = versions[version];
            let read = read(99, (started, started + duration), (version as u64, writer));
            let mut samples = happened.samples;
            samples.push(Sample { absent, ..read });
            samples
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_correct_store_is_never_accused(
        asked in history(),
        is_loaded: bool,
        pace in 0..3_usize,
        ring in 1..4_usize,
        is_scarce: bool,
    ) {
        let (loaded, initial) = if is_loaded { (1, LOADED) } else { (0, NEVER_LOADED) };
        let happened = carry_out(1, loaded, &asked);
        let order = Order { numbering: Numbering::Consecutive, one_step: false };
        prop_assert!(fits(&happened.samples, initial, order));
        let rules = Rules { loaded, ..with_ring(ring) };
        let (findings, audit) = judge_within(memory(is_scarce), rules, &happened.samples, pace, &happened.end);
        prop_assert_eq!(wrong(&findings), 0, "{:?}", findings);
        prop_assert_eq!(audit, Audit { keys: 1, absent: 1, ..Audit::default() });
    }

    #[test]
    fn an_update_is_lost_exactly_if_no_order_makes_reading_and_writing_one_step(
        asked in history(),
        pace in 0..3_usize,
        ring in 1..4_usize,
        is_scarce: bool,
    ) {
        let happened = carry_out(1, 1, &asked);
        let order = Order { numbering: Numbering::Consecutive, one_step: true };
        let (findings, _) = judge_within(memory(is_scarce), with_ring(ring), &happened.samples, pace, &happened.end);
        prop_assert_eq!(findings.lost_updates == 0, fits(&happened.samples, LOADED, order));
    }

    #[test]
    fn whatever_is_called_wrong_fits_no_order_of_events(
        samples in arbitrary_history(),
        pace in 0..3_usize,
        ring in 1..4_usize,
        is_scarce: bool,
    ) {
        let (findings, _) = judge_within(memory(is_scarce), with_ring(ring), &samples, pace, &EndState::default());
        prop_assert!(findings.definitely_stale <= findings.possibly_stale);
        prop_assert!(findings.beyond_ring <= findings.definitely_stale);
        prop_assert_eq!(findings.age_at_least.len(), findings.definitely_stale);
        prop_assert_eq!(findings.age_at_most.len(), findings.possibly_stale);
        prop_assert!(findings.age_at_least.max() <= findings.age_at_most.max());
        if wrong(&findings) > 0 {
            prop_assert!(!linearizable(&samples, Numbering::Increasing), "{:?}", findings);
        }
    }

    #[test]
    fn a_single_read_is_definitely_stale_exactly_if_no_order_of_events_fits_its_age(
        samples in history_with_one_read(),
        pace in 0..3_usize,
        ring in 1..4_usize,
        is_scarce: bool,
    ) {
        // A read that would be right if only it had begun earlier is too old.
        let mut earlier = samples.clone();
        if let Some(read) = earlier.last_mut() {
            read.started = Nanos::ZERO;
        }
        let (findings, _) = judge_within(memory(is_scarce), with_ring(ring), &samples, pace, &EndState::default());
        for numbering in [Numbering::Consecutive, Numbering::Increasing] {
            if linearizable(&earlier, numbering) {
                let too_old = !linearizable(&samples, numbering);
                prop_assert_eq!(findings.definitely_stale, u64::from(too_old), "{:?}", numbering);
            }
        }
    }

    #[test]
    fn a_single_read_that_fits_no_order_of_events_does_not_go_unnoticed(
        samples in history_with_one_read(),
        pace in 0..3_usize,
        ring in 1..4_usize,
        is_scarce: bool,
    ) {
        // Which unknown write took which version is for brute force to find out, not for the judge.
        let unknown = samples.iter().any(|it| !it.op.is_read() && it.written.is_none());
        if !unknown && !linearizable(&samples, Numbering::Consecutive) {
            let (findings, _) = judge_within(memory(is_scarce), with_ring(ring), &samples, pace, &EndState::default());
            prop_assert!(wrong(&findings) > 0);
        }
    }
}

#[test]
fn brute_force_knows_a_stale_read_from_a_concurrent_one() {
    let stale = [write(0, (1, 2), 1), read(1, (3, 4), (0, 0))];
    let concurrent = [write(0, (1, 3), 1), read(1, (3, 4), (0, 0))];
    assert!(!linearizable(&stale, Numbering::Increasing));
    assert!(linearizable(&concurrent, Numbering::Consecutive));
    assert_eq!((judge(&stale).definitely_stale, judge(&concurrent).definitely_stale), (1, 0));
}

#[test]
fn a_timed_out_write_may_take_effect_after_it_was_given_up() {
    let late = [unknown(0, (1, 2)), read(1, (5, 6), (0, 0)), read(2, (7, 8), (1, 1))];
    assert!(linearizable(&late, Numbering::Consecutive));
    assert_eq!(wrong(&judge(&late)), 0);
}
