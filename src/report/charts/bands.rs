//! The times of faults on an axis of time: hatched bands with a number each, which a legend names.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{
    Area, EDGE, Entry, IN_MEMORY, INK, SCALE, Swatch, WIDTH, hatch, text, text_width,
};
use crate::compare::figure::time;
use crate::record::{Nanos, PlannedFault, Record};

/// Between two numbers, in pixels.
const NUMBERS_APART: i32 = 6;
/// How far above the plot the middle of a number is, in pixels: just below the axis's title.
const NUMBER_ABOVE: i32 = 7;
/// What is over at once still has to be seen.
const WIDTH_MIN: i32 = 3;

/// The time of one fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// From 1, in the order in which faults begin.
    pub number: usize,
    /// `cache killed`
    pub name: String,
    pub from: Nanos,
    pub to: Nanos,
}

/// A place in a plot, in units: where a number stands, and what it says.
type Mark = (i32, Vec<usize>);

/// The band of each fault: from when it first began to when it was last over, over all runs; as it
/// was planned where it came about in none.
pub fn of(record: &Record) -> Vec<Band> {
    let planned = record.planned_faults();
    (0..planned.len()).map(|index| band(record, &planned, index)).collect()
}

fn band(record: &Record, planned: &[PlannedFault], index: usize) -> Band {
    let runs = || record.contenders.iter().flat_map(|contender| &contender.runs);
    let injected = || {
        let through = runs().filter_map(|run| run.through(planned, index));
        through.map(|fault| &fault.injected)
    };
    let window = record.scenario.workload.duration.nanos();
    let fault = &planned[index];
    let from = injected().map(|fault| fault.began).min().unwrap_or(fault.at.nanos());
    let to = injected().map(|fault| fault.ended).max().unwrap_or(fault.over());
    let (from, to) = (from.min(window), to.min(window));
    Band { number: index + 1, name: fault.what.to_string(), from, to: to.max(from) }
}

impl Band {
    pub fn entry(&self) -> Entry {
        let label = format!("{}: {}", self.number, self.name);
        Entry { label, series: 0, swatch: Swatch::Hatched }
    }

    /// Whether any of it lies in an interval of time.
    pub fn touches(&self, from: Nanos, to: Nanos) -> bool {
        self.from < to && self.to >= from
    }
}

/// What a reader who does not see the bands has to know of them, after a description.
pub fn described(bands: &[Band]) -> String {
    let named = bands.iter().map(|band| match band.from == band.to {
        true => format!("{}, {}, at {}", band.number, band.name, time(band.from)),
        false => {
            let (from, to) = (time(band.from), time(band.to));
            format!("{}, {}, from {from} to {to}", band.number, band.name)
        }
    });
    match bands {
        [] => String::new(),
        _ => format!(" Hatched are the faults: {}.", named.collect::<Vec<_>>().join("; ")),
    }
}

/// Draws bands into a plot given in units, `place` being where a time stands, and their numbers
/// above it.
pub fn draw(
    area: &Area<'_>,
    bands: &[Band],
    (top, bottom): (i32, i32),
    place: impl Fn(Nanos) -> i32,
) {
    let mut marks: Vec<Mark> = Vec::new();
    for band in bands {
        let left = place(band.from);
        let right = place(band.to).max(left + WIDTH_MIN * SCALE);
        hatch(area, (left, top), (right, bottom));
        for x in [left, right] {
            let line = PathElement::new([(x, top), (x, bottom)], EDGE.stroke_width(SCALE as u32));
            area.draw(&line).expect(IN_MEMORY);
        }
        marks.push((i32::midpoint(left, right), vec![band.number]));
    }
    for (x, numbers) in apart(marks) {
        let words = joined(&numbers);
        let half = text_width(&words) / 2;
        let at = ((x / SCALE).clamp(half, WIDTH - half), top / SCALE - NUMBER_ABOVE);
        text(area, &words, at, HPos::Center, VPos::Center, &INK);
    }
}

/// Marks too close to each other become one.
fn apart(mut marks: Vec<Mark>) -> Vec<Mark> {
    marks.sort();
    loop {
        let near = |(a, b): (&Mark, &Mark)| {
            let room = i32::midpoint(text_width(&joined(&a.1)), text_width(&joined(&b.1)));
            b.0 - a.0 < (room + NUMBERS_APART) * SCALE
        };
        let Some(first) = std::iter::zip(&marks, marks.iter().skip(1)).position(near) else {
            return marks;
        };
        let (x, numbers) = marks.remove(first + 1);
        marks[first].0 = i32::midpoint(marks[first].0, x);
        marks[first].1.extend(numbers);
        marks[first].1.sort_unstable();
    }
}

/// `1, 2`, or `1-4` for more than two in a row.
fn joined(numbers: &[usize]) -> String {
    let in_a_row = |run: &&[usize]| run.len() > 2;
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    let written = runs.map(|run| match Some(run).filter(in_a_row) {
        Some(run) => format!("{}-{}", run[0], run[run.len() - 1]),
        None => run.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
    });
    written.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_in_a_row_are_written_as_such() {
        assert_eq!(joined(&[1]), "1");
        assert_eq!(joined(&[1, 2]), "1, 2");
        assert_eq!(joined(&[1, 2, 3, 5]), "1-3, 5");
    }

    proptest! {
        #[test]
        fn numbers_never_overlap_and_none_is_lost(
            places in proptest::collection::vec(0..WIDTH * SCALE, 0..20),
        ) {
            let marks = places.iter().enumerate().map(|(index, &x)| (x, vec![index + 1])).collect();
            let marks = apart(marks);
            let mut all: Vec<usize> = marks.iter().flat_map(|mark| mark.1.clone()).collect();
            all.sort_unstable();
            prop_assert_eq!(all, (1..=places.len()).collect::<Vec<_>>());
            let end = |mark: &Mark, side: i32| mark.0 + side * text_width(&joined(&mark.1)) / 2 * SCALE;
            for (a, b) in std::iter::zip(&marks, marks.iter().skip(1)) {
                prop_assert!(end(a, 1) < end(b, -1), "{a:?} {b:?}");
            }
        }
    }
}
