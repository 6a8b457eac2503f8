//! A place for one request at a time, from when it is handed out to when it is answered.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::nudge::Nudge;
use super::schedule::Due;
use crate::model::NodeId;

/// Where an issuer sits and waits for what it is to send next. Seats are kept and used again: a
/// request costs no allocation of its own.
#[derive(Default)]
pub struct Seat {
    next: Cell<Option<Due>>,
    /// The node that works on its request.
    node: Cell<Option<NodeId>>,
    is_given_up: Cell<bool>,
    issuer: Nudge,
}

impl Seat {
    /// Has the seat's issuer send a request.
    pub fn hand(&self, due: Due) {
        self.next.set(Some(due));
        self.issuer.give();
    }

    /// The next request that is handed to it.
    pub fn next(&self) -> impl Future<Output = Due> {
        poll_fn(|context| match self.next.take() {
            Some(due) => Poll::Ready(due),
            None => {
                self.wait(context);
                Poll::Pending
            }
        })
    }

    /// Notes that its request starts, and at which node.
    pub fn begin(&self, node: NodeId) {
        self.node.set(Some(node));
        self.is_given_up.set(false);
    }

    /// Whether the node works on its request.
    pub fn is_at(&self, node: NodeId) -> bool {
        self.node.get() == Some(node)
    }

    /// Ends the request that is on its way.
    pub fn give_up(&self) {
        self.is_given_up.set(true);
        self.issuer.give();
    }

    /// Waits for `answer`, and says whether it had to. `None` if the request was given up before.
    pub fn wait_for<T>(
        &self,
        mut answer: Pin<&mut impl Future<Output = T>>,
    ) -> impl Future<Output = (Option<T>, bool)> {
        let mut waited = false;
        poll_fn(move |context| {
            if self.is_given_up.get() {
                return Poll::Ready((None, waited));
            }
            match answer.as_mut().poll(context) {
                Poll::Ready(answer) => Poll::Ready((Some(answer), waited)),
                Poll::Pending => {
                    waited = true;
                    self.wait(context);
                    Poll::Pending
                }
            }
        })
    }

    #[cfg(test)]
    pub fn is_given_up(&self) -> bool {
        self.is_given_up.get()
    }

    /// Has the one who waits in `context` woken for whatever happens.
    fn wait(&self, context: &Context<'_>) {
        self.issuer.wait(context.waker());
    }
}
