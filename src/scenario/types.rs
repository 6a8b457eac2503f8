//! The scenario as data: what a person wrote, checked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::gate::Gate;
use super::strategies::Strategies;
use crate::backend::{CacheOptions, StoreOptions};
use crate::model::{Share, Span};
use crate::workload::{DatasetOptions, GeneratorOptions, PlannedFault, WorkloadOptions};

/// One question, and all that is needed to answer it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// What the scenario is to find out, as a sentence.
    pub question: String,
    /// What a reader of the answer should know: what was scaled, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// What to look at in the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_at: Option<String>,
    /// How often each strategy runs; runs of the strategies are interleaved.
    #[serde(default = "one")]
    pub repeats: u32,
    pub dataset: DatasetOptions,
    pub workload: WorkloadOptions,
    /// How the load is made.
    #[serde(default, skip_serializing_if = "GeneratorOptions::is_default")]
    pub generator: GeneratorOptions,
    #[serde(default)]
    pub cache: CacheOptions,
    #[serde(default)]
    pub store: StoreOptions,
    /// What breaks in the course of each run, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<PlannedFault>,
    /// The strategies to compare, each with its options. The same strategy may stand more than
    /// once, as `name@label`.
    pub strategies: Strategies,
    /// What a strategy must hold to be acceptable.
    #[serde(default)]
    pub thresholds: Thresholds,
    /// Of the strategies that hold every threshold, which one is best.
    #[serde(default)]
    pub prefer: Preference,
    /// By what two runs of the scenario are told apart, for `compare` and `gate`.
    #[serde(default, skip_serializing_if = "Gate::is_default")]
    pub gate: Gate,
}

const fn one() -> u32 {
    1
}

/// What a strategy must hold to be acceptable. All are optional.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Thresholds {
    /// Response time of reads, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_p50: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_p99: Option<Span>,
    /// Response time of updates, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_p99: Option<Span>,
    /// Reads answered without the store, as a share of all reads, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hit_ratio: Option<Share>,
    /// Reads of the store for each client request, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_reads_per_request: Option<f64>,
    /// Definitely stale reads as a share of all reads, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_share: Option<Share>,
    /// How long a value that was served had certainly been superseded, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staleness: Option<Span>,
    /// Acknowledged writes that are not in the store in the end, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_writes: Option<u64>,
    /// Failed requests as a share of all requests, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Share>,
    /// Reads of the origin that begin within 100 ms, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_burst: Option<u64>,
    /// Reads of the origin that it answers with "asked too often", as a share of all of them, at
    /// most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttled: Option<Share>,
    /// Reads that do not show the same client's own acknowledged write, as a share of all reads, at
    /// most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_your_writes: Option<Share>,
    /// How long after a fault every figure is as it was before, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Span>,
}

/// What to prefer among the strategies that hold every threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Preference {
    /// The lowest p99 of the response time of reads.
    #[default]
    ReadLatency,
    /// The lowest p99 of the response time of updates.
    UpdateLatency,
    /// The fewest reads of the store for each request.
    StoreLoad,
    /// The smallest share of definitely stale reads.
    Freshness,
    /// The least memory of the cache.
    Memory,
}
