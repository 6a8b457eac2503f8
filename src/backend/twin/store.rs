//! The store's twin: rows in memory with a database's semantics, no cost and no durability.
//!
//! It waits for nothing, so it serves under virtual time and gives every run the same answers.

mod simulated;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::backend::fingerprint::Fingerprint;
use crate::backend::{
    Applied, Dataset, Error, Event, Origin, Read, Row, Server, Store, StoreCounters, StoreHost,
    StoreOptions, VersionedDraft,
};
use crate::model::{Aggregate, Draft, Fault, FaultKind, Key, NodeId, Outcome, Value, Version};

/// The twin of a store, as the experiment handles it.
pub struct TwinStoreHost {
    origin: Origin,
    state: Mutex<State>,
}

/// A node's handle on the twin.
pub struct TwinStore {
    origin: Origin,
    database: Arc<Database>,
}

/// What a reset replaces.
struct State {
    loaded: Option<(Fingerprint, Arc<Loaded>)>,
    database: Arc<Database>,
}

/// The rows, from one reset to the next.
struct Database {
    loaded: Arc<Loaded>,
    /// `None` after the next reset.
    changes: Mutex<Option<Changes>>,
}

/// The dataset, kept and shared between resets, so that only the first one makes its rows.
#[derive(Default)]
struct Loaded {
    /// By key, as the dataset numbers them.
    rows: Vec<(Draft, Aggregate)>,
}

/// What was written over it.
#[derive(Default)]
struct Changes {
    /// Only looked up by key, so its order never shows.
    rows: HashMap<Key, (Version, Draft)>,
    outbox: BTreeMap<u64, Event>,
    /// The last number that an outbox row got. Numbers of trimmed rows are not used again.
    sequence: u64,
}

impl TwinStoreHost {
    /// An empty store.
    pub fn new(options: &StoreOptions) -> Self {
        let database = Arc::new(Database::over(Arc::default()));
        Self { origin: options.origin, state: Mutex::new(State { loaded: None, database }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl StoreHost for TwinStoreHost {
    fn server(&self) -> Server {
        Server {
            kind: "embedded".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            managed: true,
            address: "in memory".into(),
            settings: BTreeMap::from([("durability".into(), "none".into())]),
        }
    }

    /// The handle serves until the next reset and fails as unavailable from then on.
    async fn connect(&self, _node: NodeId) -> Result<Arc<dyn Store>, Error> {
        let database = self.state().database.clone();
        Ok(Arc::new(TwinStore { origin: self.origin, database }))
    }

    async fn reset(&self, dataset: &dyn Dataset) -> Result<(), Error> {
        let asked = Fingerprint::of(dataset);
        let mut state = self.state();
        let kept = state.loaded.take().filter(|(of, _)| *of == asked);
        let loaded = kept.map_or_else(|| Arc::new(Loaded::from(dataset)), |(_, loaded)| loaded);
        state.loaded = Some((asked, loaded.clone()));
        *state.database.changes() = None;
        state.database = Arc::new(Database::over(loaded));
        Ok(())
    }

    async fn counters(&self) -> Result<StoreCounters, Error> {
        Ok(StoreCounters::default())
    }

    async fn rows(&self) -> Result<Vec<Row>, Error> {
        Ok(self.state().database.rows())
    }

    /// What the memory holds is the run's alone.
    async fn clear(&self) -> Result<(), Error> {
        Ok(())
    }
}

#[async_trait]
impl Store for TwinStore {
    async fn read(&self, key: Key) -> Outcome<Read> {
        self.database.with(|loaded, changes| {
            let Some((version, draft)) = row(loaded, changes, key) else {
                return Read { value: Value::never_written(key), rows: 0 };
            };
            let mut value = draft.at(version);
            let mut rows = 1;
            if let Origin::Aggregation { .. } = self.origin
                && !value.is_absent()
            {
                let aggregate = loaded.get(key).map(|(_, aggregate)| *aggregate);
                value.aggregate = Some(aggregate.unwrap_or_default());
                rows += aggregate.unwrap_or_default().rows;
            }
            Read { value, rows }
        })
    }

    async fn version(&self, key: Key) -> Outcome<Version> {
        self.database.with(|loaded, changes| version(loaded, changes, key).unwrap_or_default())
    }

    async fn write(&self, draft: &Draft) -> Outcome<Version> {
        self.database.with(|loaded, changes| write(loaded, changes, draft))
    }

    async fn write_with_event(&self, draft: &Draft) -> Outcome<Version> {
        self.database.with(|loaded, changes| {
            let version = write(loaded, changes, draft);
            changes.sequence += 1;
            let event = Event { sequence: changes.sequence, key: draft.key, version };
            changes.outbox.insert(event.sequence, event);
            version
        })
    }

    async fn apply_batch(&self, writes: &[VersionedDraft]) -> Outcome<Applied> {
        self.database.with(|loaded, changes| {
            let mut applied = Applied::default();
            for write in writes {
                let key = write.draft.key;
                if version(loaded, changes, key).is_none_or(|held| write.version > held) {
                    changes.rows.insert(key, (write.version, write.draft.clone()));
                    applied.written += 1;
                } else {
                    applied.passed += 1;
                }
            }
            applied
        })
    }

    async fn read_outbox(&self, max: usize) -> Outcome<Vec<Event>> {
        self.database.with(|_, changes| changes.outbox.values().take(max).copied().collect())
    }

    async fn trim_outbox(&self, published: &[Event]) -> Outcome<()> {
        self.database.with(|_, changes| {
            for event in published {
                changes.outbox.remove(&event.sequence);
            }
        })
    }
}

impl Database {
    fn over(loaded: Arc<Loaded>) -> Self {
        Self { loaded, changes: Mutex::new(Some(Changes::default())) }
    }

    /// Runs `call` alone, as one transaction.
    fn with<T>(&self, call: impl FnOnce(&Loaded, &mut Changes) -> T) -> Outcome<T> {
        match &mut *self.changes() {
            Some(changes) => Ok(call(&self.loaded, changes)),
            None => Err(Fault::store(FaultKind::Unavailable)),
        }
    }

    fn rows(&self) -> Vec<Row> {
        let changes = self.changes();
        let Some(changes) = changes.as_ref() else {
            return Vec::new();
        };
        let loaded = self.loaded.rows.len() as u64;
        let mut beyond: Vec<_> =
            changes.rows.keys().copied().filter(|key| key.0 >= loaded).collect();
        beyond.sort_unstable();
        (0..loaded)
            .map(Key)
            .chain(beyond)
            .filter_map(|key| {
                let (version, draft) = row(&self.loaded, changes, key)?;
                let intact = draft.at(version).is_intact(key);
                Some(Row { key, version, writer: draft.writer, intact })
            })
            .collect()
    }

    fn changes(&self) -> MutexGuard<'_, Option<Changes>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loaded {
    fn from(dataset: &dyn Dataset) -> Self {
        let row = |key| {
            let amounts = (0..dataset.children()).map(|child| dataset.child_amount(key, child));
            let aggregate = Aggregate { rows: dataset.children(), total: amounts.sum() };
            (dataset.initial(key), aggregate)
        };
        Self { rows: (0..dataset.keys()).map(Key).map(row).collect() }
    }

    fn get(&self, key: Key) -> Option<&(Draft, Aggregate)> {
        self.rows.get(usize::try_from(key.0).ok()?)
    }
}

fn row<'a>(loaded: &'a Loaded, changes: &'a Changes, key: Key) -> Option<(Version, &'a Draft)> {
    match changes.rows.get(&key) {
        Some((version, draft)) => Some((*version, draft)),
        None => loaded.get(key).map(|(draft, _)| (Version::INITIAL, draft)),
    }
}

fn version(loaded: &Loaded, changes: &Changes, key: Key) -> Option<Version> {
    row(loaded, changes, key).map(|(version, _)| version)
}

fn write(loaded: &Loaded, changes: &mut Changes, draft: &Draft) -> Version {
    let next = version(loaded, changes, draft.key).unwrap_or_default().next();
    changes.rows.insert(draft.key, (next, draft.clone()));
    next
}
