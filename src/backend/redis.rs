//! The cache on a real Redis or Valkey, of version 6.2 or later.

mod address;
mod bare;
mod breaking;
mod cache;
mod checkup;
mod connection;
mod events;
mod exclusive;
mod failure;
mod host;
mod info;
mod link;
mod links;
mod listener;
mod naming;
mod overdue;
mod probe;
mod received;
mod scripts;
mod stream;

pub use address::SCHEMES;
pub use cache::RedisCache;
pub use checkup::Checkup;
pub use host::{RedisHost, Route};
pub use naming::Naming;
pub use probe::Feature;
