//! What the network is like.

use crate::model::{Nanos, Toxics};

/// The state of the network, for all connections alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    pub toxics: Toxics,
    /// Whether nothing passes.
    pub is_cut: bool,
    /// How often all connections have been reset.
    pub resets: u64,
}

impl Conditions {
    /// When what was sent at `sent` comes to the slowest part of the way. `swing`, from -1 to 1, says
    /// how its latency differs from the mean.
    pub fn due(&self, sent: Nanos, swing: f64) -> Nanos {
        let Toxics { latency, jitter, .. } = self.toxics;
        let by = Nanos((jitter.nanos().0 as f64 * swing.abs()) as u64);
        let latency = latency.nanos();
        sent + if swing < 0.0 { latency - by } else { latency + by }
    }

    /// Bytes per second of one direction of a connection; `None` without a limit.
    pub fn bandwidth(&self) -> Option<u64> {
        self.toxics.bandwidth.map(|size| size.0.max(1))
    }
}
