//! What will be asked, and when: a [`Plan`] that is fixed by its options and one seed, and the
//! [`Rows`] it asks for. Nothing here waits, sends or counts; the driver does.

mod arrival;
mod chance;
mod error;
mod faults;
mod generator;
mod mix;
mod options;
mod own_reads;
mod plan;
mod popularity;
mod rows;

pub mod trace;

pub use arrival::Arrivals;
pub use error::Error;
pub use faults::PlannedFault;
pub use generator::{GeneratorOptions, Pacing};
pub use mix::Mix;
pub use options::{
    Arrival, BodySize, Closed, DatasetOptions, Entity, Hotspot, Latest, OwnReads, Popularity, Rate,
    TraceFiles, WorkloadOptions, Zipf,
};
pub use plan::{Plan, Request};
pub use rows::Rows;
