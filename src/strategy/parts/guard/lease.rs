//! One load at a time across all nodes, by a lease that a deletion voids.
//!
//! - a miss hands out a lease, one for each key at a time
//! - its holder loads and fills; the fill counts only if the lease still stands; a load that fails
//!   gives the lease back
//! - the others wait, and look again; a holder that dies keeps its lease until that expires
//!
//! A write voids the lease along with the entry, so a value that was read before the write is never
//! kept after it: leases also cure the stale fill.
//!
//! Source: R. Nishtala et al., "Scaling Memcache at Facebook", 2013, section 3.2.1.

use super::super::aside::{Aside, Put};
use super::super::entry::{self, Held};
use crate::backend::{Cache, Ctx, Leased};
use crate::model::{Key, Outcome, Value};

/// Loads the missing entry, or waits until somebody else has.
pub async fn under_lease(aside: &Aside, ctx: &Ctx<'_>, key: Key) -> Outcome<Value> {
    let guards = aside.guards();
    loop {
        let token = ctx.token();
        match ctx.lookup().cache().lease_get(key, token, guards.time).await {
            Ok(Leased::Granted) => {
                let outcome = aside.load(ctx, ctx.fill(), key, Put::UnderLease(token)).await;
                if outcome.is_err() {
                    // Nobody need wait for what will not come. If this fails too, the lease expires.
                    let _ = ctx.lock().cache().lease_delete(key).await;
                }
                return outcome;
            }
            Ok(Leased::Found(entry)) => match entry::decode(ctx.lookup(), key, entry)? {
                Held::Value(value, stamp) if stamp.expiry > ctx.clock().now() => return Ok(value),
                // Past its own expiry, it is about to leave the cache: then there is a lease.
                Held::Value(..) => ctx.clock().sleep(guards.wait).await,
                // What is there is no value, and without a lease nothing may take its place.
                Held::Tombstone(_) => return Ok(ctx.fill().store().read(key).await?.value),
            },
            Ok(Leased::Taken) => ctx.clock().sleep(guards.wait).await,
            // A cache that does not answer guards nothing.
            Err(_) => return Ok(ctx.fill().store().read(key).await?.value),
        }
    }
}
