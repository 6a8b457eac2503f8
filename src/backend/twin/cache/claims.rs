//! Locks and leases: who has claimed a key, and until when.

use std::collections::HashMap;

use crate::backend::Token;
use crate::model::{Key, Nanos};

/// The claims of one kind. One that has expired is as good as none.
#[derive(Default)]
pub(super) struct Claims {
    held: HashMap<Key, (Token, Nanos)>,
}

impl Claims {
    /// Claims the key until `deadline`, unless somebody has it. True if it was claimed.
    pub fn take(&mut self, key: Key, token: Token, deadline: Nanos, now: Nanos) -> bool {
        let is_free = self.holder(key, now).is_none();
        if is_free {
            self.held.insert(key, (token, deadline));
        }
        is_free
    }

    /// Whether the key is claimed with `token`.
    pub fn is_held(&self, key: Key, token: Token, now: Nanos) -> bool {
        self.holder(key, now) == Some(token)
    }

    /// Ends the claim if it was made with `token`. True if it was ended.
    pub fn release(&mut self, key: Key, token: Token, now: Nanos) -> bool {
        let is_held = self.is_held(key, token, now);
        if is_held {
            self.void(key);
        }
        is_held
    }

    /// Ends the claim, whoever has made it.
    pub fn void(&mut self, key: Key) {
        self.held.remove(&key);
    }

    pub fn clear(&mut self) {
        self.held.clear();
    }

    fn holder(&self, key: Key, now: Nanos) -> Option<Token> {
        self.held.get(&key).filter(|(_, deadline)| *deadline > now).map(|(token, _)| *token)
    }
}
