//! Load-tests caching strategies head to head.

// The modules in reading order: what is asked, what is compared and against what, how it is run and
// judged, and what comes of it.
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

pub mod compare;
pub mod report;

pub mod cli;

/// The version of the tool.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
