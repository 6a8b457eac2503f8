//! What keeps many readers of one missing entry from loading it all at once.
//!
//! - `none`: everyone who misses loads
//! - `coalesce`: within a node one request loads, the others share its result
//! - `lock`: across nodes one request loads, under a lock in the cache; the others wait
//! - `lease`: as `lock`, but what is loaded is kept only if nothing was deleted meanwhile
//! - `early`: some request recomputes before the entry expires, the likelier the closer it comes
//!
//! Sharing a load has a price. Whoever joins one that began before a write gets the old row, however
//! late it joins; and where nobody loads a second time, nobody overwrites an old row that a fill put
//! back.
//!
//! `coalesce` combines with all of them, and `early` with `lock`. A lock and a lease exclude each
//! other, and a lease is handed out for what is missing, which is too late for `early`.

mod lease;
mod lock;

pub use lease::under_lease;
pub use lock::{try_lock, under_lock, unlock};

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::entry::Stamp;
use crate::backend::Ctx;
use crate::model::Nanos;
use crate::strategy;

/// The guards of a strategy, and how they are set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guards {
    pub stampede: Stampede,
    /// How long a lock or a lease lasts if its owner never gives it back.
    pub time: Nanos,
    /// How long whoever does not get it waits before looking again.
    pub wait: Nanos,
    /// How long an expired entry is kept, to be handed out to those who do not get the lock.
    pub grace: Nanos,
    /// How early `early` recomputes.
    pub beta: f64,
}

/// Which guards there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stampede {
    /// Within a node.
    pub coalesce: bool,
    /// Before the expiry.
    pub early: bool,
    /// Across nodes.
    pub cluster: Option<Cluster>,
}

/// A guard that holds for all nodes, because it lives in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cluster {
    Lock,
    Lease,
}

impl Guards {
    /// Whether this request is the one to recompute an entry that has not expired yet (XFetch).
    ///
    /// Source: A. Vattani, F. Chierichetti and K. Lowenstein, "Optimal probabilistic cache stampede
    /// prevention", 2015: `now - load * beta * ln(uniform) >= expiry`.
    #[inline]
    pub fn is_early(&self, ctx: &Ctx<'_>, stamp: Stamp) -> bool {
        self.stampede.early
            && stamp.load != Nanos::ZERO
            && stamp.expiry != Nanos::NEVER
            && self.draws_early(ctx, stamp)
    }

    fn draws_early(&self, ctx: &Ctx<'_>, stamp: Stamp) -> bool {
        // Uniform in (0, 1], whose logarithm is finite.
        let uniform = 1.0 - ctx.uniform();
        let ahead = stamp.load.as_secs_f64() * self.beta * -libm::log(uniform);
        ctx.clock().now() + Nanos::from_secs_f64(ahead) >= stamp.expiry
    }
}

impl Stampede {
    pub const NONE: Self = Self { coalesce: false, early: false, cluster: None };
    pub const COALESCE: Self = Self { coalesce: true, ..Self::NONE };

    /// What the closed forms know of it; `None` where there is none for the combination.
    pub const fn in_theory(self, beta: f64) -> Option<strategy::Stampede> {
        match self {
            Self { early: true, coalesce: false, cluster: None } => {
                Some(strategy::Stampede::Early { beta })
            }
            Self { early: true, .. } => None,
            Self { cluster: Some(_), .. } => Some(strategy::Stampede::OnePerCluster),
            Self { coalesce: true, .. } => Some(strategy::Stampede::Coalesce),
            Self { .. } => Some(strategy::Stampede::None),
        }
    }

    const EXPECTED: &'static str = "`none`, or some of `coalesce`, `lock`, `lease` and `early` \
                                    joined by `+`, such as `coalesce+lock`";
}

impl FromStr for Stampede {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut stampede = Self::NONE;
        if text.trim() == "none" {
            return Ok(stampede);
        }
        for guard in text.split('+').map(str::trim) {
            let cluster = match guard {
                "coalesce" => {
                    stampede.coalesce = true;
                    continue;
                }
                "early" => {
                    stampede.early = true;
                    continue;
                }
                "lock" => Cluster::Lock,
                "lease" => Cluster::Lease,
                _ => return Err(format!("`{guard}` is no guard: expected {}", Self::EXPECTED)),
            };
            if stampede.cluster.is_some_and(|other| other != cluster) {
                return Err("`lock` and `lease` exclude each other".into());
            }
            stampede.cluster = Some(cluster);
        }
        if stampede.early && stampede.cluster == Some(Cluster::Lease) {
            return Err("a lease is for what is missing, so `early` has no use for it".into());
        }
        Ok(stampede)
    }
}

impl fmt::Display for Stampede {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guards = [
            (self.coalesce, "coalesce"),
            (self.cluster == Some(Cluster::Lock), "lock"),
            (self.cluster == Some(Cluster::Lease), "lease"),
            (self.early, "early"),
        ];
        let names: Vec<_> =
            guards.into_iter().filter(|guard| guard.0).map(|guard| guard.1).collect();
        f.write_str(if names.is_empty() { "none" } else { "" })?;
        f.write_str(&names.join("+"))
    }
}

impl Serialize for Stampede {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stampede {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Stampede {
    fn schema_name() -> Cow<'static, str> {
        "Stampede".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let guard = "(coalesce|lock|lease|early)";
        json_schema!({
            "type": "string",
            "pattern": format!("^(none|{guard}( *\\+ *{guard})*)$"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_are_read_as_they_are_written() {
        for text in ["none", "coalesce", "lock", "coalesce+lease", "coalesce+lock+early", "early"] {
            assert_eq!(text.parse::<Stampede>().unwrap().to_string(), text);
        }
        assert_eq!("early + coalesce".parse::<Stampede>().unwrap().to_string(), "coalesce+early");
    }

    #[test]
    fn what_makes_no_sense_together_is_refused() {
        for (text, why) in [
            ("lock+lease", "exclude each other"),
            ("lease+early", "no use"),
            ("mutex", "`mutex` is no guard"),
            ("", "is no guard"),
            ("none+lock", "`none` is no guard"),
        ] {
            let error = text.parse::<Stampede>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
