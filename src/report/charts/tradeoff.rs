//! The trade-off: read latency against store load, with staleness beside each strategy.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{
    Area, IN_MEMORY, INK, MUTED, SCALE, WIDTH, draw, font, ink, message, text_width,
};
use super::labels::{self, Label, MARKER};
use super::lines::{FOOT, HEAD, frame_height, framed};
use super::scale::{Axis, log, written};
use super::{Chart, Table, figures, words};
use crate::compare::figure::{ratio, share};
use crate::compare::front::on_front;
use crate::compare::{Figure, Metric};
use crate::record::{Nanos, Record};

/// One strategy as the chart has it.
#[derive(Clone, Debug)]
struct Point {
    label: String,
    series: usize,
    store_reads: f64,
    read_p99: Nanos,
    stale: f64,
}

pub fn chart(record: &Record) -> Chart {
    let title = "The trade-off";
    let points = points(record);
    let columns = [
        words("strategy"),
        figures("read p99"),
        figures("store reads/req"),
        figures("stale share"),
        words("Pareto front"),
    ];
    let mut table =
        Table::new("Read p99 against store reads per request against stale share", columns);
    for (point, on_front) in points.iter().zip(fronts(&points)) {
        table.push([
            point.label.clone(),
            written(Some(point.read_p99)),
            ratio(point.store_reads),
            share(point.stale),
            if on_front { "yes".into() } else { "no".into() },
        ]);
    }
    let drawing = match points.is_empty() {
        true => message("Too few reads for a p99."),
        false => draw(frame_height(), |area| paint(area, &points)),
    };
    Chart {
        slug: "trade-off",
        title,
        description: "Read p99 against reads of the store for each request: the lower left is \
                      best, and beside each name stands its stale share. Full marks are on the \
                      Pareto front: no other strategy is as good in all three and better in one."
            .into(),
        table,
        drawing,
    }
}

/// The strategies that have all three figures.
fn points(record: &Record) -> Vec<Point> {
    let contenders = record.contenders.iter().enumerate();
    let points = contenders.filter_map(|(series, contender)| {
        let Some(Figure::Time(read_p99)) = Metric::ReadP99.of(contender) else { return None };
        Some(Point {
            label: contender.label.clone(),
            series,
            store_reads: contender.store_reads_per_request()?,
            read_p99,
            stale: contender.stale_share()?,
        })
    });
    points.collect()
}

fn fronts(points: &[Point]) -> Vec<bool> {
    let costs = points.iter().map(|one| [one.store_reads, one.read_p99.0 as f64, one.stale]);
    on_front(&costs.collect::<Vec<_>>())
}

fn paint(area: &Area<'_>, points: &[Point]) {
    let times = || points.iter().map(|point| point.read_p99);
    let low = times().min().unwrap_or_default();
    let high = times().max().unwrap_or_default();
    let (x, place) = store_axis(points);
    let y = Axis::log_time("read p99", low, high);
    framed(area, &x, &y, |plot| {
        let places: Vec<(i32, i32)> = points
            .iter()
            .map(|point| plot.backend_coord(&(place(point.store_reads), log(point.read_p99))))
            .collect();
        // Hollow marks go on top, where a full one at the same place does not hide them.
        for full in [true, false] {
            let marks = points.iter().zip(&places).zip(fronts(points));
            for ((point, &place), _) in marks.filter(|(_, on_front)| *on_front == full) {
                let colour = ink(point.series);
                let hollow = colour.stroke_width((2 * SCALE) as u32);
                let style = if full { colour.filled() } else { hollow };
                area.draw(&Circle::new(place, MARKER * SCALE, style)).expect(IN_MEMORY);
            }
        }
        let (left, _) = plot.backend_coord(&(x.low, y.low));
        label(area, points, &places, left);
    });
}

/// The axis of store reads, and the place on it. It is logarithmic where it can be: a control
/// without a cache would push all others into a corner of a linear one.
fn store_axis(points: &[Point]) -> (Axis, fn(f64) -> f64) {
    let title = "store reads per request";
    let reads = || points.iter().map(|point| point.store_reads);
    let least = reads().fold(f64::INFINITY, f64::min);
    let most = reads().fold(0.0, f64::max);
    let write = |at: f64| Figure::Ratio(at).asked();
    if least > 0.0 {
        (Axis::log(title, least, most, write), f64::log10)
    } else {
        (Axis::linear(title, most, write), |at| at)
    }
}

/// Writes each name where it covers no mark and no other name, right of `left`.
fn label(area: &Area<'_>, points: &[Point], places: &[(i32, i32)], left: i32) {
    let texts: Vec<String> = points
        .iter()
        .map(|point| format!("{}, {} stale", point.label, share(point.stale)))
        .collect();
    let widths: Vec<i32> = texts.iter().map(|text| text_width(text) * SCALE).collect();
    let bounds = (left, HEAD * SCALE, WIDTH * SCALE, (frame_height() - FOOT) * SCALE);
    let found = labels::place(places, &widths, bounds);
    // All lines first: a name stands on whatever passes below it.
    for line in found.iter().flatten().filter_map(|label| label.line) {
        area.draw(&PathElement::new(line, MUTED.stroke_width(SCALE as u32))).expect(IN_MEMORY);
    }
    for ((text, label), mark) in texts.iter().zip(found).zip(places) {
        let Some(Label { spot, .. }) = label else { continue };
        // A text may come out shorter than its place; it starts or ends at the side of its mark.
        let (side, x) = if spot.2 < mark.0 { (HPos::Right, spot.2) } else { (HPos::Left, spot.0) };
        let style = font(&INK, side, VPos::Center);
        area.draw_text(text, &style, (x, (spot.1 + spot.3) / 2)).expect(IN_MEMORY);
    }
}
