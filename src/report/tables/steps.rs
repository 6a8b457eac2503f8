//! What each rate of a staircase came to.

use std::ops::Range;

use super::super::table::{Cell, Table, figures, words};
use crate::compare::figure::{count, ratio, share, time};
use crate::record::{Bucket, Contender, Distribution, Nanos, Record, Run};

/// A rate in a row for each strategy, over all of its steps and all repeats. Of intervals of the timeline
/// that two steps share nobody can tell whose they are: they are left out, and the table is empty where
/// none is left. Empty for any load but a staircase.
pub fn steps(record: &Record) -> Table {
    let mut table = Table::new(
        "Each rate of the staircase, over all its steps: requests by their intended start, and how late \
         the latest of them was started. Intervals in which the rate changes are left out",
        [
            figures("asked req/s"),
            words("strategy"),
            figures("due req/s"),
            figures("failed share"),
            figures("hit ratio"),
            figures("store reads/s"),
            figures("read p50"),
            figures("read p99"),
            figures("worst lag"),
        ],
    );
    let steps = record.scenario.workload.steps();
    let mut rates: Vec<f64> = steps.iter().map(|step| step.rate).collect();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    for rate in rates {
        let of_rate: Vec<_> =
            steps.iter().filter(|step| step.rate == rate).map(|step| step.from..step.to).collect();
        for contender in &record.contenders {
            if let Some(cells) = Held::of(contender, &of_rate).cells() {
                let label = Cell::from(contender.label.as_str());
                table.push([number(rate).into(), label].into_iter().chain(cells));
            }
        }
    }
    table
}

/// All that was measured while a rate was held.
#[derive(Default)]
struct Held<'a> {
    buckets: Vec<&'a Bucket>,
    seconds: f64,
}

impl<'a> Held<'a> {
    fn of(contender: &'a Contender, steps: &[Range<Nanos>]) -> Self {
        let mut held = Self::default();
        for run in &contender.runs {
            for step in steps {
                let within = within(run, step);
                held.seconds += run.measures.bucket.as_secs_f64() * within.len() as f64;
                held.buckets.extend(&run.measures.timeline[within]);
            }
        }
        held
    }

    fn cells(&self) -> Option<[Cell; 7]> {
        if self.buckets.is_empty() {
            return None;
        }
        let sum =
            |of: fn(&Bucket) -> u64| self.buckets.iter().map(|bucket| of(bucket)).sum::<u64>();
        let part = |part: u64, whole: u64| match whole {
            0 => Cell::default(),
            whole => share(part as f64 / whole as f64).into(),
        };
        let mut reads = Distribution::new();
        self.buckets.iter().for_each(|bucket| reads.merge(&bucket.reads));
        let quantile = |q| reads.certified(q).map_or_else(String::new, time).into();
        let (due, failed) = (sum(|bucket| bucket.requests), sum(|bucket| bucket.failed));
        let (hits, misses) = (sum(|bucket| bucket.hits), sum(|bucket| bucket.misses));
        let per_second = |count: u64| number(count as f64 / self.seconds);
        let lag = self.buckets.iter().map(|bucket| bucket.lag_max).max().unwrap_or_default();
        Some([
            per_second(due).into(),
            part(failed, due),
            part(hits, hits + misses),
            per_second(sum(|bucket| bucket.store_reads)).into(),
            quantile(0.5),
            quantile(0.99),
            time(lag).into(),
        ])
    }
}

/// The intervals of a run that lie within a step.
fn within(run: &Run, step: &Range<Nanos>) -> Range<usize> {
    let width = run.measures.bucket.0.max(1);
    // One that the window cut short has not its full time.
    let end = step.end.min(run.measures.window).0 / width;
    let end = (end as usize).min(run.measures.timeline.len());
    let start = step.start.0.div_ceil(width) as usize;
    start.min(end)..end
}

fn number(figure: f64) -> String {
    if figure >= 100.0 || figure.fract() == 0.0 {
        count(figure.round() as u64)
    } else {
        ratio(figure)
    }
}
