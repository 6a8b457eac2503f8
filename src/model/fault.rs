//! What went wrong with one operation: data to be counted, not an error of the tool.

use serde::{Deserialize, Serialize};

/// The result of one operation against a cache, a store or a strategy.
pub type Outcome<T> = Result<T, Fault>;

/// Where an operation took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u32)]
pub enum Side {
    Cache,
    Store,
    /// The node's own process: its in-process tier, its codec.
    Node,
}

/// Why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u32)]
pub enum FaultKind {
    /// No answer in time. The operation may still take effect at any later moment.
    Timeout,
    /// The server could not be reached, or the connection broke before the answer came.
    Unavailable,
    /// The server answered that it will not: out of memory, busy, read-only.
    Refused,
    /// The server answered that it was asked too often (429).
    Throttled,
    /// What came back is not what was written: a checksum, a key or a format does not match.
    Corrupt,
}

/// A failed operation: where and why.
// Two words without a gap, as an `Op` is one: what they stand in is moved by words then. A gap splits it at odd
// places, and who reads what was written in other pieces waits until all of them are in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fault {
    /// `None` where it is the request as a whole that failed.
    pub side: Option<Side>,
    pub kind: FaultKind,
}

const _: () = assert!(size_of::<Fault>() == 8);

impl Fault {
    /// The client waited for its whole timeout and gave the request up.
    pub const GAVE_UP: Self = Self { side: None, kind: FaultKind::Timeout };
    /// The process that worked on the request was killed, or none was there to work on it.
    pub const NODE_DOWN: Self = Self { side: Some(Side::Node), kind: FaultKind::Unavailable };
    /// The answer is not what any writer wrote.
    pub const CORRUPT_ANSWER: Self = Self { side: None, kind: FaultKind::Corrupt };

    pub const fn cache(kind: FaultKind) -> Self {
        Self { side: Some(Side::Cache), kind }
    }

    pub const fn store(kind: FaultKind) -> Self {
        Self { side: Some(Side::Store), kind }
    }
}
