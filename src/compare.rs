//! What Records say: which strategy holds what was asked of it, and which one is to be preferred.
//! Reads Records, and nothing else.

pub mod advice;
pub mod beside;
pub mod figure;
pub mod front;
pub mod interval;
pub mod metric;
pub mod noise;
pub mod sweep;
pub mod verdict;

pub use figure::Figure;
pub use interval::Interval;
pub use metric::Metric;
pub use verdict::Verdict;
