//! What a meter makes of samples and calls, alone and with others.

use proptest::prelude::*;

use super::*;
use crate::model::{
    Answer, Breakage, CacheBreakage, ClientId, FaultKind, Key, NodeId, Purpose, Touches, Verb,
};

fn late_by(intended: Nanos, lag: Nanos) -> Sample {
    Sample {
        request: 0,
        key: Key(0),
        op: Op::Read,
        node: NodeId(0),
        client: ClientId(0),
        intended,
        started: intended + lag,
        wrote_from: Nanos::NEVER,
        ended: intended + lag,
        seen: None,
        seen_writer: None,
        absent: false,
        written: None,
        fault: None,
        touches: Touches::default(),
    }
}

#[test]
fn the_lag_outside_of_faults_is_that_of_intervals_without_one() {
    let second = Nanos::from_secs(1);
    let mut meter = Meter::new(Nanos::ZERO, Nanos::from_secs(10), Timeline::Fine);
    meter.sample(&late_by(second, Nanos::from_micros(50)));
    meter.sample(&late_by(Nanos::from_millis(4_050), Nanos::from_millis(700)));
    let what = Breakage::Cache(CacheBreakage::Paused);
    let (began, ended) = (Nanos::from_secs(4), Nanos::from_secs(5));
    let (measures, _) = meter.finish(1, None, &[Injected { what, began, ended, trouble: None }]);
    assert_eq!(measures.lag.len(), 2);
    let outside = measures.lag_outside_faults.unwrap();
    assert_eq!(outside.len(), 1);
    assert!(outside.max() < Nanos::from_micros(51));
}

const WINDOW: (Nanos, Nanos) = (Nanos::from_millis(500), Nanos::from_millis(5_500));

/// A finished request, somewhere around the window.
fn any_sample() -> impl Strategy<Value = Sample> {
    let op = prop::sample::select(Op::ALL.to_vec());
    let fault = prop::option::weighted(
        0.2,
        prop::sample::select(vec![
            Fault::GAVE_UP,
            Fault::CORRUPT_ANSWER,
            Fault::store(FaultKind::Timeout),
        ]),
    );
    let times = (0..6_000_000_000_u64, 0..5_000_000_u64, 0..2_000_000_000_u64);
    let touched = prop::array::uniform6(0..2_u16);
    (op, fault, times, touched).prop_map(|(op, fault, (intended, lag, took), touched)| {
        let [cache_hits, cache_misses, node_hits, store_reads, store_writes, stale_served] =
            touched;
        let touches = Touches {
            cache_hits,
            cache_misses,
            node_hits,
            store_reads,
            store_writes,
            stale_served,
            undelivered: store_writes * cache_misses,
            ..Touches::default()
        };
        let late = late_by(Nanos(intended), Nanos(lag));
        Sample { op, fault, touches, ended: late.started + Nanos(took), ..late }
    })
}

/// A call that began somewhere around the window.
fn any_call() -> impl Strategy<Value = Call> {
    let verbs = [
        (Side::Cache, vec![Verb::Get, Verb::Set, Verb::Delete, Verb::Script, Verb::Stream]),
        (Side::Store, vec![Verb::Read, Verb::Write]),
        (Side::Node, vec![Verb::Get, Verb::Encode, Verb::Decode]),
    ];
    let what = prop::sample::select(verbs.to_vec())
        .prop_flat_map(|(side, verbs)| (Just(side), prop::sample::select(verbs)));
    let answers = vec![
        Answer::Done,
        Answer::Hit,
        Answer::Miss,
        Answer::Failed(Fault::store(FaultKind::Throttled)),
    ];
    let purpose = prop::sample::select(Purpose::ALL.to_vec());
    let sizes = (0..9_u32, 0..4_000_u32, 1..50_u32);
    let times = (0..6_000_000_000_u64, 0..2_000_000_000_u64);
    let kinds = (what, purpose, prop::sample::select(answers), any::<(bool, bool)>());
    (kinds, sizes, times).prop_map(|(kinds, (rows, bytes, concurrent), (started, took))| {
        let ((side, verb), purpose, answer, (duplicate, background)) = kinds;
        Call {
            side,
            purpose,
            verb,
            key: None,
            started: Nanos(started),
            ended: Nanos(started + took),
            answer,
            rows,
            bytes,
            plain_bytes: bytes / 2,
            concurrent,
            duplicate,
            background,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn several_meters_come_to_what_one_does_whoever_is_told_what(
        samples in prop::collection::vec((any_sample(), 0..4_usize), 0..150),
        calls in prop::collection::vec((any_call(), 0..4_usize), 0..150),
        is_fine: bool,
    ) {
        let timeline = if is_fine { Timeline::Fine } else { Timeline::Usual };
        let new = || Meter::new(WINDOW.0, WINDOW.1, timeline);
        let (mut one, mut several) = (new(), [new(), new(), new(), new()]);
        for (sample, meter) in &samples {
            one.sample(sample);
            several[*meter].sample(sample);
        }
        for (call, meter) in &calls {
            one.calls(&[*call]);
            several[*meter].calls(&[*call]);
        }
        let merged = several.into_iter().rev().reduce(Meter::merge).expect("there are four");
        let what = Breakage::Cache(CacheBreakage::Paused);
        let broken =
            [Injected { what, began: Nanos::ZERO, ended: Nanos(2_000_000_000), trouble: None }];
        let broken = if is_fine { &broken[..] } else { &[] };
        let (one, merged) = (one.finish(9, None, broken), merged.finish(9, None, broken));
        prop_assert_eq!(one, merged);
    }
}
