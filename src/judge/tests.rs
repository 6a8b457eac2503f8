//! Histories for the judge, and its findings about them.

mod definition;
mod linearizability;
mod planted;
mod store;

use super::{Audit, Cached, EndKey, EndState, Findings, Judge, Memory, Rules};
use crate::model::{ClientId, Key, Nanos, NodeId, Op, Sample, Touches, Version, Writer};

const KEY: Key = Key(0);

/// A read that returned version `seen.0` of writer `seen.1`.
fn read(request: u64, (started, ended): (u64, u64), seen: (u64, u64)) -> Sample {
    Sample {
        request,
        key: KEY,
        op: Op::Read,
        node: NodeId(0),
        client: ClientId(request as u32),
        intended: Nanos(started),
        started: Nanos(started),
        wrote_from: Nanos(started),
        ended: Nanos(ended),
        seen: Some(Version(seen.0)),
        seen_writer: Some(Writer(seen.1)),
        absent: false,
        written: None,
        fault: None,
        touches: Touches::default(),
    }
}

/// A write that was acknowledged as `version`; its writer is `request + 1`.
fn write(request: u64, between: (u64, u64), version: u64) -> Sample {
    Sample {
        op: Op::Update,
        seen: None,
        seen_writer: None,
        written: Some(Version(version)),
        ..read(request, between, (0, 0))
    }
}

/// A write that timed out.
fn unknown(request: u64, between: (u64, u64)) -> Sample {
    use crate::model::{Fault, FaultKind};
    Sample {
        written: None,
        fault: Some(Fault::store(FaultKind::Timeout)),
        ..write(request, between, 0)
    }
}

fn rules() -> Rules {
    let window = (Nanos::ZERO, Nanos::NEVER);
    Rules { keys: 4, loaded: 4, ring: Rules::RING, window, bucket: Nanos::ZERO }
}

/// What the store holds in the end, with an empty cache.
fn stored(key: Key, version: u64, writer: u64) -> EndKey {
    let stored = Some((Version(version), Writer(writer)));
    EndKey { key, cached: Cached::Absent, stored, stored_intact: true }
}

fn judge(samples: &[Sample]) -> Findings {
    judge_with(rules(), samples, 1, &EndState::default()).0
}

/// Judges `samples`, given in any order. The watermark is moved on as far as it goes after every
/// `pace` samples, or never if that is 0.
fn judge_with(rules: Rules, samples: &[Sample], pace: usize, end: &EndState) -> (Findings, Audit) {
    judge_within(Memory::USUAL, rules, samples, pace, end)
}

/// What is usual, or so little that every history is folded as soon as its key is at rest, and a single
/// set of pairs is all there is.
fn memory(is_scarce: bool) -> Memory {
    if is_scarce { Memory { histories: 0, pairs: 8 } } else { Memory::USUAL }
}

fn judge_within(
    memory: Memory,
    rules: Rules,
    samples: &[Sample],
    pace: usize,
    end: &EndState,
) -> (Findings, Audit) {
    let mut samples = samples.to_vec();
    samples.sort_by_key(|sample| sample.ended);
    let mut watermark = Nanos::NEVER;
    let mut watermarks = vec![watermark; samples.len()];
    for (index, sample) in samples.iter().enumerate().rev() {
        watermarks[index] = watermark;
        watermark = watermark.min(sample.started);
    }
    let mut judge = Judge::within(memory, rules);
    for (index, sample) in samples.iter().enumerate() {
        judge.observe(sample);
        if pace > 0 && index % pace == 0 {
            judge.advance(watermarks[index]);
        }
    }
    judge.finish(end)
}
