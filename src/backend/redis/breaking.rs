//! What is done to a Redis, or to the network in front of it, on purpose.

use redis::cmd;

use super::host::RedisHost;
use crate::backend::managed::ManagedRedis;
use crate::backend::proxy::Proxy;
use crate::backend::{CacheHost, Error};
use crate::model::{Breakage, CacheBreakage, Lasting, Nanos};

/// How long the host's own connection may take to find a server again that has answered already.
const FOUND_WITHIN: Nanos = Nanos::from_secs(20);
/// How long it waits before it tries again.
const TRY_PAUSE: Nanos = Nanos::from_millis(10);

impl RedisHost {
    /// See [`CacheHost::inject`].
    pub(super) async fn break_down(&self, breakage: &CacheBreakage) -> Result<(), Error> {
        match breakage {
            CacheBreakage::Killed => self.own(breakage)?.kill()?,
            CacheBreakage::Paused => self.own(breakage)?.pause()?,
            CacheBreakage::Flushed => self.flush().await?,
            CacheBreakage::Reset => self.network(breakage)?.reset(),
            CacheBreakage::Unreachable => self.network(breakage)?.cut(),
            CacheBreakage::Slow(toxics) => self.network(breakage)?.slow(*toxics),
        }
        if Breakage::Cache(*breakage).lasting() != Lasting::Never {
            *self.broken() = Some(*breakage);
        }
        Ok(())
    }

    /// See [`CacheHost::lift`].
    pub(super) async fn put_right(&self, breakage: &CacheBreakage) -> Result<(), Error> {
        match breakage {
            CacheBreakage::Killed => {
                self.own(breakage)?.restart(self.clock()).await?;
                self.find_again().await?;
            }
            CacheBreakage::Paused => {
                self.own(breakage)?.resume()?;
                self.find_again().await?;
            }
            CacheBreakage::Unreachable | CacheBreakage::Slow(_) => {
                self.network(breakage)?.restore();
            }
            CacheBreakage::Reset | CacheBreakage::Flushed => {}
        }
        *self.broken() = None;
        Ok(())
    }

    /// Ends whatever goes on: a run that was cut short has to be cleared up after.
    pub(super) async fn mend(&self) -> Result<(), Error> {
        let broken = *self.broken();
        match broken {
            Some(breakage) => self.put_right(&breakage).await,
            None => Ok(()),
        }
    }

    /// Deletes everything. Streams go with their groups, as they do in reality; scripts stay. On a
    /// server that others use too, everything is what the run has put there.
    async fn flush(&self) -> Result<(), Error> {
        let flushed = match self.managed {
            Some(_) => self.link.query(&cmd("FLUSHDB")).await.map(drop),
            None => self.remove_own().await,
        };
        flushed.map_err(|error| self.failed(error))
    }

    /// Returns when the host's own connection works, which it may find broken at first.
    async fn find_again(&self) -> Result<(), Error> {
        let clock = self.clock();
        let deadline = clock.now() + FOUND_WITHIN;
        loop {
            match self.link.query(&cmd("PING")).await {
                Ok(_) => return Ok(()),
                Err(error) if clock.now() >= deadline => return Err(self.failed(error)),
                Err(_) => clock.sleep(TRY_PAUSE).await,
            }
        }
    }

    fn own(&self, breakage: &CacheBreakage) -> Result<&ManagedRedis, Error> {
        self.managed.as_ref().ok_or_else(|| self.unbreakable(breakage))
    }

    fn network(&self, breakage: &CacheBreakage) -> Result<&Proxy, Error> {
        self.proxy.as_ref().ok_or_else(|| self.unbreakable(breakage))
    }

    fn unbreakable(&self, breakage: &CacheBreakage) -> Error {
        Error::unbreakable(self.server(), Breakage::Cache(*breakage))
    }
}
