//! One figure in the intervals of a run, and when it was as before.

use std::ops::Range;

use super::Figure;
use super::band::{Band, Kind, Point};
use super::episode::Episode;
use crate::judge::Findings;
use crate::measure::{Bucket, Measures};
use crate::model::{Distribution, Nanos, samples_to_certify};

/// Fewest intervals with data that make a before, and fewest in which a figure stays as it was.
const INTERVALS_MIN: usize = 5;
/// A moving mean is over the fewest intervals that hold so many requests.
const REQUESTS_MIN: u64 = 100;
/// The most intervals that a moving mean is over.
const MEAN_MAX: usize = 20;
/// The most intervals of which a worst p99 is: a fault leaves fewer requests to be answered.
const CERTIFIED_MAX: usize = 3 * MEAN_MAX;
/// The quantile that latency is followed by.
const QUANTILE: f64 = 0.99;
/// A latency up to so much of what it was is no change.
const NO_SLOWER: f64 = 1.1;

/// One figure in every interval.
pub struct Series<'a> {
    figure: Figure,
    measures: &'a Measures,
    findings: &'a Findings,
}

/// What a figure was before a fault.
pub struct Before {
    pub value: f64,
    /// Over how many intervals a moving mean is.
    intervals: usize,
    band: Band,
    points: Vec<Point>,
}

impl<'a> Series<'a> {
    pub const fn new(figure: Figure, measures: &'a Measures, findings: &'a Findings) -> Self {
        Self { figure, measures, findings }
    }

    /// What the figure was in these intervals; `None` where they are too few, or hold too little.
    pub fn before(&self, range: Range<usize>) -> Option<Before> {
        let buckets = self.measures.timeline.get(range.clone())?;
        let kind = if self.figure == Figure::StoreReads { Kind::Rate } else { Kind::Share };
        let (value, intervals, points) = match self.latency() {
            Some(latency) => {
                let p99 = merged(buckets, latency).certified(QUANTILE)?;
                let enough = samples_to_certify(QUANTILE);
                let intervals = fewest(buckets, |bucket| latency(bucket).len(), enough)?;
                let slow = Nanos((p99.0 as f64 * NO_SLOWER) as u64);
                (p99.as_secs_f64(), intervals, self.slower(latency, slow))
            }
            None => {
                let intervals = fewest(buckets, |bucket| bucket.requests, REQUESTS_MIN);
                (0.0, intervals.unwrap_or(MEAN_MAX), self.points())
            }
        };
        let past = &points[range];
        let telling = past.iter().filter(|point| point.of > 0.0).count();
        if telling < INTERVALS_MIN.max(intervals) {
            return None;
        }
        let band = Band::around(past, kind, !self.figure.higher_is_better())?;
        Some(match self.latency() {
            // A p99 is within a tenth of what it was if at most 1 % is slower than that.
            Some(_) => Before { value, intervals, band: band.or_up_to(1.0 - QUANTILE), points },
            None => Before { value: band.mean, intervals, band, points },
        })
    }

    /// The first bucket, from the episode's end on, from which on the figure was as before.
    pub fn back(&self, before: &Before, episode: &Episode) -> Option<usize> {
        let (until, points) = (episode.until, &before.points);
        let worse = |range: Range<usize>| before.band.is_worse(Point::sum(&points[range]));
        let last_mean = until.checked_sub(before.intervals)?;
        let last_worse = (episode.ended..last_mean + 1)
            .rfind(|&start| worse(start..start + before.intervals) == Some(true));
        let first = last_worse.map_or(episode.ended, |start| start + 1);
        let last = until.checked_sub(before.intervals.max(INTERVALS_MIN))?;
        // What stays a little worse is within the band of a few intervals, but not within that of
        // all that follow. The fewer follow, the less they show: half of them have to be left.
        let last = last.min(first.midpoint(until));
        let mut starts = first..last + 1;
        starts.find(|&start| points[start].of > 0.0 && worse(start..until) == Some(false))
    }

    /// Whether any moving mean over these intervals was worse than before.
    pub fn worsened(&self, before: &Before, range: Range<usize>) -> bool {
        let intervals = before.intervals.min(range.len()).max(1);
        let worse = |points: &[Point]| before.band.is_worse(Point::sum(points)) == Some(true);
        before.points[range].windows(intervals).any(worse)
    }

    /// The worst over as many of these intervals at a time as a moving mean is over; of a latency,
    /// over as few as certify it.
    pub fn worst(&self, before: &Before, range: Range<usize>) -> Option<f64> {
        if let Some(latency) = self.latency() {
            let buckets = &self.measures.timeline[range];
            let enough = samples_to_certify(QUANTILE);
            let starts = 0..buckets.len();
            let p99s = starts.filter_map(|start| p99_of_first(&buckets[start..], latency, enough));
            return p99s.max().map(Nanos::as_secs_f64);
        }
        let points = &before.points[range];
        let intervals = before.intervals.min(points.len()).max(1);
        let sums = points.windows(intervals).map(Point::sum);
        let means = sums.filter(|sum| sum.of > 0.0).map(|sum| sum.events / sum.of);
        means.reduce(if self.figure.higher_is_better() { f64::min } else { f64::max })
    }

    fn latency(&self) -> Option<fn(&Bucket) -> &Distribution> {
        match self.figure {
            Figure::ReadLatency => Some(|bucket| &bucket.reads),
            Figure::WriteLatency => Some(|bucket| &bucket.writes),
            _ => None,
        }
    }

    fn slower(&self, latency: fn(&Bucket) -> &Distribution, slow: Nanos) -> Vec<Point> {
        let point = |bucket: &Bucket| {
            let times = latency(bucket);
            Point { events: times.count_beyond(slow) as f64, of: times.len() as f64 }
        };
        self.measures.timeline.iter().map(point).collect()
    }

    fn points(&self) -> Vec<Point> {
        let width = self.measures.bucket;
        let window = self.measures.window;
        let count = |events: u64, of: u64| Point { events: events as f64, of: of as f64 };
        let point = |(index, bucket): (usize, &Bucket)| match self.figure {
            Figure::Errors => count(bucket.failed, bucket.requests),
            Figure::HitRatio => count(bucket.hits, bucket.hits + bucket.misses),
            Figure::StaleReads => {
                let judged = self.findings.timeline.get(index).copied().unwrap_or_default();
                count(judged.definitely_stale, judged.reads)
            }
            Figure::StoreReads => {
                // The last interval ends with the window.
                let seconds = width.min(window.since(Nanos(width.0 * index as u64)));
                Point { events: bucket.store_reads as f64, of: seconds.as_secs_f64() }
            }
            Figure::ReadLatency | Figure::WriteLatency => Point::default(),
        };
        self.measures.timeline.iter().enumerate().map(point).collect()
    }
}

/// The fewest intervals that hold so many on average; `None` where that takes too many.
fn fewest(buckets: &[Bucket], held: impl Fn(&Bucket) -> u64, enough: u64) -> Option<usize> {
    let all: u64 = buckets.iter().map(held).sum();
    let needed = (enough * buckets.len() as u64).div_ceil(all.max(1)).max(1);
    usize::try_from(needed).ok().filter(|needed| *needed <= MEAN_MAX)
}

/// The p99 of the first intervals, of as few as hold so many; `None` where that takes too many.
fn p99_of_first(
    buckets: &[Bucket],
    part: fn(&Bucket) -> &Distribution,
    enough: u64,
) -> Option<Nanos> {
    let mut held = 0;
    let last = buckets.iter().take(CERTIFIED_MAX).position(|bucket| {
        held += part(bucket).len();
        held >= enough
    })?;
    Some(merged(&buckets[..=last], part).quantile(QUANTILE))
}

fn merged(buckets: &[Bucket], part: impl Fn(&Bucket) -> &Distribution) -> Distribution {
    // Adding is quick among histograms of the same digits.
    let mut merged = buckets.first().map(|bucket| part(bucket).clone()).unwrap_or_default();
    buckets.iter().skip(1).for_each(|bucket| merged.merge(part(bucket)));
    merged
}
