//! The twins: cache and store in memory, with the semantics of the real ones and none of their cost.

mod cache;
mod store;

pub use cache::{CacheCall, QUEUE_COMMANDS, TwinCache, TwinCacheHost};
pub use store::{StoreCall, TwinStore, TwinStoreHost};
