//! The Record: the versioned result of an experiment with its provenance. Reports and comparisons
//! read Records, and never a live system.

mod baseline;
mod beside;
pub mod ceilings;
pub mod exact;
mod faults;
mod figures;
mod fit;
mod host;
mod merged;
pub mod sweep;

pub use baseline::{Baseline, Exact};
pub use beside::{Beside, Held};
pub use exact::Differing;
pub use faults::{Felt, Recovered};
pub use fit::Fit;
pub use host::Host;

pub use crate::measure::{Check, Standing};

use serde::{Deserialize, Serialize};

use crate::model::StoreCounters;

// What a Record is made of, so that its readers need to know the Record alone.
pub use crate::judge::{Audit, Findings, FreshnessPoint, StalenessBucket};
pub use crate::measure::{
    Bucket, Calibration, Cause, Coded, Failed, Figure, LagAt, Latency, Measures, Pace, Recovery,
    Resident, ThroughFault,
};
pub use crate::model::{
    ApiCounters, Breakage, CacheCounters, DatabaseCounters, Distribution, Fault, FaultKind,
    Injected, Nanos, Op, Profile, Purpose, ServedBy, Server, Share, Side, Span, Spread,
    samples_to_certify,
};
pub use crate::scenario::{Gate, Gated, PlannedFault, Preference, Scenario, Thresholds};

/// The version of the Record's format. Raised when a reader of the old one would be wrong.
pub const FORMAT: u32 = 3;

/// Everything that is known of one experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`FORMAT`] as it was when this was written.
    pub format: u32,
    /// The version of the tool, with its revision where it is known.
    pub tool: String,
    /// The scenario's name: its file's name without the ending.
    pub name: String,
    /// When the experiment started, as RFC 3339 in UTC.
    pub started: String,
    /// How long all of it took.
    pub took: Nanos,
    pub host: Host,
    pub scenario: Scenario,
    /// The scenario's file as it was written, so that the run can be repeated.
    pub source: String,
    pub plan: PlanFacts,
    pub cache: Server,
    pub store: Server,
    /// How long the twins of a simulation took, by which its latencies are what they are; `None` where the
    /// servers were real.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// A real run of the same scenario that a simulation was held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<Beside>,
    /// What the load generator itself cost and could do, just before the runs. `None` under virtual time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// Equal in two Records that were measured in turn, in one experiment: runs of the same repeat are a
    /// pair. `None` of a Record that was measured by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairing: Option<String>,
    /// In the order of the scenario.
    pub contenders: Vec<Contender>,
    /// Checks of the experiment as a whole; those of a run are with the run.
    pub checks: Vec<Check>,
}

/// What the plan asked for, and what its chances came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanFacts {
    /// Equal where two runs were asked the same at the same times.
    pub hash: String,
    pub keys: u64,
    /// Keys that had a row when each run began.
    #[serde(default)]
    pub loaded_keys: u64,
    /// Requests of the whole plan, warm-up included.
    pub requests: u64,
    /// The share of reads that the draws came to; the scenario says what was asked.
    pub read_share: f64,
    #[serde(default)]
    pub update_share: f64,
    #[serde(default)]
    pub insert_share: f64,
    #[serde(default)]
    pub delete_share: f64,
    #[serde(default)]
    pub read_modify_write_share: f64,
    /// Different keys that were asked for.
    pub distinct_keys: u64,
    /// The share of requests that went to the most popular hundredth of the keys.
    pub top_percent_share: f64,
    /// Whether the draws are such as was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fits: Vec<Fit>,
}

/// One strategy in the experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contender {
    /// Its name in the scenario: `ttl`, or `ttl@short`.
    pub label: String,
    /// The strategy's own name.
    pub strategy: String,
    pub summary: String,
    pub risk: String,
    /// When to use it, in a sentence.
    pub when: String,
    /// In an A/A run: the label of the contender that this one is once more, under the same load, so
    /// that what differs between the two is noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin_of: Option<String>,
    /// One for each repeat.
    pub runs: Vec<Run>,
    /// What theory says of the figures above it, where a closed form applies.
    pub predictions: Vec<Prediction>,
}

/// One strategy's run through the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub repeat: u32,
    /// Its place in the sequence of all runs of the experiment, from 0.
    pub position: u32,
    /// Requests that were started, warm-up included.
    pub requests: u64,
    pub measures: Measures,
    pub findings: Findings,
    pub audit: Audit,
    pub stock: Stock,
    /// What the cache server itself counted over the whole run, warm-up and drain included;
    /// `used_memory` is what the run added. `None` where the server keeps no counters.
    pub cache_counters: Option<CacheCounters>,
    /// What the store's client side, and its server if it has one, counted over the whole run.
    pub store_counters: StoreCounters,
    /// What broke on purpose, and how it was felt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<ThroughFault>,
    /// How long finishing the background work took after the last request.
    pub drain: Nanos,
    /// The share of its core that the load generator used in the window; `None` under virtual time.
    pub generator_cpu: Option<f64>,
    /// What the load generator itself had in memory in the window; `None` under virtual time, and where
    /// the machine does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resident: Option<Resident>,
    pub checks: Vec<Check>,
}

/// The dataset's entries that the cache holds in the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    pub entries: u64,
    /// Bytes of these entries, without their names and what the server takes beside.
    pub bytes: u64,
    /// Those of them that only say that there is no row, and their bytes.
    pub nulls: u64,
    pub null_bytes: u64,
}

/// A figure as theory has it, beside the figure that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// What it is about: `hit ratio`, `stale share`.
    pub quantity: String,
    /// The closed form, as a person would write it.
    pub formula: String,
    pub predicted: f64,
    pub measured: f64,
    /// Of the measured figure; with `predicted` it says how far off a correct run may be.
    pub standard_error: f64,
    /// What of the run is not as the form assumes, where something is not. The run need not agree then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caveat: Option<String>,
}

impl Record {
    /// The worst standing of any check.
    pub fn standing(&self) -> Standing {
        let runs = self.contenders.iter().flat_map(|contender| &contender.runs);
        let checks = self.checks.iter().chain(runs.flat_map(|run| &run.checks));
        checks.map(|check| check.standing).max().unwrap_or_default()
    }

    /// What the scenario says of an option of a contender, defaults included; `None` where its strategy has
    /// no such option, or it was left out and has no default.
    pub fn option(&self, label: &str, name: &str) -> Option<serde_json::Value> {
        let contender = self.scenario.strategies.0.iter().find(|chosen| chosen.label == label)?;
        contender.options().get(name).cloned()
    }

    /// Whether time was virtual, and the servers twins.
    pub fn is_simulated(&self) -> bool {
        self.profile.is_some()
    }

    /// Whether the cache was the in-memory twin, under the wall clock, whose latency is
    /// not a server's.
    pub fn is_embedded(&self) -> bool {
        self.cache.kind == "embedded"
    }
}

impl Prediction {
    /// The quantity of store reads per expiry, by which tables find it.
    pub const READS_PER_EXPIRY: &'static str = "store reads per expiry";

    /// Whether it is some of a whole, from 0 to 1.
    pub fn is_share(&self) -> bool {
        ["ratio", "share"].iter().any(|word| self.quantity.contains(word))
    }

    /// How far the measured figure is from the predicted one, in standard errors.
    pub fn deviation(&self) -> f64 {
        // What is less than any figure shows is arithmetic's, not the run's.
        const NOTHING: f64 = 1e-9;
        let difference = self.measured - self.predicted;
        if difference.abs() < NOTHING { 0.0 } else { difference / self.standard_error }
    }
}
