//! How the supervisor is told that it has to look before its timer rings.

use std::cell::RefCell;
use std::task::Waker;

/// Who waits for a nudge.
#[derive(Default)]
pub struct Nudge {
    waiting: RefCell<Option<Waker>>,
}

impl Nudge {
    pub fn give(&self) {
        if let Some(waiting) = &*self.waiting.borrow() {
            waiting.wake_by_ref();
        }
    }

    /// Has `waiting` woken by whatever nudge comes from now on.
    pub fn wait(&self, waiting: &Waker) {
        match &mut *self.waiting.borrow_mut() {
            Some(known) => known.clone_from(waiting),
            known => *known = Some(waiting.clone()),
        }
    }
}
