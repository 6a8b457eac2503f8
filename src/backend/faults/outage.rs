//! A server that cannot be used as it should be, as its clients see it.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select};
use tokio::sync::watch;

use crate::backend::layer::{Described, Layer, Step};
use crate::clock::Clock;
use crate::model::{Fault, FaultKind, Nanos, Outcome};

/// What is wrong with a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trouble {
    #[default]
    None,
    /// Nobody listens: calls fail at once.
    Refused,
    /// Each way to it and back takes so much longer.
    Slow(Nanos),
}

/// The state of one server, which its clients' [`Outages`] share.
pub struct Outage {
    trouble: watch::Sender<Trouble>,
    /// Counts how often all connections broke.
    breaks: watch::Sender<u64>,
}

impl Outage {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { trouble: watch::Sender::default(), breaks: watch::Sender::default() })
    }

    /// From now on the server is in `trouble`. Where nobody listens any more, connections break.
    pub fn begin(&self, trouble: Trouble) {
        self.trouble.send_replace(trouble);
        if trouble == Trouble::Refused {
            self.break_connections();
        }
    }

    /// From now on all is well.
    pub fn end(&self) {
        self.begin(Trouble::None);
    }

    /// Every call in progress fails. Whether it took effect nobody knows.
    pub fn break_connections(&self) {
        self.breaks.send_modify(|breaks| *breaks += 1);
    }

    fn trouble(&self) -> Trouble {
        *self.trouble.borrow()
    }
}

/// A client's side of an [`Outage`].
pub struct Outages {
    outage: Arc<Outage>,
    clock: Clock,
}

impl Outages {
    pub fn new(outage: Arc<Outage>, clock: Clock) -> Self {
        Self { outage, clock }
    }

    /// One way through the network as it is now.
    async fn travel(&self) {
        if let Trouble::Slow(by) = self.outage.trouble() {
            self.clock.sleep(by).await;
        }
    }

    async fn make<T: Described>(
        &self,
        step: Step,
        call: impl Future<Output = Outcome<T>> + Send,
    ) -> Outcome<T> {
        if self.outage.trouble() == Trouble::Refused {
            return Err(unavailable(step));
        }
        self.travel().await;
        let outcome = call.await;
        self.travel().await;
        outcome
    }
}

impl Layer for Outages {
    async fn around<T: Described>(
        &self,
        step: Step,
        call: impl Future<Output = Outcome<T>> + Send,
    ) -> Outcome<T> {
        let mut breaks = self.outage.breaks.subscribe();
        match select(pin!(self.make(step, call)), pin!(breaks.changed())).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => Err(unavailable(step)),
        }
    }
}

const fn unavailable(step: Step) -> Fault {
    Fault { side: Some(step.side), kind: FaultKind::Unavailable }
}
