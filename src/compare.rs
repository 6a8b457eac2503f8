//! What Records say: which strategy holds what was asked of it, which one is to be preferred, and what
//! has changed from one Record to another.
//! Reads Records, and nothing else.

pub mod advice;
pub mod beside;
pub mod difference;
pub mod figure;
pub mod front;
pub mod interval;
pub mod metric;
pub mod next;
pub mod noise;
pub mod statistics;
pub mod sweep;
pub mod verdict;

pub use difference::{Change, Comparison, compare};
pub use figure::Figure;
pub use interval::Interval;
pub use metric::Metric;
pub use verdict::Verdict;
