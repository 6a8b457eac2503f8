//! The API's twin: the same limit, the same latencies and the same bound on requests under way, on
//! the run's clock and without HTTP. It serves under virtual time.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::connections::Turns;
use super::gate::Gate;
use super::host::Front;
use super::options::ApiOptions;
use crate::backend::layer::{Described, Layer, Layered, Step};
use crate::backend::waits::Waits;
use crate::backend::{Dataset, Error, Row, Server, Store, StoreCounters, StoreHost};
use crate::clock::Clock;
use crate::model::{Fault, FaultKind, Key, NodeId, Outcome, StoreBreakage, Verb};

/// A store's host behind the twin of an API.
pub struct TwinApiHost {
    front: Front,
    run: Mutex<Run>,
}

/// From one reset to the next.
struct Run {
    gate: Arc<Gate>,
    waits: Arc<Waits>,
}

/// What a node meets in front of the store.
struct TwinApi {
    gate: Arc<Gate>,
    turns: Turns,
    clock: Clock,
}

impl TwinApiHost {
    /// The API's latencies are drawn by `seed`; each node has so many `connections` to it.
    pub fn new(
        inner: Box<dyn StoreHost>,
        options: ApiOptions,
        connections: u32,
        seed: u64,
        clock: Clock,
    ) -> Self {
        let front = Front { inner, options, connections, seed, clock };
        let run = Mutex::new(Run { gate: front.gate(), waits: Arc::default() });
        Self { front, run }
    }

    fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl StoreHost for TwinApiHost {
    fn server(&self) -> Server {
        self.front.server("through an API's twin in memory")
    }

    async fn connect(&self, node: NodeId) -> Result<Arc<dyn Store>, Error> {
        let inner = self.front.inner.connect(node).await?;
        let run = self.run();
        let api = TwinApi {
            gate: run.gate.clone(),
            turns: self.front.turns(&run.waits),
            clock: self.front.clock.clone(),
        };
        Ok(Arc::new(Layered::new(inner, api)))
    }

    async fn reset(&self, dataset: &dyn Dataset) -> Result<(), Error> {
        self.front.inner.reset(dataset).await?;
        *self.run() = Run { gate: self.front.gate(), waits: Arc::default() };
        Ok(())
    }

    async fn counters(&self) -> Result<StoreCounters, Error> {
        let behind = self.front.inner.counters().await?;
        let run = self.run();
        Ok(StoreCounters { api: Some(run.gate.counters(run.waits.read())), ..behind })
    }

    async fn rows(&self, keys: Range<Key>) -> Result<Vec<Row>, Error> {
        self.front.inner.rows(keys).await
    }

    async fn clear(&self) -> Result<(), Error> {
        self.front.inner.clear().await
    }

    async fn inject(&self, breakage: &StoreBreakage) -> Result<(), Error> {
        self.front.inner.inject(breakage).await
    }

    async fn lift(&self, breakage: &StoreBreakage) -> Result<(), Error> {
        self.front.inner.lift(breakage).await
    }
}

impl Layer for TwinApi {
    async fn around<T: Described>(
        &self,
        step: Step,
        call: impl Future<Output = Outcome<T>> + Send,
    ) -> Outcome<T> {
        if step.verb != Verb::Read {
            return call.await;
        }
        let _turn = self.turns.take().await;
        let arrived = self.clock.now();
        let Ok(latency) = self.gate.admit(arrived) else {
            return Err(Fault::store(FaultKind::Throttled));
        };
        let outcome = call.await;
        self.clock.sleep_until(arrived + latency).await;
        outcome
    }
}
