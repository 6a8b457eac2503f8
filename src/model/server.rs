//! What servers are, and what they count about themselves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Nanos;

/// What a server is and how it is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// `redis`, `valkey`, `sqlite`, `embedded`.
    pub kind: String,
    pub version: String,
    /// Whether the run started it for itself.
    pub managed: bool,
    /// The address without its secrets, or the path.
    pub address: String,
    /// The settings that change what is measured, durability above all.
    pub settings: BTreeMap<String, String>,
}

/// A cache server's own counters since it started. Only differences of two readings mean anything,
/// but for `used_memory`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheCounters {
    pub keyspace_hits: u64,
    pub keyspace_misses: u64,
    pub evicted_keys: u64,
    pub expired_keys: u64,
    /// Bytes in use by data and server, now.
    pub used_memory: u64,
    pub network_in: u64,
    pub network_out: u64,
    /// CPU time used by the server, user and system.
    pub cpu: Nanos,
    /// Calls by command, in lower case.
    pub commands: BTreeMap<String, u64>,
}

/// What a store's client side counts since it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreCounters {
    pub pool: PoolWaits,
    /// Bytes of the database on disk, now; 0 for the twin.
    pub size: u64,
}

/// How long calls waited for a connection: what an application pays before its store is even asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolWaits {
    pub calls: u64,
    pub total: Nanos,
    pub max: Nanos,
}
