//! A simulation against exact figures that were written down. They were written down to the last count, so
//! every figure decides, and what no figure shows has changed all the same.

use std::borrow::Cow;

use super::exact::{Counted, TOLD_MAX, of_strategy};
use super::refusal::mismatch;
use super::{
    Compared, Comparison, Differing, Error, Method, Mismatch, Side, between, left_out, not_alike,
    refuse,
};
use crate::compare::verdict::standing;
use crate::compare::{Figure, Metric};
use crate::record::{Baseline, Exact, Nanos, Record, Standing};

pub fn compare(baseline: Side<'_>, candidate: Side<'_>) -> Result<Comparison, Error> {
    refuse(measured(baseline, candidate))?;
    let (one, other) = (kept(baseline), kept(candidate));
    refuse(mismatches(&one, &other))?;
    if one.runs.is_empty() {
        return Err(Error::NoData("the baseline has no runs of any strategy".into()));
    }
    let extra = other.labels().into_iter().filter(|label| one.runs_of(label).is_empty());
    let mut notes: Vec<String> = extra.map(left_out).collect();
    notes.extend(between("profile", &one.profile, &other.profile).iter().map(not_alike));
    let (mut differing, mut strategies) = (Vec::new(), Vec::new());
    for label in one.labels() {
        let (before, now) = (one.runs_of(label), other.runs_of(label));
        differing.extend(differing_of(label, &before, &now));
        let is_invalid = [baseline, candidate].iter().any(|side| is_invalid(*side, label));
        strategies.push(compared(label, &before, &now, is_invalid)?);
    }
    let more = differing.len().saturating_sub(TOLD_MAX);
    differing.truncate(TOLD_MAX);
    let method = Method::Exact { differing, more };
    Ok(Comparison::of(baseline, candidate, method, strategies, notes))
}

/// What a side would be if it was written down.
fn kept(side: Side<'_>) -> Cow<'_, Baseline> {
    match side {
        Side::Record(record) => Cow::Owned(Baseline::of(record, None)),
        Side::Kept(baseline) => Cow::Borrowed(baseline),
    }
}

/// A measured Record has no exact figures.
fn measured(baseline: Side<'_>, candidate: Side<'_>) -> Vec<Mismatch> {
    let kind = |side| match side {
        Side::Record(record) if !record.is_simulated() => "measured",
        _ => "simulated",
    };
    let (one, other) = (kind(baseline), kind(candidate));
    if one == other { Vec::new() } else { vec![mismatch("the run", one, other)] }
}

/// Everything that differs in what was asked, as far as it was written down.
fn mismatches(one: &Baseline, other: &Baseline) -> Vec<Mismatch> {
    let mut found = between("shortened to", &one.shortened, &other.shortened);
    found.extend(between("the plan's hash", &one.plan, &other.plan));
    for label in one.labels() {
        let (before, now) = (one.runs_of(label).len(), other.runs_of(label).len());
        if before != now {
            let times = |times| format!("{times} times");
            let path = format!("strategies.{label}, run");
            found.push(mismatch(&path, &times(before), &times(now)));
        }
    }
    found
}

fn is_invalid(side: Side<'_>, label: &str) -> bool {
    let of = |record: &Record| {
        record.contenders.iter().any(|it| it.label == label && standing(it) == Standing::Invalid)
    };
    matches!(side, Side::Record(record) if of(record))
}

fn differing_of(label: &str, before: &[&Exact], now: &[&Exact]) -> Vec<Differing> {
    let of_run = |(one, other): (&&Exact, &&Exact)| {
        let path = match before.len() {
            1 => label.to_owned(),
            _ => format!("{label}.{}", one.repeat),
        };
        let figures = between(&path, &one.figures, &other.figures);
        let digest = between(&format!("{path}.digest"), &one.digest, &other.digest);
        figures.into_iter().chain(digest)
    };
    before.iter().zip(now).flat_map(of_run).collect()
}

fn compared(
    label: &str,
    before: &[&Exact],
    now: &[&Exact],
    is_invalid: bool,
) -> Result<Compared, Error> {
    of_strategy(label, &Runs(before), &Runs(now), None, is_invalid)
}

/// The exact figures of one strategy's runs.
struct Runs<'a>(&'a [&'a Exact]);

impl Counted for Runs<'_> {
    /// Counts of all runs together; of times and peaks, the largest of any run.
    fn figure(&self, metric: Metric) -> Option<Figure> {
        let Self(runs) = self;
        // A file may say anything.
        let total =
            |name: &str| runs.iter().map(|run| run.figure(name)).fold(0, u64::saturating_add);
        let largest = |name: &str| runs.iter().map(|run| run.figure(name)).max().unwrap_or(0);
        let share = |part: u64, whole: &str| {
            let whole = total(whole);
            (whole > 0).then(|| part as f64 / whole as f64)
        };
        let of_reads = |name: &str| share(total(name), "reads").map(Figure::Share);
        let time = |name: &str| Figure::Time(Nanos(largest(name)));
        let of_any_read = |figure: Figure| (total("reads") > 0).then_some(figure);
        // How many updates there were is not written down: none of them took no time at all.
        let of_any_update = |figure: Figure| (total("update-p99") > 0).then_some(figure);
        match metric {
            Metric::ReadP50 => of_any_read(time("read-p50")),
            Metric::ReadP99 => of_any_read(time("read-p99")),
            Metric::UpdateP50 => of_any_update(time("update-p50")),
            Metric::UpdateP99 => of_any_update(time("update-p99")),
            Metric::HitRatio => of_reads("hits"),
            Metric::StoreReads => share(total("store-reads"), "answered").map(Figure::Ratio),
            Metric::StaleShare => of_reads("stale"),
            Metric::Staleness => of_any_read(time("staleness-max")),
            Metric::LostWrites => Some(Figure::Count(total("lost-writes"))),
            Metric::Errors => {
                let failed = total("failed");
                let all = failed.saturating_add(total("answered"));
                (all > 0).then(|| Figure::Share(failed as f64 / all as f64))
            }
            Metric::Coalesced => of_reads("coalesced"),
            Metric::StaleServed => of_reads("stale-served"),
            Metric::StoreBurst => Some(Figure::Count(largest("store-reads-peak"))),
            Metric::ReadYourWrites => of_reads("own-write-unseen"),
            Metric::MonotonicReads => of_reads("went-back"),
            _ => None,
        }
    }

    fn each_run(&self, metric: Metric) -> Vec<f64> {
        let runs = self.0.iter().map(|run| Runs(std::slice::from_ref(run)).figure(metric));
        runs.flatten().map(Figure::value).collect()
    }
}
