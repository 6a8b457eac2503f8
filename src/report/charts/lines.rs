//! Line charts: some curves over two axes, with a legend above.

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::bands::{self, Band};
use super::canvas::{
    Area, Drawing, Entry, FONT, GRID, IN_MEMORY, Legend, MUTED, SCALE, Swatch, WIDTH, draw, font,
    line_style, text, text_width,
};
use super::scale::Axis;

const PLOT_HEIGHT: i32 = 250;
/// Room above the plot for the title of the upright axis.
pub const HEAD: i32 = 34;
/// Room below the plot for the marks and the title of the level axis.
pub const FOOT: i32 = 48;
/// Room to the right for the half of the last mark that stands out.
const RIGHT: i32 = 22;
/// Between the plot and the figures of its marks.
const LABEL_GAP: i32 = 8;

/// One curve, over transformed figures; it is broken where they are not a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    pub label: String,
    pub series: usize,
    pub points: Vec<(f64, f64)>,
}

/// Draws curves over their axes.
pub fn chart(x: &Axis, y: &Axis, curves: &[Curve]) -> Drawing {
    over_time(x, y, curves, &[])
}

/// Draws curves over time, of which the level axis has the seconds, with the faults behind them.
pub fn over_time(x: &Axis, y: &Axis, curves: &[Curve], bands: &[Band]) -> Drawing {
    let entries = curves.iter().map(|curve| Entry {
        label: curve.label.clone(),
        series: curve.series,
        swatch: Swatch::Line,
    });
    let legend = Legend::new(entries.chain(bands.iter().map(Band::entry)).collect());
    draw(legend.height + frame_height(), |area| {
        legend.draw(area);
        let (_, below) = area.split_vertically(legend.height * SCALE);
        framed(&below, x, y, |plot| {
            // The library gives places within the whole drawing, and takes them within the area.
            let (_, above) = below.get_base_pixel();
            let place = |at: (f64, f64)| plot.backend_coord(&at);
            let (top, bottom) = (place((x.low, y.high)).1, place((x.low, y.low)).1);
            bands::draw(&below, bands, (top - above, bottom - above), |at| {
                place((at.as_secs_f64().min(x.high), y.low)).0
            });
            for curve in curves {
                // Where there is no figure there is no line either.
                for points in curve.points.split(|(_, y)| y.is_nan()) {
                    let points = points.iter().copied();
                    plot.draw_series(LineSeries::new(points, line_style(curve.series)))
                        .expect(IN_MEMORY);
                }
            }
        });
    })
}

/// The height in pixels of a framed plot without its legend.
pub const fn frame_height() -> i32 {
    HEAD + PLOT_HEIGHT + FOOT
}

pub type Plot<'a, 'b> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Draws grid, marks and titles, and what `paint` adds between them.
pub fn framed(area: &Area<'_>, x: &Axis, y: &Axis, paint: impl FnOnce(&mut Plot<'_, '_>)) {
    let widest = y.marks.iter().map(|(_, label)| text_width(label)).max().unwrap_or(0);
    let left = widest + LABEL_GAP + 2;
    let mut plot = ChartBuilder::on(area)
        .margin_top(HEAD * SCALE)
        .margin_right(RIGHT * SCALE)
        .margin_bottom(FOOT * SCALE)
        .margin_left(left * SCALE)
        .build_cartesian_2d(x.low..x.high, y.low..y.high)
        .expect(IN_MEMORY);
    grid(area, &plot, x, y);
    text(area, &y.title, (0, FONT / 2 + 6), HPos::Left, VPos::Center, &MUTED);
    let bottom = frame_height() - FONT / 2 - 3;
    let middle = left + (WIDTH - left - RIGHT) / 2;
    text(area, &x.title, (middle, bottom), HPos::Center, VPos::Center, &MUTED);
    paint(&mut plot);
}

/// A line at each mark, and its figure outside the plot.
fn grid(area: &Area<'_>, plot: &Plot<'_, '_>, x: &Axis, y: &Axis) {
    // The library gives places within the whole drawing, and takes them within the area.
    let (_, above) = area.get_base_pixel();
    let place = |at: (f64, f64)| {
        let (left, top) = plot.backend_coord(&at);
        (left, top - above)
    };
    let line = |from, to| {
        area.draw(&PathElement::new([from, to], GRID.stroke_width(SCALE as u32))).expect(IN_MEMORY);
    };
    for (at, label) in &x.marks {
        let (foot, head) = (place((*at, y.low)), place((*at, y.high)));
        line(foot, head);
        let below = (foot.0, foot.1 + LABEL_GAP * SCALE);
        area.draw_text(label, &font(&MUTED, HPos::Center, VPos::Top), below).expect(IN_MEMORY);
    }
    for (at, label) in &y.marks {
        let (start, end) = (place((x.low, *at)), place((x.high, *at)));
        line(start, end);
        let beside = (start.0 - LABEL_GAP * SCALE, start.1);
        area.draw_text(label, &font(&MUTED, HPos::Right, VPos::Center), beside).expect(IN_MEMORY);
    }
}
