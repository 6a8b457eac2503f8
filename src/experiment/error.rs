//! Why an experiment could not be carried out.

use thiserror::Error;

use crate::{backend, workload};

/// What kept an experiment from running to its end.
#[derive(Debug, Error)]
pub enum Error {
    #[error("the plan cannot be made: {0}")]
    Plan(#[from] workload::Error),

    #[error(transparent)]
    Unfit(#[from] super::find_max::Unfit),

    #[error("there is nothing to fit a profile to: a twin in memory takes no time of its own")]
    Twin,

    #[error(
        "simulating takes up to {needed} of memory, and the machine has {available} left: ask for \
         fewer keys, smaller rows, or fewer threads"
    )]
    Memory { needed: String, available: String },

    #[error(transparent)]
    Backend(#[from] backend::Error),
}
