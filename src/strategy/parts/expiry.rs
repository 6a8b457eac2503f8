//! When an entry expires: a time to live, spread by jitter.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::backend::Ctx;
use crate::model::{Nanos, Share, Span};

/// A kind of data, for how long it is usually cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// 5 to 15 minutes.
    UserProfile,
    /// 30 to 60 seconds.
    DashboardStatistics,
    /// 5 to 10 minutes.
    ProductCatalogue,
    /// 1 to 10 minutes.
    ApiResponse,
}

impl Preset {
    /// The range of usual TTLs.
    const fn range(self) -> (Nanos, Nanos) {
        let (from, to) = match self {
            Self::UserProfile => (5 * 60, 15 * 60),
            Self::DashboardStatistics => (30, 60),
            Self::ProductCatalogue => (5 * 60, 10 * 60),
            Self::ApiResponse => (60, 10 * 60),
        };
        (Nanos::from_secs(from), Nanos::from_secs(to))
    }

    /// Lives that are spread evenly over the range.
    pub fn expiry(self) -> Expiry {
        let (from, to) = self.range();
        let middle = Nanos(from.0.midpoint(to.0));
        let spread = (to - middle).as_secs_f64() / middle.as_secs_f64();
        Expiry::new(Span(Duration::from_nanos(middle.0)), Share(spread))
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

    /// How long an entry lives on average.
    pub const fn mean(&self) -> Span {
        self.ttl
    }

    /// The life of one entry: uniform within the jitter, so that its mean is the TTL itself.
    pub fn draw(&self, ctx: &Ctx<'_>) -> Nanos {
        let ttl = self.ttl.nanos();
        if self.jitter.0 == 0.0 {
            return ttl;
        }
        let spread = 1.0 + self.jitter.0 * (2.0 * ctx.uniform() - 1.0);
        Nanos((ttl.0 as f64 * spread) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_is_spread_over_its_range() {
        let expiry = Preset::UserProfile.expiry();
        assert_eq!(expiry, Expiry::new(Span::from_secs(600), Share(0.5)));
        let Expiry { ttl, jitter } = Preset::ApiResponse.expiry();
        let (ttl, spread) = (ttl.nanos().as_secs_f64(), jitter.0);
        assert!((ttl * (1.0 - spread) - 60.0).abs() < 1e-6, "{ttl} {spread}");
        assert!((ttl * (1.0 + spread) - 600.0).abs() < 1e-6);
    }
}
