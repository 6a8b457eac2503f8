//! Load-tests caching strategies head to head.

pub mod backend;
pub mod clock;
pub mod compare;
pub mod judge;
pub mod measure;
pub mod model;
pub mod record;
pub mod report;
pub mod scenario;
pub mod strategy;
pub mod workload;
