//! A replica that answers reads. It replays what the primary has committed, in the same order, and later.

use std::collections::VecDeque;

use super::rows::{Held, Written};
use crate::backend::spread::Durations;
use crate::model::{Key, Nanos};

pub struct Replica {
    lag: Durations,
    rows: Written,
    /// What has been committed and not been replayed, with the instant at which it is.
    on_the_way: VecDeque<(Nanos, Key, Held)>,
    /// When the latest of them is.
    last: Nanos,
}

impl Replica {
    pub fn new(lag: Durations) -> Self {
        Self { lag, rows: Written::default(), on_the_way: VecDeque::new(), last: Nanos::ZERO }
    }

    /// A transaction was committed then. All of it is replayed at once.
    pub fn follow(&mut self, committed: Nanos, rows: impl Iterator<Item = (Key, Held)>) {
        // None overtakes another.
        self.last = self.last.max(committed + self.lag.draw());
        self.on_the_way.extend(rows.map(|(key, held)| (self.last, key, held)));
    }

    /// The rows as they are there `now`.
    pub fn rows(&mut self, now: Nanos) -> &Written {
        while let Some((_, key, held)) = self.on_the_way.pop_front_if(|next| next.0 <= now) {
            self.rows.set(key, held);
        }
        &self.rows
    }
}
