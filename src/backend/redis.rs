//! The cache on a real Redis or Valkey, of version 6.2 or later.

mod address;
mod cache;
mod events;
mod host;
mod info;
mod link;
mod listener;
mod naming;
mod scripts;
mod stream;

pub use address::SCHEMES;
pub use cache::RedisCache;
pub use host::RedisHost;
pub use naming::Naming;
