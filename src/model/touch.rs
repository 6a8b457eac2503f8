//! What the tap around the backends sees: single calls, and what one request touched in all.

use serde::{Deserialize, Serialize};

use super::{Fault, Key, Nanos, Side};

/// Why a strategy calls a backend. The caller names it; the tap counts that the call was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// To answer a read.
    Lookup,
    /// To load what a lookup missed, and to keep it.
    Fill,
    /// To carry out a client's write, its invalidation included.
    Write,
    /// To renew an entry that could still be served.
    Refresh,
    /// To persist writes that were acknowledged before.
    Flush,
    /// To carry events from the store to the cache.
    Relay,
    /// To agree on who loads.
    Lock,
}

impl Purpose {
    /// Whether a read of the store for this purpose asks for a value, at the origin's full cost.
    pub const fn asks_for_a_value(self) -> bool {
        matches!(self, Self::Lookup | Self::Fill | Self::Refresh)
    }

    /// Whether a read of the store for this purpose is to bring a value into the cache.
    pub const fn loads(self) -> bool {
        matches!(self, Self::Fill | Self::Refresh)
    }

    pub const ALL: [Self; 7] = [
        Self::Lookup,
        Self::Fill,
        Self::Write,
        Self::Refresh,
        Self::Flush,
        Self::Relay,
        Self::Lock,
    ];
}

/// What kind of call it was, for the counts that are reconciled with a server's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
// A whole word, as what stands beside it in a step: see `Fault`.
#[repr(u32)]
pub enum Verb {
    Get,
    Set,
    Delete,
    /// A compound cache step that must be atomic (a script).
    Script,
    /// Queue and event traffic.
    Stream,
    Read,
    Write,
    /// A value made into an entry, in the node's own process.
    Encode,
    /// An entry made into a value, in the node's own process.
    Decode,
}

impl Verb {
    /// Whether it changes the store. Of a cache it is not asked.
    pub const fn writes(self) -> bool {
        matches!(self, Self::Write)
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    Done,
    /// A lookup that found an entry or a row.
    Hit,
    /// A lookup that found none.
    Miss,
    Failed(Fault),
}

/// One call to a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    pub side: Side,
    pub purpose: Purpose,
    pub verb: Verb,
    pub key: Option<Key>,
    pub started: Nanos,
    pub ended: Nanos,
    pub answer: Answer,
    /// Rows the store touched, children of an aggregation included; 0 for a cache.
    pub rows: u32,
    /// Bytes of entry or row carried, either way, without the protocol's own.
    pub bytes: u32,
    /// Bytes before a value was encoded, or after it was decoded; 0 for all other calls.
    pub plain_bytes: u32,
    /// Calls to the same side in progress as this one began, itself included.
    pub concurrent: u32,
    /// A fill's store read that began while another fill of the same key was reading it.
    pub duplicate: bool,
    /// Made by a worker of the strategy, not while a client waited.
    pub background: bool,
}

/// What one request touched, as counted by the tap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touches {
    /// Lookups that found an entry in the shared cache.
    pub cache_hits: u16,
    pub cache_misses: u16,
    /// All other calls to the cache.
    pub cache_calls: u16,
    pub cache_faults: u16,
    /// Lookups that found an entry in the node's own tier.
    pub node_hits: u16,
    pub store_reads: u16,
    pub store_writes: u16,
    pub store_faults: u16,
    /// Waited for another request's load instead of loading.
    pub coalesced: u16,
    /// An entry past its logical expiry was handed out.
    pub stale_served: u16,
    /// Committed writes of which the cache was never told, all attempts having failed.
    pub undelivered: u16,
}

impl Touches {
    /// What the answer to a read came from.
    pub fn served_by(&self) -> ServedBy {
        if self.store_reads > 0 {
            ServedBy::Store
        } else if self.stale_served > 0 {
            ServedBy::Stale
        } else if self.coalesced > 0 || self.waited_for_another() {
            ServedBy::Coalesced
        } else if self.cache_hits > 0 {
            ServedBy::Cache
        } else if self.node_hits > 0 {
            ServedBy::Node
        } else {
            ServedBy::Nothing
        }
    }

    /// Missed the cache, did not load, and found the entry there later: another request had filled
    /// it meanwhile.
    const fn waited_for_another(&self) -> bool {
        self.cache_misses > 0 && self.cache_hits > 0
    }
}

/// What an answer came from, in the order in which it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServedBy {
    /// A fresh entry of the node's own tier.
    Node,
    /// A fresh entry of the shared cache.
    Cache,
    /// Another request's load.
    Coalesced,
    /// An entry past its logical expiry.
    Stale,
    Store,
    /// No backend answered: the request failed before.
    Nothing,
}

impl ServedBy {
    /// The word for it in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Cache => "cache",
            Self::Coalesced => "coalesced",
            Self::Stale => "stale entry",
            Self::Store => "store",
            Self::Nothing => "nothing",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_that_missed_and_then_hit_was_served_by_anothers_load() {
        let waited = Touches { cache_misses: 3, cache_hits: 1, ..Touches::default() };
        assert_eq!(waited.served_by(), ServedBy::Coalesced);
        let loaded = Touches { store_reads: 1, ..waited };
        assert_eq!(loaded.served_by(), ServedBy::Store);
        let stale = Touches { stale_served: 1, ..waited };
        assert_eq!(stale.served_by(), ServedBy::Stale);
        let hit = Touches { cache_hits: 1, ..Touches::default() };
        assert_eq!(hit.served_by(), ServedBy::Cache);
    }

    #[test]
    fn a_hit_in_the_node_is_a_hit_only_if_nothing_farther_answered() {
        let near = Touches { node_hits: 1, ..Touches::default() };
        assert_eq!(near.served_by(), ServedBy::Node);
        assert_eq!(Touches { cache_hits: 1, ..near }.served_by(), ServedBy::Cache);
        assert_eq!(Touches::default().served_by(), ServedBy::Nothing);
    }
}
