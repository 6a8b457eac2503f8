//! How long simulated servers take: what a profile's file says, and what a calibration measures.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Span;

/// The times of a simulation's servers and clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Profile {
    /// Where its figures come from, in a sentence: which machine, which servers, when.
    pub source: String,
    /// What a client's own process adds to each request: the lag of its timer, and the CPU time from the
    /// request to its calls and from their answers to its own. Nothing if absent.
    #[serde(default, skip_serializing_if = "Spread::is_zero")]
    pub client: Spread,
    pub cache: CacheTimes,
    pub store: StoreTimes,
}

/// How long a cache and the network to it take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CacheTimes {
    /// There and back, without what the server does in between.
    pub round_trip: Spread,
    /// How long one command keeps the server's only thread. Whatever comes meanwhile waits.
    pub service: Span,
    /// What a script keeps it for beside the commands that it makes.
    #[serde(default, skip_serializing_if = "Span::is_zero")]
    pub script: Span,
}

/// How long a store takes, the way to it included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StoreTimes {
    /// A read of one row by its key.
    pub read: Spread,
    /// What aggregating adds to that read for each thousand child rows.
    pub aggregation: Spread,
    /// A read of a row's version alone, or of the outbox.
    pub version: Spread,
    /// A transaction that writes a row, from its call to the acknowledged COMMIT, which waits for the disk.
    pub commit: Spread,
    /// The same where the COMMIT does not wait for the disk: with any `durability` but `full`. As long as a
    /// read if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsynced: Option<Spread>,
    /// What each further row of a transaction adds to it.
    #[serde(default, skip_serializing_if = "Span::is_zero")]
    pub batch_row: Span,
    /// How far a replica that answers reads is behind. If absent, reads are of the primary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication_lag: Option<Spread>,
}

/// A distribution of times by its quantiles: log-normal, or where it has a p90, as one log-normal up to there
/// and as another beyond. Most calls may be alike and a few far slower.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Spread {
    /// Half of them take at most this. Nothing takes any time where it is zero.
    pub p50: Span,
    /// 90 % of them take at most this. If absent, as the other two have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90: Option<Span>,
    /// 99 % of them take at most this. The same as `p50` makes it a constant.
    pub p99: Span,
}

impl Profile {
    /// Nothing takes any time.
    pub const fn instant() -> Self {
        Self {
            source: String::new(),
            client: Spread::ZERO,
            cache: CacheTimes { round_trip: Spread::ZERO, service: Span::ZERO, script: Span::ZERO },
            store: StoreTimes {
                read: Spread::ZERO,
                aggregation: Spread::ZERO,
                version: Spread::ZERO,
                commit: Spread::ZERO,
                unsynced: None,
                batch_row: Span::ZERO,
                replication_lag: None,
            },
        }
    }
}

/// Round figures of the order that a loopback network, a Redis and an SQLite on a quiet machine come to.
impl Default for Profile {
    fn default() -> Self {
        let micros = |p50, p99| Spread::log_normal(Span::from_micros(p50), Span::from_micros(p99));
        Self {
            source:
                "nominal: round figures of the order of a loopback network, and of no machine in \
                     particular"
                    .into(),
            client: Spread::ZERO,
            cache: CacheTimes {
                round_trip: micros(80, 200),
                service: Span::from_micros(5),
                script: Span::ZERO,
            },
            store: StoreTimes {
                read: micros(50, 150),
                aggregation: micros(500, 1_000),
                version: micros(40, 120),
                commit: micros(1_000, 4_000),
                unsynced: None,
                batch_row: Span::from_micros(5),
                replication_lag: None,
            },
        }
    }
}

impl Spread {
    pub const ZERO: Self = Self::constant(Span::ZERO);

    /// Always the same.
    pub const fn constant(span: Span) -> Self {
        Self::log_normal(span, span)
    }

    pub const fn log_normal(p50: Span, p99: Span) -> Self {
        Self { p50, p90: None, p99 }
    }

    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// Without a part that always takes `span`; never less than nothing.
    pub fn less(&self, span: Span) -> Self {
        self.each(|whole| Span(whole.0.saturating_sub(span.0)))
    }

    /// So many times as long.
    pub fn times(&self, factor: f64) -> Self {
        self.each(|span| Span(span.0.mul_f64(factor)))
    }

    fn each(&self, change: impl Fn(Span) -> Span) -> Self {
        Self { p50: change(self.p50), p90: self.p90.map(&change), p99: change(self.p99) }
    }
}
