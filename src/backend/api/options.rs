//! What a scenario can say about an API.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Spread;

/// A slow external API in front of the store.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ApiOptions {
    /// How long the API takes to answer.
    pub latency: Spread,
    /// Reads a second that the API answers, over all nodes; it refuses what is beyond them (429).
    /// Unlimited if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<f64>,
    /// Reads that may come at once after a quiet time. Defaults to one second's worth of the limit,
    /// and at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
}

impl ApiOptions {
    /// The limit and the burst in force; `None` where there is no limit.
    pub fn limit(&self) -> Option<(f64, u32)> {
        let rate = self.rate_limit?;
        Some((rate, self.burst.unwrap_or(rate.round().max(1.0) as u32)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Span;

    #[test]
    fn a_burst_defaults_to_one_seconds_worth() {
        let latency = Spread::log_normal(Span::from_millis(40), Span::from_millis(150));
        let options = |rate_limit, burst| ApiOptions { latency, rate_limit, burst };
        assert_eq!(options(Some(100.0), Some(20)).limit(), Some((100.0, 20)));
        assert_eq!(options(Some(100.0), None).limit(), Some((100.0, 100)));
        assert_eq!(options(Some(0.1), None).limit(), Some((0.1, 1)));
        assert_eq!(options(None, None).limit(), None);
    }
}
