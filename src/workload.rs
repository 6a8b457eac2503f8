//! What will be asked, and when.

mod options;

pub use options::{
    Arrival, BodySize, Closed, DatasetOptions, Entity, Hotspot, Latest, Popularity, Rate,
    TraceFiles, WorkloadOptions, Zipf,
};
