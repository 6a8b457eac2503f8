//! What is compared: one file for each strategy, reading like its pseudo-code, with its options
//! beside it. What they share is in [`parts`].

#[macro_use]
pub mod parts;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use schemars::{Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::parts::events;
use crate::backend::Ctx;
use crate::model::{Draft, Key, Outcome, Span, Value, Version};

/// A caching strategy as one node runs it: an instance belongs to one application process.
///
/// It reaches cache, store, time and chance through the context alone, and neither counts nor
/// times itself.
#[async_trait]
pub trait Strategy: Send + Sync {
    /// Answers a client's read.
    // Written out, and not as the others are: nothing is called as often, and most strategies have it answered by
    // one of their parts as it is, without a future of their own.
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>>;

    /// Carries out a client's write and returns the version it was acknowledged as.
    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version>;

    /// What a node does beside serving its clients: refreshing, listening. Runs on every node's
    /// instance, from before the first request until it is dropped after the last.
    async fn maintain(&self, _ctx: &Ctx<'_>) {}

    /// The work that goes on while clients are served. Runs once for all nodes, on an instance of
    /// its own, from before the first request until it is dropped after the last.
    async fn background(&self, _ctx: &Ctx<'_>) {}

    /// Finishes what [`maintain`](Strategy::maintain) or [`background`](Strategy::background) had
    /// left when it was dropped. Runs on every instance in turn, those of the nodes first.
    async fn drain(&self, _ctx: &Ctx<'_>) -> Outcome<()> {
        Ok(())
    }
}

/// What there is to say about a strategy before it has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct About {
    /// Its name in scenario files: the field's own term.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// What it risks, in a sentence.
    pub risk: &'static str,
    /// When to use it, in a sentence.
    pub when: &'static str,
}

/// What brings an entry into the cache and what ends its life: all that the closed forms for hit
/// ratio and staleness need to know of a strategy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lifetime {
    /// There are no entries.
    None,
    /// Filled by a read; only the TTL ends it.
    Ttl(Span),
    /// Filled by a read; a write or the TTL ends it.
    UntilWrite(Span),
    /// Filled by a read or a write, each of which restarts the TTL.
    SinceWrite(Span),
    /// As [`Ttl`](Self::Ttl), but the first read past this share of the TTL has the entry replaced
    /// while it is still served.
    RefreshAhead { ttl: Span, factor: f64 },
    /// As [`Ttl`](Self::Ttl), but for so long after the TTL the old value is still served, and the
    /// first read that gets it has the entry replaced.
    Revalidate { ttl: Span, window: Span },
}

/// What keeps the readers of an expired entry from all loading it: what the closed forms for store
/// reads per expiry need to know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stampede {
    /// Nothing: who misses loads.
    None,
    /// One load at a time in each node; the others there wait for it.
    Coalesce,
    /// One load at a time altogether: a lock, a lease.
    OnePerCluster,
    /// Readers recompute an entry before it expires, by chance.
    Early { beta: f64 },
}

/// The registry. A line here is all that a new strategy needs outside its own file; variants,
/// parsing and listing follow from it.
macro_rules! registry {
    ($($module:ident::$variant:ident,)*) => {
        $(pub mod $module;)*

        /// A strategy and its options.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Spec {
            $($variant($module::Options),)*
        }

        impl Spec {
            /// Every strategy there is, in the order of the registry.
            pub const ALL: &'static [About] = &[$($module::ABOUT,)*];

            pub const fn about(&self) -> About {
                match self {
                    $(Self::$variant(_) => $module::ABOUT,)*
                }
            }

            /// What its entries live for; `None` where no closed form is known.
            pub fn lifetime(&self) -> Option<Lifetime> {
                match self {
                    $(Self::$variant(options) => $module::lifetime(options),)*
                }
            }

            /// What guards its loads; `None` where no closed form is known.
            pub fn stampede(&self) -> Option<Stampede> {
                match self {
                    $(Self::$variant(options) => options.stampede(),)*
                }
            }

            /// Whether its entries hold a body of so many bytes as it is, so that a promise of it will do.
            pub fn keeps(&self, length: usize) -> bool {
                match self {
                    $(Self::$variant(options) => options.keeps(length),)*
                }
            }

            /// A new instance, for one node.
            pub fn build(&self) -> Box<dyn Strategy> {
                match self {
                    $(Self::$variant(options) => {
                        events::beside(options.events(), Box::new($module::$variant::new(options)))
                    })*
                }
            }

            /// Writes the options alone, without the strategy's name.
            pub fn write_options<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(options) => options.serialize(serializer),)*
                }
            }

            /// Adds the schema of each strategy's options, under its name.
            pub fn options_schemas(generator: &mut SchemaGenerator) -> Vec<(&'static str, Schema)> {
                vec![$(($module::ABOUT.name, generator.subschema_for::<$module::Options>()),)*]
            }

            /// Reads the options of the strategy called `name`; `None` if there is none.
            pub fn read_options<'de, D: Deserializer<'de>>(
                name: &str,
                options: D,
            ) -> Option<Result<Self, D::Error>> {
                $(if name == $module::ABOUT.name {
                    return Some($module::Options::deserialize(options).map(Self::$variant));
                })*
                None
            }
        }
    };
}

registry! {
    no_cache::NoCache,
    cache_aside::CacheAside,
    write_through::WriteThrough,
    write_behind::WriteBehind,
    ttl::Ttl,
    event_invalidation::EventInvalidation,
    read_through::ReadThrough,
    refresh_ahead::RefreshAhead,
    stale_while_revalidate::StaleWhileRevalidate,
    two_tier::TwoTier,
    client_tracking::ClientTracking,
    versioned::Versioned,
    delayed_double_delete::DelayedDoubleDelete,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strategy_is_found_by_the_name_it_gives_itself() {
        for about in Spec::ALL {
            let spec = Spec::read_options(about.name, serde_json::json!({})).unwrap().unwrap();
            assert_eq!(spec.about(), *about);
        }
        assert!(Spec::read_options("cache-side", serde_json::json!({})).is_none());
    }

    #[test]
    fn options_read_back_as_they_are_written() {
        for about in Spec::ALL {
            let spec = Spec::read_options(about.name, serde_json::json!({})).unwrap().unwrap();
            let options = spec.write_options(serde_json::value::Serializer).unwrap();
            assert_eq!(Spec::read_options(about.name, options).unwrap().unwrap(), spec);
        }
    }
}
