//! Operations between the watermark and now, in the order of their ends.
//!
//! A read that was certain as it came stays in here only in case something else comes to be known of
//! its key: a write that had begun before the read ended, and has only now reported. Then, and only
//! then, is it *doubted*, and judged once the watermark is past its end. Certain reads of one key are
//! linked, the later to the earlier, so that they are found without a search.

use std::collections::VecDeque;

use super::pairs::Shown;
use crate::model::{ClientId, Nanos, Version, Writer};

/// Of the interval of a read that is in none.
pub(super) const NO_BUCKET: u32 = u32::MAX;

/// So many come before one that is soon.
const SOON: usize = 8;

#[derive(Default)]
pub(super) struct Queue {
    entries: VecDeque<Entry>,
    /// The number of the first entry, of which links have the lower half.
    first: u64,
    /// What the entries that say so had been superseded by, in the same order.
    stale: VecDeque<Stale>,
}

/// One operation that has ended.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) ended: Nanos,
    pub(super) version: Version,
    pub(super) writer: Writer,
    pub(super) key: u32,
    pub(super) client: ClientId,
    /// The interval of the timeline in which it counts.
    pub(super) bucket: u32,
    /// The link of the certain read of the same key before this one.
    before: u32,
    /// What its client has seen by it, if that obliges to anything.
    pub(super) shown: Option<Shown>,
    pub(super) wait: Wait,
    /// It said that there is no row.
    pub(super) absent: bool,
    is_stale: bool,
}

/// What is still to be judged of an operation once the watermark is past its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Nothing: it is here for what its client saw.
    Nothing,
    /// Nothing, unless something else comes to be known of its key.
    Certain,
    /// Whether it can have been out of date.
    Freshness,
    /// That, and whether what it returned had been written.
    Origin,
}

/// What had superseded a read's version before it began.
#[derive(Clone, Copy)]
pub(super) struct Stale {
    pub(super) by: Nanos,
    pub(super) newest: Version,
}

impl Entry {
    /// What a client saw, of which nothing has to be judged.
    pub(super) const fn new(key: u32, client: ClientId, version: Version, ended: Nanos) -> Self {
        Self {
            ended,
            version,
            writer: Writer::LOAD,
            key,
            client,
            bucket: NO_BUCKET,
            before: 0,
            shown: None,
            wait: Wait::Nothing,
            absent: false,
            is_stale: false,
        }
    }
}

impl Queue {
    pub(super) fn new() -> Self {
        // Link 0 leads nowhere.
        Self { first: 1, ..Self::default() }
    }

    pub(super) fn push(&mut self, entry: Entry, stale: Option<Stale>) {
        self.stale.extend(stale);
        self.entries.push_back(Entry { is_stale: stale.is_some(), ..entry });
    }

    /// Adds a certain read, to which `link` then leads.
    pub(super) fn push_certain(&mut self, entry: Entry, link: &mut u32) {
        let number = self.first + self.entries.len() as u64;
        self.entries.push_back(Entry { before: *link, wait: Wait::Certain, ..entry });
        *link = number as u32;
    }

    /// Whether the certain reads of `key` that `link` leads to were fresh has to be judged after all.
    pub(super) fn doubt(&mut self, key: u32, mut link: u32) {
        let mut end = self.entries.len();
        loop {
            let index = link.wrapping_sub(self.first as u32) as usize;
            // Whatever is linked lies further to the front, or has left.
            if index >= end || self.entries[index].key != key {
                return;
            }
            let entry = &mut self.entries[index];
            if entry.wait == Wait::Certain {
                entry.wait = Wait::Freshness;
            }
            (link, end) = (entry.before, index);
        }
    }

    /// One that has not long to wait any more, if there is any.
    pub(super) fn soon(&self) -> Option<&Entry> {
        self.entries.get(SOON)
    }

    /// Takes out the first one, if it ended before `watermark`.
    pub(super) fn pop_before(&mut self, watermark: Nanos) -> Option<(Entry, Option<Stale>)> {
        let entry = self.entries.pop_front_if(|entry| entry.ended < watermark)?;
        self.first += 1;
        let stale = if entry.is_stale { self.stale.pop_front() } else { None };
        Some((entry, stale))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: u32, ended: u64) -> Entry {
        Entry::new(key, ClientId(0), Version(1), Nanos(ended))
    }

    #[test]
    fn an_operation_is_remembered_in_few_bytes() {
        assert!(size_of::<Entry>() <= 48, "{}", size_of::<Entry>());
    }

    #[test]
    fn only_certain_reads_of_the_key_that_are_still_here_are_doubted() {
        let mut queue = Queue::new();
        let (mut one, mut other) = (0, 0);
        queue.push_certain(entry(1, 10), &mut one);
        queue.push_certain(entry(1, 20), &mut one);
        queue.push(entry(1, 30), None);
        queue.push_certain(entry(2, 30), &mut other);
        queue.push_certain(entry(1, 40), &mut one);
        assert_eq!(queue.pop_before(Nanos(11)).map(|(it, _)| it.wait), Some(Wait::Certain));
        queue.doubt(1, one);
        let rest: Vec<_> = std::iter::from_fn(|| queue.pop_before(Nanos::NEVER)).collect();
        let waits: Vec<_> = rest.iter().map(|(it, _)| it.wait).collect();
        assert_eq!(waits, [Wait::Freshness, Wait::Nothing, Wait::Certain, Wait::Freshness]);
        queue.doubt(1, one);
        queue.doubt(2, other);
    }

    #[test]
    fn what_superseded_a_read_comes_out_with_it() {
        let mut queue = Queue::new();
        let stale = Stale { by: Nanos(5), newest: Version(7) };
        queue.push(entry(1, 10), None);
        queue.push(entry(2, 20), Some(stale));
        assert!(queue.pop_before(Nanos(10)).is_none());
        assert!(queue.pop_before(Nanos(11)).is_some_and(|(_, stale)| stale.is_none()));
        let newest = queue.pop_before(Nanos(21)).and_then(|(_, stale)| stale).map(|it| it.newest);
        assert_eq!(newest, Some(Version(7)));
    }
}
