//! When an entry expires: a time to live, spread by jitter.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::backend::Ctx;
use crate::model::{Nanos, Share, Span};

/// The options of a strategy that has no others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Options {
    /// How long an entry lives.
    pub ttl: Span,
    /// By what share of itself the TTL varies from entry to entry, either way.
    pub jitter: Share,
}

impl Default for Options {
    fn default() -> Self {
        Self { ttl: Span::from_secs(60), jitter: Share(0.0) }
    }
}

impl Options {
    pub const fn expiry(&self) -> Expiry {
        Expiry::new(self.ttl, self.jitter)
    }
}

/// How long entries live.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expiry {
    ttl: Span,
    jitter: Share,
}

impl Expiry {
    /// Entries live for `ttl`, give or take up to `jitter` of it.
    pub const fn new(ttl: Span, jitter: Share) -> Self {
        Self { ttl, jitter }
    }

    /// The life of one entry: uniform within the jitter, so that its mean is the TTL itself.
    pub fn draw(&self, ctx: &Ctx<'_>) -> Option<Nanos> {
        let ttl = self.ttl.nanos();
        if self.jitter.0 == 0.0 {
            return Some(ttl);
        }
        let spread = 1.0 + self.jitter.0 * (2.0 * ctx.uniform() - 1.0);
        Some(Nanos((ttl.0 as f64 * spread) as u64))
    }
}
