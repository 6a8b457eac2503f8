//! Servers that cannot be had at all. A failed operation is a [`Fault`](crate::model::Fault).

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::Server;
use crate::model::Breakage;

/// Why a backend could not be made ready.
#[derive(Debug, Error)]
pub enum Error {
    #[error("cannot reach the Redis at {address}: {reason}")]
    Unreachable { address: String, reason: String },

    #[error("cannot reach the PostgreSQL at {address}: {reason}")]
    StoreUnreachable { address: String, reason: String },

    #[error("cannot start {program}: {reason}")]
    NotStarted { program: String, reason: String },

    #[error("the server at {address} cannot be used: {reason}")]
    Unsuitable { address: String, reason: String },

    #[error("the server at {address} failed: {reason}")]
    Failed { address: String, reason: String },

    #[error("cannot prepare the database {}: {reason}", path.display())]
    Database { path: PathBuf, reason: String },

    #[error("the {kind} at {address} cannot be broken like this: {breakage}")]
    Unbreakable { kind: String, address: String, breakage: Breakage },

    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
}

impl Error {
    pub(super) fn unbreakable(Server { kind, address, .. }: Server, breakage: Breakage) -> Self {
        Self::Unbreakable { kind, address, breakage }
    }
}
