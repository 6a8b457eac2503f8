//! One measured number, and the way in which it is written everywhere: a terminal, a page and a
//! verdict that show the same figure show the same text.

use std::fmt;

use crate::record::Nanos;

/// A number with the unit that decides how it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    Time(Nanos),
    /// A time that had not come to its end when nobody looked any longer.
    LongerThan(Nanos),
    /// A share of a whole, from 0 to 1.
    Share(f64),
    /// So many for each of something else.
    Ratio(f64),
    Count(u64),
    Bytes(u64),
}

impl Figure {
    /// The bare number: nanoseconds, a share, a ratio, a count or bytes.
    pub fn value(self) -> f64 {
        match self {
            Self::Time(span) | Self::LongerThan(span) => span.0 as f64,
            Self::Share(number) | Self::Ratio(number) => number,
            Self::Count(number) | Self::Bytes(number) => number as f64,
        }
    }

    /// Another number of the same kind, no smaller than nothing and, of a share, no more than all.
    #[must_use]
    pub fn with_value(self, value: f64) -> Self {
        let value = value.max(0.0);
        match self {
            Self::Time(_) => Self::Time(Nanos::rounded(value)),
            Self::LongerThan(_) => Self::LongerThan(Nanos::rounded(value)),
            Self::Share(_) => Self::Share(value.min(1.0)),
            Self::Ratio(_) => Self::Ratio(value),
            Self::Count(_) => Self::Count(value.round() as u64),
            Self::Bytes(_) => Self::Bytes(value.round() as u64),
        }
    }

    /// Without zeros that say nothing: `1 %` and `250 ms`, as a person asks for it.
    pub fn asked(self) -> String {
        let text = self.to_string();
        if let Self::LongerThan(_) = self {
            return text;
        }
        let (number, unit) = text.split_once(' ').unwrap_or((&text, ""));
        let number = match number.contains('.') {
            true => number.trim_end_matches('0').trim_end_matches('.'),
            false => number,
        };
        if unit.is_empty() { number.to_owned() } else { format!("{number} {unit}") }
    }

    /// With as many digits as it takes to look different from a bound that it is different from.
    pub fn apart_from(self, bound: Self) -> String {
        let plain = self.to_string();
        let looks_equal = |text: &String| self != bound && *text == bound.to_string();
        if !looks_equal(&plain) {
            return plain;
        }
        let finer = (1..=6).map(|extra| (self.with_digits(extra), bound.with_digits(extra)));
        finer.into_iter().find(|(own, other)| own != other).map_or(plain, |(own, _)| own)
    }

    fn with_digits(self, extra: usize) -> String {
        match self {
            Self::Time(span) => time_with(span, 3 + extra),
            Self::LongerThan(span) => format!("not in {}", time_with(span, 3 + extra)),
            Self::Share(number) => share_with(number, extra),
            Self::Ratio(number) => significant(number, 3 + extra),
            Self::Count(number) => count(number),
            Self::Bytes(number) => bytes_with(number, 3 + extra),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.with_digits(0))
    }
}

/// `380 us`, `1.92 ms`, `12.4 s`: three significant digits.
pub fn time(span: Nanos) -> String {
    time_with(span, 3)
}

/// `93.4 %`, `0.42 %`, `0.0031 %`. What is not quite all or nothing is never written as such.
pub fn share(number: f64) -> String {
    share_with(number, 0)
}

/// Three significant digits: `0.0742`, `1.06`, `42.0`.
pub fn ratio(number: f64) -> String {
    significant(number, 3)
}

/// With commas between the thousands: `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `512 B`, `1.50 MiB`.
pub fn bytes(number: u64) -> String {
    bytes_with(number, 3)
}

fn bytes_with(number: u64, digits: usize) -> String {
    let mut value = number as f64;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    if unit == "B" {
        format!("{number} B")
    } else {
        format!("{} {unit}", significant(value, digits))
    }
}

/// `a`, `a and b`, `a, b and c`.
pub fn list<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

fn time_with(span: Nanos, digits: usize) -> String {
    if span == Nanos::ZERO {
        return "0".into();
    }
    let units = [("ns", 1.0, 1e3), ("us", 1e3, 1e3), ("ms", 1e6, 1e3), ("s", 1e9, 600.0)];
    for (unit, size, limit) in units {
        let value = span.0 as f64 / size;
        let text = if unit == "ns" { span.0.to_string() } else { significant(value, digits) };
        // Rounding may carry a figure into the next unit: 999.7 us is 1.00 ms.
        if text.parse::<f64>().is_ok_and(|rounded| rounded < limit) {
            return format!("{text} {unit}");
        }
    }
    format!("{} min", significant(span.as_secs_f64() / 60.0, digits))
}

fn share_with(number: f64, extra: usize) -> String {
    let percent = number * 100.0;
    if percent == 0.0 {
        return "0 %".into();
    }
    if percent == 100.0 {
        return "100 %".into();
    }
    let decimals = match percent.abs() {
        size if (99.0..100.0).contains(&size) => 2,
        size if size >= 1.0 => 1,
        size if size >= 0.1 => 2,
        size if size >= 0.01 => 3,
        _ => 4,
    };
    let text = format!("{percent:.*}", decimals + extra);
    match text.parse::<f64>() {
        Ok(100.0) if percent < 100.0 => ">99.99 %".into(),
        Ok(0.0) => "<0.0001 %".into(),
        _ => format!("{text} %"),
    }
}

fn significant(number: f64, digits: usize) -> String {
    if !number.is_finite() {
        return "-".into();
    }
    if number == 0.0 {
        return "0".into();
    }
    // The exponent after rounding: 0.9999 has three digits as 1.00.
    let scientific = format!("{number:.*e}", digits - 1);
    let exponent = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse().ok());
    let decimals = (digits as i32 - 1 - exponent.unwrap_or(0)).clamp(0, 9) as usize;
    format!("{number:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_three_digits_in_the_unit_that_fits() {
        let written = [850, 1_234, 380_000, 999_700, 1_920_000, 12_400_000_000, 750_000_000_000]
            .map(|nanos| time(Nanos(nanos)));
        assert_eq!(
            written,
            ["850 ns", "1.23 us", "380 us", "1.00 ms", "1.92 ms", "12.4 s", "12.5 min"]
        );
    }

    #[test]
    fn a_share_that_is_not_all_or_nothing_is_not_written_as_such() {
        let written =
            [0.0, 1.0, 0.934, 0.99971, 0.999_999_9, 0.031, 0.0042, 0.000_031, 1e-9].map(share);
        let expected = [
            "0 %",
            "100 %",
            "93.4 %",
            "99.97 %",
            ">99.99 %",
            "3.1 %",
            "0.42 %",
            "0.0031 %",
            "<0.0001 %",
        ];
        assert_eq!(written, expected);
    }

    #[test]
    fn a_bound_is_written_as_a_person_asks_for_it() {
        assert_eq!(Figure::Share(0.01).asked(), "1 %");
        assert_eq!(Figure::Time(Nanos::from_millis(250)).asked(), "250 ms");
        assert_eq!(Figure::Time(Nanos::from_millis(5)).asked(), "5 ms");
        assert_eq!(Figure::Ratio(0.5).asked(), "0.5");
        assert_eq!(Figure::Count(100).asked(), "100");
    }

    #[test]
    fn a_figure_just_past_its_bound_shows_that_it_is() {
        assert_eq!(
            Figure::Share(0.01004).apart_from(Figure::Share(0.01)),
            "1.00 %".replace("1.00", "1.004")
        );
        assert_eq!(Figure::Share(0.02).apart_from(Figure::Share(0.01)), "2.0 %");
    }

    #[test]
    fn counts_and_sizes_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.999_96, 0.074_21, 41.96].map(ratio), ["1.00", "0.0742", "42.0"]);
        assert_eq!([512, 1_572_864].map(bytes), ["512 B", "1.50 MiB"]);
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    }
}
