//! The node's own tier: values in the memory of one application process.
//!
//! What comes from outside may be out of date by the time it is to be kept: a notice of a change can
//! overtake it. So a place is asked for before the value is, and a value whose key was forgotten
//! meanwhile is not kept.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashlink::LinkedHashMap;

use crate::model::{Key, Nanos, Value};

/// Values by key, of which the least recently used goes where there is no more room.
pub struct Local {
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: LinkedHashMap<Key, (Value, Nanos)>,
    /// Keys for which a place is held, and how often they were forgotten since.
    places: HashMap<Key, Places>,
}

#[derive(Default)]
struct Places {
    held: u32,
    forgotten: u64,
}

/// A place for one value, to be filled unless its key is forgotten first.
pub struct Place<'a> {
    local: &'a Local,
    key: Key,
    forgotten: u64,
}

impl Local {
    /// Room for `capacity` values.
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), state: Mutex::default() }
    }

    /// The value, unless it has expired by `now`.
    pub fn get(&self, key: Key, now: Nanos) -> Option<Value> {
        let mut state = self.state();
        let (value, deadline) = state.held.to_back(&key)?;
        if *deadline > now {
            return Some(value.clone());
        }
        state.held.remove(&key);
        None
    }

    /// A place for what is about to be fetched.
    pub fn place(&self, key: Key) -> Place<'_> {
        let mut state = self.state();
        let places = state.places.entry(key).or_default();
        places.held += 1;
        Place { local: self, key, forgotten: places.forgotten }
    }

    /// Forgets the value, and the places that are held for it.
    pub fn forget(&self, key: Key) {
        let mut state = self.state();
        state.held.remove(&key);
        if let Some(places) = state.places.get_mut(&key) {
            places.forgotten += 1;
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        let mut state = self.state();
        state.held.clear();
        for places in state.places.values_mut() {
            places.forgotten += 1;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// Keeps the value until `deadline`. False if the key was forgotten since the place was held.
    pub fn keep(self, value: Value, deadline: Nanos) -> bool {
        let mut state = self.local.state();
        let is_current =
            state.places.get(&self.key).is_some_and(|places| places.forgotten == self.forgotten);
        if is_current {
            state.held.insert(self.key, (value, deadline));
            state.held.to_back(&self.key);
            while state.held.len() > self.local.capacity {
                state.held.pop_front();
            }
        }
        is_current
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.local.state();
        if let Some(places) = state.places.get_mut(&self.key) {
            places.held -= 1;
            if places.held == 0 {
                state.places.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key(1);
    const LATE: Nanos = Nanos::from_secs(1);

    fn value() -> Value {
        Value::never_written(KEY)
    }

    #[test]
    fn an_entry_lives_until_its_deadline() {
        let local = Local::new(10);
        assert!(local.place(KEY).keep(value(), LATE));
        assert_eq!(local.get(KEY, Nanos(LATE.0 - 1)), Some(value()));
        assert_eq!(local.get(KEY, LATE), None);
    }

    #[test]
    fn what_was_forgotten_while_it_was_fetched_is_not_kept() {
        let local = Local::new(10);
        let (forgotten, cleared) = (local.place(KEY), local.place(Key(2)));
        local.forget(KEY);
        assert!(!forgotten.keep(value(), LATE));
        local.clear();
        assert!(!cleared.keep(value(), LATE));
        assert_eq!((local.get(KEY, Nanos::ZERO), local.get(Key(2), Nanos::ZERO)), (None, None));
        assert!(local.place(KEY).keep(value(), LATE), "the next fetch is kept");
        assert!(local.state().places.is_empty());
    }

    #[test]
    fn the_least_recently_used_entry_goes() {
        let local = Local::new(2);
        for key in [1, 2] {
            local.place(Key(key)).keep(value(), LATE);
        }
        local.get(Key(1), Nanos::ZERO);
        local.place(Key(3)).keep(value(), LATE);
        let held = [1, 2, 3].map(|key| local.get(Key(key), Nanos::ZERO).is_some());
        assert_eq!(held, [true, false, true]);
    }
}
