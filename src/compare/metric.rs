//! The figures by which strategies are told apart: one table, from which thresholds, preferences
//! and every report take their names and numbers.

use super::Figure;
use crate::record::{Contender, Gated, Measures, Op, Preference, Recovered, Run, Thresholds};

/// A figure by which contenders are told apart. Not every one applies to every contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    ReadP50,
    ReadP99,
    UpdateP50,
    UpdateP99,
    HitRatio,
    StoreReads,
    StaleShare,
    Staleness,
    LostWrites,
    Errors,
    NodeHits,
    Coalesced,
    StaleServed,
    StoreReadsPerExpiry,
    StoreBurst,
    Throttled,
    ReadYourWrites,
    Recovery,
    MonotonicReads,
    Memory,
    EntrySize,
    Saved,
    EncodeTime,
    DecodeTime,
}

impl Metric {
    /// In the order in which tables show them: what every report shows, then what it shows where it
    /// applies.
    pub const ALL: [Self; 24] = [
        Self::ReadP50,
        Self::ReadP99,
        Self::UpdateP50,
        Self::UpdateP99,
        Self::HitRatio,
        Self::StoreReads,
        Self::StaleShare,
        Self::Staleness,
        Self::LostWrites,
        Self::Errors,
        Self::NodeHits,
        Self::Coalesced,
        Self::StaleServed,
        Self::StoreReadsPerExpiry,
        Self::StoreBurst,
        Self::Throttled,
        Self::ReadYourWrites,
        Self::Recovery,
        Self::MonotonicReads,
        Self::Memory,
        Self::EntrySize,
        Self::Saved,
        Self::EncodeTime,
        Self::DecodeTime,
    ];

    /// Those that a comparison looks at first, in the order in which tables show them.
    pub const PRIMARY: [Self; 7] = [
        Self::ReadP50,
        Self::ReadP99,
        Self::UpdateP50,
        Self::UpdateP99,
        Self::HitRatio,
        Self::StoreReads,
        Self::StaleShare,
    ];

    /// The words for it in a sentence. Latencies are response times.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadP50 => "read p50",
            Self::ReadP99 => "read p99",
            Self::UpdateP50 => "update p50",
            Self::UpdateP99 => "update p99",
            Self::HitRatio => "hit ratio",
            Self::StoreReads => "store reads per request",
            Self::StaleShare => "stale share",
            Self::Staleness => "worst staleness",
            Self::LostWrites => "lost writes",
            Self::Errors => "error share",
            Self::NodeHits => "node hit share",
            Self::Coalesced => "coalesced share",
            Self::StaleServed => "stale-served share",
            Self::StoreReadsPerExpiry => "store reads per expiry",
            Self::StoreBurst => "worst 100 ms of store reads",
            Self::Throttled => "throttled share",
            Self::ReadYourWrites => "share of own writes not seen",
            Self::Recovery => "time to recover",
            Self::MonotonicReads => "share of reads that went back",
            Self::Memory => "cache memory",
            Self::EntrySize => "mean entry size",
            Self::Saved => "share of bytes saved",
            Self::EncodeTime => "CPU per encode",
            Self::DecodeTime => "CPU per decode",
        }
    }

    /// The name for programs: `read-p99`, as scenarios have it where they have one.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::ReadP50 => "read-p50",
            Self::ReadP99 => "read-p99",
            Self::UpdateP50 => "update-p50",
            Self::UpdateP99 => "update-p99",
            Self::HitRatio => "hit-ratio",
            Self::StoreReads => "store-reads-per-request",
            Self::StaleShare => "stale-share",
            Self::Staleness => "staleness",
            Self::LostWrites => "lost-writes",
            Self::Errors => "errors",
            Self::NodeHits => "node-hit-share",
            Self::Coalesced => "coalesced-share",
            Self::StaleServed => "stale-served-share",
            Self::StoreReadsPerExpiry => "store-reads-per-expiry",
            Self::StoreBurst => "store-burst",
            Self::Throttled => "throttled",
            Self::ReadYourWrites => "read-your-writes",
            Self::Recovery => "recovery",
            Self::MonotonicReads => "monotonic-reads",
            Self::Memory => "memory",
            Self::EntrySize => "entry-size",
            Self::Saved => "saved-share",
            Self::EncodeTime => "encode-time",
            Self::DecodeTime => "decode-time",
        }
    }

    /// The words for having the best of it: `the lowest read p99`.
    pub fn superlative(self) -> String {
        let most = match self {
            Self::HitRatio | Self::NodeHits | Self::Saved => "highest",
            Self::StoreReads | Self::LostWrites => "fewest",
            Self::StaleShare
            | Self::Errors
            | Self::Throttled
            | Self::ReadYourWrites
            | Self::MonotonicReads
            | Self::EntrySize => "smallest",
            Self::Memory => "least",
            _ => "lowest",
        };
        format!("the {most} {}", self.name())
    }

    pub const fn higher_is_better(self) -> bool {
        matches!(self, Self::HitRatio | Self::NodeHits | Self::Saved)
    }

    /// Whether all that is known of the contender's figure is that it is no smaller.
    pub fn is_at_least(self, contender: &Contender) -> bool {
        matches!(self, Self::ReadYourWrites | Self::MonotonicReads)
            && contender.total(|run| run.findings.forgotten_pairs) > 0
    }

    /// Over all of a contender's runs; `None` where there are too few samples to say.
    pub fn of(self, contender: &Contender) -> Option<Figure> {
        let quantile = |op, q| contender.response(op).certified(q).map(Figure::Time);
        match self {
            Self::ReadP50 => quantile(Op::Read, 0.5),
            Self::ReadP99 => quantile(Op::Read, 0.99),
            Self::UpdateP50 => quantile(Op::Update, 0.5),
            Self::UpdateP99 => quantile(Op::Update, 0.99),
            Self::HitRatio => contender.hit_ratio().map(Figure::Share),
            Self::StoreReads => contender.store_reads_per_request().map(Figure::Ratio),
            Self::StaleShare => contender.stale_share().map(Figure::Share),
            // Without a judged read there is no staleness, rather than none to complain of.
            Self::Staleness => {
                contender.stale_share().map(|_| Figure::Time(contender.staleness_max()))
            }
            Self::LostWrites => {
                (!contender.runs.is_empty()).then(|| Figure::Count(contender.lost_writes()))
            }
            Self::Errors => contender.error_share().map(Figure::Share),
            Self::NodeHits => contender.node_hit_share().map(Figure::Share),
            Self::Coalesced => contender.coalesced_share().map(Figure::Share),
            Self::StaleServed => contender.stale_served_share().map(Figure::Share),
            Self::StoreReadsPerExpiry => contender.store_reads_per_expiry().map(Figure::Ratio),
            Self::StoreBurst => contender.store_burst().map(Figure::Count),
            Self::Throttled => contender.throttled_share().map(Figure::Share),
            Self::ReadYourWrites => contender.read_your_writes_share().map(Figure::Share),
            Self::Recovery => contender.recovery().map(|recovered| match recovered {
                Recovered::Within(span) => Figure::Time(span),
                Recovered::NotWithin(span) => Figure::LongerThan(span),
            }),
            Self::MonotonicReads => contender.monotonic_share().map(Figure::Share),
            Self::Memory => contender.memory().map(Figure::Bytes),
            Self::EntrySize => contender.entry_size().map(Figure::Bytes),
            Self::Saved => contender.saved_share().map(Figure::Share),
            Self::EncodeTime => contender.encode_time().map(Figure::Time),
            Self::DecodeTime => contender.decode_time().map(Figure::Time),
        }
    }

    /// For each run by itself, without those that have too few samples to say.
    pub fn of_each_run(self, contender: &Contender) -> Vec<f64> {
        let figures = contender.runs.iter().map(|run| self.of_run(contender, run));
        figures.flatten().map(Figure::value).collect()
    }

    /// For one run of a contender; `None` where it has too few samples to say.
    pub fn of_run(self, contender: &Contender, run: &Run) -> Option<Figure> {
        self.of(&alone(contender, run))
    }

    /// What a scenario asks for, as figures in the order of [`ALL`](Self::ALL).
    pub fn asked(thresholds: &Thresholds) -> Vec<(Self, Figure)> {
        let time = |span: crate::record::Span| Figure::Time(span.nanos());
        let share = |share: crate::record::Share| Figure::Share(share.0);
        let asked = [
            (Self::ReadP50, thresholds.read_p50.map(time)),
            (Self::ReadP99, thresholds.read_p99.map(time)),
            (Self::UpdateP99, thresholds.update_p99.map(time)),
            (Self::HitRatio, thresholds.hit_ratio.map(share)),
            (Self::StoreReads, thresholds.store_reads_per_request.map(Figure::Ratio)),
            (Self::StaleShare, thresholds.stale_share.map(share)),
            (Self::Staleness, thresholds.staleness.map(time)),
            (Self::LostWrites, thresholds.lost_writes.map(Figure::Count)),
            (Self::Errors, thresholds.errors.map(share)),
            (Self::StoreBurst, thresholds.store_burst.map(Figure::Count)),
            (Self::Throttled, thresholds.throttled.map(share)),
            (Self::ReadYourWrites, thresholds.read_your_writes.map(share)),
            (Self::Recovery, thresholds.recovery.map(time)),
        ];
        asked.into_iter().filter_map(|(metric, figure)| Some((metric, figure?))).collect()
    }

    /// The words for which side of a bound is right: `at least 90 %`.
    pub fn bound(self, asked: Figure) -> String {
        let side = if self.higher_is_better() { "at least" } else { "at most" };
        format!("{side} {}", asked.asked())
    }
}

impl From<Preference> for Metric {
    fn from(preference: Preference) -> Self {
        match preference {
            Preference::ReadLatency => Self::ReadP99,
            Preference::UpdateLatency => Self::UpdateP99,
            Preference::StoreLoad => Self::StoreReads,
            Preference::Freshness => Self::StaleShare,
            Preference::Memory => Self::Memory,
        }
    }
}

impl From<Gated> for Metric {
    fn from(gated: Gated) -> Self {
        match gated {
            Gated::ReadP50 => Self::ReadP50,
            Gated::ReadP99 => Self::ReadP99,
            Gated::UpdateP50 => Self::UpdateP50,
            Gated::UpdateP99 => Self::UpdateP99,
            Gated::HitRatio => Self::HitRatio,
            Gated::StoreReadsPerRequest => Self::StoreReads,
            Gated::StaleShare => Self::StaleShare,
            Gated::Staleness => Self::Staleness,
            Gated::LostWrites => Self::LostWrites,
            Gated::Errors => Self::Errors,
            Gated::StoreBurst => Self::StoreBurst,
            Gated::Throttled => Self::Throttled,
            Gated::ReadYourWrites => Self::ReadYourWrites,
            Gated::Recovery => Self::Recovery,
            Gated::Memory => Self::Memory,
            Gated::EntrySize => Self::EntrySize,
        }
    }
}

/// The contender as it would be with this run only. The timeline, by far the largest part of a
/// run, is left out: no metric looks at it.
pub(super) fn alone(contender: &Contender, run: &Run) -> Contender {
    let measures = &run.measures;
    let run = Run {
        measures: Measures {
            window: measures.window,
            bucket: measures.bucket,
            requests: measures.requests.clone(),
            latency: measures.latency.clone(),
            lookups: measures.lookups,
            node: measures.node,
            coding: measures.coding,
            cache: measures.cache.clone(),
            store: measures.store.clone(),
            lag: measures.lag.clone(),
            lag_outside_faults: None,
            timeline: Vec::new(),
        },
        findings: run.findings.clone(),
        audit: run.audit.clone(),
        cache_counters: run.cache_counters.clone(),
        store_counters: run.store_counters.clone(),
        faults: run.faults.clone(),
        checks: Vec::new(),
        ..*run
    };
    Contender {
        label: contender.label.clone(),
        strategy: contender.strategy.clone(),
        summary: String::new(),
        risk: String::new(),
        when: String::new(),
        twin_of: None,
        runs: vec![run],
        predictions: Vec::new(),
    }
}
