//! Virtual time: a run that would take an hour takes as long as its computing does, and the same
//! seed gives the same run to the last count.

mod timers;

use std::future::Future;
use std::ops::Deref;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use self::timers::{Ticket, Timers};
use super::alone::{Alone, Owner};
use super::{Clock, Kind};
use crate::model::Nanos;

/// A clock that stands still while anything can run and jumps to the next deadline when nothing can. Who
/// has it drives its time.
#[derive(Clone)]
pub struct SimClock {
    clock: Clock,
    shared: Arc<Shared>,
}

/// Virtual time, as it is looked at.
#[derive(Clone)]
pub(super) struct SimTime {
    shared: Arc<Shared>,
    /// When it reads zero, by the time that is shared.
    zero: Nanos,
}

/// All instants in it are of the first clock's time, whatever the zero of the one that is looked at.
#[derive(Default)]
struct Shared {
    now: AtomicU64,
    timers: Alone<Timers>,
    /// Whether the future that is driven has to be polled again.
    is_woken: AtomicBool,
    /// Whether it is polled because one sleeper was woken, and nobody else.
    is_for_one: AtomicBool,
}

impl SimClock {
    pub fn new() -> Self {
        let shared = Arc::<Shared>::default();
        let time = SimTime { shared: shared.clone(), zero: Nanos::ZERO };
        Self { clock: Clock(Kind::Simulated(time)), shared }
    }

    /// The clock itself, for who looks at it.
    pub fn handle(&self) -> Clock {
        self.clock.clone()
    }

    /// Drives `future` to its end, moving time forward whenever it waits.
    ///
    /// # Panics
    /// If the future waits for something that no timer of this clock will bring about: under
    /// virtual time that is a deadlock. If another thread drives something by this clock.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _held = self.shared.timers.owner().hold();
        let mut future = pin!(future);
        let waker = Waker::from(self.shared.clone());
        let mut context = Context::from_waker(&waker);
        self.shared.is_woken.store(true, Ordering::Relaxed);
        loop {
            while self.shared.is_woken.swap(false, Ordering::Relaxed) {
                let polled = future.as_mut().poll(&mut context);
                self.shared.is_for_one.store(false, Ordering::Relaxed);
                if let Poll::Ready(output) = polled {
                    return output;
                }
            }
            let is_anybody_woken = self.shared.wake_next(Nanos::NEVER);
            assert!(is_anybody_woken, "deadlock: nothing can run and no timer is pending");
            self.shared.is_for_one.store(true, Ordering::Relaxed);
        }
    }
}

impl Default for SimClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for SimClock {
    type Target = Clock;

    fn deref(&self) -> &Clock {
        &self.clock
    }
}

impl Shared {
    fn now(&self) -> Nanos {
        Nanos(self.now.load(Ordering::Relaxed))
    }

    /// Jumps to the earliest deadline, if it is not after `latest`, and wakes the one who asked for it.
    fn wake_next(&self, latest: Nanos) -> bool {
        let Some((deadline, waker)) = self.timers.lock().pop(latest) else { return false };
        self.jump(deadline);
        waker.wake();
        true
    }

    fn jump(&self, to: Nanos) {
        // Nobody else moves the time: what was looked at is still so.
        if to > self.now() {
            self.now.store(to.0, Ordering::Relaxed);
        }
    }
}

impl SimTime {
    pub fn now(&self) -> Nanos {
        self.shared.now() - self.zero
    }

    pub fn since_now(&self) -> Self {
        Self { zero: self.shared.now(), ..self.clone() }
    }

    pub fn sleep_until(&self, deadline: Nanos) -> Alarm<'_> {
        Alarm { shared: &self.shared, deadline: deadline + self.zero, ticket: None }
    }

    pub fn owner(&self) -> &Owner {
        self.shared.timers.owner()
    }

    pub fn skip_ahead(&self, latest: Nanos) -> bool {
        let (shared, latest) = (&self.shared, latest + self.zero);
        let is_for_one = shared.is_for_one.load(Ordering::Relaxed);
        if !is_for_one || shared.is_woken.load(Ordering::Relaxed) {
            return false;
        }
        if shared.wake_next(latest) {
            return true;
        }
        if latest == Nanos::NEVER {
            return false;
        }
        shared.jump(latest);
        true
    }
}

/// A sleeper of this clock.
pub(super) struct Alarm<'a> {
    shared: &'a Shared,
    deadline: Nanos,
    /// From the first time it was polled.
    ticket: Option<Ticket>,
}

impl Future for Alarm<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.shared.now() >= self.deadline {
            return Poll::Ready(());
        }
        let (deadline, ticket) = (self.deadline, self.ticket);
        let mut timers = self.shared.timers.lock();
        match ticket {
            Some(ticket) => timers.renew(ticket, context.waker()),
            None => {
                let ticket = timers.set(deadline, context.waker());
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
            // A waker may end who knows what, and so does not while the timers are in use.
            let cancelled = self.shared.timers.lock().cancel(ticket);
            drop(cancelled);
        }
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::Relaxed);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::future::join_all;

    use super::*;

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
    fn one_that_counts_anew_passes_the_same_time() {
        let clock = SimClock::new();
        let at = Nanos::from_millis;
        let read = clock.block_on(async {
            clock.sleep_until(at(7)).await;
            let anew = clock.since_now();
            let mut read = vec![(clock.now(), anew.now())];
            anew.sleep_until(at(2)).await;
            read.push((clock.now(), anew.now()));
            clock.sleep_until(at(10)).await;
            let again = anew.since_now();
            read.extend([(anew.now(), again.now())]);
            read
        });
        assert_eq!(read, [(at(7), at(0)), (at(9), at(2)), (at(3), at(0))]);
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
            assert_eq!(clock.shared.timers.lock().len(), 1);
            drop(sleep);
            assert_eq!(clock.shared.timers.lock().len(), 0);
        });
    }

    #[test]
    #[should_panic(expected = "deadlock")]
    fn waiting_for_nothing_is_a_deadlock() {
        SimClock::new().block_on(std::future::pending::<()>());
    }
}
