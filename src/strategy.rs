//! What is compared: one file for each strategy, reading like its pseudo-code, with its options
//! beside it. What they share is in [`parts`].

pub mod parts;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::backend::Ctx;
use crate::model::{Draft, Key, Outcome, Value, Version};

/// A caching strategy as one node runs it: an instance belongs to one application process.
///
/// It reaches cache, store, time and chance through the context alone, and neither counts nor
/// times itself.
#[async_trait]
pub trait Strategy: Send + Sync {
    /// Answers a client's read.
    async fn read(&self, ctx: &Ctx<'_>, key: Key) -> Outcome<Option<Value>>;

    /// Carries out a client's write and returns the version it was acknowledged as.
    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version>;

    /// The work that goes on while clients are served. Runs once for all nodes, on an instance of
    /// its own, from before the first request until it is dropped after the last.
    async fn background(&self, _ctx: &Ctx<'_>) {}

    /// Finishes what [`background`](Strategy::background) had left when it was dropped.
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
}

/// The registry. A line here is all that a new strategy needs outside its own file; variants,
/// parsing and listing follow from it.
macro_rules! registry {
    ($($module:ident::$variant:ident,)*) => {
        $(pub mod $module;)*

        /// A strategy and its options, as a scenario names them.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
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

            /// A new instance, for one node.
            pub fn build(&self) -> Box<dyn Strategy> {
                match self {
                    $(Self::$variant(options) => Box::new($module::$variant::new(options)),)*
                }
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_strategy_is_called_in_json_what_it_calls_itself() {
        for about in Spec::ALL {
            let spec = Spec::read_options(about.name, serde_json::json!({})).unwrap().unwrap();
            assert_eq!(spec.about(), *about);
            let json = serde_json::to_value(&spec).unwrap();
            assert!(json.get(about.name).is_some(), "{json} is not tagged {}", about.name);
        }
    }
}
