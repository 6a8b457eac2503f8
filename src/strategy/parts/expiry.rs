//! When an entry expires: a time to live, spread by jitter.

use crate::backend::Ctx;
use crate::model::{Nanos, Share, Span};

/// How long entries live.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expiry {
    ttl: Option<Span>,
    jitter: Share,
}

impl Expiry {
    /// Entries live for `ttl`, give or take up to `jitter` of it; without a `ttl`, for ever.
    pub const fn new(ttl: Option<Span>, jitter: Share) -> Self {
        Self { ttl, jitter }
    }

    /// The life of one entry: uniform within the jitter, so that its mean is the TTL itself.
    pub fn draw(&self, ctx: &Ctx<'_>) -> Option<Nanos> {
        let ttl = self.ttl?.nanos();
        if self.jitter.0 == 0.0 {
            return Some(ttl);
        }
        let spread = 1.0 + self.jitter.0 * (2.0 * ctx.uniform() - 1.0);
        Some(Nanos((ttl.0 as f64 * spread) as u64))
    }
}
