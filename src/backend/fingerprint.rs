//! Telling one dataset from another without going through all of it.

use super::Dataset;
use crate::model::Key;

/// How many keys are looked at.
const PROBES: u64 = 16;

/// What a dataset looks like at keys spread over it: enough to know that rows kept from an earlier
/// load are not this dataset's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint {
    keys: u64,
    children: u32,
    probes: Vec<(u32, i64)>,
}

impl Fingerprint {
    pub fn of(dataset: &dyn Dataset) -> Self {
        let (keys, children) = (dataset.keys(), dataset.children());
        let probes = (0..PROBES.min(keys))
            .map(|probe| {
                let key = Key(probe * (keys - 1) / (PROBES - 1));
                let last_child = children.checked_sub(1);
                let amount = last_child.map_or(0, |child| dataset.child_amount(key, child));
                (dataset.initial(key).checksum, amount)
            })
            .collect();
        Self { keys, children, probes }
    }
}
