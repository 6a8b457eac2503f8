//! How much? Folds samples and calls into figures whose size does not grow with the requests.

mod load;
mod measures;
mod meter;
mod totals;
pub mod validity;

pub use measures::{Bucket, Cause, Failed, Latency, Load, Lookups, Measures, Requests};
pub use meter::{Meter, bucket_width};
pub use totals::Totals;
pub use validity::{Check, Standing};
