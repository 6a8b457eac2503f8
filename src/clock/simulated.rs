//! Virtual time: a run that would take an hour takes as long as its computing does, and the same
//! seed gives the same run to the last count.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use async_trait::async_trait;

use super::Clock;
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

#[derive(Default)]
struct Timers {
    /// Earliest first; equal deadlines in the order they were asked for, which is what makes two
    /// runs equal.
    heap: BinaryHeap<Reverse<Timer>>,
    asked: u64,
}

struct Timer {
    deadline: Nanos,
    order: u64,
    waker: Waker,
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
        let next = self.timers().heap.pop();
        match next {
            None => false,
            Some(Reverse(timer)) => {
                self.shared.now.fetch_max(timer.deadline.0, Ordering::Relaxed);
                timer.waker.wake();
                true
            }
        }
    }

    fn timers(&self) -> std::sync::MutexGuard<'_, Timers> {
        self.shared.timers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Clock for SimClock {
    fn now(&self) -> Nanos {
        Nanos(self.shared.now.load(Ordering::Relaxed))
    }

    async fn sleep_until(&self, deadline: Nanos) {
        Sleep { clock: self, deadline }.await;
    }

    fn cpu(&self) -> Nanos {
        Nanos::ZERO
    }
}

struct Sleep<'a> {
    clock: &'a SimClock,
    deadline: Nanos,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.now() >= self.deadline {
            return Poll::Ready(());
        }
        let mut timers = self.clock.timers();
        timers.asked += 1;
        let order = timers.asked;
        timers.heap.push(Reverse(Timer {
            deadline: self.deadline,
            order,
            waker: context.waker().clone(),
        }));
        Poll::Pending
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.deadline, self.order).cmp(&(other.deadline, other.order))
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
    #[should_panic(expected = "deadlock")]
    fn waiting_for_nothing_is_a_deadlock() {
        SimClock::new().block_on(std::future::pending::<()>());
    }
}
