//! What a plan turned out to ask for, to be printed beside what the scenario said.

use serde::{Deserialize, Serialize};

use crate::model::{Key, Op, prefetch};

/// A count of the first requests of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mix {
    /// Requests that were looked at.
    pub requests: u64,
    pub reads: u64,
    pub updates: u64,
    pub inserts: u64,
    pub deletes: u64,
    pub read_modify_writes: u64,
    /// Keys that were asked for at least once.
    pub distinct_keys: u64,
    /// Requests for the most asked-for hundredth of all keys, rounded up to whole keys.
    pub top_hundredth: u64,
}

/// A mix in the making. It takes four bytes a key.
pub(super) struct Mixing {
    mix: Mix,
    /// By key.
    counts: Vec<u32>,
}

impl Mixing {
    pub fn over(keys: u64) -> Self {
        Self { mix: Mix::default(), counts: vec![0; keys as usize] }
    }

    /// Has what is counted of the key come into the processor's caches.
    pub fn expect(&self, key: Key) {
        prefetch(&self.counts[key.0 as usize]);
    }

    pub fn count(&mut self, op: Op, key: Key) {
        self.mix.requests += 1;
        *self.mix.of_op_mut(op) += 1;
        let count = &mut self.counts[key.0 as usize];
        *count = count.saturating_add(1);
    }

    pub fn finish(self) -> Mix {
        let Self { mut mix, mut counts } = self;
        mix.distinct_keys = counts.iter().filter(|&&count| count > 0).count() as u64;
        let top = counts.len().div_ceil(100);
        if top < counts.len() {
            counts.select_nth_unstable_by(top, |a, b| b.cmp(a));
        }
        mix.top_hundredth = counts[..top].iter().copied().map(u64::from).sum();
        mix
    }
}

impl Mix {
    /// The share of the requests that did `op`; `None` without requests.
    pub fn share_of(mut self, op: Op) -> Option<f64> {
        let count = *self.of_op_mut(op);
        (self.requests > 0).then(|| count as f64 / self.requests as f64)
    }

    const fn of_op_mut(&mut self, op: Op) -> &mut u64 {
        match op {
            Op::Read => &mut self.reads,
            Op::Update => &mut self.updates,
            Op::Insert => &mut self.inserts,
            Op::Delete => &mut self.deletes,
            Op::ReadModifyWrite => &mut self.read_modify_writes,
        }
    }

    /// The share of the requests that went to the top hundredth of the keys; `None` without
    /// requests.
    pub fn top_share(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.top_hundredth as f64 / self.requests as f64)
    }
}
