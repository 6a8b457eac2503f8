//! Takes in what clients saw, and judges each read once no operation that bears on it is in flight.

use super::audit::{EndState, Reckoning};
use super::freshness::Freshness;
use super::history::{Acknowledged, History, Irregular};
use super::ledger::Ledger;
use super::pairs::Shown;
use super::reach::{Reach, Reached};
use super::sessions::Sessions;
use super::slot::{Fresh, Slot};
use super::unknown::Left;
use super::waiting::{Entry, NO_BUCKET, Queue, Stale, Wait};
use super::{Audit, Findings, StalenessBucket};
use crate::model::{Agenda, FaultKind, Key, Nanos, Op, Sample, Version, Writer};

/// Above this, what a sample calls a version is nonsense, such as a negative number, and is taken
/// for this one, so that counting on from it cannot overflow.
const HIGHEST: Version = Version(u64::MAX >> 1);

/// What is judged, and how much is remembered for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The keys of the dataset: `0 .. keys`.
    pub keys: u64,
    /// The keys that have a row as version 0: `0 .. loaded`. Of the others version 0 is that there
    /// is none.
    pub loaded: u64,
    /// How many of a key's latest versions are remembered one by one.
    pub ring: usize,
    /// The measured window, from its start to before its end. Requests intended outside of it only
    /// tell what versions there are.
    pub window: (Nanos, Nanos),
    /// The width of a bucket of the timeline; zero for no timeline.
    pub bucket: Nanos,
}

/// How much of what was seen a judge remembers, beside 64 bytes for each key. With less, what counts as
/// definite is still certain, and what counts as possible an upper bound: ages are told with wider
/// bounds, and broken session guarantees, dirty reads and phantoms can go unnoticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Bytes that the histories of keys may take: recent versions, told one by one.
    pub histories: usize,
    /// Pairs of client and key of which it is known what the client has seen, 16 bytes each.
    pub pairs: usize,
}

/// Judges the reads of one run online, in constant time per read.
///
/// What is certain by the past alone (definitely stale reads, their age at least) is counted as a
/// read arrives. What depends on writes that may still be in flight waits for the watermark: most reads
/// wait in vain, for no such write reports, and then nothing is left to be done. Memory is bounded by
/// keys, by what [`Memory`] says, and by what happens between the watermark and now.
pub struct Judge {
    rules: Rules,
    watermark: Nanos,
    ledger: Ledger,
    sessions: Sessions,
    freshness: Freshness,
    /// What ended after the watermark.
    waiting: Queue,
    /// Reads that wait for longer, by the last instant that they wait for.
    deferred: Agenda<Deferred>,
    findings: Findings,
}

type Deferred = (Entry, Option<Stale>, Reach);

impl Rules {
    /// How many versions of a key a judge remembers one by one unless told otherwise.
    pub const RING: usize = 64;
}

impl Memory {
    /// 64 MiB of histories and 32 MiB of pairs.
    pub const USUAL: Self = Self { histories: 64 << 20, pairs: 2 << 20 };
}

impl Judge {
    pub fn new(rules: Rules) -> Self {
        Self::within(Memory::USUAL, rules)
    }

    /// A judge that remembers no more than so much.
    pub fn within(memory: Memory, rules: Rules) -> Self {
        Self {
            rules: Rules { ring: rules.ring.max(1), ..rules },
            watermark: Nanos::ZERO,
            ledger: Ledger::new(rules.keys, memory.histories),
            sessions: Sessions::new(memory.pairs),
            freshness: Freshness::new(),
            waiting: Queue::new(),
            deferred: Agenda::default(),
            findings: Findings::default(),
        }
    }

    /// Requests of these keys are about to be taken in. With very many keys, what is known of each is far away
    /// in memory; several are fetched in the time of one.
    pub fn expect(&self, keys: &[Key]) {
        self.ledger.slots.expect(keys);
    }

    /// Takes in a finished request. They come in the order of `ended`, ties in any order. What a
    /// request reads before it writes comes before it, as a read of its own.
    ///
    /// # Panics
    ///
    /// If the key is not one of the dataset.
    pub fn observe(&mut self, sample: &Sample) {
        debug_assert!(sample.started >= self.watermark, "a request began before the watermark");
        let counted = self.rules.counts(sample.intended);
        match sample.op {
            Op::Read => self.observe_read(sample, counted),
            _ => self.observe_write(sample, counted),
        }
    }

    /// No request that is in flight, or still to come, starts before `watermark`. The more often
    /// this is said, the less has to be kept in memory.
    pub fn advance(&mut self, watermark: Nanos) {
        if watermark <= self.watermark {
            return;
        }
        self.watermark = watermark;
        while let Some((entry, stale)) = self.waiting.pop_before(watermark) {
            if let Some(soon) = self.waiting.soon()
                && soon.shown.is_some()
            {
                self.sessions.expect(soon.key, soon.client);
            }
            if let Some(shown) = entry.shown {
                let Entry { key, client, version, ended, .. } = entry;
                self.sessions.saw(key, client, version, shown, ended);
            }
            if entry.wait == Wait::Origin {
                self.judge_origin(&entry);
            }
            if matches!(entry.wait, Wait::Origin | Wait::Freshness) {
                self.judge_freshness(entry, stale, Reach::of(entry.version));
            }
        }
        while let Some((_, (read, stale, so_far))) = self.deferred.take_due(watermark - Nanos(1)) {
            self.judge_freshness(read, stale, so_far);
        }
        self.sessions.advance(watermark);
        // Not before: those reads ended when this was still to be told version by version.
        self.ledger.advance(watermark);
    }

    /// What has been judged so far of the reads in an interval of the timeline.
    pub fn so_far(&self, index: usize) -> StalenessBucket {
        self.findings.timeline.get(index).copied().unwrap_or_default()
    }

    /// All requests are in; `end` is what they left behind.
    ///
    /// # Panics
    ///
    /// If a key of `end` is not one of the dataset.
    pub fn finish(self, end: &EndState) -> (Findings, Audit) {
        let mut reckoning = self.end();
        reckoning.compare(&end.keys);
        reckoning.conclude()
    }

    /// All requests are in; what they left behind is still to be told, some keys at a time. Memory for
    /// anything but that is given back.
    pub fn end(mut self) -> Reckoning {
        self.advance(Nanos::NEVER);
        let broken = self.sessions.broken();
        self.findings.monotonic_violations = broken.monotonic_reads;
        self.findings.read_your_writes_violations = broken.own_writes;
        self.findings.forgotten_pairs = broken.forgotten;
        self.findings.freshness = self.freshness.into_points();
        let buckets = self.rules.buckets().max(self.findings.timeline.len());
        self.findings.timeline.resize_with(buckets, StalenessBucket::default);
        Reckoning::new(self.ledger, self.findings)
    }

    fn observe_write(&mut self, sample: &Sample, counted: bool) {
        // What a client wants to read first and cannot, it does not write.
        if sample.wrote_from == Nanos::NEVER {
            return;
        }
        let write = Left {
            writer: Writer::of_request(sample.request),
            invoked: sample.wrote_from,
            deletes: sample.op == Op::Delete,
        };
        let acknowledged = sample.written.filter(|_| sample.fault.is_none());
        let acknowledged = acknowledged.map(|version| version.min(HIGHEST));
        let (key, watermark, ring) = (self.number(sample.key), self.watermark, self.rules.ring);
        let ended = sample.ended;
        let history = self.news(key);
        let irregular = match acknowledged {
            Some(version) => history.acknowledge(Acknowledged { version, ended, write }, watermark),
            None => history.leave_unknown(write, ring),
        };
        history.trim(ring, watermark);
        self.ledger.settle(key);
        if let Some(version) = acknowledged {
            let mut write = Entry::new(key, sample.client, version, ended);
            write.shown = Some(Shown::Written);
            self.waiting.push(write, None);
        }
        self.findings.writes += u64::from(counted && acknowledged.is_some());
        self.findings.unknown_writes += u64::from(counted && acknowledged.is_none());
        if let (Op::ReadModifyWrite, Some(seen), Some(version)) =
            (sample.op, sample.seen, acknowledged)
        {
            let follows = version == seen.min(HIGHEST).next();
            self.findings.lost_updates += u64::from(counted && !follows);
        }
        self.count_irregular(irregular);
    }

    fn observe_read(&mut self, sample: &Sample, counted: bool) {
        match (sample.fault, sample.seen) {
            (Some(fault), _) => {
                self.findings.corrupt += u64::from(counted && fault.kind == FaultKind::Corrupt);
            }
            (None, Some(version)) => {
                // A value without a writer can only be one that was loaded.
                let writer = sample.seen_writer.unwrap_or(Writer::LOAD);
                self.observe_value(sample, version.min(HIGHEST), writer, counted);
            }
            (None, None) => {}
        }
    }

    /// A read returned `version` of `writer`: judges by what had happened before the read began.
    fn observe_value(&mut self, sample: &Sample, version: Version, writer: Writer, counted: bool) {
        let key = self.number(sample.key);
        let was_written = version > Version::INITIAL;
        let mut read = Entry::new(key, sample.client, version, sample.ended);
        read.writer = writer;
        read.shown = was_written.then_some(Shown::Read);
        read.absent = sample.absent;
        let slot = self.ledger.slots.get(key);
        let is_unwritten = slot.is_none();
        let fresh = slot.and_then(|slot| slot.fresh(version, writer, sample.started));
        let is_certain = fresh.is_some() || (!was_written && is_unwritten);
        if !is_certain && was_written {
            self.show(&read);
        }
        if !counted {
            if was_written {
                self.waiting.push(read, None);
            }
            return;
        }
        read.bucket = self.rules.bucket_of(sample.intended);
        self.findings.reads += 1;
        if let Some(bucket) = self.findings.bucket(read.bucket) {
            bucket.reads += 1;
        }
        if !was_written {
            self.findings.count_row(read.absent, Some(sample.key.0 >= self.rules.loaded));
            self.findings.dirty_reads += u64::from(writer != Writer::LOAD);
        }
        if is_certain {
            self.observe_certain(read, fresh, sample.started);
        } else {
            self.observe_doubtful(read, sample.started);
        }
    }

    /// Tells the history of the key of a version that was read.
    fn show(&mut self, read: &Entry) {
        if self.ledger.history(read.key).knows(read.version, read.writer) {
            return;
        }
        let (watermark, ring) = (self.watermark, self.rules.ring);
        let history = self.news(read.key);
        let irregular = history.show(read.version, read.writer, read.ended);
        history.trim(ring, watermark);
        self.ledger.settle(read.key);
        self.count_irregular(irregular);
    }

    /// A read of the newest version, which had been in place before, or of a key that never was
    /// written: right by all that is known. Only a write that has not reported can change that.
    fn observe_certain(&mut self, read: Entry, fresh: Option<Fresh>, started: Nanos) {
        if let Some(fresh) = fresh {
            self.ledger.slots.get(read.key).into_iter().for_each(Slot::count_read);
            self.findings.count_row(read.absent, Some(fresh.deletes));
            self.freshness.record(started - fresh.acknowledged, false);
        }
        self.waiting.push_certain(read, self.ledger.slots.link(read.key));
    }

    fn observe_doubtful(&mut self, mut read: Entry, started: Nanos) {
        let Entry { key, version, client, .. } = read;
        let mut stale = None;
        let history = self.ledger.history(key);
        let newest = history.in_place_before(started);
        let is_stale = version < newest;
        if let Some(acknowledged) = history.acknowledged_before(started) {
            self.freshness.record(started - acknowledged, is_stale);
        }
        if is_stale && let Some(superseded) = history.superseded(version) {
            stale = Some(Stale { by: superseded.by, newest });
            self.findings.definitely_stale += 1;
            self.findings.age_at_least.record(started - superseded.by);
            self.findings.versions_at_least.record_count(newest.0 - version.0);
            self.findings.beyond_ring += u64::from(superseded.beyond_ring);
            if let Some(bucket) = self.findings.bucket(read.bucket) {
                bucket.definitely_stale += 1;
            }
            self.sessions.ask(key, client, version, started);
        }
        let is_initial = version == Version::INITIAL;
        read.wait = if is_initial { Wait::Freshness } else { Wait::Origin };
        self.waiting.push(read, stale);
    }

    /// Was what the read returned written by then, and was it a row that was written? Every write
    /// invoked up to its end has reported.
    fn judge_origin(&mut self, read: &Entry) {
        let history = self.ledger.history(read.key);
        let deletes = history.deletes(read.version, read.writer);
        let clean = history.count_read(read.version, read.writer, read.ended);
        self.findings.count_row(read.absent, deletes);
        self.findings.dirty_reads += u64::from(!clean);
    }

    /// Can the read have been out of date? Every write invoked up to its end has reported.
    fn judge_freshness(&mut self, read: Entry, stale: Option<Stale>, so_far: Reach) {
        let reach = match self.ledger.history(read.key).reach(so_far, read.ended, self.watermark) {
            Reached::Settled(reach) => reach,
            Reached::Open { until, so_far } => {
                self.deferred.put(until, (read, stale, so_far));
                return;
            }
        };
        // What had superseded it may have been struck out meanwhile: it was stale all the same.
        let by = stale.map(|stale| stale.by);
        let Some(earliest) = reach.earliest.into_iter().chain(by).min() else { return };
        if stale.is_some() || earliest < read.ended {
            let newest = reach.newest.max(stale.map_or(reach.newest, |stale| stale.newest));
            self.findings.possibly_stale += 1;
            self.findings.age_at_most.record(read.ended - earliest);
            self.findings.versions_at_most.record_count(newest.0 - read.version.0);
            if let Some(bucket) = self.findings.bucket(read.bucket) {
                bucket.possibly_stale += 1;
            }
        }
    }

    /// The history of a key of which something new has come to be known. Reads of it that were certain
    /// are no longer.
    fn news(&mut self, key: u32) -> &mut History {
        let link = std::mem::take(self.ledger.slots.link(key));
        self.waiting.doubt(key, link);
        self.ledger.news(key)
    }

    /// The number of a key of the dataset.
    fn number(&self, key: Key) -> u32 {
        assert!(key.0 < self.rules.keys, "{key:?} is not one of the dataset's");
        key.0 as u32
    }

    fn count_irregular(&mut self, irregular: Irregular) {
        self.findings.order_violations += u64::from(irregular.out_of_order);
        self.findings.duplicate_versions += u64::from(irregular.duplicate);
    }
}

impl Rules {
    fn counts(&self, intended: Nanos) -> bool {
        (self.window.0..self.window.1).contains(&intended)
    }

    /// The bucket of the timeline in which a request of the window is counted.
    fn bucket_of(&self, intended: Nanos) -> u32 {
        let index = (intended - self.window.0).0.checked_div(self.bucket.0);
        index.and_then(|index| u32::try_from(index).ok()).unwrap_or(NO_BUCKET)
    }

    /// How many buckets the timeline of a window has that does end.
    fn buckets(&self) -> usize {
        let (start, end) = self.window;
        if end == Nanos::NEVER || self.bucket == Nanos::ZERO {
            return 0;
        }
        (end - start).0.div_ceil(self.bucket.0) as usize
    }
}

impl Findings {
    /// An interval of the timeline, if it is one.
    fn bucket(&mut self, index: u32) -> Option<&mut StalenessBucket> {
        if index == NO_BUCKET {
            return None;
        }
        let index = index as usize;
        if index >= self.timeline.len() {
            self.timeline.resize_with(index + 1, StalenessBucket::default);
        }
        self.timeline.get_mut(index)
    }

    /// Counts a read that did or did not find a row, in a version whose write was a deletion, or not.
    fn count_row(&mut self, absent: bool, deletes: Option<bool>) {
        self.phantom_absent += u64::from(absent && deletes == Some(false));
        self.phantom_present += u64::from(!absent && deletes == Some(true));
    }
}
