//! Plans that cannot be made.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a plan could not be made from its options.
#[derive(Debug, Error)]
pub enum Error {
    /// An option has a value with which there is no plan.
    #[error("`{option}` must be {expected}")]
    Option { option: &'static str, expected: &'static str },

    /// A rate, or how it changes, is none with which requests could come.
    #[error("`workload.arrival.{process}.{key}` must be {expected}")]
    Profile { process: &'static str, key: String, expected: &'static str },

    /// The trace asks for more keys than the dataset is said to have.
    #[error("`dataset.keys` is {given}, but the trace asks for {needed} distinct keys")]
    TooFewKeys { given: u64, needed: u64 },

    /// A trace file could not be read at all.
    #[error("cannot read the trace {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },

    /// A trace file is not what its name says.
    #[error("the trace {} is not usable: {reason}", path.display())]
    BadTrace { path: PathBuf, reason: String },
}
