//! What servers are, and what they count about themselves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Nanos;

/// What a server is and how it is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// `redis`, `valkey`, `sqlite`, `postgres`, `embedded`.
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
    /// The server's own mark of the process that counted; empty where it has none.
    #[serde(skip)]
    pub process: String,
    /// Of a difference: the server was started anew in between. Only what its last process counted is
    /// known then.
    #[serde(default, skip_serializing_if = "is_false")]
    pub restarted: bool,
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
    /// How long calls waited for a connection to it, where each has one to itself.
    #[serde(default, skip_serializing_if = "PoolWaits::is_none")]
    pub pool: PoolWaits,
}

/// What is counted about a store since it was made, by its clients' side and by its server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreCounters {
    pub pool: PoolWaits,
    /// Bytes of the database on disk, now; 0 for the twin.
    pub size: u64,
    /// Present where reads go through an API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<ApiCounters>,
    /// Present where the store has a server that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseCounters>,
}

/// What a store's server counts about the database that the run uses, whoever else uses it too, and
/// its own upkeep of it included. Only differences of two readings mean anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseCounters {
    /// When the server's process was started, as it says itself: one that was killed has forgotten
    /// what it counted before.
    pub started: String,
    pub commits: u64,
    pub rollbacks: u64,
    /// Rows that scans went through.
    pub rows_returned: u64,
    /// Rows that index scans brought.
    pub rows_fetched: u64,
    pub rows_inserted: u64,
    pub rows_updated: u64,
    pub rows_deleted: u64,
    /// Blocks that were not in the server's own memory.
    pub blocks_read: u64,
    pub blocks_hit: u64,
    pub deadlocks: u64,
    /// Bytes written to temporary files.
    pub temp_bytes: u64,
    /// Calls of the statements that a store makes, by their names; `None` where the server does not
    /// count them, or where others may make the same ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statements: Option<BTreeMap<String, u64>>,
}

/// What an API in front of a store counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiCounters {
    /// Requests that were let through, those included whose client gave up meanwhile.
    pub served: u64,
    /// Requests beyond the rate limit (429).
    pub refused: u64,
    /// The most requests, served or refused, within one second of the API's clock.
    pub peak_per_second: u64,
    /// How long its clients' requests waited for one of their node's connections to it.
    pub waits: PoolWaits,
}

/// How long calls waited for a connection: what an application pays before its store is even asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolWaits {
    pub calls: u64,
    pub total: Nanos,
    pub max: Nanos,
    /// How long they then had it, added up, where that is counted: of an API's connections.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub held: Nanos,
}

impl CacheCounters {
    /// What was counted since `earlier`. `used_memory` is what was added. Where another process has
    /// begun to count in between, what it has counted since it started.
    pub fn since(&self, earlier: &Self) -> Self {
        let restarted = self.process != earlier.process;
        let nothing = Self::default();
        let before = if restarted { &nothing } else { earlier };
        let command = |(name, calls): (&String, &u64)| {
            let before = before.commands.get(name).copied().unwrap_or_default();
            (name.clone(), calls.saturating_sub(before))
        };
        Self {
            process: self.process.clone(),
            restarted,
            keyspace_hits: self.keyspace_hits.saturating_sub(before.keyspace_hits),
            keyspace_misses: self.keyspace_misses.saturating_sub(before.keyspace_misses),
            evicted_keys: self.evicted_keys.saturating_sub(before.evicted_keys),
            expired_keys: self.expired_keys.saturating_sub(before.expired_keys),
            used_memory: self.used_memory.saturating_sub(earlier.used_memory),
            pool: self.pool.since(&earlier.pool),
            network_in: self.network_in.saturating_sub(before.network_in),
            network_out: self.network_out.saturating_sub(before.network_out),
            cpu: self.cpu - before.cpu,
            commands: self.commands.iter().map(command).collect(),
        }
    }
}

impl StoreCounters {
    /// What was counted since `earlier`. `size` stays what it is now, `max` the longest ever.
    pub fn since(&self, earlier: &Self) -> Self {
        let api = self.api.map(|api| api.since(&earlier.api.unwrap_or_default()));
        let database = self.database.as_ref().map(|database| match &earlier.database {
            Some(earlier) if earlier.started == database.started => database.since(earlier),
            _ => database.clone(),
        });
        Self { pool: self.pool.since(&earlier.pool), size: self.size, api, database }
    }
}

impl DatabaseCounters {
    /// What was counted since `earlier`, by the same process.
    fn since(&self, earlier: &Self) -> Self {
        let statement = |(name, calls): (&String, &u64)| {
            let before = earlier.statements.as_ref().and_then(|before| before.get(name));
            (name.clone(), calls.saturating_sub(before.copied().unwrap_or_default()))
        };
        let statements = self.statements.as_ref();
        Self {
            started: self.started.clone(),
            commits: self.commits.saturating_sub(earlier.commits),
            rollbacks: self.rollbacks.saturating_sub(earlier.rollbacks),
            rows_returned: self.rows_returned.saturating_sub(earlier.rows_returned),
            rows_fetched: self.rows_fetched.saturating_sub(earlier.rows_fetched),
            rows_inserted: self.rows_inserted.saturating_sub(earlier.rows_inserted),
            rows_updated: self.rows_updated.saturating_sub(earlier.rows_updated),
            rows_deleted: self.rows_deleted.saturating_sub(earlier.rows_deleted),
            blocks_read: self.blocks_read.saturating_sub(earlier.blocks_read),
            blocks_hit: self.blocks_hit.saturating_sub(earlier.blocks_hit),
            deadlocks: self.deadlocks.saturating_sub(earlier.deadlocks),
            temp_bytes: self.temp_bytes.saturating_sub(earlier.temp_bytes),
            statements: statements.map(|statements| statements.iter().map(statement).collect()),
        }
    }
}

impl ApiCounters {
    /// What was counted since `earlier`. `peak_per_second` stays the highest ever.
    fn since(&self, earlier: &Self) -> Self {
        Self {
            served: self.served.saturating_sub(earlier.served),
            refused: self.refused.saturating_sub(earlier.refused),
            peak_per_second: self.peak_per_second,
            waits: self.waits.since(&earlier.waits),
        }
    }
}

impl PoolWaits {
    /// Whether no call has come by.
    pub const fn is_none(&self) -> bool {
        self.calls == 0
    }

    /// What was counted since `earlier`. `max` stays the longest ever.
    fn since(&self, earlier: &Self) -> Self {
        Self {
            calls: self.calls.saturating_sub(earlier.calls),
            total: self.total - earlier.total,
            max: self.max,
            held: self.held - earlier.held,
        }
    }
}

fn is_zero(span: &Nanos) -> bool {
    *span == Nanos::ZERO
}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(process: &str, gets: u64) -> CacheCounters {
        CacheCounters {
            process: process.into(),
            keyspace_hits: gets,
            used_memory: 1_000 + gets,
            commands: [("get".to_owned(), gets)].into(),
            ..CacheCounters::default()
        }
    }

    #[test]
    fn a_difference_is_what_one_process_counted() {
        let counted = counters("a", 30).since(&counters("a", 10));
        assert_eq!((counted.keyspace_hits, counted.commands["get"]), (20, 20));
        assert_eq!(counted.used_memory, 20);
        assert!(!counted.restarted);
    }

    #[test]
    fn over_a_restart_it_is_what_the_new_process_counted() {
        let counted = counters("b", 30).since(&counters("a", 10));
        assert_eq!((counted.keyspace_hits, counted.commands["get"]), (30, 30));
        assert_eq!(counted.used_memory, 20, "memory is not counted: it is there or not");
        assert!(counted.restarted);
        let json = serde_json::to_string(&counted).unwrap();
        assert!(serde_json::from_str::<CacheCounters>(&json).unwrap().restarted);
    }
}
