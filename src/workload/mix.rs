//! What a plan turned out to ask for, to be printed beside what the scenario said.

use serde::{Deserialize, Serialize};

use super::Plan;
use crate::model::Op;

/// A tally of the first requests of a plan.
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

impl Mix {
    pub(super) fn of(plan: &Plan, requests: u64) -> Self {
        let mut mix = Self { requests, ..Self::default() };
        let mut counts = vec![0_u64; plan.keys() as usize];
        for number in 0..requests {
            let request = plan.request(number);
            *mix.of_op_mut(request.op) += 1;
            counts[request.key.0 as usize] += 1;
        }
        mix.distinct_keys = counts.iter().filter(|&&count| count > 0).count() as u64;
        counts.sort_unstable_by(|a, b| b.cmp(a));
        mix.top_hundredth = counts[..counts.len().div_ceil(100)].iter().sum();
        mix
    }

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
