//! A store that does everything right, behind a cache that need not.

use proptest::prelude::*;

use super::{read, stored, unknown, write};
use crate::judge::EndState;
use crate::model::{ClientId, Key, Nanos, Op, Sample};

/// One operation before it is known what it saw or got.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) kind: Kind,
    pub(super) key: u64,
    pub(super) client: u32,
    pub(super) started: u64,
    /// From its start until it takes effect; later than its end only if it is never acknowledged.
    pub(super) effect: u64,
    /// From its effect until its end, or, for an unknown write, from its start.
    pub(super) rest: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Returns the version so many before the current one.
    Read {
        behind: u64,
    },
    Write,
    Delete,
    /// Reads half way to its effect, then writes.
    ReadModifyWrite {
        behind: u64,
    },
    Unknown {
        deletes: bool,
    },
    /// Times out, and never takes effect.
    Failed,
}

/// One version, as it was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made {
    pub(super) writer: u64,
    pub(super) effect: Nanos,
    pub(super) absent: bool,
}

/// What happened, as an all-knowing observer would tell it.
#[derive(Debug)]
pub(super) struct Happened {
    pub(super) samples: Vec<Sample>,
    pub(super) end: EndState,
    /// By key and version. Version 0 took effect at 0.
    pub(super) versions: Vec<Vec<Made>>,
}

pub(super) fn asked(keys: u64, behind: u64, with_unknown: bool) -> impl Strategy<Value = Asked> {
    let unknown = u32::from(with_unknown);
    let kind = prop_oneof![
        5 => (0..=behind).prop_map(|behind| Kind::Read { behind }),
        3 => Just(Kind::Write),
        1 => Just(Kind::Delete),
        1 => (0..=behind).prop_map(|behind| Kind::ReadModifyWrite { behind }),
        unknown => any::<bool>().prop_map(|deletes| Kind::Unknown { deletes }),
        unknown => Just(Kind::Failed),
    ];
    (kind, 0..keys, 0..3_u32, 0..30_u64, 0..10_u64, 0..10_u64).prop_map(
        |(kind, key, client, started, effect, rest)| Asked {
            kind,
            key,
            client,
            started,
            effect: if let Kind::Unknown { .. } = kind { 3 * effect } else { effect },
            rest,
        },
    )
}

/// Lets every operation take effect in the order of time. Keys from `loaded` on start without a row.
pub(super) fn carry_out(keys: u64, loaded: u64, asked: &[Asked]) -> Happened {
    let mut steps: Vec<(u64, usize, bool)> = Vec::new();
    for (index, it) in asked.iter().enumerate() {
        if let Kind::ReadModifyWrite { .. } = it.kind {
            steps.push((it.first_read(), index, true));
        }
        steps.push((it.started + it.effect, index, false));
    }
    // Stable: what a request reads first it reads first.
    steps.sort_by_key(|&(instant, ..)| instant);
    let initial = |key| Made { writer: 0, effect: Nanos::ZERO, absent: key >= loaded };
    let mut versions: Vec<_> = (0..keys).map(|key| vec![initial(key)]).collect();
    let mut samples = Vec::new();
    let mut first_reads = vec![None; asked.len()];
    for (effect, index, is_first_read) in steps {
        let (it, request) = (&asked[index], index as u64);
        let known = &mut versions[it.key as usize];
        let sample = if is_first_read {
            let Kind::ReadModifyWrite { behind } = it.kind else { unreachable!("nobody else") };
            let seen = see(known, behind, request, (it.started, effect));
            first_reads[index] = Some(seen);
            seen
        } else {
            take_effect(it, request, known, first_reads[index])
        };
        samples.push(Sample { key: Key(it.key), client: ClientId(it.client), ..sample });
    }
    let keys = versions.iter().enumerate().map(|(key, known)| {
        stored(Key(key as u64), known.len() as u64 - 1, known[known.len() - 1].writer)
    });
    Happened { samples, end: EndState { keys: keys.collect() }, versions }
}

impl Asked {
    fn first_read(&self) -> u64 {
        self.started + self.effect / 2
    }
}

/// A read of the version so many before the current one.
fn see(known: &[Made], behind: u64, request: u64, between: (u64, u64)) -> Sample {
    let version = (known.len() - 1).saturating_sub(behind as usize);
    let Made { writer, absent, .. } = known[version];
    Sample { absent, ..read(request, between, (version as u64, writer)) }
}

fn take_effect(
    it: &Asked,
    request: u64,
    known: &mut Vec<Made>,
    first_read: Option<Sample>,
) -> Sample {
    let effect = it.started + it.effect;
    let answered = (it.started, effect + it.rest);
    let given_up = (it.started, it.started + it.rest);
    let made = |absent| Made { writer: request + 1, effect: Nanos(effect), absent };
    match it.kind {
        Kind::Read { behind } => see(known, behind, request, answered),
        Kind::Write => {
            known.push(made(false));
            write(request, answered, known.len() as u64 - 1)
        }
        Kind::Delete => {
            known.push(made(true));
            Sample { op: Op::Delete, ..write(request, answered, known.len() as u64 - 1) }
        }
        Kind::ReadModifyWrite { .. } => {
            known.push(made(false));
            let Sample { seen, seen_writer, absent, .. } = first_read.expect("it has read before");
            Sample {
                op: Op::ReadModifyWrite,
                seen,
                seen_writer,
                absent,
                wrote_from: Nanos(it.first_read()),
                ..write(request, answered, known.len() as u64 - 1)
            }
        }
        Kind::Unknown { deletes } => {
            known.push(made(deletes));
            let op = if deletes { Op::Delete } else { Op::Update };
            Sample { op, ..unknown(request, given_up) }
        }
        Kind::Failed => unknown(request, given_up),
    }
}
