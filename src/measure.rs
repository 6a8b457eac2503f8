//! How much? Folds samples and calls into figures whose size does not grow with the requests.

mod calibration;
mod latency;
mod load;
mod measures;
mod meter;
mod node;
mod recovery;
mod resident;
mod timeline;
mod totals;
pub mod validity;

pub use calibration::{Calibration, LagAt, Pace};
pub use measures::{
    Bucket, Cause, Coded, Coding, Failed, Latency, Load, Lookups, Measures, NodeTier, Requests,
};
pub use meter::Meter;
pub use recovery::{Figure, Recovery, ThroughFault, through_faults};
pub use resident::Resident;
pub use timeline::Timeline;
pub use totals::Totals;
pub use validity::{Check, Standing};
