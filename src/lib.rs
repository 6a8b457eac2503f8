//! Load-tests caching strategies head to head.

pub mod backend;
pub mod clock;
pub mod judge;
pub mod measure;
pub mod model;
pub mod theory;
pub mod workload;
