//! The cycle in which a server looks for entries that have expired, by the rules of Redis's `expire.c` at
//! its default effort.
//!
//! Ten times a second it draws 20 of the entries that expire and removes those that have expired. If they
//! were more than a tenth, it draws again, until a quarter of the time to the next cycle is over. So a
//! tenth of the entries that expire, and after many expired at once a quarter, may have expired and be
//! still there. Redis goes through its table of them in the order of their hashes, which is as good as a
//! draw; that its cycles are sometimes followed by short ones in between is left out.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::entries::Slot;
use crate::model::Nanos;

/// From one cycle to the next (`hz 10`).
const PERIOD: Nanos = Nanos::from_millis(100);
/// Entries that are looked at before it is asked whether it pays to go on.
const SAMPLE: u32 = 20;
/// Beyond this share of the sample, in percent, it goes on.
const ACCEPTABLE: u32 = 10;
/// The most samples of a cycle: what 25 ms are enough for where a look at an entry takes 200 ns.
const SAMPLES_MAX: u32 = 6_250;

/// When it runs, and how far it is.
pub(super) struct Cycle {
    due: Nanos,
    chance: ChaCha8Rng,
    /// Of the cycle in progress.
    samples: u32,
    looked_at: u32,
    found: u32,
}

impl Cycle {
    /// The same seed looks at the same entries.
    pub fn new(seed: u64) -> Self {
        let chance = ChaCha8Rng::seed_from_u64(seed);
        Self { due: PERIOD, chance, samples: 0, looked_at: 0, found: 0 }
    }

    pub const fn due(&self) -> Nanos {
        self.due
    }

    pub fn is_due(&self, now: Nanos) -> bool {
        self.due <= now
    }

    /// Begins the next cycle, if it was due by `now`, and says when that was.
    pub fn next_due(&mut self, now: Nanos) -> Option<Nanos> {
        if !self.is_due(now) {
            return None;
        }
        let due = self.due;
        self.due = due + PERIOD;
        (self.samples, self.looked_at, self.found) = (0, 0, 0);
        Some(due)
    }

    /// Leaves out all that were due by `now`.
    pub fn skip(&mut self, now: Nanos) {
        if self.is_due(now) {
            self.due = Nanos((now.0 / PERIOD.0 + 1) * PERIOD.0);
        }
    }

    /// The place of the next entry that has expired, of those that expire; `None` at the cycle's end.
    pub fn find(&mut self, expiring: &[Slot], now: Nanos) -> Option<usize> {
        while !expiring.is_empty() && self.goes_on(expiring.len()) {
            let place = self.chance.random_range(0..expiring.len() as u64) as usize;
            self.looked_at += 1;
            if expiring[place].deadline <= now {
                self.found += 1;
                return Some(place);
            }
        }
        None
    }

    /// Whether another entry is to be looked at, of so many.
    fn goes_on(&mut self, count: usize) -> bool {
        if self.looked_at < SAMPLE.min(u32::try_from(count).unwrap_or(SAMPLE)) {
            return true;
        }
        let is_worth_it = self.found * 100 > self.looked_at * ACCEPTABLE;
        self.samples += 1;
        (self.looked_at, self.found) = (0, 0);
        is_worth_it && self.samples < SAMPLES_MAX
    }
}
