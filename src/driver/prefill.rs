//! Fills the cache before the load starts, in the way the strategy does it itself.

use futures_util::StreamExt;
use futures_util::future::{Either, select};
use futures_util::stream;

use super::{Cluster, Node};
use crate::backend::{Ctx, Tap};
use crate::clock::Clock;
use crate::model::{Key, Nanos};
use crate::workload::Plan;

/// Reads in flight at once: enough to be quick, few enough that no store gives up.
const CONCURRENT: usize = 64;

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prefilled {
    pub keys: u64,
    /// Keys whose read failed or took longer than a client waits.
    pub failed: u64,
    pub took: Nanos,
}

/// Reads every loaded key once through the strategies, or the cluster's share of them, the nodes
/// taking turns.
///
/// `clock` must be the one that the run goes on with, or what an entry says of its own expiry would
/// be wrong. The background work does not run yet: nothing is written meanwhile, so there is nothing
/// to invalidate, to relay or to persist, and what a strategy refreshes ahead of expiry waits for the
/// run. What `tap` has seen of it is forgotten.
pub async fn prefill(cluster: &Cluster<'_>, plan: &Plan, clock: &Clock, tap: &Tap) -> Prefilled {
    let started = clock.now();
    let nodes = cluster.nodes();
    let reads = nodes.iter().cycle().zip((0..plan.loaded()).map(Key)).map(|(node, key)| {
        // Seeds of requests are spread from the seed itself; these must not draw as they do.
        let seed = !plan.seed() ^ key.0.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        read(node, key, seed, plan.timeout(), clock, tap)
    });
    let mut answers = stream::iter(reads).buffer_unordered(CONCURRENT);
    let (mut failed, mut forgotten) = (0, Vec::new());
    while let Some(is_answered) = answers.next().await {
        failed += u64::from(!is_answered);
        // As they come: over a large dataset there are millions of calls.
        tap.take(&mut forgotten);
    }
    Prefilled { keys: plan.loaded(), failed, took: clock.now() - started }
}

/// Whether the read was answered.
async fn read(node: &Node, key: Key, seed: u64, timeout: Nanos, clock: &Clock, tap: &Tap) -> bool {
    let ctx = Ctx::request(&*node.cache, &*node.store, clock, tap, seed);
    let answer = select(node.strategy.read(&ctx, key), clock.sleep_until(clock.now() + timeout));
    matches!(answer.await, Either::Left((Ok(_), _)))
}
