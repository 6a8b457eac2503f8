//! A store behind a slow external API: its reads go over HTTP, take as long as such services take,
//! and are refused beyond a rate limit.
//!
//! The data belongs to the API's owner. So only reads of the origin go through it: writes, versions
//! and the outbox are the owner's own business and reach the store behind it directly, and the
//! owner's writes do not count against the readers' limit. The limit is one for all nodes, as for
//! the holder of one API key.
//!
//! [`ApiHost`] is the real thing, a service on loopback. [`TwinApiHost`] is the same without HTTP,
//! for virtual time. Both ask one `Gate` whether a request is let through and what it
//! takes, so that they cannot differ in that.

mod client;
mod connections;
mod gate;
mod host;
mod limit;
mod options;
mod service;
mod twin;
mod wire;

pub use host::ApiHost;
pub use options::ApiOptions;
pub use twin::TwinApiHost;
