//! The plain data that every other module speaks in.
//!
//! Nothing here touches a server, a clock or a file. A type belongs here when two modules that may
//! not know each other both need it.

mod agenda;
mod body;
mod breakage;
mod distribution;
mod fault;
mod prefetch;
mod profile;
mod sample;
mod server;
mod time;
mod touch;
mod units;
mod value;

pub use agenda::Agenda;
#[cfg(test)]
pub use body::testing;
pub use body::{Body, Maker, Promise};
pub use breakage::{
    Breakage, CacheBreakage, EventBreakage, Injected, Lasting, NodeBreakage, StoreBreakage, Toxics,
    WorkerBreakage,
};
pub use distribution::{Distribution, samples_to_certify};
pub use fault::{Fault, FaultKind, Outcome, Side};
pub use prefetch::prefetch;
pub use profile::{CacheTimes, Profile, Spread, StoreTimes};
pub use sample::{ClientId, NodeId, Op, Sample};
pub use server::{ApiCounters, CacheCounters, DatabaseCounters, PoolWaits, Server, StoreCounters};
pub use time::Nanos;
pub use touch::{Answer, Call, Purpose, ServedBy, Touches, Verb};
pub use units::{Share, Size, Span};
pub use value::{Aggregate, BODY_MAX, Draft, Key, Value, Version, Writer};
