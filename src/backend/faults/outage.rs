//! A server that cannot be used as it should be, as its clients see it.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{Either, select};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::sync::Notify;

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
    trouble: Mutex<Trouble>,
    chance: Mutex<ChaCha8Rng>,
    /// Counts how often all connections broke.
    breaks: AtomicU64,
    changed: Notify,
}

impl Outage {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            trouble: Mutex::default(),
            chance: Mutex::new(ChaCha8Rng::seed_from_u64(JITTER_SEED)),
            breaks: AtomicU64::new(0),
            changed: Notify::new(),
        })
    }

    /// From now on the server is in `trouble`. Where nobody listens any more, connections break.
    pub fn begin(&self, trouble: Trouble) {
        *lock(&self.trouble) = trouble;
        if trouble == Trouble::Refused {
            self.break_connections();
        }
        self.changed.notify_waiters();
    }

    /// From now on all is well.
    pub fn end(&self) {
        self.begin(Trouble::None);
    }

    /// Every call in progress fails. Whether it took effect nobody knows.
    pub fn break_connections(&self) {
        self.breaks.fetch_add(1, Ordering::Relaxed);
        self.changed.notify_waiters();
    }

    fn trouble(&self) -> Trouble {
        *lock(&self.trouble)
    }

    /// Waits until `has_come` says so.
    async fn until(&self, has_come: impl Fn(&Self) -> bool) {
        loop {
            let mut changed = pin!(self.changed.notified());
            // Enabled before the look, or a change in between would be missed.
            changed.as_mut().enable();
            if has_come(self) {
                return;
            }
            changed.await;
        }
    }

    /// Waits until connections have broken once more often than `breaks`.
    async fn broken_since(&self, breaks: u64) {
        self.until(|outage| outage.breaks.load(Ordering::Relaxed) > breaks).await;
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
        let ended = self.outage.until(|outage| outage.trouble() != Trouble::Silent);
        if self.outage.trouble() == Trouble::Silent
            && let Either::Right(_) =
                select(pin!(ended), pin!(self.clock.sleep(self.timeout))).await
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
        let broken = self.outage.broken_since(self.outage.breaks.load(Ordering::Relaxed));
        match select(pin!(self.make(step, call)), pin!(broken)).await {
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
