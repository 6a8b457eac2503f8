//! Who waits for the next request to be due.

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use tokio::task::yield_now;

use super::seat::Seat;
use crate::clock::{Clock, Sleep};
use crate::model::Nanos;
use crate::workload::Pacing;

/// How long before its time a request is waited for by looking at the clock, where that is asked for:
/// later than this no timer rings unless the machine is busy.
const SPIN: Nanos = Nanos::from_micros(60);

/// One idle issuer's duty: to wake when something is due.
pub struct Duty<'a> {
    pub seat: Rc<Seat>,
    /// When it rings, and what is waited for until then.
    timer: Option<(Nanos, Sleep<'a>)>,
}

impl<'a> Duty<'a> {
    pub const fn of(seat: Rc<Seat>) -> Self {
        Self { seat, timer: None }
    }

    /// Whether it is known by then that something is due at `instant`.
    pub fn covers(&self, instant: Nanos) -> bool {
        self.timer.as_ref().is_some_and(|(ring_at, _)| *ring_at <= instant)
    }

    /// Waits until `due` may have come. What was waited for before is waited for first, if it is earlier:
    /// a timer that rings too early costs one more turn, and setting one costs a system call.
    pub fn wait(
        &mut self,
        due: Nanos,
        now: Nanos,
        pacing: Pacing,
        clock: &'a dyn Clock,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let ring_at = match pacing {
            Pacing::Timer => due,
            Pacing::Spin => due - SPIN,
        };
        if pacing == Pacing::Spin && now >= ring_at {
            // Polled once, it has us polled again when others had their turn.
            let _ = pin!(yield_now()).poll(context);
            return Poll::Pending;
        }
        let (_, ring) = match &mut self.timer {
            Some(timer) if timer.0 <= ring_at && timer.0 > now => timer,
            timer => timer.insert((ring_at, clock.sleep_until(ring_at))),
        };
        ring.poll_unpin(context)
    }
}
