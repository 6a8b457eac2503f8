//! What a search for the highest rate that each strategy holds came to: a file of its own, beside the
//! Record of a run.

use serde::{Deserialize, Serialize};

use super::{Check, Contender, Host, Nanos, Op, Scenario, Server, Standing};

/// The version of this format. Raised when a reader of the old one would be wrong.
pub const FORMAT: u32 = 1;

/// What tells the file from any other.
pub const KIND: &str = "find-max";

/// Everything that is known of one search over all strategies of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ceilings {
    /// [`KIND`].
    pub kind: String,
    /// [`FORMAT`] as it was when this was written.
    pub format: u32,
    /// The version of the tool.
    pub tool: String,
    /// The scenario's name: its file's name without the ending.
    pub name: String,
    /// When the search started, as RFC 3339 in UTC.
    pub started: String,
    /// How long all of it took.
    pub took: Nanos,
    pub host: Host,
    /// Its rate, its duration and its repeats are not what was run: the steps say what was.
    pub scenario: Scenario,
    /// The scenario's file as it was written.
    pub source: String,
    pub searched: Searched,
    pub cache: Server,
    pub store: Server,
    /// In the order of the scenario.
    pub ceilings: Vec<Ceiling>,
    /// Checks of the search as a whole; those of a step are with the step.
    pub checks: Vec<Check>,
}

/// Where and how finely was searched.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Searched {
    /// The first rate that each strategy is tried at, in requests a second.
    pub from: f64,
    /// No rate above this one is tried.
    pub to: f64,
    /// The search ends when the first rate that does not hold is at most this much above the last that
    /// does, as a share of it.
    pub precision: f64,
    /// The measured window of a step, where its rate makes enough requests for every quantile.
    pub step: Nanos,
    /// How many times as long the window of a confirmation is.
    pub confirmation: u32,
}

/// One strategy's search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ceiling {
    /// Its name in the scenario: `ttl`, or `ttl@short`.
    pub label: String,
    /// The strategy's own name.
    pub strategy: String,
    pub answer: Answer,
    /// In the order in which they were made.
    pub steps: Vec<Step>,
}

/// What a search says in the end, or so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The highest rate that held; `None` where not even the lowest did.
    pub holds: Option<f64>,
    /// Whether a longer run at this very rate held too.
    pub confirmed: bool,
    /// Whether the search came to its end.
    pub finished: bool,
    /// The lowest rate that did not hold; `None` where every rate up to the highest allowed did.
    pub beyond: Option<Beyond>,
}

/// The lowest rate that did not hold, and why.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beyond {
    pub rate: f64,
    /// Never [`Outcome::Held`].
    pub why: Outcome,
}

/// What a step came to. Where one of two at a rate is invalid and one broke, the last of these is why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every threshold is known to be held.
    Held,
    /// The generator itself could not keep up, which says nothing of the strategy.
    Outrun,
    /// The run is invalid for another reason.
    Invalid,
    /// A threshold is missed, or not known to be held.
    Broke,
}

/// Why a step was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Up from the lowest rate.
    Climb,
    /// Between the last rate that held and the first that did not.
    Narrow,
    /// For longer, at the rate that was found.
    Confirm,
}

/// One run of a strategy at one rate, from fresh servers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its place in the sequence of all steps of the search, from 0.
    pub position: u32,
    /// Requests a second that the plan intends.
    pub rate: f64,
    pub phase: Phase,
    /// Which try at this rate it is, from 0.
    pub attempt: u32,
    /// What the plan of this step was drawn from.
    pub seed: u64,
    /// The plan's hash: equal where two steps were asked the same at the same times.
    pub plan: String,
    pub outcome: Outcome,
    pub figures: Figures,
    /// One for each threshold of the scenario.
    pub bounds: Vec<Bound>,
    pub checks: Vec<Check>,
}

/// The figures of a step's measured window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    pub window: Nanos,
    /// Requests that the plan intended.
    pub intended: u64,
    pub answered: u64,
    pub failed: u64,
    /// Response times, from the intended start; left out where too few samples certify them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_p50: Option<Nanos>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_p99: Option<Nanos>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_p99: Option<Nanos>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hit_ratio: Option<f64>,
    /// Reads of the origin.
    pub store_reads: u64,
    /// The most of them that began within 100 ms.
    pub store_burst: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_share: Option<f64>,
    /// The longest that a value which was served had certainly been superseded.
    pub staleness: Nanos,
    pub lost_writes: u64,
    /// The most requests that were in flight at once.
    pub in_flight_peak: u64,
    /// How late the generator started requests, at the 99th percentile.
    pub lag_p99: Nanos,
    /// The share of its core that the generator used; `None` under virtual time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator_cpu: Option<f64>,
}

/// A threshold, and how a step did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    /// What is bounded: `read p99`.
    pub what: String,
    /// What is asked: `at most 5 ms`.
    pub asked: String,
    /// What was found: `7.31 ms`; says so where there were too few samples.
    pub found: String,
    /// The same two as bare numbers: nanoseconds, a share, a ratio or a count.
    pub limit: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    pub held: Held,
}

/// Whether a threshold was held, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    Held,
    /// Too few samples to say. This is not holding it.
    Unknown,
    Missed,
}

impl Ceilings {
    /// Whether the cache was the in-memory twin, whose latency is not a server's.
    pub fn is_embedded(&self) -> bool {
        ["embedded", "simulated"].contains(&self.cache.kind.as_str())
    }

    /// Whether the search was ended before its time.
    pub fn is_partial(&self) -> bool {
        self.checks.iter().any(|check| check.standing == Standing::Invalid)
            || self.ceilings.iter().any(|ceiling| !ceiling.answer.finished)
    }

    /// Whether any strategy holds any rate.
    pub fn any_holds(&self) -> bool {
        self.ceilings.iter().any(|ceiling| ceiling.answer.holds.is_some())
    }
}

impl Ceiling {
    /// The step that the answer rests on: the longest at its rate that held, the last of them.
    pub fn at_ceiling(&self) -> Option<&Step> {
        let rate = self.answer.holds?;
        let held = self.steps.iter().filter(|step| step.outcome == Outcome::Held);
        held.filter(|step| step.rate == rate).max_by_key(|step| step.figures.window)
    }

    /// The step that shows why the lowest rate that did not hold did not.
    pub fn beyond(&self) -> Option<&Step> {
        let beyond = self.answer.beyond?;
        let there = |step: &&Step| step.rate == beyond.rate && step.outcome == beyond.why;
        self.steps.iter().find(there)
    }
}

impl Step {
    /// The thresholds that were not held: those that were missed first.
    pub fn broken(&self) -> Vec<&Bound> {
        let mut broken: Vec<_> =
            self.bounds.iter().filter(|bound| bound.held != Held::Held).collect();
        broken.sort_by_key(|bound| std::cmp::Reverse(bound.held));
        broken
    }

    /// The checks that make the step invalid.
    pub fn invalid(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.standing == Standing::Invalid)
    }
}

impl Figures {
    /// Of a contender with a single run.
    pub fn of(contender: &Contender) -> Self {
        let run = contender.runs.first();
        let mut figures = Self {
            answered: contender.total(|run| run.measures.requests.answered),
            intended: contender.total(|run| run.measures.requests.intended),
            failed: contender
                .total(|run| run.measures.requests.failed.iter().map(|failed| failed.count).sum()),
            read_p50: contender.response(Op::Read).certified(0.5),
            read_p99: contender.response(Op::Read).certified(0.99),
            update_p99: contender.response(Op::Update).certified(0.99),
            hit_ratio: contender.hit_ratio(),
            store_reads: contender.total(|run| run.measures.store.origin_reads()),
            store_burst: contender.store_burst().unwrap_or_default(),
            stale_share: contender.stale_share(),
            staleness: contender.staleness_max(),
            lost_writes: contender.lost_writes(),
            ..Self::default()
        };
        if let Some(run) = run {
            figures.window = run.measures.window;
            figures.in_flight_peak = run.measures.requests.in_flight_peak;
            figures.lag_p99 = run.measures.lag.quantile(0.99);
            figures.generator_cpu = run.generator_cpu;
        }
        figures
    }

    /// Reads of the origin in a second of the window.
    pub fn store_reads_per_sec(&self) -> Option<f64> {
        (self.window > Nanos::ZERO).then(|| self.store_reads as f64 / self.window.as_secs_f64())
    }
}
