//! How much? Folds samples and calls into figures whose size does not grow with the requests.

mod measures;

pub use measures::{Bucket, Cause, Failed, Latency, Load, Lookups, Measures, Requests};
