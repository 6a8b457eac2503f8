//! Judge and meter take so much for each key, and no more for any number of requests.

use cacheduel::judge::{EndState, Judge, Memory, Rules};
use cacheduel::measure::{Meter, Timeline};
use cacheduel::model::{
    Answer, Call, ClientId, Key, Nanos, NodeId, Op, Purpose, Sample, Side, Touches, Verb, Version,
    Writer,
};

use super::memory::{MIB, taken};

/// Little, so that all of it is soon in use.
const MEMORY: Memory = Memory { histories: 2 * MIB, pairs: 1 << 14 };
/// A judge beside its keys: its histories and its pairs, both of which grow by doubling, and what is
/// between the watermark and now.
const JUDGE: usize = 2 * (MEMORY.histories + 16 * MEMORY.pairs) + MIB;
/// A meter: buckets of two histograms, and a histogram for each kind of request.
const METER: usize = 6 * MIB;
/// From one request to the next.
const GAP: Nanos = Nanos::from_micros(10);
/// Of 15 seconds is each interval of its timeline, so that all requests fall into the first.
const WINDOW: Nanos = Nanos::from_secs(600);

/// Every key is written once; then requests for keys of which a quarter gets half: one in ten is a write, and
/// one in seven reads is stale. All take a millisecond.
fn tell(keys: u64, requests: u64) -> (Judge, Meter) {
    let (window, bucket) = ((Nanos::ZERO, WINDOW), Timeline::Usual.bucket(WINDOW));
    let rules = Rules { keys, loaded: keys, ring: Rules::RING, window, bucket };
    let mut judge = Judge::within(MEMORY, rules);
    let mut meter = Meter::new(window.0, window.1, Timeline::Usual);
    let mut latest = vec![(0_u32, 0_u32, 0_u32); keys as usize];
    let mut draw = 1_u64;
    for number in 0..requests {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let among = if draw >> 63 == 0 { keys } else { keys / 4 };
        let key = if number < keys { number } else { (draw >> 20) % among };
        let (version, writer, before) = &mut latest[key as usize];
        let mut sample = blank(number, Key(key), Nanos(number * GAP.0));
        if number < keys || number % 10 == 0 {
            (*version, *before, *writer) = (*version + 1, *writer, number as u32 + 1);
            sample.op = Op::Update;
            sample.written = Some(Version(u64::from(*version)));
        } else {
            let is_stale = number % 7 == 0 && *version > 0;
            let (seen, by) = if is_stale { (*version - 1, *before) } else { (*version, *writer) };
            sample.seen = Some(Version(u64::from(seen)));
            sample.seen_writer = Some(Writer(u64::from(by)));
        }
        judge.observe(&sample);
        judge.advance(sample.started + GAP);
        meter.sample(&sample);
        meter.calls(&[lookup(&sample)]);
    }
    (judge, meter)
}

/// The most bytes that judge and meter had at once.
fn peak(keys: u64, requests: u64) -> usize {
    let ((judge, meter), taken) = taken(|| tell(keys, requests));
    let (findings, _) = judge.finish(&EndState::default());
    assert!(findings.reads > requests / 2 && findings.definitely_stale > requests / 20);
    assert!(findings.forgotten_pairs > 0, "all the memory for pairs is in use");
    assert_eq!((findings.dirty_reads, findings.order_violations), (0, 0));
    let (measures, _) = meter.finish(1, None, &[]);
    assert_eq!(measures.requests.answered, requests);
    // What the test itself remembers.
    taken - 12 * keys as usize
}

#[test]
fn the_memory_of_judge_and_meter_grows_by_72_bytes_a_key_and_not_with_the_requests() {
    let once = peak(20_000, 400_000);
    assert!(once <= 20_000 * 72 + JUDGE + METER, "{once} bytes");
    let twice = peak(20_000, 800_000);
    assert!(twice <= once + once / 50, "{once} bytes, then {twice}");
    let more_keys = peak(60_000, 800_000);
    let each = more_keys.saturating_sub(twice) / 40_000;
    assert!(each <= 72 + 2, "{each} bytes for each key more");
}

#[test]
fn a_key_that_nobody_writes_takes_8_bytes_of_the_judge() {
    let of = |keys| {
        let rules = Rules {
            keys,
            loaded: keys,
            ring: Rules::RING,
            window: (Nanos::ZERO, WINDOW),
            bucket: Nanos::ZERO,
        };
        let read_all = || {
            let mut judge = Judge::within(MEMORY, rules);
            for number in 0..keys {
                let read = Sample {
                    seen: Some(Version::INITIAL),
                    seen_writer: Some(Writer::LOAD),
                    ..blank(number, Key(number), Nanos(number * GAP.0))
                };
                judge.observe(&read);
                judge.advance(read.started);
            }
        };
        taken(read_all).1
    };
    let each = of(500_000).saturating_sub(of(100_000)) / 400_000;
    assert_eq!(each, 8, "bytes for each key more");
}

fn blank(number: u64, key: Key, started: Nanos) -> Sample {
    Sample {
        request: number,
        key,
        op: Op::Read,
        node: NodeId(0),
        client: ClientId((number % 100) as u32),
        intended: started,
        started,
        wrote_from: started,
        ended: started + Nanos::from_millis(1),
        seen: None,
        seen_writer: None,
        absent: false,
        written: None,
        fault: None,
        touches: Touches { cache_hits: 1, ..Touches::default() },
    }
}

fn lookup(sample: &Sample) -> Call {
    Call {
        side: Side::Cache,
        purpose: Purpose::Lookup,
        verb: Verb::Get,
        key: Some(sample.key),
        started: sample.started,
        ended: sample.ended,
        answer: Answer::Hit,
        rows: 0,
        bytes: 1_000,
        plain_bytes: 0,
        concurrent: 1,
        duplicate: false,
        background: false,
    }
}
