//! What the load generator itself costs on this machine, and how much it can do.

use serde::{Deserialize, Serialize};

use crate::model::Nanos;

/// The generator, measured on itself: with all that a run has (plan, strategy, tap, judge and
/// histograms), beside clients that have nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Requests under way at once in the closed loops.
    pub clients: u32,
    /// Cache hits through a whole run's machinery, on the cache that the runs have.
    pub harness: Pace,
    /// The same GETs by bare clients of the client library, over as many connections. `None` where
    /// there is no server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bare: Option<Pace>,
    /// The same again over the runs' own connections, which can do less than the library's and cost
    /// less. `None` where the runs have the library's, and where it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leanest: Option<Pace>,
    /// Cache hits through a whole run's machinery, on twins that answer at once.
    pub alone: Pace,
    /// How late requests of an open loop start, on twins that answer at once.
    pub lags: Vec<LagAt>,
}

/// How fast, and for how much CPU time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// Requests a second.
    pub rate: f64,
    /// CPU time of the load thread for each request, in nanoseconds.
    pub cpu: f64,
}

/// The dispatch lag of evenly spaced requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LagAt {
    /// Requests a second.
    pub rate: f64,
    pub p50: Nanos,
    pub p99: Nanos,
    /// The share of its core that the load thread used.
    pub cpu_share: f64,
}

impl Calibration {
    /// CPU time that the harness adds to the request of a bare client of the library, as a share of
    /// that.
    pub fn added(&self) -> Option<f64> {
        self.bare.map(|bare| self.added_to(bare))
    }

    /// CPU time that the harness adds to a request of `yardstick`, as a share of that.
    pub fn added_to(&self, yardstick: Pace) -> f64 {
        self.harness.cpu / yardstick.cpu - 1.0
    }

    /// Requests a second at which the load thread's core is full, if all of them are cache hits.
    pub fn ceiling(&self) -> f64 {
        1e9 / self.harness.cpu
    }
}

impl Pace {
    /// The pace of `requests` that took so long and used so much CPU time.
    pub fn of(requests: u64, took: Nanos, cpu: Nanos) -> Self {
        let requests = requests as f64;
        Self { rate: requests / took.as_secs_f64(), cpu: cpu.0 as f64 / requests }
    }

    /// The one in the middle by CPU time: what a moment of another's load on the machine cannot
    /// change. `None` of none.
    pub fn median(mut rounds: Vec<Self>) -> Option<Self> {
        rounds.sort_by(|one, other| one.cpu.total_cmp(&other.cpu));
        rounds.get(rounds.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_told_by_the_bare_clients_cost() {
        let pace = |cpu| Pace { rate: 0.0, cpu };
        let with = |bare| Calibration { harness: pace(8_000.0), bare, ..Calibration::default() };
        assert!((with(Some(pace(6_400.0))).added().unwrap() - 0.25).abs() < 1e-12);
        assert_eq!(with(None).added(), None);
        assert_eq!(with(None).ceiling(), 125_000.0);
    }

    #[test]
    fn one_bad_round_changes_nothing() {
        let rounds = [7.0, 90.0, 6.0].map(|cpu| Pace { rate: 1.0, cpu }).to_vec();
        assert_eq!(Pace::median(rounds).unwrap().cpu, 7.0);
        assert_eq!(Pace::median(Vec::new()), None);
    }
}
