//! What strategies share.

#[macro_use]
pub mod options;

pub mod aside;
pub mod breaker;
pub mod delivery;
pub mod entry;
pub mod events;
pub mod expiry;
pub mod format;
pub mod guard;
pub mod near;
pub mod refresher;
