//! A store that does everything right, behind a cache that need not.

use proptest::prelude::*;

use super::{read, stored, unknown, write};
use crate::judge::EndState;
use crate::model::{ClientId, Key, Nanos, Sample};

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
    Unknown,
    /// Times out, and never takes effect.
    Failed,
}

/// What happened, as an all-knowing observer would tell it.
#[derive(Debug)]
pub(super) struct Happened {
    pub(super) samples: Vec<Sample>,
    pub(super) end: EndState,
    /// By key and version: who wrote it, and when it took effect. Version 0 did at 0.
    pub(super) versions: Vec<Vec<(u64, Nanos)>>,
}

pub(super) fn asked(keys: u64, behind: u64, with_unknown: bool) -> impl Strategy<Value = Asked> {
    let unknown = u32::from(with_unknown);
    let kind = prop_oneof![
        5 => (0..=behind).prop_map(|behind| Kind::Read { behind }),
        4 => Just(Kind::Write),
        unknown => Just(Kind::Unknown),
        unknown => Just(Kind::Failed),
    ];
    (kind, 0..keys, 0..3_u32, 0..30_u64, 0..10_u64, 0..10_u64).prop_map(
        |(kind, key, client, started, effect, rest)| Asked {
            kind,
            key,
            client,
            started,
            effect: if kind == Kind::Unknown { 3 * effect } else { effect },
            rest,
        },
    )
}

/// Lets every operation take effect in the order of time.
pub(super) fn carry_out(keys: u64, asked: &[Asked]) -> Happened {
    let mut order: Vec<usize> = (0..asked.len()).collect();
    order.sort_by_key(|&index| asked[index].started + asked[index].effect);
    let mut versions = vec![vec![(0, Nanos::ZERO)]; keys as usize];
    let mut samples = Vec::new();
    for request in order {
        let it = &asked[request];
        let request = request as u64;
        let effect = it.started + it.effect;
        let answered = (it.started, effect + it.rest);
        let given_up = (it.started, it.started + it.rest);
        let known = &mut versions[it.key as usize];
        let sample = match it.kind {
            Kind::Read { behind } => {
                let version = (known.len() - 1).saturating_sub(behind as usize);
                read(request, answered, (version as u64, known[version].0))
            }
            Kind::Write => {
                known.push((request + 1, Nanos(effect)));
                write(request, answered, known.len() as u64 - 1)
            }
            Kind::Unknown => {
                known.push((request + 1, Nanos(effect)));
                unknown(request, given_up)
            }
            Kind::Failed => unknown(request, given_up),
        };
        samples.push(Sample { key: Key(it.key), client: ClientId(it.client), ..sample });
    }
    let keys = versions.iter().enumerate().map(|(key, known)| {
        stored(Key(key as u64), known.len() as u64 - 1, known[known.len() - 1].0)
    });
    Happened { samples, end: EndState { keys: keys.collect() }, versions }
}
