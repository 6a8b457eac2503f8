//! The trade-off: read latency against store load, with staleness beside each strategy.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{
    Area, IN_MEMORY, INK, MUTED, SCALE, WIDTH, draw, font, ink, message, text_width,
};
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
    let (x, place) = store_axis(points);
    let y = Axis::log_time("read p99", low, high);
    framed(area, &x, &y, |plot| {
        let places: Vec<(i32, i32)> = points
            .iter()
            .map(|point| plot.backend_coord(&(place(point.store_reads), log(point.read_p99))))
            .collect();
        // Hollow marks go on top, where a full one at the same place does not hide them.
        for full in [true, false] {
            let marks = points.iter().zip(&places);
            for (point, &place) in marks.filter(|(point, _)| is_on_front(point, points) == full) {
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

/// Writes each name where it covers no mark and no other name: as near to its mark as there is
/// room right of `left`, with a thin line to it from further away.
fn label(area: &Area<'_>, points: &[Point], places: &[(i32, i32)], left: i32) {
    let reach = (MARKER + 2) * SCALE;
    let mut taken: Vec<Spot> =
        places.iter().map(|&(x, y)| (x - reach, y - reach, x + reach, y + reach)).collect();
    for (index, (point, &place)) in points.iter().zip(places).enumerate() {
        let text = format!("{}, {} stale", point.label, share(point.stale));
        let size = (text_width(&text) * SCALE, LABEL_HEIGHT * SCALE);
        let is_free = |spot: &Spot| {
            let inside = spot.0 >= left
                && spot.1 >= 36 * SCALE
                && spot.2 <= WIDTH * SCALE
                && spot.3 <= (frame_height() - 50) * SCALE;
            inside && !taken.iter().any(|other| overlap(*spot, *other))
        };
        // Where marks touch, no line can keep off all of them, but it can keep off the labels.
        let keeps_off = |spot: &Spot, first: usize| {
            let others = taken.iter().enumerate().skip(first).filter(|(own, _)| *own != index);
            let way = leader(place, *spot);
            !others.into_iter().any(|(_, other)| way.iter().any(|step| overlap(*step, *other)))
        };
        let free = || candidates(place, size).filter(|(_, spot)| is_free(spot));
        let clear =
            |first: usize| free().find(|(distance, spot)| *distance == 0 || keeps_off(spot, first));
        let found = clear(0).or_else(|| clear(points.len())).or_else(|| free().next());
        let Some((distance, spot)) = found else { continue };
        taken.push(spot);
        if distance > 0 {
            taken.extend(leader(place, spot));
            let line = ends(place, spot);
            area.draw(&PathElement::new(line, MUTED.stroke_width(SCALE as u32))).expect(IN_MEMORY);
        }
        let middle = (spot.1 + spot.3) / 2;
        let style = font(&INK, HPos::Left, VPos::Center);
        area.draw_text(&text, &style, (spot.0, middle)).expect(IN_MEMORY);
    }
}

/// The line from a mark's outline to its label.
fn ends((x, y): (i32, i32), spot: Spot) -> [(i32, i32); 2] {
    let end = (x.clamp(spot.0, spot.2), if (spot.1 + spot.3) / 2 < y { spot.3 } else { spot.1 });
    let (across, down) = (f64::from(end.0 - x), f64::from(end.1 - y));
    let part = f64::from(MARKER * SCALE) / across.hypot(down).max(1.0);
    [(x + (across * part).round() as i32, y + (down * part).round() as i32), end]
}

/// The same line in small steps, to see what it crosses.
fn leader(place: (i32, i32), spot: Spot) -> Vec<Spot> {
    const STEPS: i32 = 12;
    let [from, to] = ends(place, spot);
    let step = |index: i32| {
        let x = from.0 + (to.0 - from.0) * index / STEPS;
        let y = from.1 + (to.1 - from.1) * index / STEPS;
        (x - 1, y - 1, x + 1, y + 1)
    };
    (0..STEPS).map(step).collect()
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
