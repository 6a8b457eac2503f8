//! Refreshes in the background: asked for by requests, carried out by the node while its clients
//! have their answers.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::aside::Aside;
use super::entry::Identity;
use super::guard::{try_lock, unlock};
use crate::backend::{Cache, Ctx};
use crate::model::{Key, Outcome};

/// The refreshes of one node.
pub struct Refresher {
    ask: UnboundedSender<(Key, Bytes)>,
    asked: tokio::sync::Mutex<UnboundedReceiver<(Key, Bytes)>>,
    /// Keys that were asked for and are not done.
    pending: Mutex<HashSet<Key>>,
}

impl Default for Refresher {
    fn default() -> Self {
        let (ask, asked) = unbounded_channel();
        Self { ask, asked: tokio::sync::Mutex::new(asked), pending: Mutex::default() }
    }
}

impl Refresher {
    /// Asks for the entry that goes by `identity` to be refreshed. One refresh of a key at a time.
    pub fn ask(&self, key: Key, identity: Identity) {
        if self.pending().insert(key) {
            // The receiver lives as long as the sender.
            let _ = self.ask.send((key, identity.to_bytes()));
        }
    }

    /// Refreshes what is asked for, for ever, many keys at a time.
    pub async fn run(&self, aside: &Aside, ctx: &Ctx<'_>) {
        let mut asked = self.asked.lock().await;
        let mut refreshing = FuturesUnordered::new();
        loop {
            let next = Box::pin(asked.recv());
            let (key, identity) = if refreshing.is_empty() {
                let Some(next) = next.await else { return };
                next
            } else {
                match select(next, refreshing.next()).await {
                    Either::Left((Some(next), _)) => next,
                    Either::Left((None, _)) => return,
                    Either::Right(_) => continue,
                }
            };
            refreshing.push(async move {
                // What fails is not repeated here: the next access asks again.
                let _ = refresh(aside, ctx, key, identity).await;
                self.pending().remove(&key);
            });
        }
    }

    fn pending(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Loads the entry anew, unless another node is at it. If it has changed meanwhile, in whatever way,
/// what was loaded is discarded.
async fn refresh(aside: &Aside, ctx: &Ctx<'_>, key: Key, identity: Bytes) -> Outcome<()> {
    let Some(token) = try_lock(aside, ctx, key).await? else { return Ok(()) };
    let outcome = async {
        let value = aside.origin(ctx, ctx.refresh(), key).await?;
        if let Some((entry, ttl)) = aside.entry(ctx, ctx.refresh(), &value) {
            ctx.refresh().cache().compare_and_set(key, identity, entry, ttl).await?;
        }
        Ok(())
    };
    let outcome = outcome.await;
    unlock(ctx, key, token).await;
    outcome
}
