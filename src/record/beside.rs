//! A simulation held against a real run of the same scenario.

use serde::{Deserialize, Serialize};

use super::{Host, Server};

/// What the real run came to beside this simulation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// When the real run started, as RFC 3339 in UTC.
    pub started: String,
    pub host: Host,
    pub cache: Server,
    pub store: Server,
    pub figures: Vec<Held>,
}

/// One figure of one strategy, in both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The contender's.
    pub label: String,
    /// By the name of the metric: `hit ratio`.
    pub metric: String,
    /// Nanoseconds, a share, or so many a request.
    pub real: f64,
    pub simulated: f64,
    /// Where the simulated figure has to be for the two to agree.
    pub low: f64,
    pub high: f64,
}

impl Held {
    /// How far the simulated figure is off, as a share of the real one; `None` where that is nothing.
    pub fn error(&self) -> Option<f64> {
        (self.real != 0.0).then(|| self.simulated / self.real - 1.0)
    }

    pub fn agrees(&self) -> bool {
        (self.low..=self.high).contains(&self.simulated)
    }
}
