//! One finished request, as its client saw it.

use serde::{Deserialize, Serialize};

use super::{Fault, Key, Nanos, Touches, Version, Writer};

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
// As large as what stands beside it, so that there is no gap: see `Fault`.
#[repr(u32)]
pub enum Op {
    Read,
    /// Writes the whole row, whatever it was.
    Update,
    /// Writes a row under a key that had none when the run began.
    Insert,
    /// Deletes the row.
    Delete,
    /// Reads the row through the strategy, then writes it: one request of two parts.
    ReadModifyWrite,
}

impl Op {
    pub const ALL: [Self; 5] =
        [Self::Read, Self::Update, Self::Insert, Self::Delete, Self::ReadModifyWrite];

    pub const fn is_read(self) -> bool {
        matches!(self, Self::Read)
    }

    /// Whether the row is read before anything is written.
    pub const fn reads_first(self) -> bool {
        matches!(self, Self::Read | Self::ReadModifyWrite)
    }

    /// The word for it in tables: `read`, `update`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Update => "update",
            Self::Insert => "insert",
            Self::Delete => "delete",
            Self::ReadModifyWrite => "read-modify-write",
        }
    }
}

/// One simulated application process: its own connections, its own in-process state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u32);

/// One user of the application, for the guarantees a session is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(pub u32);

/// One finished request. Times are on the run's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The request's number in the plan.
    pub request: u64,
    pub key: Key,
    pub op: Op,
    pub node: NodeId,
    pub client: ClientId,
    /// When the plan wanted it to start. Equal to `started` in a closed loop.
    pub intended: Nanos,
    pub started: Nanos,
    /// When its write was invoked: as it started, or after what it read first had come. `NEVER` where
    /// that did not come, so that nothing was written. Of no meaning for a read.
    pub wrote_from: Nanos,
    /// When the answer came, or when the client gave up.
    pub ended: Nanos,
    /// The version that was read, where something was.
    pub seen: Option<Version>,
    /// Who wrote what was read.
    pub seen_writer: Option<Writer>,
    /// What was read is that there is no row.
    pub absent: bool,
    /// The version an acknowledged write got.
    pub written: Option<Version>,
    pub fault: Option<Fault>,
    pub touches: Touches,
}

impl Sample {
    /// Response time: from the intended start.
    pub fn response(&self) -> Nanos {
        self.ended - self.intended
    }

    /// Service time: from the call.
    pub fn service(&self) -> Nanos {
        self.ended - self.started
    }

    /// How late the generator itself was.
    pub fn lag(&self) -> Nanos {
        self.started - self.intended
    }
}
