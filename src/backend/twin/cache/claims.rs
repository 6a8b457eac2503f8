//! Locks and leases: who has claimed a key, and until when.

use std::collections::VecDeque;

use crate::backend::Token;
use crate::backend::hashing::ByKey;
use crate::model::{Key, Nanos};

/// The claims of one kind. One that has expired is as good as none.
#[derive(Default)]
pub(super) struct Claims {
    held: ByKey<(Token, Nanos)>,
    /// Deadlines in the order of claiming, to find what has expired.
    claimed: VecDeque<(Nanos, Key)>,
}

impl Claims {
    /// Claims the key until `deadline`, unless somebody has it. True if it was claimed.
    pub fn take(&mut self, key: Key, token: Token, deadline: Nanos, now: Nanos) -> bool {
        let is_free = self.holder(key, now).is_none();
        if is_free {
            self.drop_expired(now);
            self.claimed.push_back((deadline, key));
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
        self.claimed.clear();
    }

    fn drop_expired(&mut self, now: Nanos) {
        while let Some(&(deadline, key)) = self.claimed.front()
            && deadline <= now
        {
            self.claimed.pop_front();
            if self.held.get(&key).is_some_and(|(_, held_until)| *held_until <= now) {
                self.held.remove(&key);
            }
        }
    }

    /// How many there are, those that have expired unnoticed included.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    fn holder(&self, key: Key, now: Nanos) -> Option<Token> {
        self.held.get(&key).filter(|(_, deadline)| *deadline > now).map(|(token, _)| *token)
    }
}
