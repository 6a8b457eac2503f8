//! The twins: cache and store in memory, with the semantics of the real ones and none of their cost.

mod cache;
mod store;

pub use cache::{QUEUE_COMMANDS, SimulatedGet, TwinCache, TwinCacheHost};
pub use store::{TwinStore, TwinStoreHost};
