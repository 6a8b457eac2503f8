//! What is done to the servers and processes of a run on purpose. A [`Fault`](super::Fault) is what
//! an operation ends in; a breakage is what brings faults about.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Nanos, Size, Span};

/// Something that breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Breakage {
    /// The cache server, or the network to it.
    Cache(CacheBreakage),
    /// The store, or the network to it.
    Store(StoreBreakage),
    /// What is sent through the cache about changed keys.
    Events(EventBreakage),
    /// The process that works while no client waits for it.
    Worker(WorkerBreakage),
    /// One of the application's processes.
    Node(NodeBreakage),
}

/// What can happen to a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum CacheBreakage {
    /// Its process is killed, and started anew at the end. What it keeps beyond that is what its
    /// append-only file holds, if it has one.
    Killed,
    /// Its process stands still, its connections intact, as on a machine that hangs.
    Paused,
    /// Every connection to it is reset, once.
    Reset,
    /// Nothing that is sent arrives, in either direction, and nobody is told.
    Unreachable,
    /// The network is worse than it was.
    Slow(Toxics),
    /// Everything in it is deleted, once (FLUSHDB).
    Flushed,
}

/// What a bad network adds, in each direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Toxics {
    /// Added to the way of every byte, in each direction.
    pub latency: Span,
    /// What is added varies by up to this, evenly, to either side.
    pub jitter: Span,
    /// Bytes a second, in each direction of each connection. Unlimited if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<Size>,
}

/// What can happen to a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum StoreBreakage {
    /// Its process is killed, and started anew at the end: it recovers what it has committed.
    Killed,
    /// It cannot be reached. Its process lives on.
    Down,
    /// Every call takes longer.
    Slow {
        /// Added to every call.
        by: Span,
    },
}

/// What can happen to events, notices of the bus among them. Redis's own tracking sends none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum EventBreakage {
    /// Whoever sends one believes that it is sent.
    Dropped,
    /// They arrive later.
    Delayed {
        /// So much later.
        by: Span,
    },
}

/// What can happen to the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WorkerBreakage {
    /// It is killed wherever it is, and another one is started at the end.
    Killed,
    /// It is killed as soon as the store has acknowledged what it wrote, before it can tell anyone;
    /// another one is started at the end.
    KilledAfterCommit,
}

/// What can happen to an application's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NodeBreakage {
    /// The node of this number, from 0, is killed with everything in its memory and all requests it
    /// is working on, and started anew at the end. Meanwhile its clients turn to the next node.
    Killed(u32),
}

/// What became of a planned breakage in one run. Times are since the opening of the measured window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Injected {
    pub what: Breakage,
    /// When it was begun.
    pub began: Nanos,
    /// When all was in order again, as far as its cause goes; the same as `began` for what happens at
    /// once.
    pub ended: Nanos,
    /// Why it could not be done, or not be ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// Whether something goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// It happens at once, and is over.
    Never,
    /// It may be over at once, or last.
    Maybe,
    /// It means nothing unless it lasts.
    Always,
}

impl Breakage {
    /// Whether it is to be mended: it does not end by itself.
    pub fn goes_on(&self) -> bool {
        self.lasting() != Lasting::Never
    }

    pub const fn lasting(&self) -> Lasting {
        match self {
            Self::Cache(CacheBreakage::Reset | CacheBreakage::Flushed) => Lasting::Never,
            Self::Cache(CacheBreakage::Killed)
            | Self::Store(StoreBreakage::Killed)
            | Self::Worker(_)
            | Self::Node(_) => Lasting::Maybe,
            Self::Cache(_) | Self::Store(_) | Self::Events(_) => Lasting::Always,
        }
    }
}

impl Injected {
    /// Whether any of it fell into the interval of this number, of the intervals of this width that
    /// the window consists of.
    pub fn is_felt_in(&self, width: Nanos, number: usize) -> bool {
        let (from, to) = (width.0 * number as u64, width.0 * (number as u64 + 1));
        self.began.0 < to && self.ended.max(self.began).0 >= from
    }
}

impl CacheBreakage {
    /// Whether it is the network's, and so takes somebody in between.
    pub const fn is_of_the_network(&self) -> bool {
        matches!(self, Self::Reset | Self::Unreachable | Self::Slow(_))
    }
}

/// As it stands in tables: `cache killed`.
impl fmt::Display for Breakage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cache(CacheBreakage::Killed) => formatter.write_str("cache killed"),
            Self::Cache(CacheBreakage::Paused) => formatter.write_str("cache paused"),
            Self::Cache(CacheBreakage::Reset) => formatter.write_str("connections to cache reset"),
            Self::Cache(CacheBreakage::Unreachable) => formatter.write_str("cache unreachable"),
            Self::Cache(CacheBreakage::Slow(toxics)) => write!(formatter, "cache slow, {toxics}"),
            Self::Cache(CacheBreakage::Flushed) => formatter.write_str("cache flushed"),
            Self::Store(StoreBreakage::Killed) => formatter.write_str("store killed"),
            Self::Store(StoreBreakage::Down) => formatter.write_str("store down"),
            Self::Store(StoreBreakage::Slow { by }) => write!(formatter, "store slow by {by}"),
            Self::Events(EventBreakage::Dropped) => formatter.write_str("events dropped"),
            Self::Events(EventBreakage::Delayed { by }) => {
                write!(formatter, "events delayed by {by}")
            }
            Self::Worker(WorkerBreakage::Killed) => formatter.write_str("worker killed"),
            Self::Worker(WorkerBreakage::KilledAfterCommit) => {
                formatter.write_str("worker killed after its COMMIT")
            }
            Self::Node(NodeBreakage::Killed(node)) => write!(formatter, "node {node} killed"),
        }
    }
}

/// `latency 20ms ± 5ms, 64 KiB/s`
impl fmt::Display for Toxics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "latency {}", self.latency)?;
        if !self.jitter.0.is_zero() {
            write!(formatter, " ± {}", self.jitter)?;
        }
        match self.bandwidth {
            Some(bytes) => write!(formatter, ", {bytes}/s"),
            None => Ok(()),
        }
    }
}
