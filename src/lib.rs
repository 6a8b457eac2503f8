//! Load-tests caching strategies head to head.

pub mod model;

pub mod clock;

pub mod scenario;
pub mod workload;

pub mod strategy;

pub mod backend;

pub mod driver;

pub mod judge;
pub mod measure;

pub mod theory;

pub mod experiment;
pub mod record;

/// The version of the tool.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
