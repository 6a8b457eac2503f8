//! Telling the cache about a committed write. The write has succeeded whatever comes of it, so a
//! failure is retried for a while and then given up, which the context counts.

use std::future::Future;

use crate::backend::Ctx;
use crate::model::{Nanos, Outcome};

/// Waits between attempts, after each of which the next follows.
const BACKOFF: [Nanos; 3] = [Nanos::from_millis(5), Nanos::from_millis(20), Nanos::from_millis(80)];

/// Makes `attempt` until it succeeds, with a growing wait between, and gives up after the last.
pub async fn deliver<T, F>(ctx: &Ctx<'_>, attempt: impl Fn() -> F)
where
    F: Future<Output = Outcome<T>>,
{
    for wait in BACKOFF {
        if attempt().await.is_ok() {
            return;
        }
        ctx.clock().sleep(wait).await;
    }
    if attempt().await.is_err() {
        ctx.count_undelivered();
    }
}
