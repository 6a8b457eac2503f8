//! A store's host behind an API.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::client::ApiStore;
use super::connections::Turns;
use super::gate::Gate;
use super::options::ApiOptions;
use super::service::Service;
use crate::backend::waits::Waits;
use crate::backend::{Dataset, Error, Row, Server, Store, StoreCounters, StoreHost};
use crate::clock::Clock;
use crate::model::{ApiCounters, Key, NodeId, StoreBreakage};

/// The service's own handle on the store behind it.
const OWNER: NodeId = NodeId(u32::MAX);

/// A store's host whose reads go through an HTTP service on loopback. Each run of a strategy has a
/// service of its own, from the first node that connects to the next reset or the host's end.
pub struct ApiHost {
    // Dropped before the store that it reads.
    run: Mutex<Option<Run>>,
    front: Front,
}

/// What stands in front of which store, for the real API and its twin.
pub(super) struct Front {
    pub inner: Box<dyn StoreHost>,
    pub options: ApiOptions,
    /// Of each node.
    pub connections: u32,
    pub seed: u64,
    /// The clients' clock.
    pub clock: Clock,
}

/// From the first node that connects to the next reset.
struct Run {
    service: Service,
    gate: Arc<Gate>,
    waits: Arc<Waits>,
}

impl ApiHost {
    /// The API's latencies are drawn by `seed`; each node has so many `connections` to it. `clock`
    /// times how long its clients wait for one.
    pub fn new(
        inner: Box<dyn StoreHost>,
        options: ApiOptions,
        connections: u32,
        seed: u64,
        clock: Clock,
    ) -> Self {
        Self { run: Mutex::new(None), front: Front { inner, options, connections, seed, clock } }
    }
}

#[async_trait]
impl StoreHost for ApiHost {
    fn server(&self) -> Server {
        self.front.server("through an API, HTTP on loopback")
    }

    /// Fails as unavailable from the next reset on, as the service is gone then.
    async fn connect(&self, node: NodeId) -> Result<Arc<dyn Store>, Error> {
        let mut run = self.run.lock().await;
        if run.is_none() {
            *run = Some(self.front.open().await?);
        }
        let Run { service, waits, .. } = run.as_ref().expect("it was opened");
        let direct = self.front.inner.connect(node).await?;
        let turns = self.front.turns(waits);
        let address = service.address();
        match ApiStore::connect(address, self.front.connections, turns, direct).await {
            Ok(store) => Ok(Arc::new(store)),
            Err(error) => {
                Err(Error::Failed { address: address.to_string(), reason: error.to_string() })
            }
        }
    }

    async fn reset(&self, dataset: &dyn Dataset) -> Result<(), Error> {
        *self.run.lock().await = None;
        self.front.inner.reset(dataset).await
    }

    async fn counters(&self) -> Result<StoreCounters, Error> {
        let behind = self.front.inner.counters().await?;
        let api = match &*self.run.lock().await {
            Some(run) => run.gate.counters(run.waits.read()),
            None => ApiCounters::default(),
        };
        Ok(StoreCounters { api: Some(api), ..behind })
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

impl Front {
    async fn open(&self) -> Result<Run, Error> {
        let (gate, waits) = (self.gate(), Arc::default());
        let store = self.inner.connect(OWNER).await?;
        let service = Service::start(store, gate.clone()).await.map_err(|error| {
            Error::NotStarted { program: "the API".into(), reason: error.to_string() }
        })?;
        Ok(Run { service, gate, waits })
    }

    pub fn gate(&self) -> Arc<Gate> {
        Arc::new(Gate::new(&self.options, self.seed))
    }

    pub fn turns(&self, waits: &Arc<Waits>) -> Turns {
        Turns::new(self.connections, self.clock.clone(), waits.clone())
    }

    /// The store behind the API, and how it is read.
    pub fn server(&self, reads: &str) -> Server {
        let mut server = self.inner.server();
        let latency = self.options.latency;
        let limit = match self.options.limit() {
            Some((rate, burst)) => format!("{rate}/s with a burst of {burst}"),
            None => "none".into(),
        };
        server.settings.extend([
            ("reads".into(), reads.into()),
            ("api_latency".into(), format!("p50 {}, p99 {}", latency.p50, latency.p99)),
            ("api_rate_limit".into(), limit),
            ("api_connections".into(), self.connections.to_string()),
        ]);
        server
    }
}
