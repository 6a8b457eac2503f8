//! Each measure of a sweep against the option that was varied, and the Pareto front along it.

use plotters::prelude::*;

use super::canvas::{
    Area, Drawing, Entry, IN_MEMORY, Legend, SCALE, Swatch, WIDTH, draw, ink, line_style, message,
    text_width,
};
use super::lines::{Plot, frame_height, framed};
use super::scale::{Axis, log};
use super::{Chart, Table, figures, words};
use crate::compare::sweep::{at, figure, fronts, on_front_at};
use crate::compare::{Figure, Metric};
use crate::record::Nanos;
use crate::record::sweep::{Scale, Sweep, Unit};
use crate::report::sweep::{capital, measures};

/// The radius of a point on a line, and of a mark that stands alone, in pixels.
const DOT: i32 = 3;
const MARK: i32 = 6;
/// About how wide a plot is without the figures beside it.
const PLOT_WIDTH: f64 = 390.0;
/// Labels beside the Pareto chart are cut to so many letters.
const LABEL_MAX: usize = 22;

/// One strategy's line: places, and how far its interval reaches there.
struct Line {
    label: String,
    series: usize,
    points: Vec<Option<Spot>>,
}

#[derive(Clone, Copy)]
struct Spot {
    x: f64,
    y: f64,
    reach: Option<(f64, f64)>,
}

/// The Pareto front, then a chart for every measure that says anything.
pub fn by_option(sweep: &Sweep) -> Vec<Chart> {
    let charts = measures(sweep).into_iter().map(|(metric, table)| chart(sweep, metric, table));
    std::iter::once(pareto(sweep)).chain(charts).collect()
}

fn chart(sweep: &Sweep, metric: Metric, table: Table) -> Chart {
    let lines = lines(sweep, metric);
    let spots = || lines.iter().flat_map(|line| line.points.iter().flatten());
    let reached =
        spots().flat_map(|spot| spot.reach.map_or([spot.y; 2], |(low, high)| [low, high]));
    let values: Vec<f64> = reached.chain(spots().map(|spot| spot.y)).collect();
    let highest = values.iter().copied().fold(0.0, f64::max);
    let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let name = metric.name();
    // A logarithmic axis has no place for none at all.
    let is_log = matches!(figure(metric, 0.0), Figure::Time(_)) && lowest > 0.0;
    let y = match is_log {
        true => Axis::log_time(name, nanos(lowest), nanos(highest)),
        false if metric == Metric::Memory => Axis::bytes(name, highest),
        false => Axis::linear(name, highest, |value| figure(metric, value).asked()),
    };
    let place = |value: f64| if is_log { log(nanos(value)) } else { value };
    let drawing = match values.is_empty() {
        true => message("No point has this figure."),
        false => drawn(&x_axis(sweep), &y, &lines, place),
    };
    let better = if metric.higher_is_better() { "higher" } else { "lower" };
    let scales = match (is_log, sweep.varied.scale) {
        (true, Scale::Log) => "both axes logarithmic; ",
        (true, _) => "the upright axis logarithmic; ",
        (false, Scale::Log) => "the level axis logarithmic; ",
        (false, _) => "",
    };
    let description = format!(
        "{} by {}, {scales}{better} is better. Each dot is an experiment; the lines only join them.",
        capital(name),
        sweep.varied.option
    );
    Chart { slug: slug(metric), title: title(metric), description, table, drawing }
}

fn lines(sweep: &Sweep, metric: Metric) -> Vec<Line> {
    let labels = sweep.labels().into_iter().enumerate();
    let lines = labels.map(|(series, label)| {
        let spot = |(index, point): (usize, &crate::record::sweep::Point)| {
            let measure = point.measure(label, metric.name()).filter(|_| point.is_valid())?;
            let reach = measure.interval.map(|spread| (spread.low.max(0.0), spread.high));
            let y = measure.value?.max(0.0);
            Some(Spot { x: x_place(sweep, index), y, reach })
        };
        let points = sweep.points.iter().enumerate().map(spot).collect();
        Line { label: label.to_owned(), series, points }
    });
    lines.filter(|line| line.points.iter().any(Option::is_some)).collect()
}

fn drawn(x: &Axis, y: &Axis, lines: &[Line], place: impl Fn(f64) -> f64) -> Drawing {
    let entry = |line: &Line| Entry {
        label: line.label.clone(),
        series: line.series,
        swatch: Swatch::Line,
    };
    let legend = Legend::new(lines.iter().map(entry).collect());
    draw(legend.height + frame_height(), |area| {
        legend.draw(area);
        let (_, below) = area.split_vertically(legend.height * SCALE);
        framed(&below, x, y, |plot| {
            for line in lines {
                paint(plot, line, &place);
            }
        });
    })
}

fn paint(plot: &mut Plot<'_, '_>, line: &Line, place: &impl Fn(f64) -> f64) {
    let colour = ink(line.series);
    // Where there is no figure there is no line either.
    for stretch in line.points.split(Option::is_none) {
        let spots = || stretch.iter().flatten();
        let points = spots().map(|spot| (spot.x, place(spot.y)));
        plot.draw_series(LineSeries::new(points, line_style(line.series))).expect(IN_MEMORY);
        let reaches = spots().filter_map(|spot| Some((spot.x, spot.reach?)));
        let whisker = reaches.map(|(x, (low, high))| {
            let ends = vec![(x, place(low)), (x, place(high))];
            PathElement::new(ends, colour.stroke_width(SCALE as u32))
        });
        plot.draw_series(whisker).expect(IN_MEMORY);
        let dot = |spot: &Spot| Circle::new((spot.x, place(spot.y)), DOT * SCALE, colour.filled());
        plot.draw_series(spots().map(dot)).expect(IN_MEMORY);
    }
}

/// Who is on the front at which point: full marks are, hollow ones are not.
fn pareto(sweep: &Sweep) -> Chart {
    let labels = sweep.labels();
    let mut table = Table::new(
        "Over which part of the range each strategy is on the front",
        [words("strategy"), figures("on the front")],
    );
    for (label, part) in fronts(sweep) {
        table.push([label.to_owned(), part]);
    }
    let rows = labels.len();
    // The first strategy of the scenario stands at the top.
    let level = |index: usize| (rows - 1 - index) as f64;
    let marks = labels.iter().enumerate().map(|(index, label)| {
        let cut: String = label.chars().take(LABEL_MAX).collect();
        (level(index), cut)
    });
    let y = Axis {
        title: "strategy".into(),
        low: -0.5,
        high: rows as f64 - 0.5,
        marks: marks.collect(),
    };
    let is_known = sweep.valid().any(|point| on_front_at(sweep, point).iter().any(Option::is_some));
    let drawing = match is_known {
        false => message("No point has all three figures."),
        true => draw(frame_height(), |area| {
            framed(area, &roomier(x_axis(sweep)), &y, |plot| {
                for (index, point) in sweep.points.iter().enumerate() {
                    let x = x_place(sweep, index);
                    let found = on_front_at(sweep, point).into_iter().enumerate();
                    for (row, on_front) in found {
                        let Some(on_front) = on_front else { continue };
                        mark(area, plot.backend_coord(&(x, level(row))), row, on_front);
                    }
                }
            });
        }),
    };
    Chart {
        slug: "pareto-front",
        title: "On the Pareto front",
        description: format!(
            "Full marks: at this {} no other strategy is as good in read p99, store reads per request \
             and stale share, and better in one. Hollow marks: another one is.",
            sweep.varied.option
        ),
        table,
        drawing,
    }
}

/// The same axis with room for whole marks at its ends, apart from the names beside it.
fn roomier(axis: Axis) -> Axis {
    let room = f64::from(2 * MARK) / PLOT_WIDTH * (axis.high - axis.low);
    Axis { low: axis.low - room, high: axis.high + room, ..axis }
}

fn mark(area: &Area<'_>, at: (i32, i32), series: usize, is_full: bool) {
    let colour = ink(series);
    let hollow = colour.stroke_width((2 * SCALE) as u32);
    let style = if is_full { colour.filled() } else { hollow };
    area.draw(&Circle::new(at, MARK * SCALE, style)).expect(IN_MEMORY);
}

/// The place of a point on the level axis.
fn x_place(sweep: &Sweep, index: usize) -> f64 {
    let value = sweep.points[index].value;
    match sweep.varied.scale {
        Scale::Linear => value,
        Scale::Log => value.max(f64::MIN_POSITIVE).log10(),
        Scale::Named => index as f64,
    }
}

/// The option, with a mark at each point that there is room for.
fn x_axis(sweep: &Sweep) -> Axis {
    let places: Vec<f64> = (0..sweep.points.len()).map(|index| x_place(sweep, index)).collect();
    let (mut low, mut high) = (
        places.iter().copied().fold(f64::INFINITY, f64::min),
        places.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    );
    if sweep.varied.scale == Scale::Named || low >= high {
        (low, high) = (low - 0.5, high + 0.5);
    }
    let room = PLOT_WIDTH / (high - low);
    let words = (room / f64::from(text_width("w"))) as usize;
    let label = |index: usize| match sweep.varied.unit {
        Unit::Word => sweep.points[index].written.chars().take(words.max(3)).collect(),
        unit => at(unit, sweep.points[index].value),
    };
    let mut marks: Vec<(f64, String)> = Vec::new();
    for (index, &place) in places.iter().enumerate() {
        let mark = (place, label(index));
        let touches = |other: &(f64, String)| {
            let apart = f64::from(text_width(&mark.1) + text_width(&other.1)) / 2.0 + 8.0;
            (mark.0 - other.0) * room < apart
        };
        let is_last = index + 1 == places.len();
        if is_last {
            // The ends of the range are always told.
            while marks.len() > 1 && marks.last().is_some_and(touches) {
                marks.pop();
            }
        } else if marks.last().is_some_and(touches) {
            continue;
        }
        marks.push(mark);
    }
    debug_assert!(PLOT_WIDTH < f64::from(WIDTH));
    Axis { title: sweep.varied.option.clone().into(), low, high, marks }
}

const fn slug(metric: Metric) -> &'static str {
    match metric {
        Metric::ReadP50 => "read-p50",
        Metric::ReadP99 => "read-p99",
        Metric::UpdateP50 => "update-p50",
        Metric::UpdateP99 => "update-p99",
        Metric::HitRatio => "hit-ratio",
        Metric::StoreReads => "store-reads",
        Metric::StoreBurst => "store-burst",
        Metric::StaleShare => "stale-share",
        Metric::Staleness => "staleness",
        Metric::LostWrites => "lost-writes",
        Metric::Errors => "errors",
        Metric::Memory => "memory",
        _ => "measure",
    }
}

/// The head of a chart of this figure.
pub(super) const fn title(metric: Metric) -> &'static str {
    match metric {
        Metric::ReadP50 => "Read p50",
        Metric::ReadP99 => "Read p99",
        Metric::UpdateP50 => "Update p50",
        Metric::UpdateP99 => "Update p99",
        Metric::HitRatio => "Hit ratio",
        Metric::StoreReads => "Store reads per request",
        Metric::StoreBurst => "Worst 100 ms of store reads",
        Metric::StaleShare => "Stale share",
        Metric::Staleness => "Worst staleness",
        Metric::LostWrites => "Lost writes",
        Metric::Errors => "Error share",
        Metric::Memory => "Cache memory",
        other => other.name(),
    }
}

fn nanos(value: f64) -> Nanos {
    Nanos::rounded(value)
}
