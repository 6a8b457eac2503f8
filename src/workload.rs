//! What will be asked, and when: a [`Plan`] that is fixed by its options and one seed, and the
//! [`Rows`] it asks for. Nothing here waits or sends; the driver does.

mod arrival;
mod census;
mod chance;
mod curve;
mod error;
mod faults;
mod generator;
mod mix;
mod options;
mod own_reads;
mod plan;
mod popularity;
mod profile;
mod rows;
mod tally;

pub mod trace;

pub use arrival::Arrivals;
pub use census::{Census, Counting};
pub use curve::Curve;
pub use error::Error;
pub use faults::PlannedFault;
pub use generator::{GeneratorOptions, Pacing};
pub use mix::Mix;
pub use options::{
    Arrival, BodySize, Closed, DatasetOptions, Entity, Hotspot, Latest, OwnReads, Popularity,
    TraceFiles, WorkloadOptions, Zipf,
};
pub use plan::{DrawnRequest, Plan, Request};
pub use profile::{Burst, Flaw, Profile, Ramp, SquareWave, Staircase, Step, StepOrder};
pub use rows::Rows;
pub use tally::Tally;
