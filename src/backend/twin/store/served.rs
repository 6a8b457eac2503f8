//! What all nodes of a store use together, from one reset to the next.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::database::{Answer, Database};
use crate::backend::waits::Waits;
use crate::clock::{Clock, Guard, Guarded};
use crate::model::{Fault, FaultKind, Nanos, Outcome};

pub struct Served {
    /// `None` where nothing takes any time.
    pub clock: Option<Clock>,
    pub waits: Waits,
    /// `None` after the next reset.
    database: Guarded<Option<Database>>,
    deaths: AtomicU64,
    is_down: AtomicBool,
}

impl Served {
    pub fn new(clock: Option<Clock>, database: Guarded<Option<Database>>) -> Self {
        Self {
            clock,
            waits: Waits::default(),
            database,
            deaths: AtomicU64::new(0),
            is_down: AtomicBool::new(false),
        }
    }

    /// Asks the database.
    ///
    /// # Errors
    /// If there is none to be asked, or not any more.
    pub fn ask<T>(
        &self,
        now: Nanos,
        call: impl FnOnce(&mut Database, Nanos) -> Answer<T>,
    ) -> Outcome<Answer<T>> {
        match &mut *self.database() {
            Some(database) if !self.is_down.load(Ordering::Relaxed) => Ok(call(database, now)),
            _ => Err(Fault::store(FaultKind::Unavailable)),
        }
    }

    pub fn database(&self) -> Guard<'_, Option<Database>> {
        self.database.lock()
    }

    /// How often its server died. Who asked before the last time gets no answer.
    pub fn deaths(&self) -> u64 {
        self.deaths.load(Ordering::Relaxed)
    }

    pub fn die(&self, now: Nanos) {
        self.is_down.store(true, Ordering::Relaxed);
        self.deaths.fetch_add(1, Ordering::Relaxed);
        if let Some(database) = &mut *self.database() {
            database.die(now);
        }
    }

    pub fn come_back(&self) {
        self.is_down.store(false, Ordering::Relaxed);
    }
}
