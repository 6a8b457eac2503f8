//! Waiting for a clock.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::simulated::Alarm;

/// Ends at its deadline, or as soon after it as the clock can tell.
#[must_use = "nothing waits for it unless it is awaited"]
pub struct Sleep<'a>(Kind<'a>);

enum Kind<'a> {
    /// Of virtual time, in which a run waits millions of times a second.
    Simulated(Alarm<'a>),
    Other(BoxFuture<'a, ()>),
}

impl<'a> Sleep<'a> {
    /// What ends when `waiting` does.
    pub fn of(waiting: impl Future<Output = ()> + Send + 'a) -> Self {
        Self(Kind::Other(waiting.boxed()))
    }

    pub(super) const fn simulated(alarm: Alarm<'a>) -> Self {
        Self(Kind::Simulated(alarm))
    }
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Kind::Simulated(alarm) => alarm.poll_unpin(context),
            Kind::Other(waiting) => waiting.poll_unpin(context),
        }
    }
}
