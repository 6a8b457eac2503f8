//! Events and notices that are lost, or arrive later than they should.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::future::{Either, select};

use crate::backend::cache::{Delivery, Notice, Subscription};
use crate::backend::layer::{Described, Layer, Step};
use crate::clock::Clock;
use crate::model::{EventBreakage, Nanos, Outcome};

/// What is being done to the events of a run, which all its processes share.
#[derive(Default)]
pub struct Disturbance(Mutex<Option<EventBreakage>>);

impl Disturbance {
    pub fn set(&self, breakage: Option<EventBreakage>) {
        *lock(&self.0) = breakage;
    }

    fn drops(&self) -> bool {
        matches!(*lock(&self.0), Some(EventBreakage::Dropped))
    }

    /// By how much an event that arrives now is held back.
    fn delay(&self) -> Nanos {
        match *lock(&self.0) {
            Some(EventBreakage::Delayed { by }) => by.nanos(),
            Some(EventBreakage::Dropped) | None => Nanos::ZERO,
        }
    }
}

/// A process whose events are disturbed: what it sends may be lost, what it receives may be late.
pub struct Disturbed {
    disturbance: Arc<Disturbance>,
    clock: Clock,
    held: Mutex<Held<Delivery>>,
}

/// What has arrived and is held back, with the instant at which it is handed on.
type Held<T> = VecDeque<(Nanos, T)>;

impl Disturbed {
    pub fn new(disturbance: Arc<Disturbance>, clock: Clock) -> Self {
        Self { disturbance, clock, held: Mutex::default() }
    }

    /// What is due by now, and else how long it is until something is.
    fn due(&self) -> Result<Vec<Delivery>, Option<Nanos>> {
        let now = self.clock.now();
        let mut held = lock(&self.held);
        let due = held.iter().take_while(|(due, _)| *due <= now).count();
        if due > 0 {
            return Ok(held.drain(..due).map(|(_, delivery)| delivery).collect());
        }
        Err(held.front().map(|(due, _)| *due - now))
    }
}

impl Layer for Disturbed {
    async fn around<T: Described>(
        &self,
        _: Step,
        call: impl Future<Output = Outcome<T>> + Send,
    ) -> Outcome<T> {
        call.await
    }

    fn loses_events(&self) -> bool {
        self.disturbance.drops()
    }

    async fn receive<F>(
        &self,
        wait: Nanos,
        claim: impl Fn(Nanos) -> F + Send,
    ) -> Outcome<Vec<Delivery>>
    where
        F: Future<Output = Outcome<Vec<Delivery>>> + Send,
    {
        // Claimed is claimed: no call is given up for what becomes due meanwhile, it is made shorter.
        let wait = match self.due() {
            Ok(due) => return Ok(due),
            Err(None) => wait,
            // Who waits for no new ones gets those that are on their way.
            Err(Some(next)) if wait == Nanos::ZERO => {
                self.clock.sleep(next).await;
                return Ok(self.due().unwrap_or_default());
            }
            Err(Some(next)) => wait.min(next),
        };
        let claimed = claim(wait).await?;
        let delay = self.disturbance.delay();
        if delay == Nanos::ZERO && lock(&self.held).is_empty() {
            return Ok(claimed);
        }
        let due = self.clock.now() + delay;
        lock(&self.held).extend(claimed.into_iter().map(|delivery| (due, delivery)));
        Ok(self.due().unwrap_or_default())
    }

    fn listen(&self, subscription: Box<dyn Subscription>) -> Box<dyn Subscription> {
        Box::new(Late {
            inner: subscription,
            disturbance: self.disturbance.clone(),
            clock: self.clock.clone(),
            held: VecDeque::new(),
        })
    }
}

/// A subscription whose notices are held back while they are disturbed.
struct Late {
    inner: Box<dyn Subscription>,
    disturbance: Arc<Disturbance>,
    clock: Clock,
    held: Held<Notice>,
}

#[async_trait]
impl Subscription for Late {
    async fn next(&mut self) -> Outcome<Notice> {
        loop {
            let now = self.clock.now();
            let next_due = self.held.front().map(|(due, _)| *due);
            if next_due.is_some_and(|due| due <= now)
                && let Some((_, notice)) = self.held.pop_front()
            {
                return Ok(notice);
            }
            let arrival = pin!(self.inner.next());
            let notice = match next_due {
                None => arrival.await?,
                Some(due) => match select(arrival, self.clock.sleep_until(due)).await {
                    Either::Left((notice, _)) => notice?,
                    Either::Right(_) => continue,
                },
            };
            let due = self.clock.now() + self.disturbance.delay();
            self.held.push_back((due, notice));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
