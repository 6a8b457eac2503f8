//! Figures over time: one series for each metric of a strategy under the same conditions, and where it has
//! come to another level.

use super::entry::{Entry, Kept, Ran};
use crate::compare::statistics::{change_points, median, relative_change};
use crate::compare::{Figure, Metric};

/// One figure over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub scenario: String,
    pub strategy: String,
    pub metric: Metric,
    /// A digest of everything that the figures depend on.
    pub conditions: String,
    /// Of the last run: the plan's hash, and machine and servers or profile.
    pub plan: String,
    pub on: String,
    pub simulated: bool,
    /// In the order in which they were started.
    pub points: Vec<Point>,
    /// In the same order.
    pub shifts: Vec<Shift>,
}

/// The figure of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub started: String,
    pub revision: String,
    pub tool: String,
    pub figure: Figure,
    /// What is not valid is shown, and in no level.
    pub valid: bool,
}

/// Where a series has come to another level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// The place of the first point at the new level.
    pub at: usize,
    /// The medians of both levels.
    pub from: Figure,
    pub to: Figure,
}

impl Shift {
    /// As a share of what it was; infinite where that was nothing.
    pub fn change(&self) -> f64 {
        relative_change(self.from.value(), self.to.value())
    }

    pub fn is_worse(&self, metric: Metric) -> bool {
        metric.higher_is_better() != (self.change() > 0.0)
    }
}

/// All series of these metrics, of the `last` runs of each. Those of one scenario under the same
/// circumstances stand together, in the order of their strategies.
pub fn series(entries: &[Entry], metrics: &[Metric], last: usize) -> Vec<Series> {
    let mut found: Vec<(Series, f64)> = Vec::new();
    for Entry { ran, strategies } in entries {
        for kept in strategies {
            for (metric, figure, effect) in &kept.figures {
                if metrics.contains(metric) {
                    add(&mut found, ran, kept, *metric, *figure, *effect);
                }
            }
        }
    }
    let mut circumstances: Vec<(String, String, String)> = Vec::new();
    for (series, _) in &found {
        let these = circumstance(series);
        if !circumstances.contains(&these) {
            circumstances.push(these);
        }
    }
    found.sort_by_key(|(series, _)| {
        circumstances.iter().position(|these| *these == circumstance(series))
    });
    let finished = found.into_iter().map(|(mut series, effect)| {
        series.points.drain(..series.points.len().saturating_sub(last));
        series.shifts = shifts(&series, effect);
        series
    });
    finished.collect()
}

fn circumstance(series: &Series) -> (String, String, String) {
    (series.scenario.clone(), series.on.clone(), series.plan.clone())
}

fn add(
    found: &mut Vec<(Series, f64)>,
    ran: &Ran,
    kept: &Kept,
    metric: Metric,
    figure: Figure,
    effect: f64,
) {
    let point = Point {
        started: ran.started.clone(),
        revision: ran.revision.clone(),
        tool: ran.tool.clone(),
        figure,
        valid: kept.valid,
    };
    let is_of = |series: &Series| {
        series.metric == metric
            && series.conditions == kept.conditions
            && series.strategy == kept.label
            && series.scenario == ran.scenario
    };
    match found.iter_mut().find(|(series, _)| is_of(series)) {
        Some((series, smallest)) => {
            series.points.push(point);
            *smallest = effect;
        }
        None => {
            let series = Series {
                scenario: ran.scenario.clone(),
                strategy: kept.label.clone(),
                metric,
                conditions: kept.conditions.clone(),
                plan: ran.plan.clone(),
                on: ran.on.clone(),
                simulated: ran.simulated,
                points: vec![point],
                shifts: Vec::new(),
            };
            found.push((series, effect));
        }
    }
}

/// Simulations are exact: whatever differs has changed. Of what was measured, a shift has to be more than
/// chance, and larger than the smallest change that matters.
fn shifts(series: &Series, effect: f64) -> Vec<Shift> {
    let valid: Vec<usize> =
        (0..series.points.len()).filter(|&place| series.points[place].valid).collect();
    let values: Vec<f64> = valid.iter().map(|&place| series.points[place].figure.value()).collect();
    let places = match series.simulated {
        true => (1..values.len()).filter(|&at| values[at] != values[at - 1]).collect(),
        false => that_matter(&values, change_points(&values), effect),
    };
    let figure = |value| match series.points[valid[0]].figure {
        // Bytes saved may be below nothing.
        Figure::Share(_) => Figure::Share(value),
        other => other.with_value(value),
    };
    let shift = |index: usize| {
        let [from, to] = levels(&values, &places, index).map(figure);
        Shift { at: valid[places[index]], from, to }
    };
    (0..places.len()).map(shift).collect()
}

/// Without those between levels that are hardly apart, the least of them first: the levels on both sides
/// of one that is left out become one.
fn that_matter(values: &[f64], mut places: Vec<usize>, effect: f64) -> Vec<usize> {
    loop {
        let changes = (0..places.len()).map(|index| {
            let [from, to] = levels(values, &places, index);
            relative_change(from, to).abs()
        });
        let least = changes.enumerate().min_by(|(_, one), (_, other)| one.total_cmp(other));
        match least {
            Some((index, change)) if change <= effect => drop(places.remove(index)),
            _ => return places,
        }
    }
}

/// The medians on both sides of a place, up to the places next to it.
fn levels(values: &[f64], places: &[usize], index: usize) -> [f64; 2] {
    let start = if index == 0 { 0 } else { places[index - 1] };
    let end = places.get(index + 1).copied().unwrap_or(values.len());
    [&values[start..places[index]], &values[places[index]..end]].map(median)
}
