//! Who has the crew look again when the next request is due.

use std::future::Future;
use std::pin::pin;
use std::task::Context;

use futures_util::FutureExt;
use tokio::task::yield_now;

use crate::clock::{Clock, Sleep};
use crate::model::Nanos;
use crate::workload::Pacing;

/// How long before its time a request is waited for by looking at the clock, where that is asked for:
/// later than this no timer rings unless the machine is busy.
const SPIN: Nanos = Nanos::from_micros(60);

pub struct Pacer<'a> {
    clock: &'a Clock,
    pacing: Pacing,
    /// When it rings, and what is waited for until then.
    timer: Option<(Nanos, Sleep<'a>)>,
}

impl<'a> Pacer<'a> {
    pub fn new(clock: &'a Clock, pacing: Pacing) -> Self {
        // Virtual time does not pass while somebody looks at the clock.
        let pacing = if clock.owner().is_some() { Pacing::Timer } else { pacing };
        Self { clock, pacing, timer: None }
    }

    /// Whoever waited is awake, and looks for itself for as long as virtual time does not pass without it: a
    /// timer would wake it for nothing. By the wall clock one is kept for the next time.
    pub fn awake(&mut self) {
        if self.clock.owner().is_some() {
            self.timer = None;
        }
    }

    /// Has whoever waits in `context` woken when `due` may have come. What was waited for before is waited
    /// for first, if it is earlier: a timer that rings too early costs one more look, and setting one costs
    /// a system call.
    pub fn wait(&mut self, due: Nanos, context: &mut Context<'_>) {
        if due == Nanos::NEVER {
            return;
        }
        let now = self.clock.now();
        let ring_at = match self.pacing {
            Pacing::Timer => due,
            Pacing::Spin => due - SPIN,
        };
        if self.pacing == Pacing::Spin && now >= ring_at {
            // Polled once, it has us polled again when others had their turn.
            let _ = pin!(yield_now()).poll(context);
            return;
        }
        let (_, ring) = match &mut self.timer {
            Some(timer) if timer.0 <= ring_at && timer.0 > now => timer,
            timer => timer.insert((ring_at, self.clock.sleep_until(ring_at))),
        };
        if ring.poll_unpin(context).is_ready() {
            context.waker().wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use super::*;
    use crate::clock::{Clock, SimClock};

    /// Waits for one instant after the other, and says when each had come.
    async fn wait_for(due: &[Nanos], clock: &Clock, pacing: Pacing) -> Vec<Nanos> {
        let (mut pacer, mut came) = (Pacer::new(clock, pacing), Vec::new());
        poll_fn(|context| {
            pacer.awake();
            while let Some(next) = due.get(came.len()) {
                if clock.now() < *next {
                    pacer.wait(*next, context);
                    return Poll::Pending;
                }
                came.push(clock.now());
            }
            pacer.wait(Nanos::NEVER, context);
            Poll::Ready(())
        })
        .await;
        came
    }

    #[test]
    fn virtual_time_comes_to_the_very_instant_however_it_is_waited_for() {
        let due = [Nanos(0), Nanos(10), Nanos(10), Nanos::from_secs(1), Nanos::from_secs(3_600)];
        for pacing in [Pacing::Timer, Pacing::Spin] {
            let clock = SimClock::new();
            assert_eq!(clock.block_on(wait_for(&due, &clock, pacing)), due);
        }
    }

    #[tokio::test]
    async fn by_the_wall_clock_whoever_waits_is_woken_however_it_waits() {
        for pacing in [Pacing::Timer, Pacing::Spin] {
            let clock = Clock::wall();
            let due = [Nanos::from_micros(10), Nanos::from_micros(500), Nanos::from_millis(2)];
            let came = wait_for(&due, &clock, pacing).await;
            assert!(due.iter().zip(&came).all(|(due, came)| came >= due), "{came:?}");
        }
    }
}
