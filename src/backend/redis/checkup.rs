//! Whether a server that others use too will do, and what there is to know of it beforehand.

use std::collections::BTreeMap;

use redis::{RedisResult, cmd, from_redis_value};

use super::host::{KEYS_PER_CALL, RedisHost, info};
use super::naming::{ALL_RUNS, run_of};
use super::probe::Feature;
use crate::backend::{CacheHost, Error};
use crate::model::Size;

/// What a look at a server came to.
#[derive(Clone, Debug)]
pub struct Checkup {
    /// `standalone`, as INFO has it.
    pub mode: String,
    /// `master`, as INFO has it.
    pub role: String,
    pub used_memory: Size,
    /// Zero where there is no limit.
    pub maxmemory: Size,
    pub policy: String,
    /// How its data outlive it: `none`, `append-only file`, `snapshots`.
    pub persistence: String,
    /// Every feature, and why it does not work if it does not.
    pub features: Vec<(Feature, Result<(), String>)>,
    /// How many keys are there of each run that has not removed them: one that was killed, or that
    /// still goes on.
    pub leftovers: BTreeMap<String, u64>,
}

impl RedisHost {
    /// Makes sure that a run may use this server: nothing of anybody's lies under the run's prefix,
    /// and what every run needs works. What is tried for that is removed again.
    ///
    /// # Errors
    /// If it may not, naming a key that is in the way or saying what does not work.
    pub async fn vet(&self) -> Result<(), Error> {
        if let Some(name) = self.first_own().await.map_err(|error| self.failed(error))? {
            return Err(self.unsuitable(format!(
                "there is a key `{name}` already, under the run's own prefix: the run would \
                 overwrite what is not its own"
            )));
        }
        for feature in Feature::REQUIRED {
            if let Err(reason) = feature.try_on(self).await {
                return Err(self.unsuitable(format!("{} do not work: {reason}", feature.name())));
            }
        }
        Ok(())
    }

    /// Tries everything that a strategy may need, under the prefix that this host was given, and
    /// looks for what runs have left.
    ///
    /// # Errors
    /// If the server fails meanwhile, or the prefix is not free.
    pub async fn checkup(&self) -> Result<Checkup, Error> {
        let failed = |error| self.failed(error);
        if self.first_own().await.map_err(failed)?.is_some() {
            return Err(self.unsuitable("the prefix to try it under is in use".into()));
        }
        let leftovers = self.leftovers().await.map_err(failed)?;
        let mut features = Vec::new();
        for feature in Feature::ALL {
            features.push((feature, feature.try_on(self).await));
        }
        let sections = ["server", "memory", "replication", "persistence"];
        let info = info(&self.link, &sections).await.map_err(failed)?;
        let text = |field| info.text(field).unwrap_or("unknown").to_owned();
        let settings = self.server().settings;
        let is_saved = settings.get("save").is_some_and(|save| !save.is_empty());
        let persistence = match (info.number("aof_enabled") > 0, is_saved) {
            (true, _) => "append-only file",
            (false, true) => "snapshots",
            (false, false) => "none",
        };
        Ok(Checkup {
            mode: text("redis_mode"),
            role: text("role"),
            used_memory: Size(info.number("used_memory")),
            maxmemory: Size(info.number("maxmemory")),
            policy: text("maxmemory_policy"),
            persistence: persistence.to_owned(),
            features,
            leftovers,
        })
    }

    /// A key under the run's prefix, if there is one.
    async fn first_own(&self) -> RedisResult<Option<String>> {
        let mut first = None;
        self.scan(&self.naming.pattern(), |name| {
            first.get_or_insert(name);
        })
        .await?;
        Ok(first)
    }

    async fn leftovers(&self) -> RedisResult<BTreeMap<String, u64>> {
        let mut runs = BTreeMap::new();
        self.scan(ALL_RUNS, |name| {
            if let Some(run) = run_of(&name) {
                *runs.entry(run.to_owned()).or_default() += 1;
            }
        })
        .await?;
        Ok(runs)
    }

    /// Every name that matches, some perhaps twice.
    async fn scan(&self, pattern: &str, mut found: impl FnMut(String)) -> RedisResult<()> {
        let mut cursor = 0_u64;
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(KEYS_PER_CALL);
            let answer = self.link.query(&scan).await?;
            let (next, names): (u64, Vec<Vec<u8>>) = from_redis_value(answer)?;
            names.iter().for_each(|name| found(String::from_utf8_lossy(name).into_owned()));
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }

    fn unsuitable(&self, reason: String) -> Error {
        Error::Unsuitable { address: self.server().address, reason }
    }
}
