//! One call to the twin, as the node that makes it sees it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::database::{Answer, Database};
use super::pool::{Pool, Turn};
use super::served::Served;
use crate::clock::{Clock, Sleep};
use crate::model::{Fault, FaultKind, Nanos, Outcome};

const UNAVAILABLE: Fault = Fault::store(FaultKind::Unavailable);

/// A call about an `A`, as a future of its answer. Written by hand, as those to the cache's twin are: most
/// calls of a simulated request that has missed, or writes, are such.
///
/// Dropped before its turn it is never made; dropped after that, it is done to its end.
pub struct StoreCall<'a, T, A> {
    served: &'a Served,
    /// What it waits for; `None` where it waits for nothing.
    pool: Option<&'a Pool>,
    about: A,
    ask: fn(&mut Database, Nanos, A) -> Answer<T>,
    stage: Stage<'a, T>,
}

enum Stage<'a, T> {
    Begins,
    /// No connection is free. By which clock it waits, and since when.
    Waits(&'a Clock, Nanos, BoxFuture<'a, Turn<'a>>),
    Made(Made<'a, T>),
}

/// A call that was made, whose answer is on its way.
struct Made<'a, T> {
    /// `None` once it has been taken.
    answer: Option<Answer<T>>,
    arrives: Sleep<'a>,
    turn: Option<Turn<'a>>,
    /// How often the server had died by then.
    deaths: u64,
}

impl<'a, T, A: Copy> StoreCall<'a, T, A> {
    pub(super) const fn new(
        served: &'a Served,
        pool: Option<&'a Pool>,
        about: A,
        ask: fn(&mut Database, Nanos, A) -> Answer<T>,
    ) -> Self {
        Self { served, pool, about, ask, stage: Stage::Begins }
    }

    fn ask(&self, now: Nanos) -> Outcome<Answer<T>> {
        self.served.ask(now, |database, now| (self.ask)(database, now, self.about))
    }
}

impl<'a, T: Unpin, A: Copy + Unpin> StoreCall<'a, T, A> {
    /// Makes the call, if there is a connection for it.
    fn begin(&mut self, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        let served = self.served;
        let Some(clock) = &served.clock else {
            // Nothing takes any time.
            return Poll::Ready(self.ask(Nanos::ZERO).map(|answer| answer.outcome));
        };
        let now = clock.now();
        let Some(pool) = self.pool else { return self.make(clock, now, None, context) };
        match pool.try_take() {
            Some(turn) => self.make(clock, now, Some(turn), context),
            None => {
                self.stage = Stage::Waits(clock, now, pool.take(clock).boxed());
                self.poll_unpin(context)
            }
        }
    }

    /// Makes the call, for which nothing has been waited for since `asked`.
    fn make(
        &mut self,
        clock: &'a Clock,
        asked: Nanos,
        mut turn: Option<Turn<'a>>,
        context: &mut Context<'_>,
    ) -> Poll<Outcome<T>> {
        let now = clock.now();
        self.served.waits.record(now - asked);
        let deaths = self.served.deaths();
        let answer = self.ask(now)?;
        let at = answer.at;
        if let Some(turn) = &mut turn {
            turn.work_until(at);
            self.served.waits.held(at - now);
        }
        let arrives = clock.sleep_until(at);
        self.stage = Stage::Made(Made { answer: Some(answer), arrives, turn, deaths });
        self.poll_unpin(context)
    }
}

impl<T: Unpin, A: Copy + Unpin> Future for StoreCall<'_, T, A> {
    type Output = Outcome<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        let served = self.served;
        match &mut self.stage {
            Stage::Begins => self.begin(context),
            Stage::Waits(clock, asked, turn) => {
                let (clock, asked) = (*clock, *asked);
                let turn = ready!(turn.poll_unpin(context));
                self.make(clock, asked, Some(turn), context)
            }
            Stage::Made(made) => {
                ready!(made.arrives.poll_unpin(context));
                made.turn.take().into_iter().for_each(Turn::end);
                let Answer { outcome, .. } = made.answer.take().expect("it has not been answered");
                let has_survived = served.deaths() == made.deaths;
                Poll::Ready(if has_survived { Ok(outcome) } else { Err(UNAVAILABLE) })
            }
        }
    }
}
