//! What a sweep says in plain English: who is best where, and where that changes.

use super::super::figure::{count, list};
use super::super::{Figure, Metric};
use super::compared;
use super::course::{Course, Stretch, course};
use crate::record::Nanos;
use crate::record::sweep::{Scale, Sweep, Unit};

/// More changes than this over a range are told as their number alone: no sentence has room for them.
const CHANGES_MAX: usize = 3;

/// One for each measure that is compared, the preferred one first; then what took no part.
pub fn sentences(sweep: &Sweep) -> Vec<String> {
    if sweep.valid().next().is_none() {
        return vec!["Nothing can be said: no point is valid, and the checks say why.".into()];
    }
    let mut sentences = Vec::new();
    let (mut untold, mut unknown) = (Vec::new(), Vec::new());
    for metric in compared(sweep) {
        let course = course(sweep, metric);
        let all = sweep.labels().len();
        match course.stretches.as_slice() {
            [] => unknown.push(metric.name()),
            [only] if only.best.len() == all => untold.push(metric.name()),
            _ if sweep.varied.scale == Scale::Named => sentences.push(by_word(sweep, metric)),
            _ => sentences.push(over_range(sweep, &course)),
        }
    }
    if !untold.is_empty() {
        sentences.push(format!("No strategy can be told from the others in {}.", list(&untold)));
    }
    if !unknown.is_empty() {
        let samples = "too few samples, or fewer than two strategies that have it";
        sentences.push(format!("Nothing can be said of {}: {samples}.", list(&unknown)));
    }
    sentences.extend(left_out(sweep));
    sentences
}

fn over_range(sweep: &Sweep, course: &Course) -> String {
    let superlative = course.metric.superlative();
    let changes = course.crossings.len();
    let [first, others @ ..] = course.stretches.as_slice() else { return String::new() };
    if changes == 0 {
        return format!("Over the whole range {} {superlative}.", have(first));
    }
    if changes > CHANGES_MAX {
        return format!(
            "Who has {superlative} changes {changes} times over the range: no change is named."
        );
    }
    let place = |index: usize| {
        let crossing = course.crossings[index]?;
        let written = |point: usize| sweep.points[point].written.as_str();
        let between =
            format!("between {} and {}", written(crossing.after), written(crossing.before));
        Some(match crossing.at {
            Some(at) => format!("{} ({between})", said(sweep, at)),
            None => format!("a value {between}"),
        })
    };
    if let ([other], Some(place)) = (others, place(0)) {
        return format!(
            "Below {place} {} {superlative}, above it {}.",
            have(first),
            list(&other.best)
        );
    }
    let mut sentence = format!("{} {superlative} at the lower end", have(first));
    for (index, stretch) in others.iter().enumerate() {
        sentence += &match place(index) {
            Some(place) => format!("; from {place} on, {}", list(&stretch.best)),
            None => format!(
                "; then, from a place that cannot be told from noise, {}",
                list(&stretch.best)
            ),
        };
    }
    sentence + "."
}

/// Words have no order: those with the same best are told together.
fn by_word(sweep: &Sweep, metric: Metric) -> String {
    let mut groups: Vec<(Vec<String>, Vec<&str>)> = Vec::new();
    for (index, point) in sweep.points.iter().enumerate() {
        let best = super::course::best_at(sweep, index, metric);
        match groups.iter_mut().find(|(other, _)| *other == best) {
            _ if best.is_empty() => {}
            Some((_, words)) => words.push(&point.written),
            None => groups.push((best, vec![&point.written])),
        }
    }
    let option = &sweep.varied.option;
    let told = groups.iter().enumerate().map(|(index, (best, words))| match index {
        0 => {
            let have = if best.len() == 1 { "has" } else { "have" };
            let words = list(words);
            format!("with {option} {words} {} {have} {}", list(best), metric.superlative())
        }
        _ => format!("with {} {}", list(words), list(best)),
    });
    let told = told.collect::<Vec<_>>().join("; ");
    format!("W{}.", told.strip_prefix('w').unwrap_or(&told))
}

fn left_out(sweep: &Sweep) -> Option<String> {
    let invalid = sweep.points.iter().filter(|point| !point.is_valid());
    let invalid: Vec<_> = invalid.map(|point| point.written.as_str()).collect();
    match invalid.as_slice() {
        [] => None,
        [one] => Some(format!("The point {one} is INVALID, and took no part in this.")),
        all => Some(format!("The points {} are INVALID, and took no part in this.", list(all))),
    }
}

/// "a has", "a and b, which cannot be told apart, have".
fn have(stretch: &Stretch) -> String {
    match stretch.best.as_slice() {
        [only] => format!("{only} has"),
        all => format!("{}, which cannot be told apart, have", list(all)),
    }
}

/// A value of the option in a sentence: `12 % writes`, `ttl 1.2 s`.
fn said(sweep: &Sweep, value: f64) -> String {
    let (option, value) = (sweep.varied.option.as_str(), at(sweep.varied.unit, value));
    match option {
        "writes" | "reads" | "nodes" | "keys" | "clients" => format!("{value} {option}"),
        _ => format!("{option} {value}"),
    }
}

/// A value of the option as text, with the digits that are worth it.
pub fn at(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Time => Figure::Time(Nanos::rounded(value)).asked(),
        Unit::Size => Figure::Bytes(value.max(0.0).round() as u64).asked(),
        Unit::Share => Figure::Share(value).asked(),
        Unit::Number | Unit::Word if value >= 1_000.0 => count(value.round() as u64),
        Unit::Number | Unit::Word => Figure::Ratio(value).asked(),
    }
}
