//! What a plan turned out to ask for, to be printed beside what the scenario said.

use serde::{Deserialize, Serialize};

use super::Plan;

/// A tally of the first requests of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mix {
    /// Requests that were looked at.
    pub requests: u64,
    pub reads: u64,
    pub updates: u64,
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
            mix.reads += u64::from(request.op.is_read());
            counts[request.key.0 as usize] += 1;
        }
        mix.updates = requests - mix.reads;
        mix.distinct_keys = counts.iter().filter(|&&count| count > 0).count() as u64;
        counts.sort_unstable_by(|a, b| b.cmp(a));
        mix.top_hundredth = counts[..counts.len().div_ceil(100)].iter().sum();
        mix
    }

    /// The share of the requests that read; `None` without requests.
    pub fn read_share(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.reads as f64 / self.requests as f64)
    }

    /// The share of the requests that went to the top hundredth of the keys; `None` without
    /// requests.
    pub fn top_share(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.top_hundredth as f64 / self.requests as f64)
    }
}
