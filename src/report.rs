//! A Record as people and other programs read it: one format per file, each a pure function of the
//! Record. Nothing here asks a live system.

pub mod ceilings;
pub mod charts;
pub mod csv;
pub mod facts;
pub mod folder;
pub mod guide;
pub mod hlog;
pub mod html;
pub mod table;
pub mod tables;
pub mod text;

pub use folder::{Error, Format, read, write};

/// What a reader must know before any figure of a record whose cache was the twin.
pub const EMBEDDED_NOTICE: &str =
    "embedded: the in-memory twin stood in for Redis; latency is not Redis's.";
