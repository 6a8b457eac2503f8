//! The trade-off: read latency against store load, with staleness beside each strategy.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Area, IN_MEMORY, INK, SCALE, WIDTH, draw, font, ink, message, text_width};
use super::lines::{frame_height, framed};
use super::scale::{Axis, log, written};
use super::{Chart, Table, figures, words};
use crate::compare::figure::{ratio, share};
use crate::compare::{Figure, Metric};
use crate::record::{Nanos, Record};

const MARKER: i32 = 7;
const LABEL_HEIGHT: i32 = 18;

/// One strategy as the chart has it.
#[derive(Clone, Debug)]
struct Point {
    label: String,
    series: usize,
    store_reads: f64,
    read_p99: Nanos,
    stale: f64,
}

/// A rectangle in units: left, top, right, bottom.
type Spot = (i32, i32, i32, i32);

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
    for point in &points {
        let on_front = is_on_front(point, &points);
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

fn is_on_front(point: &Point, all: &[Point]) -> bool {
    let beats = |other: &Point| {
        let as_good = other.store_reads <= point.store_reads
            && other.read_p99 <= point.read_p99
            && other.stale <= point.stale;
        let better = other.store_reads < point.store_reads
            || other.read_p99 < point.read_p99
            || other.stale < point.stale;
        as_good && better
    };
    !all.iter().any(beats)
}

fn paint(area: &Area<'_>, points: &[Point]) {
    let times = || points.iter().map(|point| point.read_p99);
    let low = times().min().unwrap_or_default();
    let high = times().max().unwrap_or_default();
    let most = points.iter().map(|point| point.store_reads).fold(0.0, f64::max);
    let x = Axis::linear("store reads per request", most, |at| Figure::Ratio(at).asked());
    let y = Axis::log_time("read p99", low, high);
    framed(area, &x, &y, |plot| {
        let places: Vec<(i32, i32)> = points
            .iter()
            .map(|point| plot.backend_coord(&(point.store_reads, log(point.read_p99))))
            .collect();
        for (point, &place) in points.iter().zip(&places) {
            let colour = ink(point.series);
            let style = match is_on_front(point, points) {
                true => colour.filled(),
                false => colour.stroke_width((2 * SCALE) as u32),
            };
            area.draw(&Circle::new(place, MARKER * SCALE, style)).expect(IN_MEMORY);
        }
        label(area, points, &places);
    });
}

/// Writes each name where it covers no mark and no other name: as near to its mark as there is
/// room, with a thin line to it from further away.
fn label(area: &Area<'_>, points: &[Point], places: &[(i32, i32)]) {
    let reach = (MARKER + 2) * SCALE;
    let mut taken: Vec<Spot> =
        places.iter().map(|&(x, y)| (x - reach, y - reach, x + reach, y + reach)).collect();
    for (point, &place) in points.iter().zip(places) {
        let text = format!("{}, {} stale", point.label, share(point.stale));
        let size = (text_width(&text) * SCALE, LABEL_HEIGHT * SCALE);
        let found = candidates(place, size).find(|(_, spot)| {
            let inside = spot.0 >= 0
                && spot.1 >= 26 * SCALE
                && spot.2 <= WIDTH * SCALE
                && spot.3 <= (frame_height() - 50) * SCALE;
            inside && !taken.iter().any(|other| overlap(*spot, *other))
        });
        let Some((distance, spot)) = found else { continue };
        taken.push(spot);
        let middle = (spot.1 + spot.3) / 2;
        if distance > 0 {
            let near = place.0.clamp(spot.0, spot.2);
            let style = ink(point.series).stroke_width(SCALE as u32);
            let end = (near, if middle < place.1 { spot.3 } else { spot.1 });
            area.draw(&PathElement::new([place, end], style)).expect(IN_MEMORY);
        }
        let style = font(&INK, HPos::Left, VPos::Center);
        area.draw_text(&text, &style, (spot.0, middle)).expect(IN_MEMORY);
    }
}

/// Places for a label around a mark, the nearest first; 0 where it stands right beside it.
fn candidates(
    (x, y): (i32, i32),
    (width, height): (i32, i32),
) -> impl Iterator<Item = (i32, Spot)> {
    (0..16).flat_map(move |distance| {
        let gap = (MARKER + 5) * SCALE;
        let away = gap + distance * 10 * SCALE;
        let at = move |left: i32, middle: i32| {
            (distance, (left, middle - height / 2, left + width, middle + height / 2))
        };
        [
            at(x + gap, y - distance * 10 * SCALE),
            at(x - gap - width, y - distance * 10 * SCALE),
            at(x - width / 2, y - away - height / 2),
            at(x - width / 2, y + away + height / 2),
            at(x + gap, y + distance * 10 * SCALE),
            at(x - gap - width, y + distance * 10 * SCALE),
        ]
    })
}

const fn overlap(a: Spot, b: Spot) -> bool {
    a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3
}
