//! A stream read by one group of consumers.

use std::collections::VecDeque;

use crate::backend::hashing::ByNumber;
use crate::model::Nanos;

/// Items in the order they were appended. One that was claimed is pending until it is settled.
pub(super) struct Stream<T> {
    appended: u64,
    fresh: VecDeque<(u64, T)>,
    pending: ByNumber<T>,
    /// The last claim of each pending item, and claims of settled ones that are not forgotten yet.
    /// Time does not go backwards, so the order of claiming is the order of falling idle.
    claims: VecDeque<(Nanos, u64)>,
}

impl<T: Clone> Stream<T> {
    pub fn append(&mut self, item: T) {
        self.appended += 1;
        self.fresh.push_back((self.appended, item));
    }

    /// Takes up to `max` items, each with its id: first those that were claimed `idle` ago or
    /// earlier and not settled, then new ones.
    pub fn claim(&mut self, max: usize, idle: Nanos, now: Nanos) -> Vec<(String, T)> {
        let mut taken = Vec::new();
        // A claim made here goes to the end and is not come by again, even where `idle` is nothing.
        for _ in 0..self.claims.len() {
            if taken.len() == max {
                break;
            }
            match self.claims.front() {
                Some(&(claimed, number)) if claimed + idle <= now => {
                    self.claims.pop_front();
                    if let Some(item) = self.pending.get(&number) {
                        taken.push((id(number), item.clone()));
                        self.claims.push_back((now, number));
                    }
                }
                _ => break,
            }
        }
        let room = self.fresh.len().min(max - taken.len());
        for (number, item) in self.fresh.drain(..room) {
            taken.push((id(number), item.clone()));
            self.pending.insert(number, item);
            self.claims.push_back((now, number));
        }
        taken
    }

    /// When the first pending item will have been idle for `idle`.
    pub fn next_idle(&mut self, idle: Nanos) -> Option<Nanos> {
        while let Some(&(claimed, number)) = self.claims.front() {
            if self.pending.contains_key(&number) {
                return Some(claimed + idle);
            }
            self.claims.pop_front();
        }
        None
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.fresh.len() + self.pending.len()
    }

    /// Removes an item that was claimed, and returns it if it was still there.
    pub fn settle(&mut self, id: &str) -> Option<T> {
        let settled = number(id).and_then(|number| self.pending.remove(&number));
        // One item that nobody settles must not make us remember all that were settled after it.
        if self.claims.len() > 2 * self.pending.len() + 64 {
            self.claims.retain(|(_, number)| self.pending.contains_key(number));
        }
        settled
    }
}

impl<T> Default for Stream<T> {
    fn default() -> Self {
        Self {
            appended: 0,
            fresh: VecDeque::new(),
            pending: ByNumber::default(),
            claims: VecDeque::new(),
        }
    }
}

/// An id as Redis would write it.
fn id(number: u64) -> String {
    format!("{number}-0")
}

fn number(id: &str) -> Option<u64> {
    id.strip_suffix("-0")?.parse().ok()
}
