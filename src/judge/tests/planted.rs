//! Faults that are planted, each of which must be caught in the field that names it.

use super::{KEY, judge, judge_with, read, rules, stored, unknown, write};
use crate::judge::{Audit, Cached, EndKey, EndState, Findings, Rules, StalenessBucket, Suspect};
use crate::model::{ClientId, Fault, FaultKind, Key, Nanos, Op, Sample, Version, Writer};

/// Ten writes one after the other, the n-th as version n over `[10 n, 10 n + 5]`.
fn ten_writes() -> Vec<Sample> {
    (1..=10).map(|n| write(n, (10 * n, 10 * n + 5), n)).collect()
}

fn holds(version: u64, writer: u64) -> Cached {
    Cached::Holds { version: Version(version), writer: Writer(writer) }
}

fn end_of(keys: impl IntoIterator<Item = EndKey>) -> EndState {
    EndState { keys: keys.into_iter().collect() }
}

#[test]
fn a_cache_that_never_forgets_is_stale() {
    let mut samples = ten_writes();
    samples.extend((1..=10).map(|n| read(100 + n, (10 * n + 6, 10 * n + 8), (0, 0))));
    let findings = judge(&samples);
    assert_eq!((findings.reads, findings.definitely_stale, findings.possibly_stale), (10, 10, 10));
    // Version 1 was in place at 15 at the latest and at 10 at the earliest; the last read was over
    // [106, 108].
    assert_eq!(findings.age_at_least.max(), Nanos(91));
    assert_eq!(findings.age_at_most.max(), Nanos(98));
    assert_eq!((findings.versions_at_least.max().0, findings.versions_at_most.max().0), (10, 10));
    let [point] = findings.freshness.as_slice() else { panic!("one span: {findings:?}") };
    assert_eq!((point.reads, point.stale), (10, 10));
    assert_eq!(findings.dirty_reads + findings.order_violations + findings.beyond_ring, 0);
}

#[test]
fn a_read_that_races_a_write_is_only_possibly_stale() {
    let findings = judge(&[write(0, (10, 20), 1), read(1, (15, 25), (0, 0))]);
    assert_eq!((findings.definitely_stale, findings.possibly_stale), (0, 1));
    assert_eq!(findings.age_at_most.max(), Nanos(15));
}

#[test]
fn a_value_that_someone_saw_makes_a_later_older_one_stale() {
    let samples = [
        write(0, (10, 90), 1),
        read(1, (20, 30), (1, 1)),
        read(2, (31, 40), (0, 0)),
        read(3, (30, 41), (0, 0)),
    ];
    let findings = judge(&samples);
    assert_eq!((findings.definitely_stale, findings.possibly_stale), (1, 2));
}

#[test]
fn a_timed_out_write_makes_later_reads_possibly_stale_until_its_version_is_known() {
    let before = [unknown(0, (10, 20)), read(1, (5, 9), (0, 0)), read(2, (30, 40), (0, 0))];
    let findings = judge(&before);
    assert_eq!((findings.unknown_writes, findings.possibly_stale), (1, 1));

    let seen = [unknown(0, (10, 20)), read(1, (30, 40), (1, 1)), read(2, (50, 60), (1, 1))];
    let findings = judge(&seen);
    assert_eq!((findings.possibly_stale, findings.dirty_reads), (0, 0));
}

#[test]
fn versions_beyond_the_ring_are_stale_with_a_bound_for_their_age() {
    let mut samples: Vec<_> = (1..=1_000).map(|n| write(n, (10 * n, 10 * n + 5), n)).collect();
    samples.push(read(2_000, (20_000, 20_001), (500, 501)));
    let (findings, audit) = judge_with(rules(), &samples, 1, &end_of([stored(KEY, 1_000, 1_001)]));
    assert_eq!((findings.definitely_stale, findings.beyond_ring), (1, 1));
    // Version 501 was in place between 5,010 and 5,015.
    assert!(findings.age_at_least.max() <= Nanos(14_985 + 14));
    assert!(findings.age_at_least.max() >= Nanos(11_000), "{}", findings.age_at_least.max());
    assert!(findings.age_at_most.max() >= Nanos(14_991));
    assert!(findings.age_at_most.max() <= Nanos(20_000), "{}", findings.age_at_most.max());
    assert_eq!(findings.versions_at_least.max().0, 500);
    assert_eq!((findings.dirty_reads, audit.lost_writes), (0, 0));
}

#[test]
fn a_strategy_that_loses_writes_is_caught_by_the_audit() {
    let mut samples = ten_writes();
    samples.push(read(100, (200, 210), (10, 11)));
    let end = end_of([EndKey { cached: holds(10, 11), ..stored(KEY, 7, 8) }]);
    let (findings, audit) = judge_with(rules(), &samples, 1, &end);
    assert_eq!((audit.lost_writes, audit.ahead), (3, 1));
    assert_eq!(findings.dirty_reads, 1, "what was read is nowhere in the end");
    let suspect = Suspect {
        key: KEY,
        cached: Some(Version(10)),
        stored: Some(Version(7)),
        acknowledged: Some(Version(10)),
    };
    assert_eq!(audit.examples, [suspect]);
}

#[test]
fn writes_lost_beyond_the_ring_are_counted_all_the_same() {
    let mut samples: Vec<_> = (1..=1_000).map(|n| write(n, (10 * n, 10 * n + 5), n)).collect();
    // One reader sees version 900 at once, another one when it is long past.
    samples.extend([9_006, 20_000].map(|at| read(at, (at, at + 1), (900, 901))));
    let tiny = Rules { ring: 4, ..rules() };
    let (findings, audit) = judge_with(tiny, &samples, 1, &end_of([stored(KEY, 333, 334)]));
    assert_eq!((audit.lost_writes, findings.dirty_reads), (667, 2));
    let nothing = EndKey { stored: None, ..stored(KEY, 0, 0) };
    let (findings, audit) = judge_with(tiny, &samples, 1, &end_of([nothing]));
    assert_eq!((audit.lost_writes, findings.dirty_reads, audit.absent), (1_000, 2, 1));
}

#[test]
fn a_version_that_was_given_twice_loses_the_write_that_the_store_does_not_have() {
    let samples = [write(0, (10, 20), 1), write(1, (15, 30), 1), read(2, (40, 50), (1, 1))];
    let (findings, audit) = judge_with(rules(), &samples, 1, &end_of([stored(KEY, 1, 2)]));
    assert_eq!((findings.duplicate_versions, findings.order_violations), (1, 0));
    assert_eq!((audit.lost_writes, findings.dirty_reads), (1, 1));
}

#[test]
fn counters_that_start_again_after_a_loss_are_caught() {
    let mut samples = ten_writes();
    samples.extend((1..=3).map(|n| write(20 + n, (200 + 10 * n, 205 + 10 * n), n)));
    let end = end_of([stored(KEY, 3, 24)]);
    let (findings, audit) = judge_with(rules(), &samples, 1, &end);
    assert_eq!((findings.order_violations, findings.duplicate_versions), (1, 1));
    assert_eq!(audit.lost_writes, 10, "every write from before the loss, and none from after it");
    // What the ring no longer remembers can be told from its number alone.
    let (findings, audit) = judge_with(Rules { ring: 2, ..rules() }, &samples, 1, &end);
    assert_eq!(findings.order_violations, 3);
    assert!(audit.lost_writes >= 7);
}

#[test]
fn after_a_loss_reads_are_judged_by_what_was_written_since() {
    let mut samples = ten_writes();
    // The memory is back at version 6 when the next writes come.
    samples.push(read(30, (200, 201), (6, 7)));
    samples.extend((7..=8).map(|n| write(30 + n, (200 + 10 * n, 205 + 10 * n), n)));
    samples.push(read(50, (300, 301), (8, 39)));
    samples.push(read(51, (302, 303), (7, 38)));
    let (findings, audit) = judge_with(rules(), &samples, 1, &end_of([stored(KEY, 8, 39)]));
    assert_eq!(audit.lost_writes, 4, "versions 7 to 10 of the first ten");
    assert_eq!(findings.definitely_stale, 2, "the one before the new writes, and the last");
    assert_eq!(findings.possibly_stale, 2);
}

#[test]
fn of_two_writes_at_once_that_were_given_the_same_version_one_is_lost() {
    let samples = [write(0, (10, 20), 1), write(1, (15, 25), 1), write(2, (30, 40), 2)];
    let (findings, audit) = judge_with(rules(), &samples, 1, &end_of([stored(KEY, 2, 3)]));
    assert_eq!((findings.duplicate_versions, audit.lost_writes), (1, 1));
}

#[test]
fn a_version_given_out_twice_takes_nothing_with_it_that_the_store_still_has() {
    let mut samples = ten_writes();
    samples.push(write(30, (200, 210), 8));
    let (_, audit) = judge_with(rules(), &samples, 1, &end_of([stored(KEY, 10, 11)]));
    assert_eq!(audit.lost_writes, 0, "the store is at the tenth: nothing was lost but order");
}

#[test]
fn two_writes_that_were_reversed_are_caught_whatever_is_read() {
    let findings = judge(&[write(0, (10, 20), 2), write(1, (30, 40), 1)]);
    assert_eq!((findings.order_violations, findings.duplicate_versions), (1, 0));
    let concurrent = judge(&[write(0, (10, 20), 2), write(1, (20, 40), 1)]);
    assert_eq!(concurrent, Findings { writes: 2, ..Findings::default() });
}

#[test]
fn a_read_from_the_future_is_dirty() {
    let findings = judge(&[read(0, (10, 20), (1, 2)), write(1, (21, 30), 1)]);
    assert_eq!((findings.dirty_reads, findings.order_violations), (1, 1));
    let racing = judge(&[read(0, (10, 20), (1, 2)), write(1, (20, 30), 1)]);
    assert_eq!((racing.dirty_reads, racing.order_violations), (0, 0));
}

#[test]
fn a_value_that_nobody_wrote_is_dirty() {
    for pace in [0, 1] {
        let samples = [
            write(0, (1, 2), 1),
            unknown(1, (1, 3)),
            read(2, (10, 20), (2, 9)),
            read(3, (10, 20), (0, 9)),
            read(4, (10, 20), (u64::MAX, 9)),
            read(5, (30, 40), (u64::MAX, 9)),
        ];
        let (findings, _) = judge_with(rules(), &samples, pace, &EndState::default());
        assert_eq!(findings.dirty_reads, 4);
    }
}

#[test]
fn a_nonsense_version_that_was_acknowledged_is_the_highest_of_all() {
    let samples = [
        unknown(0, (1, 2)),
        write(1, (10, 20), u64::MAX),
        read(2, (30, 40), (u64::MAX, 2)),
        read(3, (30, 40), (0, 0)),
    ];
    let findings = judge(&samples);
    assert_eq!((findings.definitely_stale, findings.dirty_reads), (1, 0));
}

#[test]
fn a_version_that_turns_out_to_be_another_writers_makes_its_read_dirty() {
    let samples = [unknown(0, (1, 2)), read(1, (10, 20), (1, 1)), write(2, (30, 40), 1)];
    let later = write(3, (50, 60), 2);
    for end in [EndState::default(), end_of([stored(KEY, 2, 4)])] {
        let (findings, audit) = judge_with(rules(), &[&samples[..], &[later]].concat(), 1, &end);
        assert_eq!((findings.dirty_reads, findings.order_violations), (1, 1));
        assert_eq!(audit.lost_writes, 0);
    }
    // Also once both writers of version 1 have left the ring.
    let tiny = Rules { ring: 1, ..rules() };
    let nothing = EndKey { stored: None, ..stored(KEY, 0, 0) };
    let all = [&samples[..], &[later]].concat();
    let (findings, audit) = judge_with(tiny, &all, 1, &end_of([nothing]));
    assert_eq!((findings.dirty_reads, audit.lost_writes), (1, 2));
    // And where the reader who was wrong came after the acknowledgement.
    let all = [write(0, (1, 2), 1), read(1, (10, 20), (1, 9)), write(2, (30, 40), 2)];
    let (findings, audit) = judge_with(tiny, &all, 1, &end_of([nothing]));
    assert_eq!((findings.dirty_reads, audit.lost_writes), (1, 2));
}

#[test]
fn sessions_that_go_back_are_told_apart() {
    let of_one = |sample: Sample| Sample { client: ClientId(7), ..sample };
    let own = [write(0, (10, 20), 1), read(1, (30, 40), (0, 0))].map(of_one);
    let findings = judge(&own);
    assert_eq!((findings.read_your_writes_violations, findings.monotonic_violations), (1, 0));

    let foreign = write(0, (10, 20), 1);
    let [newer, older] = [read(1, (30, 40), (1, 1)), read(2, (50, 60), (0, 0))].map(of_one);
    let findings = judge(&[foreign, newer, older]);
    assert_eq!((findings.read_your_writes_violations, findings.monotonic_violations), (0, 1));

    let overlapping = Sample { started: Nanos(40), ..older };
    let findings = judge(&[foreign, newer, overlapping]);
    assert_eq!((findings.definitely_stale, findings.monotonic_violations), (1, 0));
}

#[test]
fn nothing_where_there_is_something_and_corruption_are_counted() {
    let absent = Sample { absent: true, ..read(0, (1, 2), (0, 0)) };
    let nothing = Sample { seen: None, seen_writer: None, ..read(0, (1, 2), (0, 0)) };
    let failed = |kind| Sample { fault: Some(Fault::cache(kind)), ..nothing };
    let samples = [absent, failed(FaultKind::Corrupt), failed(FaultKind::Timeout)];
    let findings = judge(&samples);
    assert_eq!(
        findings,
        Findings { reads: 1, phantom_absent: 1, corrupt: 1, ..Findings::default() }
    );
}

#[test]
fn a_row_where_there_is_none_and_none_where_there_is_one_are_told_apart() {
    let absent = |sample: Sample| Sample { absent: true, ..sample };
    let deletion = Sample { op: Op::Delete, ..write(0, (10, 20), 1) };
    let samples = [
        deletion,
        absent(read(1, (30, 40), (1, 1))),
        // The deletion's version, and a row with it.
        read(2, (30, 40), (1, 1)),
        write(3, (50, 60), 2),
        read(4, (70, 80), (2, 4)),
        // The row's version, and that there is none.
        absent(read(5, (70, 80), (2, 4))),
    ];
    for pace in [0, 1] {
        let (findings, _) = judge_with(rules(), &samples, pace, &EndState::default());
        assert_eq!((findings.phantom_absent, findings.phantom_present), (1, 1));
        assert_eq!((findings.definitely_stale, findings.dirty_reads), (0, 0));
    }
    // A key that was not loaded has none as version 0.
    let rules = Rules { loaded: 0, ..rules() };
    let samples = [absent(read(0, (1, 2), (0, 0))), read(1, (1, 2), (0, 0))];
    let (findings, _) = judge_with(rules, &samples, 1, &EndState::default());
    assert_eq!((findings.phantom_absent, findings.phantom_present), (0, 1));
}

#[test]
fn an_absence_can_be_stale_and_a_row_be_stale_after_its_deletion() {
    let absent = Sample { absent: true, ..read(1, (30, 40), (0, 0)) };
    let rules = Rules { loaded: 0, ..rules() };
    let inserted = [Sample { op: Op::Insert, ..write(0, (10, 20), 1) }, absent];
    let (findings, _) = judge_with(rules, &inserted, 1, &EndState::default());
    assert_eq!((findings.definitely_stale, findings.phantom_absent), (1, 0));

    let deleted = [Sample { op: Op::Delete, ..write(0, (10, 20), 1) }, read(1, (30, 40), (0, 0))];
    let findings = judge(&deleted);
    assert_eq!((findings.definitely_stale, findings.phantom_present), (1, 0));
}

#[test]
fn an_unknown_deletion_that_a_read_reveals_is_one() {
    let timed_out = Sample { op: Op::Delete, ..unknown(0, (10, 20)) };
    let shown = |absent| Sample { absent, ..read(1, (15, 18), (1, 1)) };
    for (absent, phantoms) in [(true, 0), (false, 1)] {
        let findings = judge(&[timed_out, shown(absent)]);
        assert_eq!((findings.phantom_present, findings.phantom_absent), (phantoms, 0));
    }
}

#[test]
fn an_update_that_overwrote_what_it_had_not_read_is_lost_to_the_other() {
    let modify = |request, between, seen: u64, written| Sample {
        op: Op::ReadModifyWrite,
        seen: Some(Version(seen)),
        seen_writer: Some(Writer(seen)),
        ..write(request, between, written)
    };
    let alone = [modify(0, (10, 20), 0, 1), modify(1, (30, 40), 1, 2)];
    assert_eq!(judge(&alone), Findings { writes: 2, ..Findings::default() });
    let crossed = [modify(0, (10, 20), 0, 1), modify(1, (10, 25), 0, 2)];
    assert_eq!(judge(&crossed).lost_updates, 1);
    let rules = Rules { window: (Nanos(11), Nanos::NEVER), ..rules() };
    let (findings, _) = judge_with(rules, &crossed, 1, &EndState::default());
    assert_eq!(findings.lost_updates, 0, "both were meant to start before the window");
}

#[test]
fn a_write_is_invoked_when_what_it_read_first_has_come() {
    let late = Sample { op: Op::ReadModifyWrite, wrote_from: Nanos(25), ..write(0, (10, 30), 1) };
    let of_future = judge(&[read(1, (15, 20), (1, 1)), late]);
    assert_eq!(of_future.dirty_reads, 1, "it was read before it was written");
    let never = Sample { wrote_from: Nanos::NEVER, ..unknown(0, (10, 20)) };
    let unwritten = judge(&[never, read(1, (30, 40), (0, 0))]);
    assert_eq!((unwritten.unknown_writes, unwritten.possibly_stale), (0, 0));
}

#[test]
fn only_the_window_is_counted_and_all_else_is_remembered() {
    let rules = Rules { window: (Nanos(30), Nanos(50)), bucket: Nanos(8), ..rules() };
    let samples = [
        write(0, (10, 20), 1),
        read(1, (29, 35), (0, 0)),
        read(2, (30, 35), (0, 0)),
        // Intended in the window, and started late: counted where it was meant to be.
        Sample { intended: Nanos(49), ..read(3, (60, 70), (1, 1)) },
        read(4, (50, 60), (0, 0)),
    ];
    let (findings, _) = judge_with(rules, &samples, 1, &EndState::default());
    assert_eq!((findings.reads, findings.writes, findings.definitely_stale), (2, 0, 1));
    let bucket =
        |reads, stale| StalenessBucket { reads, definitely_stale: stale, possibly_stale: stale };
    assert_eq!(findings.timeline, [bucket(1, 1), bucket(0, 0), bucket(1, 0)]);
}

#[test]
fn versions_that_no_acknowledged_write_got_are_counted() {
    let findings = judge(&[write(0, (1, 2), 1), unknown(1, (3, 4)), write(2, (5, 6), 3)]);
    assert_eq!((findings.unclaimed_versions, findings.order_violations), (1, 0));
}

#[test]
fn each_end_state_has_its_name() {
    let key = |number| stored(Key(number), 2, 2);
    let cases = [
        (key(0), Audit { keys: 1, absent: 1, ..Audit::default() }),
        (EndKey { cached: holds(2, 2), ..key(0) }, Audit { keys: 1, equal: 1, ..Audit::default() }),
        (EndKey { cached: holds(1, 1), ..key(0) }, Audit { keys: 1, stale: 1, ..Audit::default() }),
        (EndKey { cached: holds(3, 3), ..key(0) }, Audit { keys: 1, ahead: 1, ..Audit::default() }),
        (
            EndKey { cached: holds(2, 9), ..key(0) },
            Audit { keys: 1, phantom: 1, ..Audit::default() },
        ),
        (
            EndKey { cached: holds(2, 2), stored: None, ..key(0) },
            Audit { keys: 1, phantom: 1, ..Audit::default() },
        ),
        (
            EndKey { cached: Cached::Corrupt, ..key(0) },
            Audit { keys: 1, corrupt: 1, ..Audit::default() },
        ),
        (
            EndKey { stored_intact: false, ..key(0) },
            Audit { keys: 1, corrupt: 1, ..Audit::default() },
        ),
    ];
    for (end, expected) in cases {
        let (_, audit) = judge_with(rules(), &[], 1, &end_of([end]));
        let wrong = usize::try_from(expected.keys - expected.absent - expected.equal).unwrap();
        assert_eq!(audit.examples.len(), wrong);
        assert_eq!(Audit { examples: Vec::new(), ..audit }, expected);
    }
}

#[test]
fn a_written_key_that_the_end_state_leaves_out_is_not_passed_over_in_silence() {
    let (_, audit) = judge_with(rules(), &ten_writes(), 1, &EndState::default());
    assert_eq!((audit.keys, audit.unchecked), (0, 1));
}
