//! Takes in what clients saw, and judges each read once no operation that bears on it is in flight.

use std::collections::{BTreeMap, VecDeque};

use super::audit::{EndState, audit};
use super::freshness::Freshness;
use super::history::{Acknowledged, Irregular};
use super::ledger::Ledger;
use super::reach::{Reach, Reached};
use super::sessions::{Sessions, Shown};
use super::unknown::Left;
use super::{Audit, Findings, StalenessBucket};
use crate::model::{FaultKind, Key, Nanos, Op, Sample, Version, Writer};

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

/// Judges the reads of one run online, in constant time per read.
///
/// What is certain by the past alone (definitely stale reads, their age at least) is counted as a
/// read arrives. What depends on writes that may still be in flight waits for the watermark. Memory
/// is bounded by keys, by pairs of client and written key, and by what happens between the watermark
/// and now.
pub struct Judge {
    rules: Rules,
    watermark: Nanos,
    ledger: Ledger,
    sessions: Sessions,
    freshness: Freshness,
    /// Reads of the window that wait for the watermark to pass their end, in the order of it.
    waiting: VecDeque<Waiting>,
    /// Reads that wait for longer, by the instant they wait for and a number that tells them apart.
    deferred: BTreeMap<(Nanos, u64), (Waiting, Reach)>,
    deferrals: u64,
    findings: Findings,
}

/// A read that is not judged to the end.
struct Waiting {
    key: Key,
    version: Version,
    writer: Writer,
    /// It said that there is no row.
    absent: bool,
    intended: Nanos,
    ended: Nanos,
    /// What made it definitely stale, if it is.
    stale: Option<Stale>,
}

/// What had superseded a read's version before it began.
#[derive(Clone, Copy)]
struct Stale {
    by: Nanos,
    newest: Version,
}

impl Rules {
    /// How many versions of a key a judge remembers one by one unless told otherwise.
    pub const RING: usize = 64;
}

impl Judge {
    pub fn new(rules: Rules) -> Self {
        Self {
            rules: Rules { ring: rules.ring.max(1), ..rules },
            watermark: Nanos::ZERO,
            ledger: Ledger::new(rules.keys),
            sessions: Sessions::default(),
            freshness: Freshness::new(),
            waiting: VecDeque::new(),
            deferred: BTreeMap::new(),
            deferrals: 0,
            findings: Findings::default(),
        }
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
        self.watermark = self.watermark.max(watermark);
        while let Some(read) = self.waiting.pop_front_if(|read| read.ended < self.watermark) {
            self.judge_origin(&read);
            let so_far = Reach::of(read.version);
            self.judge_freshness(read, so_far);
        }
        while let Some(first) = self.deferred.first_entry()
            && first.key().0 < self.watermark
        {
            let (read, so_far) = first.remove();
            self.judge_freshness(read, so_far);
        }
        let broken = self.sessions.advance(self.watermark);
        self.findings.monotonic_violations += broken.monotonic_reads;
        self.findings.read_your_writes_violations += broken.own_writes;
    }

    /// All requests are in; `end` is what they left behind.
    ///
    /// # Panics
    ///
    /// If a key of `end` is not one of the dataset.
    pub fn finish(mut self, end: &EndState) -> (Findings, Audit) {
        self.advance(Nanos::NEVER);
        let audit = audit(self.ledger, end, &mut self.findings);
        self.findings.freshness = self.freshness.into_points();
        let buckets = self.rules.buckets().max(self.findings.timeline.len());
        self.findings.timeline.resize_with(buckets, StalenessBucket::default);
        (self.findings, audit)
    }

    fn observe_write(&mut self, sample: &Sample, counted: bool) {
        // What a client wants to read first and cannot, it does not write.
        if sample.wrote_from == Nanos::NEVER {
            return;
        }
        let history = self.ledger.written(sample.key);
        let write = Left {
            writer: Writer::of_request(sample.request),
            invoked: sample.wrote_from,
            deletes: sample.op == Op::Delete,
        };
        let acknowledged = sample.written.filter(|_| sample.fault.is_none());
        let acknowledged = acknowledged.map(|version| version.min(HIGHEST));
        let irregular = match acknowledged {
            Some(version) => {
                let Sample { key, client, ended, .. } = *sample;
                self.sessions.saw(key, client, version, Shown::Written, ended);
                history.acknowledge(Acknowledged { version, ended, write }, self.watermark)
            }
            None => history.leave_unknown(write, self.rules.ring),
        };
        history.trim(self.rules.ring, self.watermark);
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
        let Sample { key, client, absent, intended, started, ended, .. } = *sample;
        if version > Version::INITIAL {
            let history = self.ledger.written(key);
            let irregular = history.show(version, writer, ended);
            history.trim(self.rules.ring, self.watermark);
            self.count_irregular(irregular);
            self.sessions.saw(key, client, version, Shown::Read, ended);
        }
        if !counted {
            return;
        }
        let mut stale = None;
        if let Some(history) = self.ledger.get(key) {
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
                self.sessions.ask(key, client, version, started);
            }
        }
        self.findings.reads += 1;
        if let Some(bucket) = self.bucket(intended) {
            bucket.reads += 1;
            bucket.definitely_stale += u64::from(stale.is_some());
        }
        let read = Waiting { key, version, writer, absent, intended, ended, stale };
        self.waiting.push_back(read);
    }

    /// Was what the read returned written by then, and was it a row that was written? Every write
    /// invoked up to its end has reported.
    fn judge_origin(&mut self, read: &Waiting) {
        let deletes = match self.ledger.get(read.key) {
            _ if read.version == Version::INITIAL => Some(read.key.0 >= self.rules.loaded),
            Some(history) => history.deletes(read.version, read.writer),
            None => None,
        };
        self.findings.phantom_absent += u64::from(read.absent && deletes == Some(false));
        self.findings.phantom_present += u64::from(!read.absent && deletes == Some(true));
        let clean = match self.ledger.get_mut(read.key) {
            Some(history) if read.version > Version::INITIAL => {
                history.count_read(read.version, read.writer, read.ended)
            }
            _ => read.writer == Writer::LOAD,
        };
        self.findings.dirty_reads += u64::from(!clean);
    }

    /// Can the read have been out of date? Every write invoked up to its end has reported.
    fn judge_freshness(&mut self, read: Waiting, so_far: Reach) {
        let Some(history) = self.ledger.get(read.key) else { return };
        let reach = match history.reach(so_far, read.ended, self.watermark) {
            Reached::Settled(reach) => reach,
            Reached::Open { until, so_far } => {
                self.deferrals += 1;
                self.deferred.insert((until, self.deferrals), (read, so_far));
                return;
            }
        };
        // What had superseded it may have been struck out meanwhile: it was stale all the same.
        let by = read.stale.map(|stale| stale.by);
        let Some(earliest) = reach.earliest.into_iter().chain(by).min() else { return };
        if read.stale.is_some() || earliest < read.ended {
            let newest = reach.newest.max(read.stale.map_or(reach.newest, |stale| stale.newest));
            self.findings.possibly_stale += 1;
            self.findings.age_at_most.record(read.ended - earliest);
            self.findings.versions_at_most.record_count(newest.0 - read.version.0);
            if let Some(bucket) = self.bucket(read.intended) {
                bucket.possibly_stale += 1;
            }
        }
    }

    fn count_irregular(&mut self, irregular: Irregular) {
        self.findings.order_violations += u64::from(irregular.out_of_order);
        self.findings.duplicate_versions += u64::from(irregular.duplicate);
    }

    /// The bucket of the timeline in which a request of the window is counted.
    fn bucket(&mut self, intended: Nanos) -> Option<&mut StalenessBucket> {
        let (start, width) = (self.rules.window.0, self.rules.bucket.0);
        let index = usize::try_from((intended - start).0.checked_div(width)?).ok()?;
        if index >= self.findings.timeline.len() {
            self.findings.timeline.resize_with(index + 1, StalenessBucket::default);
        }
        self.findings.timeline.get_mut(index)
    }
}

impl Rules {
    fn counts(&self, intended: Nanos) -> bool {
        (self.window.0..self.window.1).contains(&intended)
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
