//! What a fault did to a run, and how long it was felt.

mod band;
mod episode;
mod series;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use self::episode::{Episode, episodes};
use self::series::Series;
use super::Measures;
use crate::judge::Findings;
use crate::model::{Injected, Nanos};

/// One fault, and what a run was before, through and after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThroughFault {
    #[serde(flatten)]
    pub injected: Injected,
    /// How long it could be followed after it was over: until the next fault began, or the window
    /// closed.
    pub followed: Nanos,
    /// The figures of which enough was seen before it, in the order of [`Figure::ALL`].
    pub recoveries: Vec<Recovery>,
    /// Requests that failed since it began, until errors were as before, or as long as it was
    /// followed.
    pub failed: u64,
    /// The most reads of the origin that began within 100 ms before it.
    pub store_burst_before: u64,
    /// The same since it began, as long as it was followed: the peak of the herd.
    pub store_burst: u64,
}

/// One figure through a fault.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    pub figure: Figure,
    /// Its mean before the fault.
    pub before: f64,
    /// The worst of its moving means since the fault began; of a latency, the worst p99 over as many
    /// intervals as certify one.
    pub worst: f64,
    /// Whether it was ever worse than before since the fault began.
    pub worsened: bool,
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
    /// The p99 of the response time of every other operation, in seconds.
    WriteLatency,
    /// Reads answered without the store, as a share of all answered reads.
    HitRatio,
    /// Reads of the origin a second: the herd that follows a lost cache.
    StoreReads,
    /// Definitely stale reads as a share of all judged reads.
    StaleReads,
}

impl Figure {
    pub const ALL: [Self; 6] = [
        Self::Errors,
        Self::ReadLatency,
        Self::WriteLatency,
        Self::HitRatio,
        Self::StoreReads,
        Self::StaleReads,
    ];

    /// Of every figure but the hit ratio more is worse.
    pub const fn higher_is_better(self) -> bool {
        matches!(self, Self::HitRatio)
    }
}

/// What each fault did to the run that measured and found this, in the order in which they began.
///
/// Faults that overlap are felt together: what was before the first of them was before all of them,
/// and time counts from when the last of them was over.
pub fn through_faults(
    measures: &Measures,
    findings: &Findings,
    injected: &[Injected],
) -> Vec<ThroughFault> {
    let width = measures.bucket.max(Nanos(1));
    let episodes = episodes(injected, width, measures.timeline.len());
    let mut through: Vec<ThroughFault> = episodes
        .iter()
        .flat_map(|episode| episode.faults.iter().map(|fault| unfelt(measures, episode, fault)))
        .collect();
    for figure in Figure::ALL {
        let series = Series::new(figure, measures, findings);
        // From where on it is as it was, for the next fault to be compared with.
        let mut steady_from = Some(0);
        let mut rest = through.as_mut_slice();
        for episode in &episodes {
            let (faults, later) = rest.split_at_mut(episode.faults.len());
            let calm = steady_from.unwrap_or(episode.since).min(episode.began);
            let baseline = steady_from.and_then(|from| series.before(from..episode.began));
            let back = baseline.as_ref().and_then(|before| series.back(before, episode));
            for fault in faults {
                let began = episode::bucket_of(fault.injected.began, width, episode.until);
                let felt = began..back.unwrap_or(episode.until).max(began);
                match figure {
                    Figure::Errors => {
                        let buckets = measures.timeline[felt].iter();
                        fault.failed = buckets.map(|bucket| bucket.failed).sum();
                    }
                    // What the fault before it had left behind is no before.
                    Figure::StoreReads => {
                        fault.store_burst_before = burst(&measures.timeline[calm..episode.began]);
                    }
                    _ => {}
                }
                let Some(before) = &baseline else { continue };
                let Some(worst) = series.worst(before, began..episode.until) else { continue };
                let back_after = back.map(|back| Nanos(width.0 * back as u64).since(episode.over));
                let worsened = series.worsened(before, began..episode.until);
                let before = before.value;
                fault.recoveries.push(Recovery { figure, before, worst, worsened, back_after });
            }
            (steady_from, rest) = (back, later);
        }
    }
    through
}

fn burst(buckets: &[super::Bucket]) -> u64 {
    buckets.iter().map(|bucket| bucket.store_burst).max().unwrap_or_default()
}

fn unfelt(measures: &Measures, episode: &Episode, fault: &Injected) -> ThroughFault {
    let width = measures.bucket.max(Nanos(1));
    let began = episode::bucket_of(fault.began, width, episode.until);
    let until = Nanos(width.0 * episode.until as u64).min(measures.window);
    ThroughFault {
        injected: fault.clone(),
        followed: until.since(episode.over),
        recoveries: Vec::new(),
        failed: 0,
        store_burst_before: 0,
        store_burst: burst(&measures.timeline[began..episode.until]),
    }
}
