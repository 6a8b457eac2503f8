//! What a scenario can say about cache and store.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::api::ApiOptions;
use crate::model::{Size, Span};

/// The cache server and how it is set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct CacheOptions {
    /// `managed`: a private server that the run starts. `embedded`: the in-memory twin.
    /// `{ url = "redis://..." }`: your own.
    pub server: CacheServer,
    /// The program that a managed server is started from, where it is not the first that PATH has. It
    /// is of this machine, and so no part of a scenario.
    #[serde(skip)]
    pub program: Option<PathBuf>,
    /// Memory for entries, after which the eviction policy decides. Unlimited if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maxmemory: Option<Size>,
    /// The most entries that the `embedded` cache holds, whatever their size. Redis counts bytes alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_keys: Option<u64>,
    /// What is evicted when memory is full.
    pub eviction: Eviction,
    /// How the entry is found that `eviction` takes first. As Redis does it, `{ best-of = 5 }`, if absent;
    /// but `exact` where the `embedded` cache is limited by `max-keys` alone and evicts by LRU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub victim: Option<Victim>,
    /// Keeps an append-only file, and says how often it is brought to the disk. Nothing outlives the
    /// server's process if absent. Only for a managed server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub append_only: Option<AppendFsync>,
    /// Connections of each node, and how its requests share them.
    pub connections: Connections,
    /// How long a node waits for an answer of the cache before it counts as failed.
    pub timeout: Span,
}

impl CacheOptions {
    /// How the entry is found that is evicted first, whether the scenario says so or not.
    pub fn victim(&self) -> Victim {
        let counts_keys = self.max_keys.is_some() && self.maxmemory.is_none();
        match self.victim {
            Some(victim) => victim,
            None if self.eviction == Eviction::AllkeysFifo => Victim::Exact,
            None if counts_keys && self.eviction.is_lru() => Victim::Exact,
            None => Victim::BestOf(Victim::SAMPLES),
        }
    }
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            server: CacheServer::Managed,
            program: None,
            maxmemory: None,
            max_keys: None,
            eviction: Eviction::Noeviction,
            victim: None,
            append_only: None,
            connections: Connections::Shared(4),
            timeout: Span::from_secs(1),
        }
    }
}

/// How the requests of a node share its connections to the cache. It changes what the server has to do:
/// one with many requests on few connections answers several of them at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Connections {
    /// So many, each with any number of requests under way: a multiplexing client.
    Shared(u32),
    /// So many, of which each request has one to itself while it lasts, or waits for one: a pool.
    Pooled(u32),
}

impl Connections {
    pub const fn count(self) -> u32 {
        match self {
            Self::Shared(count) | Self::Pooled(count) => count,
        }
    }
}

/// Where the cache is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CacheServer {
    Managed,
    Embedded,
    Url(String),
}

/// When what was appended is brought to the disk: Redis's own names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AppendFsync {
    /// Before each answer.
    Always,
    /// Once a second.
    Everysec,
    /// When the operating system sees fit.
    No,
}

impl AppendFsync {
    /// The policy as `appendfsync` takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Everysec => "everysec",
            Self::No => "no",
        }
    }
}

/// Redis's own names for what it evicts, and one that it does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Eviction {
    Noeviction,
    AllkeysLru,
    AllkeysLfu,
    AllkeysRandom,
    /// First in, first out. No policy of Redis's: only the `embedded` cache has it, and finds the first exactly.
    AllkeysFifo,
    VolatileLru,
    VolatileLfu,
    VolatileRandom,
    VolatileTtl,
}

impl Eviction {
    /// The policy as `maxmemory-policy` takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Noeviction => "noeviction",
            Self::AllkeysLru => "allkeys-lru",
            Self::AllkeysLfu => "allkeys-lfu",
            Self::AllkeysRandom => "allkeys-random",
            Self::AllkeysFifo => "allkeys-fifo",
            Self::VolatileLru => "volatile-lru",
            Self::VolatileLfu => "volatile-lfu",
            Self::VolatileRandom => "volatile-random",
            Self::VolatileTtl => "volatile-ttl",
        }
    }

    /// Whether it evicts what was not used for the longest time.
    pub const fn is_lru(self) -> bool {
        matches!(self, Self::AllkeysLru | Self::VolatileLru)
    }

    /// Whether it may evict an entry that has no expiry.
    pub const fn takes_entries_without_expiry(self) -> bool {
        matches!(
            self,
            Self::AllkeysLru | Self::AllkeysLfu | Self::AllkeysRandom | Self::AllkeysFifo
        )
    }
}

/// How the entry is found that is evicted first, by LRU, LFU or TTL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Victim {
    /// The first of all entries. Only the `embedded` cache can find it, and only by LRU.
    Exact,
    /// The best of so many at random, and of the best of earlier ones: Redis's `maxmemory-samples`.
    BestOf(u32),
}

impl Victim {
    /// Redis's own default.
    pub const SAMPLES: u32 = 5;
}

/// The store and what a read costs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct StoreOptions {
    pub server: StoreServer,
    /// What a COMMIT waits for.
    pub durability: Durability,
    /// What the store does to answer a read.
    pub origin: Origin,
    /// A delay added to every read of the origin, for what the machine's own rows do not cost.
    pub delay: Span,
    /// Connections of each node that read. On SQLite those that aggregate, for a point lookup waits
    /// for none, and one more writes for all nodes; on PostgreSQL as many again write for each node.
    /// With an API, that many to it, each with one request at a time.
    pub connections: u32,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            server: StoreServer::Sqlite,
            durability: Durability::Full,
            origin: Origin::PointLookup,
            delay: Span::default(),
            connections: 4,
        }
    }
}

/// Which store it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StoreServer {
    /// A database file that the run makes for itself, in WAL mode.
    Sqlite,
    /// A private PostgreSQL that the run starts.
    Postgres,
    /// Your own PostgreSQL, by its URL. The run keeps to a schema of its own.
    Url(String),
    /// Rows in memory: no cost but the delay, nothing durable.
    Embedded,
}

/// What is safe once a write has been acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// Every COMMIT reaches the disk. SQLite: `synchronous = FULL`; PostgreSQL: `fsync = on`,
    /// `synchronous_commit = on`.
    Full,
    /// A crash of the machine may lose the last commits. SQLite: `synchronous = NORMAL`; PostgreSQL:
    /// `fsync = on`, `synchronous_commit = off`.
    Normal,
    /// The operating system decides. SQLite: `synchronous = OFF`; PostgreSQL: `fsync = off`,
    /// `synchronous_commit = off`.
    Off,
}

/// What the store does to answer a read.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Origin {
    /// The row by its primary key.
    PointLookup,
    /// The row, and the count and the sum over its child rows by region, joined with the regions.
    Aggregation {
        /// Child rows of each row.
        rows: u32,
    },
    /// An HTTP service on loopback finds the row by its primary key, and is as slow and as strict
    /// as an external API. Writes go to the store behind it directly: they are its owner's.
    Api(ApiOptions),
}

impl Origin {
    pub const fn children(self) -> u32 {
        match self {
            Self::PointLookup | Self::Api(_) => 0,
            Self::Aggregation { rows } => rows,
        }
    }
}
