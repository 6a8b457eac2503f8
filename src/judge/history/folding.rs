//! Histories of quiet keys, folded into few numbers, and taken out of them again.

use std::collections::VecDeque;

use super::{History, Known};
use crate::judge::past::Past;
use crate::judge::slot::{Folded, Newest};
use crate::model::{Nanos, Version};

/// Versions that a history keeps room for while it is of no key.
const ROOM: usize = 4;

impl History {
    /// The newest version, where a read of it that begins from now on, after the version was in place
    /// and after the last acknowledgement, is neither out of date nor dirty by what is known.
    pub(in crate::judge) fn newest(&self) -> Option<Newest> {
        let known = self.recent.back()?;
        if !self.unknown.is_empty() || known.invoked > known.in_place_by {
            return None;
        }
        Some(Newest {
            version: u32::try_from(known.version.0).ok()?,
            writer: known.writer,
            in_place_by: known.in_place_by,
            acknowledged: *self.acknowledgements.back()?,
            deletes: known.deletes?,
        })
    }

    /// Adds counted reads of the newest version.
    pub(in crate::judge) fn add_reads(&mut self, reads: u32) {
        if let Some(newest) = self.recent.back_mut() {
            newest.reads = newest.reads.saturating_add(reads);
        }
    }

    /// Whether all that is known was in place, or acknowledged, before `watermark`.
    pub(in crate::judge) fn is_at_rest(&self, watermark: Nanos) -> bool {
        self.recent.back().is_none_or(|newest| newest.in_place_by < watermark)
            && self.acknowledgements.back().is_none_or(|&last| last < watermark)
    }

    /// The history of a key at rest in few numbers, if it is a regular one: each version up to the
    /// newest was acknowledged, once. What is lost are the versions before the newest, told one by
    /// one: all that remains of them are bounds.
    pub(in crate::judge) fn fold(&self) -> Option<Folded> {
        let newest = self.newest()?;
        let known = self.recent.back()?;
        let kept = self.recent.len() as u64;
        let is_regular = self.struck.is_empty()
            && self.acknowledged == known.version.0
            && self.highest_acknowledged == Some(known.version)
            && kept == known.version.0 - self.past.end().0;
        if !is_regular {
            return None;
        }
        let (mut past_from, mut past_by, mut past_reads) =
            self.past.whole().unwrap_or((Nanos::NEVER, Nanos::ZERO, 0));
        for known in self.recent.iter().take(self.recent.len() - 1) {
            past_from = past_from.min(known.in_place_from).min(known.in_place_by);
            past_by = known.in_place_by;
            past_reads += u64::from(known.reads);
        }
        Some(Folded {
            newest,
            in_place_from: known.in_place_from,
            reads: known.reads,
            past_in_place_from: past_from.min(past_by),
            past_in_place_by: past_by,
            past_reads: u32::try_from(past_reads).unwrap_or(u32::MAX),
        })
    }

    /// Becomes the history of the key of which `folded` has been kept.
    pub(in crate::judge) fn unfold(&mut self, folded: &Folded) {
        self.clear();
        let Folded { newest, in_place_from, reads, .. } = *folded;
        let version = Version(newest.version.into());
        self.recent.push_back(Known {
            version,
            writer: newest.writer,
            invoked: in_place_from.min(newest.in_place_by),
            in_place_from,
            in_place_by: newest.in_place_by,
            reads,
            acknowledged: true,
            deletes: Some(newest.deletes),
        });
        let (from, by) = (folded.past_in_place_from, folded.past_in_place_by);
        self.past = Past::of(Version(version.0 - 1), from, by, folded.past_reads.into());
        self.acknowledgements.push_back(newest.acknowledged);
        self.highest_acknowledged = Some(version);
        self.acknowledged = version.0;
    }

    /// Keeps as little as there can be of a key at rest that is no regular one.
    pub(in crate::judge) fn shrink(&mut self, watermark: Nanos) {
        self.trim(1, watermark);
        self.past.merge();
        self.recent.shrink_to_fit();
        self.acknowledgements.shrink_to_fit();
    }

    /// Becomes that of a key of which nothing is known.
    pub(in crate::judge) fn clear(&mut self) {
        let (mut recent, mut acknowledgements) =
            (std::mem::take(&mut self.recent), std::mem::take(&mut self.acknowledgements));
        recent.clear();
        acknowledgements.clear();
        recent.shrink_to(ROOM);
        acknowledgements.shrink_to(ROOM);
        *self = Self { recent, acknowledgements, ..Self::default() };
    }

    /// Bytes that it takes.
    pub(in crate::judge) fn bytes(&self) -> usize {
        size_of::<Self>()
            + bytes_of(&self.recent)
            + bytes_of(&self.acknowledgements)
            + self.past.bytes()
            + self.unknown.bytes()
    }
}

fn bytes_of<T>(queue: &VecDeque<T>) -> usize {
    queue.capacity() * size_of::<T>()
}
