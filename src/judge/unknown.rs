//! Writes of one key that failed or timed out: each may have taken effect, or may still do so.

use crate::model::{Nanos, Writer};

/// Unknown writes whose version no read has revealed yet.
#[derive(Default)]
pub(super) struct Unknown {
    /// In the order in which they were given up.
    recent: Vec<Left>,
    /// Older ones, of which only number and earliest invocation are kept.
    older: u64,
    older_invoked: Nanos,
}

/// A write that was left unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) writer: Writer,
    pub(super) invoked: Nanos,
    /// Whether it is a deletion.
    pub(super) deletes: bool,
}

impl Unknown {
    /// Adds a write; beyond `limit`, the one that was given up first is no longer told apart.
    pub(super) fn add(&mut self, left: Left, limit: usize) {
        if self.recent.len() >= limit {
            let oldest = self.recent.remove(0).invoked;
            self.older_invoked =
                if self.older == 0 { oldest } else { oldest.min(self.older_invoked) };
            self.older += 1;
        }
        self.recent.push(left);
    }

    /// Takes out the write of `writer`, which is unknown no longer.
    pub(super) fn take(&mut self, writer: Writer) -> Option<Left> {
        let index = self.recent.iter().position(|left| left.writer == writer)?;
        Some(self.recent.remove(index))
    }

    /// Whether there are none at all.
    pub(super) fn is_empty(&self) -> bool {
        self.recent.is_empty() && self.older == 0
    }

    /// Bytes that it takes beside itself.
    pub(super) fn bytes(&self) -> usize {
        self.recent.capacity() * size_of::<Left>()
    }

    /// Whether there are some that are no longer told apart.
    pub(super) fn any_older(&self) -> bool {
        self.older > 0
    }

    /// How many were invoked by `instant` at most, and the earliest invocation of all.
    pub(super) fn invoked_by(&self, instant: Nanos) -> Option<(u64, Nanos)> {
        let recent = self.recent.iter().map(|left| left.invoked);
        let told_apart = recent.clone().filter(|&invoked| invoked <= instant).count() as u64;
        let earliest = recent.chain(self.any_older().then_some(self.older_invoked)).min()?;
        (earliest <= instant).then_some((told_apart + self.older, earliest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(writer: u64, invoked: u64) -> Left {
        Left { writer: Writer(writer), invoked: Nanos(invoked), deletes: writer == 3 }
    }

    #[test]
    fn writes_beyond_the_limit_are_counted_and_no_longer_told_apart() {
        let mut unknown = Unknown::default();
        for (writer, invoked) in [(1, 20), (2, 10), (3, 30), (4, 50)] {
            unknown.add(left(writer, invoked), 2);
        }
        assert!(unknown.any_older());
        assert_eq!(unknown.take(Writer(1)), None);
        assert_eq!(unknown.invoked_by(Nanos(9)), None);
        assert_eq!(unknown.invoked_by(Nanos(30)), Some((3, Nanos(10))));
        assert_eq!(unknown.take(Writer(3)), Some(left(3, 30)));
        assert_eq!(unknown.invoked_by(Nanos(50)), Some((3, Nanos(10))));
    }
}
