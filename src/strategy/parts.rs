//! What strategies share.

pub mod aside;
pub mod breaker;
pub mod delivery;
pub mod entry;
pub mod expiry;
pub mod format;
