//! What all charts are drawn with: sizes, inks, text, and the legend.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Units of the drawing for one pixel of its nominal size. The library places points on whole
/// units, so with one unit a pixel curves would be stairs.
pub const SCALE: i32 = 4;

/// The nominal width in pixels: half a page on a desk, all of it on a telephone.
pub const WIDTH: i32 = 480;

pub const FONT: i32 = 13;

/// What the library divides a font's size by when it writes SVG.
const FONT_RATIO: f64 = 1.24;

/// The width of a letter as a share of the font's size: that of a wide system font.
const LETTER: f64 = 0.64;

pub const INK: RGBColor = RGBColor(0x1C, 0x21, 0x28);
pub const MUTED: RGBColor = RGBColor(0x59, 0x63, 0x6E);
pub const GRID: RGBColor = RGBColor(0xE4, 0xE7, 0xEB);
/// The ground of a fault's band, the hatching on it, and the lines at its ends.
pub const BAND: RGBColor = RGBColor(0xEE, 0xEF, 0xF2);
pub const HATCH: RGBColor = RGBColor(0xC3, 0xC8, 0xCF);
pub const EDGE: RGBColor = RGBColor(0x8A, 0x92, 0x9C);

/// Between the lines of the hatching, in pixels.
const SPACING: i32 = 7;

/// The palette of Okabe and Ito, which people with any kind of colour vision can tell apart; its
/// yellow, which hardly shows on white, stands last.
pub const PALETTE: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0x56, 0xB4, 0xE9),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x6B, 0x72, 0x80),
];

/// Different inks there are for series. Past the palette the colours come again with other dashes.
pub const SERIES: usize = 14;

pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A finished drawing in the library's own SVG, with its height in units.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    pub svg: String,
    pub height: i32,
}

/// What stands beside a legend's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swatch {
    Line,
    Block,
    /// A paler block: the same thing done in the background, or only possibly.
    Pale,
    /// As the time of a fault is: no series of its own.
    Hatched,
}

/// One entry of a legend.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub label: String,
    pub series: usize,
    pub swatch: Swatch,
}

/// Draws on an empty area of this height in pixels.
pub fn draw(height: i32, paint: impl FnOnce(&Area<'_>)) -> Drawing {
    let mut svg = String::new();
    {
        let size = ((WIDTH * SCALE) as u32, (height * SCALE) as u32);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        paint(&area);
        area.present().expect(IN_MEMORY);
    }
    Drawing { svg, height: height * SCALE }
}

/// A chart without data says so, rather than showing empty axes.
pub fn message(text: &str) -> Drawing {
    draw(96, |area| {
        self::text(area, text, (WIDTH / 2, 48), HPos::Center, VPos::Center, &MUTED);
    })
}

/// Why drawing cannot fail: there is no device behind it.
pub const IN_MEMORY: &str = "drawing into a string does not fail";

/// The ink of a series. Each has a colour of its own, by which the style sheet finds it.
pub fn ink(series: usize) -> RGBColor {
    let series = series % SERIES;
    let RGBColor(red, green, blue) = PALETTE[series % PALETTE.len()];
    RGBColor(red, green, blue + (series / PALETTE.len()) as u8)
}

pub fn line_style(series: usize) -> ShapeStyle {
    ink(series).stroke_width((2 * SCALE) as u32)
}

pub fn font(colour: &RGBColor, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    let size = f64::from(FONT * SCALE) * FONT_RATIO;
    let style = ("sans-serif", size).into_font().color(colour);
    style.pos(Pos::new(horizontal, vertical))
}

/// Writes at a place in pixels.
pub fn text(
    area: &Area<'_>,
    text: &str,
    (x, y): (i32, i32),
    horizontal: HPos,
    vertical: VPos,
    colour: &RGBColor,
) {
    let style = font(colour, horizontal, vertical);
    area.draw_text(text, &style, (x * SCALE, y * SCALE)).expect(IN_MEMORY);
}

/// Fills a rectangle given in pixels.
pub fn block(
    area: &Area<'_>,
    (left, top): (f64, f64),
    (right, bottom): (f64, f64),
    style: ShapeStyle,
) {
    let unit = |pixels: f64| (pixels * f64::from(SCALE)).round() as i32;
    let corners = [(unit(left), unit(top)), (unit(right), unit(bottom))];
    area.draw(&Rectangle::new(corners, style)).expect(IN_MEMORY);
}

pub fn fill(series: usize, swatch: Swatch) -> ShapeStyle {
    let opacity = if swatch == Swatch::Pale { 0.45 } else { 1.0 };
    ink(series).mix(opacity).filled()
}

/// How wide a text may come out, in pixels.
pub fn text_width(text: &str) -> i32 {
    (text.chars().count() as f64 * f64::from(FONT) * LETTER).ceil() as i32
}

/// A legend laid out in rows: where each entry starts.
pub struct Legend {
    entries: Vec<(Entry, i32, i32)>,
    pub height: i32,
}

impl Legend {
    const ROW: i32 = 20;
    const SWATCH: i32 = 26;
    const GAP: i32 = 16;

    pub fn new(entries: Vec<Entry>) -> Self {
        let (mut x, mut row) = (0, 0);
        let mut placed = Vec::new();
        for entry in entries {
            let width = Self::SWATCH + text_width(&entry.label);
            if x > 0 && x + width > WIDTH {
                (x, row) = (0, row + 1);
            }
            placed.push((entry, x, row));
            x += width + Self::GAP;
        }
        let rows = if placed.is_empty() { 0 } else { row + 1 };
        Self { entries: placed, height: rows * Self::ROW }
    }

    pub fn draw(&self, area: &Area<'_>) {
        for (entry, x, row) in &self.entries {
            let middle = row * Self::ROW + Self::ROW / 2;
            match entry.swatch {
                Swatch::Line => {
                    let ends = [(x * SCALE, middle * SCALE), ((x + 20) * SCALE, middle * SCALE)];
                    area.draw(&PathElement::new(ends, line_style(entry.series))).expect(IN_MEMORY);
                }
                Swatch::Hatched => {
                    let (left, top) = (x * SCALE, (middle - 6) * SCALE);
                    hatch(area, (left, top), (left + 20 * SCALE, top + 12 * SCALE));
                }
                swatch => {
                    let (left, top) = (f64::from(x + 4), f64::from(middle - 6));
                    let style = fill(entry.series, swatch);
                    block(area, (left, top), (left + 12.0, top + 12.0), style);
                }
            }
            let at = (x + Self::SWATCH, middle);
            text(area, &entry.label, at, HPos::Left, VPos::Center, &INK);
        }
    }
}

/// Fills a rectangle in units with lines on a ground, which are told from any colour.
pub fn hatch(area: &Area<'_>, (left, top): (i32, i32), (right, bottom): (i32, i32)) {
    area.draw(&Rectangle::new([(left, top), (right, bottom)], BAND.filled())).expect(IN_MEMORY);
    let height = bottom - top;
    for start in (left - height..right).step_by((SPACING * SCALE) as usize) {
        // From the lower edge to the upper one, a step aside for each step up.
        let (from, to) = (start.max(left), (start + height).min(right));
        if from < to {
            let ends = [(from, bottom - (from - start)), (to, bottom - (to - start))];
            area.draw(&PathElement::new(ends, HATCH.stroke_width(SCALE as u32))).expect(IN_MEMORY);
        }
    }
}
