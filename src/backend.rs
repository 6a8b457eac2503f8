//! What a strategy runs against: the traits [`Cache`] and [`Store`], their implementations on real
//! servers and in memory, and the decorators around them.
//!
//! A backend's failure is data ([`Fault`](crate::model::Fault)); a server that cannot be started or
//! reached at all is an [`Error`].

mod address;
mod background;
mod cache;
mod columns;
mod context;
mod entry;
mod error;
mod filesystem;
mod fingerprint;
mod flights;
mod hashing;
mod host;
mod layer;
mod local;
mod notes;
mod options;
mod spread;
mod store;
mod tap;
mod touched;
mod waits;

pub mod api;
mod asking;
pub mod conformance;
pub mod delay;
pub mod faults;
pub mod managed;
pub mod postgres;
pub mod proxy;
pub mod redis;
pub mod sqlite;
pub mod twin;

pub use crate::model::{
    ApiCounters, CacheCounters, DatabaseCounters, PoolWaits, Server, StoreCounters,
};
pub use address::{redacted, veiled};
pub use api::ApiOptions;
pub use asking::Asking;
pub use cache::{
    Cache, CacheAsking, Delivery, Enqueued, Leased, Notice, QueuedWrite, Subscription, Token,
};
pub use context::{Ctx, Purposed};
pub use entry::{ENTRY_CHECKSUM, ENTRY_HEAD, ENTRY_VERSION, Entry};
pub use error::Error;
pub use filesystem::filesystem;
pub use flights::Flights;
pub use host::{CacheHost, CacheState, Dataset, EVERY_KEY, Row, StoreHost, Yardstick};
pub use layer::{Described, Layer, Layered, Step};
pub use local::{Local, Place};
pub use options::{
    AppendFsync, CacheOptions, CacheServer, Connections, Durability, Eviction, Origin,
    StoreOptions, StoreServer, Victim,
};
pub use spread::Durations;
pub use store::{Applied, Event, Read, Store, StoreAsking, VersionedDraft};
pub use tap::Tap;
