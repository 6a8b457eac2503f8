//! What one thread at a time uses, without a lock.
//!
//! Virtual time has its timers looked at millions of times a second, always by the thread that drives
//! it: a lock that nobody else ever holds would be a tenth of what a simulated request costs.

use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Of no thread.
const NOBODY: usize = 0;

static THREADS: AtomicUsize = AtomicUsize::new(NOBODY);

thread_local! {
    /// The number of this thread: no other ever has the same.
    static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed) + 1;
}

/// A value that belongs to a thread while it is [held](Self::hold), and to whoever uses it otherwise.
#[derive(Default)]
pub struct Alone<T> {
    holder: AtomicUsize,
    is_in_use: Cell<bool>,
    value: UnsafeCell<T>,
}

// SAFETY: `is_in_use` and `value` are only reached by the thread whose number is in `holder`. The number
// gets there from `NOBODY` by one atomic step that acquires what the holder before released, and only
// the holder takes it out again. A value that is handed from thread to thread so has to be `Send`.
#[allow(unsafe_code)]
unsafe impl<T: Send> Sync for Alone<T> {}

impl<T> Alone<T> {
    /// Keeps the value for this thread until what comes back is dropped.
    ///
    /// # Panics
    ///
    /// If another thread has it.
    pub fn hold(&self) -> Holding<'_, T> {
        let me = THREAD.with(|thread| *thread);
        let is_new = self.holder.load(Ordering::Relaxed) != me;
        if is_new {
            let taken =
                self.holder.compare_exchange(NOBODY, me, Ordering::Acquire, Ordering::Relaxed);
            assert!(taken.is_ok(), "virtual time belongs to the thread that drives it");
        }
        Holding { alone: self, is_first: is_new, thread: PhantomData }
    }

    /// Uses the value.
    ///
    /// # Panics
    ///
    /// If another thread has it, or `work` comes back here.
    pub fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let holding = self.hold();
        assert!(!self.is_in_use.replace(true), "it is being used");
        let in_use = InUse(&self.is_in_use);
        // SAFETY: this thread is the holder, and nothing else on it has a reference: `is_in_use` was
        // false, and is true until `work` is done, however it ends.
        #[allow(unsafe_code)]
        let result = work(unsafe { &mut *self.value.get() });
        drop(in_use);
        drop(holding);
        result
    }
}

/// The right of one thread to a value.
#[must_use]
pub struct Holding<'a, T> {
    alone: &'a Alone<T>,
    /// Whether the thread had no such right before.
    is_first: bool,
    /// It stays with its thread.
    thread: PhantomData<*const ()>,
}

impl<T> Drop for Holding<'_, T> {
    fn drop(&mut self) {
        if self.is_first {
            self.alone.holder.store(NOBODY, Ordering::Release);
        }
    }
}

struct InUse<'a>(&'a Cell<bool>);

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::thread;

    use super::*;

    #[test]
    fn threads_use_it_one_after_the_other_and_not_at_once() {
        let alone = Alone::<Vec<u32>>::default();
        let push = || alone.with(|it| it.push(1));
        let from_elsewhere = || thread::scope(|scope| scope.spawn(push).join().is_ok());
        assert!(from_elsewhere());
        let holding = alone.hold();
        assert!(!from_elsewhere(), "this thread has it");
        alone.with(|it| it.push(2));
        drop(holding);
        assert!(from_elsewhere());
        assert_eq!(alone.with(|it| it.clone()), [1, 2, 1]);
    }

    #[test]
    fn who_uses_it_cannot_use_it_again_meanwhile() {
        let alone = Alone::<u32>::default();
        let again = || alone.with(|_| alone.with(|it| *it += 1));
        assert!(catch_unwind(AssertUnwindSafe(again)).is_err());
        assert_eq!(alone.with(|it| *it), 0, "it can be used after a panic");
    }
}
