//! Calls that wait for too long for their answers.
//!
//! A timer for each call would cost several per cent of what the call costs. Here all calls of a node
//! stand in one list, and are looked at now and then: a call is given up between its deadline and one
//! tick later.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use slab::Slab;
use tokio::task::AbortHandle;

use crate::clock::Clock;
use crate::model::Nanos;

/// How often the calls are looked at within their usual timeout.
const TICKS: u32 = 16;

/// The calls of one node that wait for an answer, and the task that looks at them.
pub(super) struct Overdue {
    waiting: Arc<Waiting>,
    tick: Nanos,
    looking: AbortHandle,
}

#[derive(Default)]
struct Waiting(Mutex<Calls>);

#[derive(Default)]
struct Calls {
    /// Ticks so far.
    now: u64,
    calls: Slab<Call>,
}

struct Call {
    /// The tick by which it is overdue.
    until: u64,
    waker: Waker,
}

impl Overdue {
    /// Begins to look at calls that have `timeout` as a rule. Must be called within a runtime.
    pub fn new(timeout: Duration, clock: Clock) -> Self {
        let (waiting, tick) = (Arc::<Waiting>::default(), Nanos::from(timeout / TICKS));
        let tick = tick.max(Nanos::from_micros(100));
        let looking = tokio::spawn({
            let waiting = waiting.clone();
            async move {
                loop {
                    clock.sleep(tick).await;
                    waiting.look();
                }
            }
        });
        Self { waiting, tick, looking: looking.abort_handle() }
    }

    /// The answer, or `None` if it did not come within the usual timeout.
    pub async fn answer<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        self.within(u64::from(TICKS), call).await
    }

    /// The answer, or `None` if it did not come within `span`.
    pub async fn answer_within<T>(&self, span: Nanos, call: impl Future<Output = T>) -> Option<T> {
        self.within(span.0.div_ceil(self.tick.0), call).await
    }

    async fn within<T>(&self, ticks: u64, call: impl Future<Output = T>) -> Option<T> {
        let mut place = Place { waiting: &self.waiting, taken: None };
        let mut call = pin!(call);
        poll_fn(|context| {
            if let Poll::Ready(answer) = call.as_mut().poll(context) {
                return Poll::Ready(Some(answer));
            }
            match place.is_overdue(ticks, context.waker()) {
                true => Poll::Ready(None),
                false => Poll::Pending,
            }
        })
        .await
    }
}

impl Drop for Overdue {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

impl Waiting {
    fn look(&self) {
        let mut waiting = self.lock();
        waiting.now += 1;
        let now = waiting.now;
        for (_, call) in waiting.calls.iter().filter(|(_, call)| call.until <= now) {
            call.waker.wake_by_ref();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call's place in the list, from when it first has to wait.
struct Place<'a> {
    waiting: &'a Waiting,
    taken: Option<usize>,
}

impl Place<'_> {
    fn is_overdue(&mut self, ticks: u64, waker: &Waker) -> bool {
        let mut waiting = self.waiting.lock();
        let now = waiting.now;
        match self.taken {
            // The tick under way has begun before the call did, and does not count.
            None => {
                let call = Call { until: now + ticks + 1, waker: waker.clone() };
                self.taken = Some(waiting.calls.insert(call));
                false
            }
            Some(place) => {
                let call = &mut waiting.calls[place];
                call.waker.clone_from(waker);
                call.until <= now
            }
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.taken {
            self.waiting.lock().calls.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures_util::FutureExt;

    use super::*;
    use crate::clock::Clock;

    /// Calls that nobody looks at unless a test does.
    fn unwatched() -> Overdue {
        let overdue = Overdue::new(Duration::from_secs(3600), Clock::wall());
        overdue.looking.abort();
        overdue
    }

    #[tokio::test]
    async fn a_call_is_given_up_when_its_ticks_are_over_and_not_before() {
        let overdue = unwatched();
        overdue.waiting.look();
        let mut call = pin!(overdue.answer(pending::<()>()));
        for _ in 0..=TICKS {
            assert_eq!(call.as_mut().now_or_never(), None);
            overdue.waiting.look();
        }
        assert_eq!(call.as_mut().now_or_never(), Some(None));
    }

    #[tokio::test]
    async fn a_call_that_is_answered_or_dropped_leaves_its_place() {
        let overdue = unwatched();
        assert_eq!(overdue.answer(async { 7 }).await, Some(7));
        let mut dropped = Box::pin(overdue.answer_within(Nanos::from_secs(1), pending::<()>()));
        assert_eq!((&mut dropped).now_or_never(), None);
        assert_eq!(overdue.waiting.lock().calls.len(), 1);
        drop(dropped);
        assert_eq!(overdue.waiting.lock().calls.len(), 0);
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_the_clock() {
        let overdue = Overdue::new(Duration::from_millis(16), Clock::wall());
        assert_eq!(overdue.answer(pending::<()>()).await, None);
    }
}
