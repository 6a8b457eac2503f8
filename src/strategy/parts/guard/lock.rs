//! One load at a time across all nodes, under a lock in the cache.
//!
//! - the winner (SET NX PX with a token of its own) looks again, loads, fills, and releases the lock
//!   if it is still its own
//! - the others take the expired entry if it is kept for them, else wait, look again, and try again
//!
//! An owner that dies leaves its lock behind until that expires; then somebody else wins.

use super::super::aside::{Aside, Put};
use crate::backend::{Cache, Ctx, Token};
use crate::model::{Key, Nanos, Outcome, Value};

/// Loads the missing entry, or waits until somebody else has.
pub async fn under_lock(
    aside: &Aside,
    ctx: &Ctx<'_>,
    key: Key,
    expired: Option<Value>,
) -> Outcome<Value> {
    let guards = aside.guards();
    loop {
        match try_lock(aside, ctx, key).await {
            Ok(Some(token)) => {
                let outcome = match aside.look_again(ctx, key).await {
                    Some(value) => Ok(value),
                    None => aside.load(ctx, ctx.fill(), key, Put::Plain).await,
                };
                unlock(ctx, key, token).await;
                return outcome;
            }
            Ok(None) => {}
            // A cache that does not answer guards nothing.
            Err(_) => return aside.load(ctx, ctx.fill(), key, Put::Plain).await,
        }
        if guards.grace > Nanos::ZERO
            && let Some(value) = expired
        {
            ctx.count_stale_served();
            return Ok(value);
        }
        ctx.clock().sleep(guards.wait).await;
        if let Some(value) = aside.look_again(ctx, key).await {
            return Ok(value);
        }
    }
}

/// The proof of having taken the key's lock, unless somebody else has it.
pub async fn try_lock(aside: &Aside, ctx: &Ctx<'_>, key: Key) -> Outcome<Option<Token>> {
    let token = ctx.token();
    let taken = ctx.lock().cache().lock(key, token, aside.guards().time).await?;
    Ok(taken.then_some(token))
}

/// A release that fails is not made up for: the lock expires.
pub async fn unlock(ctx: &Ctx<'_>, key: Key, token: Token) {
    let _ = ctx.lock().cache().unlock(key, token).await;
}
