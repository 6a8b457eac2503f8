//! The in-memory twins: the same semantics as the real servers, without their cost.

mod store;

pub use store::{TwinStore, TwinStoreHost};
