//! A server that cannot be used as it should be, as its clients see it.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{Either, select};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::sync::watch;

use crate::backend::layer::{Described, Layer, Step};
use crate::clock::Clock;
use crate::model::{Fault, FaultKind, Nanos, Outcome, Side, Toxics};

/// What varies by chance is drawn from this. It is no part of a plan: any number serves, as long as
/// it is the same in every run.
const JITTER_SEED: u64 = 0;

/// What is wrong with a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trouble {
    #[default]
    None,
    /// Nobody listens: calls fail at once.
    Refused,
    /// Nobody answers: calls wait.
    Silent,
    /// Everything takes longer.
    Slow(Toxics),
}

/// The state of one server, which its clients' [`Outages`] share.
pub struct Outage {
    trouble: watch::Sender<Trouble>,
    chance: Mutex<ChaCha8Rng>,
    /// Counts how often all connections broke.
    breaks: watch::Sender<u64>,
}

impl Outage {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            trouble: watch::Sender::default(),
            chance: Mutex::new(ChaCha8Rng::seed_from_u64(JITTER_SEED)),
            breaks: watch::Sender::default(),
        })
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

    /// Waits until somebody answers, or refuses to.
    async fn silence_over(&self) {
        // The sender is right here: it cannot be gone.
        let _ = self.trouble.subscribe().wait_for(|trouble| *trouble != Trouble::Silent).await;
    }
}

/// A client's side of an [`Outage`].
pub struct Outages {
    outage: Arc<Outage>,
    clock: Arc<dyn Clock>,
    /// How long a client waits for a server that is silent.
    timeout: Nanos,
}

impl Outages {
    pub fn new(outage: Arc<Outage>, clock: Arc<dyn Clock>, timeout: Nanos) -> Self {
        Self { outage, clock, timeout }
    }

    /// One way through the network as it is now.
    async fn travel(&self, bytes: usize) {
        let Trouble::Slow(toxics) = self.outage.trouble() else { return };
        let jitter = toxics.jitter.nanos().0;
        let varied = lock(&self.outage.chance).random_range(0..=2 * jitter);
        let latency = (toxics.latency.nanos().0 + varied).saturating_sub(jitter);
        let sending = toxics.bandwidth.map_or(0.0, |rate| bytes as f64 * 1e9 / rate.0 as f64);
        self.clock.sleep(Nanos(latency + sending as u64)).await;
    }

    /// Waits until the server answers again.
    async fn wait_out_silence(&self) -> Result<(), FaultKind> {
        let ended = pin!(self.outage.silence_over());
        if self.outage.trouble() == Trouble::Silent
            && let Either::Right(_) = select(ended, pin!(self.clock.sleep(self.timeout))).await
        {
            return Err(FaultKind::Timeout);
        }
        match self.outage.trouble() {
            Trouble::Refused => Err(FaultKind::Unavailable),
            Trouble::None | Trouble::Silent | Trouble::Slow(_) => Ok(()),
        }
    }

    async fn make<T: Described>(
        &self,
        step: Step,
        call: impl Future<Output = Outcome<T>> + Send,
    ) -> Outcome<T> {
        self.wait_out_silence().await.map_err(|kind| fault(step.side, kind))?;
        self.travel(step.bytes).await;
        let outcome = call.await;
        let bytes = outcome.as_ref().map_or(0, Described::bytes);
        self.travel(bytes).await;
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
            Either::Right(_) => Err(fault(step.side, FaultKind::Unavailable)),
        }
    }
}

const fn fault(side: Side, kind: FaultKind) -> Fault {
    Fault { side: Some(side), kind }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
