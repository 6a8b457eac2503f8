//! The tier in front of the shared cache: values in the node's own memory, forgotten as notices of
//! changes come in.
//!
//! Without a connection that brings the notices, nothing in it can be trusted: it is emptied when the
//! connection is lost, and not used until there is another one. Where a lost connection goes
//! unnoticed, its own TTL bounds how old a value can get.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::backend::{Ctx, Local, Notice, Place, Subscription};
use crate::model::{Key, Nanos, Outcome, Value};

/// How long it rests before it tries again to listen.
const REST: Nanos = Nanos::from_millis(100);

/// A node's near tier.
pub struct Near {
    local: Local,
    ttl: Nanos,
    listening: AtomicBool,
}

impl Near {
    /// Room for `capacity` values, each for `ttl` at most.
    pub fn new(capacity: usize, ttl: Nanos) -> Self {
        Self { local: Local::new(capacity), ttl, listening: AtomicBool::new(false) }
    }

    /// Whether it hears of changes, and so may be used.
    pub fn is_listening(&self) -> bool {
        self.listening.load(Ordering::Relaxed)
    }

    /// The value, if there is one and it may be used.
    pub fn get(&self, ctx: &Ctx<'_>, key: Key) -> Option<Value> {
        self.is_listening().then(|| ctx.lookup().local(&self.local).get(key))?
    }

    /// A place for what is about to be read. See [`Local::place`].
    pub fn place(&self, key: Key) -> Place<'_> {
        self.local.place(key)
    }

    /// Keeps what was read, unless it was forgotten since. That there is no row is not kept.
    pub fn keep(&self, ctx: &Ctx<'_>, place: Place<'_>, value: &Value) {
        if self.is_listening() && !value.is_absent() {
            place.keep(value.clone(), ctx.clock().now() + self.ttl);
        }
    }

    pub fn forget(&self, key: Key) {
        self.local.forget(key);
    }

    /// Listens, for ever, to what `subscribe` subscribes to, and again when the connection is lost.
    pub async fn listen<F>(&self, ctx: &Ctx<'_>, subscribe: impl Fn() -> F)
    where
        F: Future<Output = Outcome<Box<dyn Subscription>>>,
    {
        loop {
            if let Ok(mut subscription) = subscribe().await {
                // What is here was read before anyone would have told of its change.
                self.local.clear();
                self.listening.store(true, Ordering::Relaxed);
                self.follow(&mut *subscription).await;
                self.listening.store(false, Ordering::Relaxed);
                self.local.clear();
            }
            ctx.clock().sleep(REST).await;
        }
    }

    /// Until the connection is lost.
    async fn follow(&self, subscription: &mut dyn Subscription) {
        while let Ok(notice) = subscription.next().await {
            match notice {
                Notice::Changed(key) => self.local.forget(key),
                Notice::All => self.local.clear(),
            }
        }
    }
}
