//! Clients that look at what they have written: which requests are such reads.

use super::chance::{Axis, Draws, unit};
use super::options::OwnReads;

/// How far back is looked at most, so that the cost of a request has a bound. Only a plan of little
/// but writes comes near it.
const LINKS_MAX: u64 = 256;

/// Decides for each request, from the draws alone, whether it is the read of an earlier write.
#[derive(Debug)]
pub struct OwnReading {
    share: f64,
    /// How many requests of the plan lie between a write and its read.
    distance: u64,
    draws: Draws,
}

impl OwnReading {
    /// `turn` is how many requests of the plan lie between two of those that `after` counts.
    pub fn new(options: OwnReads, turn: u64, seed: u64) -> Self {
        Self {
            share: options.share.0,
            distance: options.after.saturating_mul(turn),
            draws: Draws::new(seed, Axis::OwnRead),
        }
    }

    /// The write that request `number` reads, if it is such a read. `writes` tells whether a request
    /// would write by its own draws.
    ///
    /// A request that is such a read writes nothing, so nobody reads it in turn: of a row of
    /// requests at this distance, each of which would be followed by a read, every other one is.
    pub fn write_read_by(&self, number: u64, writes: impl Fn(u64) -> bool) -> Option<u64> {
        let followed = |number: u64| unit(self.draws.at(number)) < self.share && writes(number);
        // A row is cut where its links have come to the bound, at the same place for all of it.
        let links = (number / self.distance) % LINKS_MAX;
        let row = (1..=links).take_while(|link| followed(number - link * self.distance)).count();
        (row % 2 == 1).then(|| number - self.distance)
    }
}
