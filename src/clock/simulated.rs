//! Virtual time: a run that would take an hour takes as long as its computing does, and the same
//! seed gives the same run to the last count.

mod timers;

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use self::timers::{Ticket, Timers};
use super::{Clock, Sleep};
use crate::model::Nanos;

/// A clock that stands still while anything can run and jumps to the next deadline when nothing can.
#[derive(Clone, Default)]
pub struct SimClock {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    now: AtomicU64,
    timers: Mutex<Timers>,
}

impl SimClock {
    pub fn new() -> Self {
        Self::default()
    }

    /// Drives `future` to its end, moving time forward whenever it waits.
    ///
    /// # Panics
    /// If the future waits for something that no timer of this clock will bring about: under
    /// virtual time that is a deadlock.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(woken.clone());
        let mut context = Context::from_waker(&waker);
        loop {
            while woken.0.swap(false, Ordering::Relaxed) {
                if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                    return output;
                }
            }
            assert!(self.advance(), "deadlock: nothing can run and no timer is pending");
        }
    }

    /// Jumps to the earliest deadline and wakes the one who asked for it.
    fn advance(&self) -> bool {
        let next = self.timers().pop();
        match next {
            None => false,
            Some((deadline, waker)) => {
                self.shared.now.fetch_max(deadline.0, Ordering::Relaxed);
                waker.wake();
                true
            }
        }
    }

    fn timers(&self) -> MutexGuard<'_, Timers> {
        self.shared.timers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for SimClock {
    fn now(&self) -> Nanos {
        Nanos(self.shared.now.load(Ordering::Relaxed))
    }

    fn sleep_until(&self, deadline: Nanos) -> Sleep<'_> {
        Sleep::simulated(Alarm { clock: self, deadline, ticket: None })
    }

    fn cpu(&self) -> Nanos {
        Nanos::ZERO
    }
}

/// A sleeper of this clock.
pub(super) struct Alarm<'a> {
    clock: &'a SimClock,
    deadline: Nanos,
    /// From the first time it was polled.
    ticket: Option<Ticket>,
}

impl Future for Alarm<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.now() >= self.deadline {
            return Poll::Ready(());
        }
        let mut timers = self.clock.timers();
        match self.ticket {
            Some(ticket) => timers.renew(ticket, context.waker()),
            None => {
                let ticket = timers.set(self.deadline, context.waker());
                drop(timers);
                self.ticket = Some(ticket);
            }
        }
        Poll::Pending
    }
}

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.clock.timers().cancel(ticket);
        }
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;

    #[test]
    fn sleepers_wake_in_the_order_of_their_deadlines_then_of_asking() {
        let clock = SimClock::new();
        let woken = Mutex::new(Vec::new());
        clock.block_on(async {
            join_all([30, 10, 20, 10].iter().enumerate().map(|(who, &millis)| {
                let (clock, woken) = (&clock, &woken);
                async move {
                    clock.sleep_until(Nanos::from_millis(millis)).await;
                    woken.lock().unwrap().push((who, clock.now()));
                }
            }))
            .await;
        });
        let at = Nanos::from_millis;
        assert_eq!(*woken.lock().unwrap(), [(1, at(10)), (3, at(10)), (2, at(20)), (0, at(30))]);
    }

    #[test]
    fn a_day_passes_at_once() {
        let clock = SimClock::new();
        clock.block_on(clock.sleep_until(Nanos::from_secs(86_400)));
        assert_eq!(clock.now(), Nanos::from_secs(86_400));
    }

    #[test]
    fn a_sleeper_that_is_polled_often_waits_once_and_one_that_is_dropped_not_at_all() {
        let clock = SimClock::new();
        clock.block_on(async {
            let mut sleep = clock.sleep_until(Nanos::from_secs(1));
            for _ in 0..3 {
                assert!(futures_util::poll!(&mut sleep).is_pending());
            }
            assert_eq!(clock.timers().len(), 1);
            drop(sleep);
            assert_eq!(clock.timers().len(), 0);
        });
    }

    #[test]
    #[should_panic(expected = "deadlock")]
    fn waiting_for_nothing_is_a_deadlock() {
        SimClock::new().block_on(std::future::pending::<()>());
    }
}
