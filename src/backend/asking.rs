//! A call to a backend, under way.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::model::Outcome;

/// A call, as a future of its answer. `S` is what it is to a twin.
#[must_use = "nothing is asked unless it is awaited"]
pub struct Asking<'a, T, S>(Way<'a, T, S>);

enum Way<'a, T, S> {
    /// In memory, where millions are made a second: without a box.
    Simulated(S),
    Other(BoxFuture<'a, Outcome<T>>),
}

impl<'a, T, S> Asking<'a, T, S> {
    /// What ends as `asking` does.
    pub fn of(asking: impl Future<Output = Outcome<T>> + Send + 'a) -> Self {
        Self(Way::Other(asking.boxed()))
    }

    pub(super) const fn simulated(call: S) -> Self {
        Self(Way::Simulated(call))
    }
}

impl<T, S: Future<Output = Outcome<T>> + Unpin> Future for Asking<'_, T, S> {
    type Output = Outcome<T>;

    // In place, as all futures on the way from a twin to who asked it: an answer is large, and would be moved from
    // one to the next.
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        match &mut self.0 {
            Way::Simulated(call) => call.poll_unpin(context),
            Way::Other(asking) => asking.poll_unpin(context),
        }
    }
}
