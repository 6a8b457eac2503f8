//! Who is best of a measure over which part of the range, and where that changes.

use super::super::verdict::{DIFFERENCE_MIN, REPEATS_FOR_INTERVAL};
use super::super::{Metric, noise};
use super::figure;
use crate::record::sweep::{Measure, Point, Scale, Sweep};

/// One measure over the range.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    pub metric: Metric,
    /// In the order of the values.
    pub stretches: Vec<Stretch>,
    /// Between each stretch and the next; `None` where the change cannot be told from noise.
    pub crossings: Vec<Option<Crossing>>,
}

/// A part of the range, from one point to another, over which the same strategies are best.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// Those that are best, or cannot be told from the best, at every point of it.
    pub best: Vec<String>,
    /// Places in the sweep's list of points.
    pub from: usize,
    pub to: usize,
}

/// A change of who is best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossing {
    /// The last point at which the one is certainly better, and the first at which the other is: places
    /// in the sweep's list of points.
    pub after: usize,
    pub before: usize,
    /// Where the figures of the two would be equal, if they went straight from point to point; `None`
    /// where one of them is not known at enough of the points.
    pub at: Option<f64>,
}

/// Who is best at one point.
struct Place {
    point: usize,
    best: Vec<String>,
}

/// How a measure goes over the range. A point takes part if it is valid and two strategies or more have
/// the figure there.
pub fn course(sweep: &Sweep, metric: Metric) -> Course {
    let places: Vec<Place> = (0..sweep.points.len())
        .map(|point| Place { point, best: best_at(sweep, point, metric) })
        .filter(|place| !place.best.is_empty())
        .collect();
    let mut stretches: Vec<Stretch> = Vec::new();
    for place in &places {
        let common = stretches.last().map(|last| shared(&last.best, &place.best));
        match (stretches.last_mut(), common) {
            (Some(last), Some(common)) if !common.is_empty() => {
                (last.best, last.to) = (common, place.point);
            }
            _ => stretches.push(Stretch {
                best: place.best.clone(),
                from: place.point,
                to: place.point,
            }),
        }
    }
    let crossings = stretches
        .windows(2)
        .map(|pair| crossing(sweep, metric, &places, &pair[0], pair[1].from))
        .collect();
    Course { metric, stretches, crossings }
}

/// The strategies that have the best of a measure at a point, or cannot be told from the one that has.
/// None where it says nothing.
pub fn best_at(sweep: &Sweep, point: usize, metric: Metric) -> Vec<String> {
    let point = &sweep.points[point];
    let known: Vec<(&str, &Measure, f64)> = competing(point)
        .filter_map(|label| {
            let measure = point.measure(label, metric.name())?;
            Some((label, measure, cost(metric, measure.value?)))
        })
        .collect();
    let best = known.iter().min_by(|one, other| one.2.total_cmp(&other.2));
    let Some(&(_, best, _)) = best.filter(|_| point.is_valid() && known.len() > 1) else {
        return Vec::new();
    };
    let as_good = known.iter().filter(|(_, own, _)| !is_apart(sweep, metric, best, own));
    as_good.map(|(label, ..)| (*label).to_owned()).collect()
}

fn competing(point: &Point) -> impl Iterator<Item = &str> {
    let strategies = point.strategies.iter().filter(|strategy| strategy.twin_of.is_none());
    strategies.map(|strategy| strategy.label.as_str())
}

/// Whether two figures differ by more than noise: the rule of the verdict, but for figures of virtual
/// time, which are the same in every run. Of these only such are alike that are written alike.
fn is_apart(sweep: &Sweep, metric: Metric, one: &Measure, other: &Measure) -> bool {
    let (Some(x), Some(y)) = (one.value, other.value) else { return false };
    if x == y {
        return false;
    }
    let has_repeats = one.runs.min(other.runs) as usize >= REPEATS_FOR_INTERVAL;
    if has_repeats
        && let (Some(a), Some(b)) = (one.interval, other.interval)
        && a.low <= b.high
        && b.low <= a.high
    {
        return false;
    }
    if one.noise.is_some_and(|floor| noise::relative(x, y) <= floor) {
        return false;
    }
    if sweep.simulated {
        let written = |value: f64| figure(metric, value).to_string();
        return has_repeats || written(x) != written(y);
    }
    has_repeats || (x - y).abs() / x.abs().max(y.abs()) >= DIFFERENCE_MIN
}

/// The change to who is best at the point `to`, from the stretch before it.
fn crossing(
    sweep: &Sweep,
    metric: Metric,
    places: &[Place],
    before: &Stretch,
    to: usize,
) -> Option<Crossing> {
    let next = places.iter().find(|place| place.point == to)?;
    // Points at which one of them is as good as the other belong to neither side.
    let apart = |place: &&Place| {
        (before.from..=before.to).contains(&place.point)
            && shared(&place.best, &next.best).is_empty()
    };
    let from = places.iter().rev().find(apart)?.point;
    let lowest = |point: usize, among: &[String]| {
        let figure = |label: &String| {
            Some((label.clone(), cost(metric, sweep.points[point].figure(label, metric.name())?)))
        };
        let known = among.iter().filter_map(figure);
        known.min_by(|one, other| one.1.total_cmp(&other.1)).map(|(label, _)| label)
    };
    let (one, other) = (lowest(from, &before.best)?, lowest(to, &next.best)?);
    // Positive once the other is better.
    let ahead = |point: &Point| {
        let cost = |label: &str| Some(cost(metric, point.figure(label, metric.name())?));
        Some((point.value, cost(&one)? - cost(&other)?))
    };
    let way: Vec<(f64, f64)> =
        sweep.points[from..=to].iter().filter(|point| point.is_valid()).filter_map(ahead).collect();
    let change = way.windows(2).find(|pair| pair[0].1 <= 0.0 && pair[1].1 > 0.0);
    let at = change.map(|change| {
        let share = change[0].1 / (change[0].1 - change[1].1);
        between(sweep.varied.scale, change[0].0, change[1].0, share)
    });
    Some(Crossing { after: from, before: to, at })
}

/// The value this share of the way from one to another.
fn between(scale: Scale, from: f64, to: f64, share: f64) -> f64 {
    match scale {
        Scale::Log if from > 0.0 => from * libm::pow(to / from, share),
        _ => (to - from).mul_add(share, from),
    }
}

/// A figure of which the lower is the better.
fn cost(metric: Metric, value: f64) -> f64 {
    if metric.higher_is_better() { -value } else { value }
}

fn shared(one: &[String], other: &[String]) -> Vec<String> {
    one.iter().filter(|label| other.contains(label)).cloned().collect()
}
