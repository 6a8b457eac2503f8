//! A place for one request at a time, from when it is handed out to when it is answered.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::schedule::Due;

/// Where an issuer sits and waits for what it is to send next. Seats are kept and used again: a
/// request costs no allocation of its own.
#[derive(Default)]
pub struct Seat {
    next: Cell<Option<Due>>,
    is_given_up: Cell<bool>,
    issuer: RefCell<Option<Waker>>,
}

impl Seat {
    /// Has the seat's issuer send a request.
    pub fn hand(&self, due: Due) {
        self.next.set(Some(due));
        self.wake();
    }

    /// Waits for the next request.
    pub async fn next(&self) -> Due {
        poll_fn(|context| match self.next.take() {
            Some(due) => Poll::Ready(due),
            None => self.wait(context),
        })
        .await
    }

    /// Ends the request that is on its way.
    pub fn give_up(&self) {
        self.is_given_up.set(true);
        self.wake();
    }

    /// Waits for `answer`, and says whether it had to. `None` if the request was given up before.
    pub async fn wait_for<T>(&self, answer: impl Future<Output = T>) -> (Option<T>, bool) {
        self.is_given_up.set(false);
        let (mut answer, mut waited) = (pin!(answer), false);
        poll_fn(|context| {
            if self.is_given_up.get() {
                return Poll::Ready((None, waited));
            }
            match answer.as_mut().poll(context) {
                Poll::Ready(answer) => Poll::Ready((Some(answer), waited)),
                Poll::Pending => {
                    waited = true;
                    self.wait(context)
                }
            }
        })
        .await
    }

    #[cfg(test)]
    pub fn is_given_up(&self) -> bool {
        self.is_given_up.get()
    }

    fn wait<T>(&self, context: &Context<'_>) -> Poll<T> {
        let mut issuer = self.issuer.borrow_mut();
        if !issuer.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *issuer = Some(context.waker().clone());
        }
        Poll::Pending
    }

    fn wake(&self) {
        if let Some(issuer) = &*self.issuer.borrow() {
            issuer.wake_by_ref();
        }
    }
}
