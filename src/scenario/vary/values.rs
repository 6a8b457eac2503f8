//! The values of a varied option, as people write them: `100ms..10s:5:log`, `1%..50%`, `1,2,4`.

use serde::{Deserialize, Serialize};

use super::Unvaried;
use crate::model::{Nanos, Size, Span};

/// How many values a range has unless it says so.
const STEPS: usize = 5;
/// More values than anyone waits for; a slip of the keyboard.
const STEPS_MAX: usize = 100;

/// How the values follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Each is so much more than the last.
    Linear,
    /// Each is so many times the last.
    Log,
    /// They are words, and have no order.
    Named,
}

/// What the values are numbers of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Nanoseconds.
    Time,
    /// Bytes.
    Size,
    /// A part of a whole, written in per cent.
    Share,
    Number,
    /// The place in the list.
    Word,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    pub unit: Unit,
    /// In the unit's own measure.
    pub number: f64,
    /// As a person writes it.
    pub written: String,
}

/// All values, in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub scale: Scale,
    pub unit: Unit,
    pub list: Vec<Value>,
}

/// What stands right of the `=`.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    Range { from: Value, to: Value, steps: usize, scale: Scale },
    List(Vec<Value>),
}

impl Values {
    /// # Errors
    /// If that is no range and no list, or one of no or of too many values.
    pub fn parse(text: &str) -> Result<Self, Unvaried> {
        match text.split_once("..") {
            Some((from, rest)) => Self::range(from.trim(), rest),
            None => Self::several(text),
        }
    }

    fn range(from: &str, rest: &str) -> Result<Self, Unvaried> {
        let mut parts = rest.split(':').map(str::trim);
        let to = parts.next().unwrap_or_default();
        let (mut steps, mut scale) = (STEPS, Scale::Linear);
        for part in parts {
            match part {
                "log" => scale = Scale::Log,
                "linear" => scale = Scale::Linear,
                _ => steps = steps_of(part)?,
            }
        }
        if from.is_empty() || to.is_empty() {
            return Err(Unvaried::new("a range has two ends, as in `100ms..10s`"));
        }
        let (from, to) = (Value::parse(from), Value::parse(to));
        for end in [&from, &to] {
            if end.unit == Unit::Word {
                return Err(Unvaried::new(format!(
                    "`{}` is no number, and words have no range: list them, as in `a,b,c`",
                    end.written
                )));
            }
        }
        if from.unit != to.unit {
            return Err(Unvaried::new(format!(
                "`{}` is {}, and `{}` is {}: both ends are of one kind",
                from.written,
                from.unit.article(),
                to.written,
                to.unit.article(),
            )));
        }
        if !(from.number < to.number && from.number.is_finite() && to.number.is_finite()) {
            let (from, to) = (from.written, to.written);
            return Err(Unvaried::new(format!(
                "the range {from}..{to} is empty: it goes from the lower value to the higher"
            )));
        }
        if scale == Scale::Log && from.number <= 0.0 {
            return Err(Unvaried::new("a logarithmic range begins above zero"));
        }
        Ok(Self::Range { from, to, steps, scale })
    }

    fn several(text: &str) -> Result<Self, Unvaried> {
        let words: Vec<_> = text.split(',').map(str::trim).collect();
        if words.iter().any(|word| word.is_empty()) {
            return Err(Unvaried::new("a value is missing: expected FROM..TO, or A,B,C"));
        }
        if words.len() > STEPS_MAX {
            return Err(too_many(words.len()));
        }
        let mut values: Vec<Value> = words.into_iter().map(Value::parse).collect();
        let unit = values[0].unit;
        if values.iter().any(|value| value.unit != unit) {
            // One word among numbers makes words of all.
            values.iter_mut().for_each(|value| value.unit = Unit::Word);
        }
        if values[0].unit == Unit::Word {
            values.iter_mut().zip(0_u32..).for_each(|(value, place)| value.number = place.into());
        } else {
            values.sort_by(|one, other| one.number.total_cmp(&other.number));
        }
        for (place, value) in values.iter().enumerate() {
            if values[..place].iter().any(|earlier| earlier.written == value.written) {
                return Err(Unvaried::new(format!("`{}` is listed twice", value.written)));
            }
        }
        Ok(Self::List(values))
    }

    /// One after the other; whole numbers where the option takes no others.
    ///
    /// # Errors
    /// If nothing is left to compare.
    pub fn list(self, is_whole: bool) -> Result<Listed, Unvaried> {
        let (scale, list) = match self {
            Self::List(list) => (scale_of(&list), list),
            Self::Range { from, to, steps, scale } => {
                let place = |step: usize| step as f64 / (steps - 1) as f64;
                let between = |step| match scale {
                    Scale::Log => from.number * libm::pow(to.number / from.number, place(step)),
                    _ => (to.number - from.number).mul_add(place(step), from.number),
                };
                let span = to.number - from.number;
                let inner =
                    (1..steps - 1).map(|step| from.unit.rounded(between(step), span, is_whole));
                let mut list: Vec<Value> =
                    std::iter::once(from.clone()).chain(inner).chain([to.clone()]).collect();
                // Few whole numbers lie in a short range.
                list.dedup_by(|one, other| one.number == other.number);
                (scale, list)
            }
        };
        let unit = list[0].unit;
        Ok(Listed { scale, unit, list })
    }
}

/// A list of numbers is drawn on a logarithmic axis where its steps grow with it.
fn scale_of(list: &[Value]) -> Scale {
    if list[0].unit == Unit::Word {
        return Scale::Named;
    }
    let (first, last) = (list[0].number, list[list.len() - 1].number);
    if list.len() < 3 || first <= 0.0 {
        return Scale::Linear;
    }
    let even = |at: f64| (last - first).mul_add(at, first);
    let grown = |at: f64| first * libm::pow(last / first, at);
    let off = |ideal: &dyn Fn(f64) -> f64| {
        let places = list.iter().enumerate().map(|(place, value)| {
            let ideal = ideal(place as f64 / (list.len() - 1) as f64);
            (value.number - ideal).abs() / ideal
        });
        places.fold(0.0, f64::max)
    };
    if off(&grown) < off(&even) { Scale::Log } else { Scale::Linear }
}

fn steps_of(part: &str) -> Result<usize, Unvaried> {
    match part.parse::<usize>() {
        Ok(steps @ 2..=STEPS_MAX) => Ok(steps),
        Ok(steps @ 0..2) => Err(Unvaried::new(format!(
            "{steps} steps are too few: a range has at least its two ends"
        ))),
        Ok(steps) => Err(too_many(steps)),
        Err(_) => Err(Unvaried::new(format!(
            "`{part}` is no number of steps: expected FROM..TO, FROM..TO:STEPS or FROM..TO:STEPS:log"
        ))),
    }
}

fn too_many(steps: usize) -> Unvaried {
    Unvaried::new(format!("{steps} steps are more than anyone waits for: at most {STEPS_MAX}"))
}

impl Value {
    fn parse(text: &str) -> Self {
        let (unit, number) = if let Some(share) = percent(text) {
            (Unit::Share, share)
        } else if let Ok(number) = text.parse() {
            (Unit::Number, number)
        } else if let Ok(span) = text.parse::<Span>() {
            (Unit::Time, span.nanos().0 as f64)
        } else if let Ok(size) = text.parse::<Size>() {
            (Unit::Size, size.0 as f64)
        } else {
            (Unit::Word, 0.0)
        };
        Self { unit, number, written: text.to_owned() }
    }
}

/// `5%` or `5 %`.
fn percent(text: &str) -> Option<f64> {
    let number = text.strip_suffix('%')?.trim_end().parse::<f64>().ok()?;
    Some(tidy(number / 100.0, 9))
}

impl Unit {
    const fn article(self) -> &'static str {
        match self {
            Self::Time => "a span of time",
            Self::Size => "a size",
            Self::Share => "a share",
            Self::Number => "a number",
            Self::Word => "a word",
        }
    }

    /// A value within a range that is `span` wide, with the digits that a person would give it: three of
    /// its own, or of the range's where that is narrow.
    fn rounded(self, number: f64, span: f64, is_whole: bool) -> Value {
        let decade = libm::log10(span.min(number.abs()).max(f64::MIN_POSITIVE)).floor();
        let quantum = libm::pow(10.0, decade - 2.0);
        let round = || tidy((number / quantum).round() * quantum, 9);
        let number = match self {
            // Whole KiB where there are some.
            Self::Size if number >= 16.0 * 1024.0 => (number / 1024.0).round() * 1024.0,
            Self::Size => number.round(),
            Self::Time => round().round(),
            Self::Number if is_whole => round().round(),
            Self::Share | Self::Number | Self::Word => round(),
        };
        Value { unit: self, number, written: self.written(number) }
    }

    fn written(self, number: f64) -> String {
        match self {
            Self::Time => Span(Nanos(number as u64).into()).to_string(),
            Self::Size => Size(number as u64).to_string(),
            Self::Share => format!("{}%", tidy(number * 100.0, 9)),
            Self::Number | Self::Word => number.to_string(),
        }
    }
}

/// With so many digits after the first.
fn tidy(number: f64, digits: usize) -> f64 {
    format!("{number:.digits$e}").parse().unwrap_or(number)
}
