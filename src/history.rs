//! The history of a scenario's figures: what each run came to, kept in one file from run to run, and where
//! the figures have come to another level.
//!
//! Figures are one series only where they are comparable: of the same plan, options and servers on the same
//! machine. What differs in any of these begins a series of its own.

mod entry;
mod file;
mod series;

pub use entry::{Entry, Kept, Ran};
pub use file::{Error, History, RUNS_MAX, Wanted};
pub use series::{Point, Series, Shift, series};
