//! How somebody on the same thread is told to look again.

use std::cell::RefCell;
use std::task::Waker;

/// Who waits for a nudge.
#[derive(Default)]
pub struct Nudge(RefCell<Option<Waker>>);

impl Nudge {
    pub fn give(&self) {
        if let Some(waiting) = &*self.0.borrow() {
            waiting.wake_by_ref();
        }
    }

    /// Has `waiting` woken by whatever nudge comes from now on.
    pub fn wait(&self, waiting: &Waker) {
        match &mut *self.0.borrow_mut() {
            Some(known) => known.clone_from(waiting),
            known => *known = Some(waiting.clone()),
        }
    }
}
