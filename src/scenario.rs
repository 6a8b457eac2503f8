//! What a person writes: a TOML file, read into a checked [`Scenario`].

mod strategies;
mod types;

pub use strategies::{Contender, Strategies};
pub use types::{Preference, Scenario, Thresholds};
