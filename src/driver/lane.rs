//! One load thread's part of a run.

use crate::model::NodeId;

/// The nodes that one load thread drives, and with them their clients: every `of`-th, from `index`
/// on. A node, as one process of the application, is on one thread with all it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane {
    index: u32,
    of: u32,
}

impl Lane {
    /// All nodes, on one thread.
    pub const ONLY: Self = Self { index: 0, of: 1 };

    /// The lanes of `threads` load threads.
    pub fn all(threads: u32) -> impl Iterator<Item = Self> {
        let of = threads.max(1);
        (0..of).map(move |index| Self { index, of })
    }

    pub(super) const fn is_only(self) -> bool {
        self.of == 1
    }

    pub(super) const fn has(self, node: NodeId) -> bool {
        node.0 % self.of == self.index
    }

    /// This lane's share of `0 .. count`.
    pub(super) fn share(self, count: u64) -> impl Iterator<Item = u64> {
        (u64::from(self.index)..count).step_by(self.of as usize)
    }

    /// Whether the work that is done once for all nodes is done here.
    pub(super) const fn has_worker(self) -> bool {
        self.index == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_is_in_one_lane() {
        for threads in 1..5 {
            for node in (0..20).map(NodeId) {
                assert_eq!(Lane::all(threads).filter(|lane| lane.has(node)).count(), 1);
            }
            assert_eq!(Lane::all(threads).filter(|lane| lane.has_worker()).count(), 1);
            let mut shared: Vec<u64> = Lane::all(threads).flat_map(|lane| lane.share(20)).collect();
            shared.sort_unstable();
            assert_eq!(shared, (0..20).collect::<Vec<_>>());
        }
    }
}
