//! What one thread at a time uses, without a lock.
//!
//! Virtual time is driven by one thread, and what takes part in it is looked at millions of times a second,
//! always by that thread. A lock would be two atomic steps each time, and nobody else would ever hold it.
//! Even a call would take longer than what there is to do: it is put in place wherever it is looked at.

use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Of no thread.
const NOBODY: usize = 0;
/// Of a thread that has never held anything.
const UNNUMBERED: usize = usize::MAX;

static THREADS: AtomicUsize = AtomicUsize::new(NOBODY);

thread_local! {
    /// The number of this thread: no other ever has the same.
    static THREAD: Cell<usize> = const { Cell::new(UNNUMBERED) };
}

/// Which thread has something to itself: nobody does, or the one that [holds](Self::hold) it.
#[derive(Clone, Default)]
pub struct Owner(Arc<AtomicUsize>);

/// The right of one thread to all that goes with an owner.
#[must_use]
pub struct Holding<'a> {
    owner: &'a Owner,
    /// Whether the thread had no such right before.
    is_first: bool,
    /// It stays with its thread.
    thread: PhantomData<*const ()>,
}

/// A value that is its owner's, and of whoever uses it while there is none.
#[derive(Default)]
pub struct Alone<T> {
    owner: Owner,
    is_in_use: Cell<bool>,
    value: UnsafeCell<T>,
}

/// Somebody who uses such a value.
pub struct Using<'a, T> {
    alone: &'a Alone<T>,
    _holding: Holding<'a>,
}

/// A value that threads share under a lock, and which under virtual time needs none.
pub enum Guarded<T> {
    Alone(Alone<T>),
    Locked(Mutex<T>),
}

/// Somebody who uses a guarded value.
pub enum Guard<'a, T> {
    Alone(Using<'a, T>),
    Locked(MutexGuard<'a, T>),
}

impl Owner {
    /// Keeps what goes with this owner for this thread until what comes back is dropped.
    ///
    /// # Panics
    ///
    /// If another thread has it.
    #[inline(always)]
    pub fn hold(&self) -> Holding<'_> {
        let is_first = self.0.load(Ordering::Relaxed) != THREAD.get();
        if is_first {
            self.take();
        }
        Holding { owner: self, is_first, thread: PhantomData }
    }

    fn take(&self) {
        if THREAD.get() == UNNUMBERED {
            THREAD.set(THREADS.fetch_add(1, Ordering::Relaxed) + 1);
        }
        let me = THREAD.get();
        let taken = self.0.compare_exchange(NOBODY, me, Ordering::Acquire, Ordering::Relaxed);
        assert!(taken.is_ok(), "virtual time belongs to the thread that drives it");
    }
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        if self.is_first {
            self.owner.0.store(NOBODY, Ordering::Release);
        }
    }
}

// SAFETY: `is_in_use` and `value` are only reached by the thread whose number the owner has. The number
// gets there from `NOBODY` by one atomic step that acquires what the thread before released, and only
// that thread takes it out again. A value that is handed from thread to thread so has to be `Send`.
#[allow(unsafe_code)]
unsafe impl<T: Send> Sync for Alone<T> {}

impl<T> Alone<T> {
    pub const fn new(owner: Owner, value: T) -> Self {
        Self { owner, is_in_use: Cell::new(false), value: UnsafeCell::new(value) }
    }

    pub const fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Uses the value until what comes back is dropped.
    ///
    /// # Panics
    ///
    /// If another thread has it, or somebody on this one uses it.
    #[inline(always)]
    pub fn lock(&self) -> Using<'_, T> {
        let holding = self.owner.hold();
        assert!(!self.is_in_use.replace(true), "it is being used");
        Using { alone: self, _holding: holding }
    }
}

impl<T> Deref for Using<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this thread is the holder, and nothing else on it has a reference: `is_in_use` was false,
        // and is true for as long as this lives, which does not leave its thread.
        #[allow(unsafe_code)]
        unsafe {
            &*self.alone.value.get()
        }
    }
}

impl<T> DerefMut for Using<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and whoever calls this has the only reference to this.
        #[allow(unsafe_code)]
        unsafe {
            &mut *self.alone.value.get()
        }
    }
}

impl<T> Drop for Using<'_, T> {
    fn drop(&mut self) {
        self.alone.is_in_use.set(false);
    }
}

impl<T> Guarded<T> {
    /// A value that goes with the [owner](super::Clock::owner) of time, where there is one.
    pub fn new(owner: Option<&Owner>, value: T) -> Self {
        match owner {
            Some(owner) => Self::Alone(Alone::new(owner.clone(), value)),
            None => Self::Locked(Mutex::new(value)),
        }
    }

    /// Waits for the lock, if there is one.
    ///
    /// # Panics
    ///
    /// Where there is none, if another thread has time to itself, or somebody on this one uses the value.
    #[inline(always)]
    pub fn lock(&self) -> Guard<'_, T> {
        match self {
            Self::Alone(alone) => Guard::Alone(alone.lock()),
            Self::Locked(mutex) => {
                Guard::Locked(mutex.lock().unwrap_or_else(PoisonError::into_inner))
            }
        }
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Alone(using) => using,
            Self::Locked(guard) => guard,
        }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        match self {
            Self::Alone(using) => using,
            Self::Locked(guard) => guard,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::thread;

    use super::*;
    use crate::clock::{Clock, SimClock};

    #[test]
    fn threads_use_it_one_after_the_other_and_not_at_once() {
        let owner = Owner::default();
        let alone = Alone::new(owner.clone(), Vec::new());
        let push = || alone.lock().push(1);
        let from_elsewhere = || thread::scope(|scope| scope.spawn(push).join().is_ok());
        assert!(from_elsewhere());
        let holding = owner.hold();
        assert!(!from_elsewhere(), "this thread has it");
        alone.lock().push(2);
        drop(holding);
        assert!(from_elsewhere());
        assert_eq!(*alone.lock(), [1, 2, 1]);
    }

    #[test]
    fn who_uses_it_cannot_use_it_again_meanwhile() {
        let alone = Alone::new(Owner::default(), 0);
        let again = || {
            let _using = alone.lock();
            *alone.lock() += 1;
        };
        assert!(catch_unwind(AssertUnwindSafe(again)).is_err());
        assert_eq!(*alone.lock(), 0, "it can be used after a panic");
    }

    #[test]
    fn by_the_wall_clock_threads_wait_for_each_other() {
        let counts = Guarded::new(Clock::wall().owner(), 0);
        let count = || (0..1_000).for_each(|_| *counts.lock() += 1);
        thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(count))));
        assert_eq!(*counts.lock(), 4_000);
    }

    #[test]
    fn under_virtual_time_it_is_whose_the_time_is() {
        let clock = SimClock::new();
        let count = Guarded::new(clock.owner(), 0);
        let is_refused = clock.block_on(async {
            *count.lock() += 1;
            thread::scope(|scope| scope.spawn(|| *count.lock() += 1).join().is_err())
        });
        assert!(is_refused);
        assert_eq!(*count.lock(), 1);
    }
}
