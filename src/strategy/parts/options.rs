//! The options that every strategy with a cache has, and how one declares them beside its own.

use super::expiry::Expiry;
use super::format::Format;
use super::guard::Guards;
use crate::model::Nanos;

/// What the common options come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Caching {
    pub expiry: Expiry,
    /// How long it is remembered that there is no row; not at all if absent.
    pub negative_ttl: Option<Nanos>,
    pub guards: Guards,
    pub format: Format,
}

/// Declares a strategy's `Options`: the common ones, with its own default for the TTL (and, if it says
/// so, for the guard), and then those it has to itself, each with its default. `events` before them adds
/// the option to have events invalidate beside it.
macro_rules! options {
    (ttl: $ttl:expr; $($(#[$doc:meta])* $field:ident: $type:ty = $default:expr,)*) => {
        options! { @declare $ttl; $crate::strategy::parts::guard::Stampede::NONE; [$($(#[$doc])* $field: $type = $default,)*] }

        impl Options {
            /// It has events of its own, or none to speak of.
            pub const fn events(&self) -> Option<$crate::strategy::parts::events::Form> {
                None
            }
        }
    };
    (ttl: $ttl:expr; events; $($own:tt)*) => {
        options! { ttl: $ttl; stampede: $crate::strategy::parts::guard::Stampede::NONE; events; $($own)* }
    };
    (
        ttl: $ttl:expr; stampede: $stampede:expr; events;
        $($(#[$doc:meta])* $field:ident: $type:ty = $default:expr,)*
    ) => {
        options! { @declare $ttl; $stampede; [
            $($(#[$doc])* $field: $type = $default,)*
            /// Invalidation by event beside what the strategy does itself: every write leaves an
            /// event in its own transaction, and what it does to the entry is said here.
            #[serde(skip_serializing_if = "Option::is_none")]
            events: Option<$crate::strategy::parts::events::Form> = None,
        ] }

        impl Options {
            pub const fn events(&self) -> Option<$crate::strategy::parts::events::Form> {
                self.events
            }
        }
    };
    (@declare $ttl:expr; $stampede:expr; [$($(#[$doc:meta])* $field:ident: $type:ty = $default:expr,)*]) => {
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
        pub struct Options {
            /// How long an entry lives.
            pub ttl: $crate::model::Span,
            /// By what share of itself the TTL varies from entry to entry, either way.
            pub jitter: $crate::model::Share,
            /// The usual TTL for a kind of data, spread over its usual range: in the place of `ttl`
            /// and `jitter`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub preset: Option<$crate::strategy::parts::expiry::Preset>,
            /// What keeps many readers of a missing entry from loading it all at once: `none`,
            /// `coalesce`, `lock`, `lease`, `early`, or some of them joined by `+`.
            pub stampede: $crate::strategy::parts::guard::Stampede,
            /// How long a lock or a lease lasts if its owner never gives it back.
            pub guard_time: $crate::model::Span,
            /// How long whoever does not get the lock or the lease waits before looking again.
            pub guard_wait: $crate::model::Span,
            /// How long an expired entry is kept, to be handed out to those who do not get the lock
            /// of `lock`; not at all if absent.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub grace: Option<$crate::model::Span>,
            /// How early `early` recomputes: 1 as published, more for earlier.
            pub beta: f64,
            /// How entries are written.
            pub codec: $crate::strategy::parts::format::Codec,
            /// How entries are compressed.
            pub compression: $crate::strategy::parts::format::Compression,
            /// The compression's level of effort; the algorithm's default if absent.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub compression_level: Option<u32>,
            /// Smaller entries are not compressed.
            pub compress_from: $crate::model::Size,
            /// How long it is remembered that a row is not there; not at all if absent.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub negative_ttl: Option<$crate::model::Span>,
            $($(#[$doc])* pub $field: $type,)*
        }

        impl Default for Options {
            fn default() -> Self {
                Self {
                    ttl: $ttl,
                    jitter: $crate::model::Share(0.0),
                    preset: None,
                    stampede: $stampede,
                    guard_time: $crate::model::Span::from_secs(2),
                    guard_wait: $crate::model::Span::from_millis(10),
                    grace: None,
                    beta: 1.0,
                    codec: $crate::strategy::parts::format::Codec::Json,
                    compression: $crate::strategy::parts::format::Compression::None,
                    compression_level: None,
                    compress_from: $crate::model::Size(1024),
                    negative_ttl: None,
                    $($field: $default,)*
                }
            }
        }

        impl Options {
            /// How long entries live.
            pub fn expiry(&self) -> $crate::strategy::parts::expiry::Expiry {
                match self.preset {
                    Some(preset) => preset.expiry(),
                    None => $crate::strategy::parts::expiry::Expiry::new(self.ttl, self.jitter),
                }
            }

            /// What guards its loads; `None` where no closed form is known.
            pub fn stampede(&self) -> Option<$crate::strategy::Stampede> {
                self.stampede.in_theory(self.beta)
            }

            /// Whether entries hold a body of so many bytes as it is.
            pub fn keeps(&self, length: usize) -> bool {
                self.caching().format.keeps(length)
            }

            /// What the common options come to.
            pub fn caching(&self) -> $crate::strategy::parts::options::Caching {
                use $crate::strategy::parts::format::Format;
                use $crate::strategy::parts::guard::{Cluster, Guards};
                use $crate::strategy::parts::options::Caching;
                Caching {
                    expiry: self.expiry(),
                    negative_ttl: self.negative_ttl.map(|ttl| ttl.nanos()),
                    guards: Guards {
                        stampede: self.stampede,
                        time: self.guard_time.nanos(),
                        wait: self.guard_wait.nanos(),
                        grace: match self.stampede.cluster {
                            Some(Cluster::Lock) => self.grace.unwrap_or_default().nanos(),
                            _ => $crate::model::Nanos::ZERO,
                        },
                        beta: self.beta,
                    },
                    format: Format::new(
                        self.codec,
                        self.compression,
                        self.compression_level,
                        self.compress_from,
                    ),
                }
            }
        }
    };
}

options! { ttl: crate::model::Span::from_secs(60); events; }
