//! Bar charts: one level bar for each strategy, in parts, with its figure at the end.

use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{
    Drawing, Entry, INK, Legend, MUTED, Swatch, WIDTH, block, draw, fill, text, text_width,
};

const ROW: i32 = 30;
const BAR: f64 = 18.0;
const GAP: i32 = 8;
/// A name longer than this is cut.
const NAME_MAX: usize = 22;

/// One strategy's bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    pub name: String,
    /// From left to right.
    pub parts: Vec<Part>,
    /// What is written after the bar.
    pub figure: String,
}

/// A part of a bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    pub size: f64,
    pub series: usize,
    pub swatch: Swatch,
}

/// Draws bars over a common scale that ends at the longest of them.
pub fn chart(bars: &[Bar], entries: Vec<Entry>) -> Drawing {
    let legend = Legend::new(entries);
    let top = legend.height + 6;
    let widest = |width: fn(&Bar) -> i32| bars.iter().map(width).max().unwrap_or(0);
    let left = widest(|bar| text_width(&cut(&bar.name))) + GAP;
    let right = WIDTH - widest(|bar| text_width(&bar.figure)) - GAP;
    let length = |bar: &Bar| bar.parts.iter().map(|part| part.size).sum::<f64>();
    let longest = bars.iter().map(length).fold(f64::MIN_POSITIVE, f64::max);
    let unit = f64::from(right - left) / longest;
    draw(top + ROW * bars.len() as i32, |area| {
        legend.draw(area);
        for (index, bar) in bars.iter().enumerate() {
            let middle = top + ROW * index as i32 + ROW / 2;
            text(area, &cut(&bar.name), (left - GAP, middle), HPos::Right, VPos::Center, &INK);
            let (above, below) = (f64::from(middle) - BAR / 2.0, f64::from(middle) + BAR / 2.0);
            let mut x = f64::from(left);
            for part in bar.parts.iter().filter(|part| part.size > 0.0) {
                let end = x + part.size * unit;
                // A sliver of the ground parts neighbours that a reader may not tell by colour.
                let shown = if end - x > 3.0 { end - 1.0 } else { end };
                block(area, (x, above), (shown, below), fill(part.series, part.swatch));
                x = end;
            }
            let after = (x.ceil() as i32 + GAP, middle);
            text(area, &bar.figure, after, HPos::Left, VPos::Center, &MUTED);
        }
    })
}

fn cut(name: &str) -> String {
    match name.chars().count() {
        length if length > NAME_MAX => {
            name.chars().take(NAME_MAX - 2).chain("..".chars()).collect()
        }
        _ => name.to_owned(),
    }
}
