//! Whether a run's figures can be trusted: a number from a bad run is worse than none.
//!
//! Each rule is a file of its own. What it comes to depends on how the run was made: with an open
//! or a closed loop, through a fault, on servers that others use too.

mod cache;
mod capacity;
mod corrupt;
mod faults;
mod generator;
mod lag;
mod requests;
mod store;
#[cfg(test)]
mod tests;

pub use capacity::capacity;
pub use store::StoreEvidence;

use serde::{Deserialize, Serialize};

use super::{Measures, Totals};
use crate::judge::Audit;
use crate::model::{CacheCounters, Injected};

/// One check and how it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked: `dispatch lag`, `server counters`.
    pub name: String,
    pub standing: Standing,
    /// What was found, with the figures and the bound.
    pub detail: String,
}

/// How a check ended, from best to worst.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The check does not apply to this run.
    NotApplicable,
    #[default]
    Ok,
    Warn,
    /// The figures are worse than none.
    Invalid,
}

impl Standing {
    /// The word for it, as it stands in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotApplicable => "n/a",
            Self::Ok => "OK",
            Self::Warn => "WARN",
            Self::Invalid => "INVALID",
        }
    }
}

/// What a run is judged by.
pub struct Evidence<'a> {
    pub is_open: bool,
    /// Whether the cache is the run's own, so that nobody else's calls are in its counters.
    pub is_private: bool,
    /// How many requests the plan has in the window, as far as the run came; 0 in a closed loop, whose
    /// plan has none before its answers.
    pub planned: u64,
    pub measures: &'a Measures,
    pub totals: &'a Totals,
    pub audit: &'a Audit,
    pub counters: Option<&'a CacheCounters>,
    /// Calls to the cache whose caller was gone before the answer came.
    pub given_up: u64,
    pub store: StoreEvidence<'a>,
    /// The share of its core that the generator used; `None` under virtual time.
    pub generator_cpu: Option<f64>,
    /// How many faults the scenario asks for.
    pub planned_faults: usize,
    /// What became of them.
    pub faults: &'a [Injected],
}

impl Evidence<'_> {
    /// Whether something was to break, or did.
    const fn is_through_fault(&self) -> bool {
        self.planned_faults > 0 || !self.faults.is_empty()
    }
}

/// Every check of one run.
pub fn check(evidence: &Evidence<'_>) -> Vec<Check> {
    let mut checks = vec![
        lag::dispatch_lag(evidence),
        generator::generator(evidence),
        requests::achieved_rate(evidence),
        requests::answered(evidence),
        cache::server_counters(evidence),
        cache::keyspace_hits(evidence),
        store::store_counters(&evidence.store, evidence.totals),
        corrupt::corrupt(evidence),
    ];
    checks.extend(faults::faults(evidence));
    checks
}

impl Check {
    fn new(name: &str, standing: Standing, detail: impl Into<String>) -> Self {
        Self { name: name.into(), standing, detail: detail.into() }
    }

    fn not_applicable(name: &str, why: impl Into<String>) -> Self {
        Self::new(name, Standing::NotApplicable, why)
    }
}
