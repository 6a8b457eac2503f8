//! What one option of a scenario over a range came to: a file of its own, beside the Records that it was
//! taken from.

use serde::{Deserialize, Serialize};

use super::{Check, Host, Nanos, Scenario, Server, Standing};

pub use crate::scenario::vary::{Scale, Unit};

/// The version of this format. Raised when a reader of the old one would be wrong.
pub const FORMAT: u32 = 1;

/// What tells the file from any other.
pub const KIND: &str = "sweep";

/// Everything that is known of one sweep over all strategies of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// [`KIND`].
    pub kind: String,
    /// [`FORMAT`] as it was when this was written.
    pub format: u32,
    /// The version of the tool.
    pub tool: String,
    /// The scenario's name: its file's name without the ending.
    pub name: String,
    /// When the first point started, as RFC 3339 in UTC.
    pub started: String,
    /// How long all points took, on their own clock.
    pub took: Nanos,
    pub host: Host,
    /// As it was run at the first point; the others differ from it in the option alone.
    pub scenario: Scenario,
    /// The text of the scenario at the first point.
    pub source: String,
    pub varied: Varied,
    /// Whether the points were made under virtual time, on the twins.
    pub simulated: bool,
    pub cache: Server,
    pub store: Server,
    /// In the order of the values.
    pub points: Vec<Point>,
    /// Checks of the sweep as a whole; those of a point are with the point.
    pub checks: Vec<Check>,
}

/// What was varied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Varied {
    /// As the command line names it: `ttl`, `workload.nodes`.
    pub option: String,
    /// As the command line has it: `ttl=100ms..10s:5:log`.
    pub argument: String,
    pub unit: Unit,
    pub scale: Scale,
    /// Every value that was to be tried, as a person writes it.
    pub planned: Vec<String>,
}

/// The experiment with one value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// In the unit's own measure: nanoseconds, bytes, a share or a number; of words, their place.
    pub value: f64,
    /// As a person writes it.
    pub written: String,
    /// The plan's hash: equal where two points were asked the same at the same times.
    pub plan: String,
    /// The point's own Record, as a file within the folder of this one.
    pub record: String,
    /// The worst standing of any check. An invalid point takes part in no comparison.
    pub standing: Standing,
    /// The checks that did not end well, with where they were made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<Trouble>,
    /// What is allowed, but makes some figure mean less than it seems to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// In the order of the scenario.
    pub strategies: Vec<Measured>,
}

/// A check that ended as a warning or worse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trouble {
    /// `experiment`, or a strategy and its repeat.
    pub place: String,
    pub check: Check,
}

/// One strategy at one point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Its name in the scenario: `ttl`, or `ttl@short`.
    pub label: String,
    /// The strategy's own name.
    pub strategy: String,
    /// The label of the contender that it is once more; twins are in no comparison.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin_of: Option<String>,
    pub standing: Standing,
    pub measures: Vec<Measure>,
}

/// One figure of one strategy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// What it is of: `read p99`.
    pub what: String,
    /// Over all runs: nanoseconds, a share, a ratio, a count or bytes. Left out where there are too few
    /// samples to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// How many runs have the figure.
    pub runs: u32,
    /// The mean over runs with its 95 % interval, from two runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Spread>,
    /// How far a strategy was from its twin at this point, as a share of the mean of the two: the
    /// largest over all strategies. There only in an A/A sweep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
}

/// A mean and its 95 % interval by Student's t.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    pub mean: f64,
    pub low: f64,
    pub high: f64,
}

impl Sweep {
    /// Whether the cache was the in-memory twin though the clock was real: its latency is not a
    /// server's.
    pub fn is_embedded(&self) -> bool {
        !self.simulated && self.cache.kind == "embedded"
    }

    /// Whether it was ended before its time.
    pub fn is_partial(&self) -> bool {
        self.points.len() < self.varied.planned.len()
            || self.checks.iter().any(|check| check.standing == Standing::Invalid)
    }

    /// The worst standing of any point.
    pub fn standing(&self) -> Standing {
        let points = self.points.iter().map(|point| point.standing);
        points.chain(self.checks.iter().map(|check| check.standing)).max().unwrap_or_default()
    }

    /// Those whose figures can be believed.
    pub fn valid(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|point| point.standing != Standing::Invalid)
    }

    /// The strategies that compete, in the order of the scenario: all but twins.
    pub fn labels(&self) -> Vec<&str> {
        let mut labels = Vec::new();
        for strategy in self.points.iter().flat_map(|point| &point.strategies) {
            if strategy.twin_of.is_none() && !labels.contains(&strategy.label.as_str()) {
                labels.push(strategy.label.as_str());
            }
        }
        labels
    }
}

impl Point {
    pub fn is_valid(&self) -> bool {
        self.standing != Standing::Invalid
    }

    /// What a strategy has of a measure, where it has anything.
    pub fn measure(&self, label: &str, what: &str) -> Option<&Measure> {
        let strategy = self.strategies.iter().find(|strategy| strategy.label == label)?;
        strategy.measures.iter().find(|measure| measure.what == what)
    }

    /// The figure alone.
    pub fn figure(&self, label: &str, what: &str) -> Option<f64> {
        self.measure(label, what)?.value
    }
}
