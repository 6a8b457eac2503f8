//! The exact figures of a simulated Record in a form that is small enough to be kept and reviewed: one
//! figure a line, and a digest of all the others.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::exact::{Differing, between, digest};
use super::{Contender, Distribution, Op, Record, Run};

/// What a simulation of a scenario has to come to, to the last count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Baseline {
    pub scenario: String,
    /// What of the scenario was cut down, where it is too much as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortened: Option<String>,
    /// Where the profile's figures come from.
    pub profile: String,
    /// The hash of the plan.
    pub plan: String,
    pub runs: Vec<Exact>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Exact {
    pub label: String,
    /// From 1.
    pub repeat: u32,
    /// Counts, bytes, and times in nanoseconds; what is zero is left out.
    pub figures: IndexMap<String, u64>,
    /// Of everything that the run's part of the Record has, histograms and timelines included.
    pub digest: String,
}

impl Baseline {
    pub fn of(record: &Record, shortened: Option<String>) -> Self {
        let contenders = record.contenders.iter();
        let runs = contenders.flat_map(|one| one.runs.iter().map(|run| exact(one, run)));
        Self {
            scenario: record.name.clone(),
            shortened,
            profile: record.profile.as_ref().map(|it| it.source.clone()).unwrap_or_default(),
            plan: record.plan.hash.clone(),
            runs: runs.collect(),
        }
    }

    /// As it is kept: one figure a line.
    pub fn text(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("a baseline's keys are texts");
        format!("{text}\n")
    }

    /// In what `other` differs from this, in the order of the file.
    pub fn differences(&self, other: &Self) -> Vec<Differing> {
        between("", self, other)
    }

    /// All runs of one strategy.
    pub fn runs_of(&self, label: &str) -> Vec<&Exact> {
        self.runs.iter().filter(|run| run.label == label).collect()
    }

    /// The strategies in their order.
    pub fn labels(&self) -> Vec<&str> {
        let mut labels: Vec<&str> = Vec::new();
        for run in &self.runs {
            if !labels.contains(&run.label.as_str()) {
                labels.push(&run.label);
            }
        }
        labels
    }

    /// How often each strategy was run.
    pub fn repeats(&self) -> u32 {
        self.runs.iter().map(|run| run.repeat).max().unwrap_or_default()
    }
}

impl Exact {
    /// A figure by its name; what is left out is zero.
    pub fn figure(&self, name: &str) -> u64 {
        self.figures.get(name).copied().unwrap_or_default()
    }
}

fn exact(contender: &Contender, run: &Run) -> Exact {
    let all = figures(run).into_iter().filter(|(_, figure)| *figure > 0);
    Exact {
        label: contender.label.clone(),
        repeat: run.repeat + 1,
        figures: all.map(|(name, figure)| (name.to_owned(), figure)).collect(),
        digest: digest(run),
    }
}

/// The figures that a person would look at first.
fn figures(run: &Run) -> Vec<(&'static str, u64)> {
    let Run { measures, findings, audit, stock, .. } = run;
    let (requests, lookups) = (&measures.requests, &measures.lookups);
    let (reads, updates) = (response(run, Op::Read), response(run, Op::Update));
    let mut figures = vec![
        ("requests", run.requests),
        ("answered", requests.answered),
        ("failed", requests.failed.iter().map(|failed| failed.count).sum()),
        ("reads", requests.reads),
        ("hits", lookups.hits),
        ("hits-in-node", lookups.from_node),
        ("coalesced", lookups.coalesced),
        ("stale-served", lookups.stale_served),
        ("cache-calls", measures.cache.calls()),
        ("store-calls", measures.store.calls()),
        ("store-reads", measures.store.origin_reads()),
        ("store-reads-peak", measures.store.origin_burst_peak),
        ("duplicate-fills", measures.store.duplicate_fills),
        ("read-p50", reads.quantile(0.5).0),
        ("read-p99", reads.quantile(0.99).0),
        ("update-p50", updates.quantile(0.5).0),
        ("update-p99", updates.quantile(0.99).0),
        ("stale", findings.definitely_stale),
        ("perhaps-stale", findings.possibly_stale),
        ("staleness-max", findings.age_at_least.max().0),
        ("went-back", findings.monotonic_violations),
        ("own-write-unseen", findings.read_your_writes_violations),
        ("dirty", findings.dirty_reads),
        ("lost-updates", findings.lost_updates),
        ("lost-writes", audit.lost_writes),
        ("stale-in-cache", audit.stale),
        ("entries", stock.entries),
        ("entry-bytes", stock.bytes),
    ];
    if let Some(counters) = &run.cache_counters {
        figures.push(("evicted", counters.evicted_keys));
        figures.push(("expired", counters.expired_keys));
    }
    figures
}

fn response(run: &Run, op: Op) -> Distribution {
    let mut merged = Distribution::new();
    for latency in run.measures.latency.iter().filter(|latency| latency.op == op) {
        merged.merge(&latency.response);
    }
    merged
}
