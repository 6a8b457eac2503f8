//! Faults on purpose, for what has no process that could be killed: decorators that refuse, slow
//! down or lose what they are handed, while they are told to.
//!
//! A server that the run has to itself is broken for real, by its host.

mod cache;
mod commit;
mod events;
mod outage;
mod store;

pub use cache::DisturbedCacheHost;
pub use commit::{AfterCommit, Trap};
pub use events::{Disturbance, Disturbed};
pub use outage::{Outage, Outages, Trouble};
pub use store::OutageStoreHost;
