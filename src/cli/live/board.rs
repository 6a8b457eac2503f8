//! What the view shows, as data: the run under way, interval by interval, and what every strategy has come
//! to so far.

use crate::experiment::Interval;
use crate::model::{Distribution, Nanos};
use crate::scenario::Loaded;

/// Everything that is known so far.
pub struct Board {
    pub scenario: String,
    pub warm_up: Nanos,
    pub window: Nanos,
    /// The run under way; `None` before the first.
    pub turn: Option<Turn>,
    /// How far it has come on its own clock, which starts with the warm-up.
    pub now: Nanos,
    /// Its intervals so far.
    pub course: Vec<Point>,
    /// In the order of the scenario.
    pub strategies: Vec<(String, Sum)>,
}

/// A run of one strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    pub label: String,
    pub repeat: u32,
    pub position: u32,
    pub total: u32,
}

/// An interval of the run under way; `None` where there was nothing to tell it from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Requests a second.
    pub rate: f64,
    pub read_p50: Option<Nanos>,
    pub hit_ratio: Option<f64>,
    /// Reads of the origin a second.
    pub store_reads: f64,
    pub stale_share: Option<f64>,
    pub error_share: Option<f64>,
}

/// Intervals of one strategy together, of all of its runs.
#[derive(Clone, Debug)]
pub struct Sum {
    pub runs: u32,
    pub requests: u64,
    pub failed: u64,
    pub hits: u64,
    pub misses: u64,
    pub store_reads: u64,
    pub judged: u64,
    pub definitely_stale: u64,
    pub reads: Distribution,
    pub updates: Distribution,
}

impl Board {
    /// Of the runs of this scenario, none of which has begun.
    pub fn of(loaded: &Loaded) -> Self {
        let scenario = &loaded.scenario;
        let labels = scenario.strategies.0.iter().map(|contender| contender.label.clone());
        Self {
            scenario: loaded.name.clone(),
            warm_up: scenario.workload.warm_up.nanos(),
            window: scenario.workload.duration.nanos(),
            turn: None,
            now: Nanos::ZERO,
            course: Vec::new(),
            strategies: labels.map(|label| (label, Sum::default())).collect(),
        }
    }

    /// A run begins.
    pub fn begin(&mut self, turn: Turn) {
        self.now = Nanos::ZERO;
        self.course.clear();
        if let Some(sum) = sum_of(&mut self.strategies, &turn.label) {
            sum.runs += 1;
        }
        self.turn = Some(turn);
    }

    /// An interval of the run under way has passed.
    pub fn add(&mut self, interval: &Interval) {
        self.course.push(Point::of(interval));
        let label = self.turn.as_ref().map_or("", |turn| &turn.label);
        if let Some(sum) = sum_of(&mut self.strategies, label) {
            sum.add(interval);
        }
    }

    /// The share of the run under way that is over, its warm-up included.
    pub fn share(&self) -> f64 {
        let whole = (self.warm_up + self.window).as_secs_f64();
        if whole > 0.0 { (self.now.as_secs_f64() / whole).min(1.0) } else { 0.0 }
    }

    /// The load that is still to come in all runs together.
    pub fn left(&self) -> Nanos {
        let block = self.warm_up + self.window;
        let Some(turn) = &self.turn else { return Nanos::ZERO };
        let to_come = Nanos(block.0 * u64::from(turn.total.saturating_sub(turn.position)));
        to_come.since(self.now.min(block))
    }
}

fn sum_of<'a>(strategies: &'a mut [(String, Sum)], label: &str) -> Option<&'a mut Sum> {
    strategies.iter_mut().find(|(name, _)| name == label).map(|(_, sum)| sum)
}

impl Point {
    fn of(interval: &Interval) -> Self {
        let mut alone = Sum::default();
        alone.add(interval);
        let seconds = interval.width.as_secs_f64();
        let reads = &interval.bucket.reads;
        Self {
            rate: alone.requests as f64 / seconds,
            read_p50: (!reads.is_empty()).then(|| reads.quantile(0.5)),
            hit_ratio: alone.hit_ratio(),
            store_reads: alone.store_reads as f64 / seconds,
            stale_share: alone.stale_share(),
            error_share: alone.error_share(),
        }
    }
}

impl Sum {
    fn add(&mut self, interval: &Interval) {
        let bucket = &interval.bucket;
        self.requests += bucket.requests;
        self.failed += bucket.failed;
        self.hits += bucket.hits;
        self.misses += bucket.misses;
        self.store_reads += bucket.store_reads;
        self.judged += interval.judged;
        self.definitely_stale += interval.definitely_stale;
        self.reads.merge(&bucket.reads);
        self.updates.merge(&bucket.writes);
    }

    pub fn hit_ratio(&self) -> Option<f64> {
        share(self.hits, self.hits + self.misses)
    }

    pub fn store_reads_per_request(&self) -> Option<f64> {
        share(self.store_reads, self.requests)
    }

    pub fn stale_share(&self) -> Option<f64> {
        share(self.definitely_stale, self.judged)
    }

    pub fn error_share(&self) -> Option<f64> {
        share(self.failed, self.requests)
    }
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            runs: 0,
            requests: 0,
            failed: 0,
            hits: 0,
            misses: 0,
            store_reads: 0,
            judged: 0,
            definitely_stale: 0,
            reads: Distribution::coarse(),
            updates: Distribution::coarse(),
        }
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
