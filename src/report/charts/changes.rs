//! What has become of each figure that decides, from one Record to another.

use std::cmp::Reverse;

use plotters::prelude::*;

use super::canvas::{
    Area, BAND, Drawing, Entry, IN_MEMORY, Legend, SCALE, Swatch, draw, ink, message,
};
use super::lines::{Plot, frame_height, framed};
use super::scale::Axis;
use super::sweep::title;
use super::{Chart, Table, words};
use crate::compare::difference::{Change, Difference};
use crate::compare::{Comparison, Figure, Metric};
use crate::report::comparison::{columns, figures_of};

/// The radius of a mark in pixels.
const MARK: i32 = 6;
/// Names are cut to so many letters.
const NAME_MAX: usize = 22;
/// An axis reaches at least to a change of so much, lest noise fill it.
const REACH_MIN: f64 = 0.01;
/// How much further the axis goes than its marks, for the figures below them.
const ROOM: f64 = 1.08;

/// What each change is drawn in.
const KINDS: [(Change, usize); 4] = [
    (Change::Unchanged, 6),
    (Change::Improved, 2),
    (Change::Inconclusive, 5),
    (Change::Regressed, 1),
];

/// One strategy's change.
struct Row<'a> {
    label: &'a str,
    difference: &'a Difference,
}

/// A chart for each figure that decides, with a row for each strategy that has it on both sides: first the
/// figures of which there is most to say.
pub fn changes(comparison: &Comparison) -> Vec<Chart> {
    let of = |metric: Metric| {
        let decided = comparison.decided().filter(move |(_, one)| one.metric == metric);
        decided.map(|(label, difference)| Row { label, difference }).collect::<Vec<_>>()
    };
    let mut figures: Vec<_> = Metric::ALL.into_iter().map(|metric| (metric, of(metric))).collect();
    figures.retain(|(_, rows)| !rows.is_empty());
    figures.sort_by_key(|(_, rows)| Reverse(rows.iter().map(kind).max()));
    figures.iter().map(|(metric, rows)| chart(*metric, rows)).collect()
}

fn chart(metric: Metric, rows: &[Row<'_>]) -> Chart {
    let mut head = columns().to_vec();
    head[0] = words("strategy");
    let title = title(metric);
    let mut table = Table::new(format!("{title}: what it was, and what it is"), head);
    for Row { label, difference } in rows {
        table.push([(*label).into()].into_iter().chain(figures_of(difference)));
    }
    let better = if metric.higher_is_better() { "right" } else { "left" };
    Chart {
        slug: metric.slug(),
        title,
        description: format!(
            "By what share of the baseline's it has changed: further to the {better} is better. Lines are \
             95 % intervals; within the grey band a change does not matter."
        ),
        table: table.without_blank_columns(),
        drawing: drawing(rows),
    }
}

fn drawing(rows: &[Row<'_>]) -> Drawing {
    // What came from nothing has no place on the axis; the table has it.
    let shown: Vec<(&Row<'_>, f64)> = rows
        .iter()
        .filter_map(|row| Some((row, row.difference.relative().filter(|it| it.is_finite())?)))
        .collect();
    if shown.is_empty() {
        return message("No change that can be drawn.");
    }
    let kinds = KINDS.iter().filter(|(change, _)| shown.iter().any(|it| kind(it.0) == *change));
    let entries = kinds.map(|(change, series)| Entry {
        label: change.name().into(),
        series: *series,
        swatch: Swatch::Block,
    });
    let legend = Legend::new(entries.collect());
    let level = |index: usize| (shown.len() - 1 - index) as f64;
    let name = |(row, _): &(&Row<'_>, f64)| row.label.chars().take(NAME_MAX).collect::<String>();
    let marks = shown.iter().enumerate().map(|(index, row)| (level(index), name(row)));
    let y = Axis {
        title: "strategy".into(),
        low: -0.5,
        high: shown.len() as f64 - 0.5,
        marks: marks.collect(),
    };
    draw(legend.height + frame_height(), |area| {
        legend.draw(area);
        let (_, below) = area.split_vertically(legend.height * SCALE);
        framed(&below, &axis(&shown), &y, |plot| {
            for (index, (row, change)) in shown.iter().enumerate() {
                paint(&below, plot, row.difference, (*change, level(index)));
            }
        });
    })
}

fn kind(row: &Row<'_>) -> Change {
    row.difference.decision.as_ref().map_or(Change::Unchanged, |decision| decision.change)
}

/// As far to the left as to the right, to past the furthest interval.
fn axis(shown: &[(&Row<'_>, f64)]) -> Axis {
    let reach = shown.iter().flat_map(|(row, change)| {
        let effect = row.difference.decision.as_ref().map_or(0.0, |it| it.minimum_effect);
        let ends = row.difference.spread.map_or([0.0; 2], |spread| [spread.low, spread.high]);
        [*change, effect, ends[0], ends[1]]
    });
    let furthest = reach.map(f64::abs).filter(|it| it.is_finite()).fold(REACH_MIN, f64::max);
    let side = Axis::linear("change", furthest, |_| String::new());
    // Every other mark, for there are twice as many.
    let far = side.marks.iter().map(|(mark, _)| *mark).filter(|mark| *mark > 0.0);
    let every = if side.marks.len() > 4 { 2 } else { 1 };
    let far: Vec<f64> = far.skip(every - 1).step_by(every).collect();
    let marks = far.iter().rev().map(|mark| -mark).chain([0.0]).chain(far.iter().copied());
    let marks = marks.map(|mark| (mark, written(mark))).collect();
    let high = side.high * ROOM;
    Axis { low: -high, high, marks, ..side }
}

/// `+15 %`, without digits that say nothing.
fn written(change: f64) -> String {
    let sign = match change {
        0.0 => "",
        change if change > 0.0 => "+",
        _ => "-",
    };
    format!("{sign}{}", Figure::Share(change.abs()).asked())
}

fn paint(area: &Area<'_>, plot: &mut Plot<'_, '_>, difference: &Difference, at: (f64, f64)) {
    let decision = difference.decision.as_ref();
    let change = decision.map_or(Change::Unchanged, |it| it.change);
    let series = KINDS.iter().find(|it| it.0 == change).map_or(0, |it| it.1);
    let effect = decision.map_or(0.0, |it| it.minimum_effect);
    let band = Rectangle::new([(-effect, at.1 - 0.3), (effect, at.1 + 0.3)], BAND.filled());
    plot.draw_series([band]).expect(IN_MEMORY);
    if let Some(spread) = difference.spread.filter(|it| it.low.is_finite() && it.high.is_finite()) {
        let ends = vec![(spread.low, at.1), (spread.high, at.1)];
        let line = PathElement::new(ends, ink(series).stroke_width((2 * SCALE) as u32));
        plot.draw_series([line]).expect(IN_MEMORY);
    }
    // The library gives places within the whole drawing, and takes them within the area.
    let (_, above) = area.get_base_pixel();
    let (x, y) = plot.backend_coord(&at);
    let mark = Circle::new((x, y - above), MARK * SCALE, ink(series).filled());
    area.draw(&mark).expect(IN_MEMORY);
}
