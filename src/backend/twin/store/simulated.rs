//! The store of a simulation: the twin, and how long it takes.

use std::sync::Arc;

use super::TwinStoreHost;
use crate::backend::delay::{DelayedStoreHost, StoreDelays};
use crate::backend::faults::OutageStoreHost;
use crate::backend::{StoreHost, StoreOptions};
use crate::clock::Clock;
use crate::model::{Nanos, StoreTimes};

impl TwinStoreHost {
    /// The twin, whose calls take as long as `times` says, by draws from `seed`. It can be put out of
    /// reach if it `may_break`.
    pub fn simulated(
        options: &StoreOptions,
        times: &StoreTimes,
        _seed: u64,
        may_break: bool,
        clock: &Arc<dyn Clock>,
    ) -> Box<dyn StoreHost> {
        let twin: Box<dyn StoreHost> = Box::new(Self::new(options));
        let twin = match may_break {
            true => Box::new(OutageStoreHost::new(twin, clock.clone())),
            false => twin,
        };
        let children = u64::from(options.origin.children());
        let aggregation = Nanos(times.aggregation.p50.nanos().0 * children / 1_000);
        let delays = StoreDelays {
            read: times.read.p50.nanos() + aggregation,
            version: times.version.p50.nanos(),
            write: times.commit.p50.nanos(),
        };
        Box::new(DelayedStoreHost::new(twin, clock.clone(), delays))
    }
}
