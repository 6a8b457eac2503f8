//! Axes: from figures to places between 0 and 1, with marks at round figures.

use std::borrow::Cow;

use crate::compare::figure::time;
use crate::record::Nanos;

/// More marks than this along a logarithmic axis would run into each other.
const MARKS_MAX: usize = 7;

/// Decades are few enough up to here, for their labels are short.
const DECADES_MAX: usize = 9;

/// From this many nines on there is no room between the least figure and the median.
const NINES_WITHOUT_LEAST: f64 = 3.2;

/// No time is shown as less than a microsecond: a logarithmic axis has no zero.
const NANOS_MIN: u64 = 1_000;

/// An axis over transformed figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    pub title: Cow<'static, str>,
    pub low: f64,
    pub high: f64,
    /// Where marks stand, and what is written at them.
    pub marks: Vec<(f64, String)>,
}

impl Axis {
    /// Round figures from 0 to past `high`.
    pub fn linear(title: &'static str, high: f64, write: impl Fn(f64) -> String) -> Self {
        let step = round_step(high.max(f64::MIN_POSITIVE) / 5.0);
        let steps = (high / step - 1e-9).ceil().max(1.0) as u32;
        let marks = (0..=steps).map(|index| f64::from(index) * step);
        Self {
            title: title.into(),
            low: 0.0,
            high: f64::from(steps) * step,
            marks: marks.map(|mark| (mark, write(mark))).collect(),
        }
    }

    /// Bytes from 0 to past `high`, in round figures of the unit that they are written in.
    pub fn bytes(title: &'static str, high: f64) -> Self {
        let unit = 1024f64.powf(high.max(1.0).log(1024.0).floor());
        let axis = Self::linear(title, high / unit, |units| {
            crate::compare::Figure::Bytes((units * unit).round() as u64).asked()
        });
        let marks = axis.marks.into_iter().map(|(mark, label)| (mark * unit, label)).collect();
        Self { high: axis.high * unit, marks, ..axis }
    }

    /// A logarithmic axis of time over the decimal logarithm of nanoseconds.
    pub fn log_time(title: &'static str, low: Nanos, high: Nanos) -> Self {
        let nanos = |span: Nanos| span.0.max(NANOS_MIN) as f64;
        Self::log(title, nanos(low), nanos(high), round_time)
    }

    /// A logarithmic axis over the decimal logarithm of figures above zero, from a round figure at
    /// or below `low` to one at or above `high`.
    pub fn log(title: &'static str, low: f64, high: f64, write: impl Fn(f64) -> String) -> Self {
        // The finest steps whose labels still find room.
        let candidates = [&[1.0, 2.0, 5.0][..], &[1.0, 3.0], &[1.0]];
        let candidates = candidates.map(|steps| round_logs(low.log10(), high.log10(), steps));
        let fitting = candidates.iter().find(|marks| marks.len() <= MARKS_MAX);
        let fitting = fitting.unwrap_or(&candidates[2]);
        // Over very many decades only every second or third has its figure.
        let every = fitting.len().div_ceil(DECADES_MAX);
        let label = |mark: f64| write(10f64.powf(mark));
        Self {
            title: title.into(),
            low: fitting[0],
            high: fitting[fitting.len() - 1],
            marks: fitting.iter().step_by(every).map(|&mark| (mark, label(mark))).collect(),
        }
    }

    /// Quantiles with as much room for each further nine; reaches to `high`, in nines.
    pub fn nines(title: &'static str, high: f64) -> Self {
        let named = [(0.0, "min"), (0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9")];
        let rarer = [(0.9999, "p99.99"), (0.99999, "p99.999")];
        let marks = named.iter().chain(&rarer).map(|&(q, name)| (nines(q), name.to_owned()));
        let has_room = |at: f64| at > 0.0 || high < NINES_WITHOUT_LEAST;
        let marks = marks.filter(|(at, _)| *at <= high.max(0.5) + 1e-9 && has_room(*at)).collect();
        Self { title: title.into(), low: 0.0, high: high.max(0.5), marks }
    }
}

/// The place of a quantile on an axis of nines: 1 for 0.9, 2 for 0.99.
pub fn nines(q: f64) -> f64 {
    -(1.0 - q).log10()
}

/// The place of a time on a logarithmic axis.
pub fn log(span: Nanos) -> f64 {
    (span.0.max(NANOS_MIN) as f64).log10()
}

/// The logarithms of round figures that enclose a span, at least two of them.
fn round_logs(low: f64, high: f64, steps: &[f64]) -> Vec<f64> {
    let decades = low.floor() as i32..=high.ceil() as i32 + 1;
    let marks: Vec<f64> = decades
        .flat_map(|decade| steps.iter().map(move |step| f64::from(decade) + step.log10()))
        .collect();
    let first = marks.iter().rposition(|mark| *mark <= low + 1e-9).unwrap_or(0);
    let last = marks.iter().position(|mark| *mark >= high - 1e-9).unwrap_or(marks.len() - 1);
    marks[first..=last.max(first + 1)].to_vec()
}

/// The least of 1, 2 or 5 times a power of ten that is at least this large.
fn round_step(least: f64) -> f64 {
    let decade = 10f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * decade);
    steps.into_iter().find(|step| *step >= least * (1.0 - 1e-9)).unwrap_or(10.0 * decade)
}

/// A round time without digits that say nothing: `20 ms`, not `20.0 ms`.
fn round_time(nanos: f64) -> String {
    crate::compare::Figure::Time(Nanos::rounded(nanos)).asked()
}

/// A time as it stands in a chart's table.
pub fn written(span: Option<Nanos>) -> String {
    span.map(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_axis_reaches_round_figures_on_both_sides() {
        let axis = Axis::log_time("", Nanos::from_micros(180), Nanos::from_millis(42));
        let marks: Vec<_> = axis.marks.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(marks, ["100 us", "300 us", "1 ms", "3 ms", "10 ms", "30 ms", "100 ms"]);
    }

    #[test]
    fn a_linear_axis_starts_at_zero_and_covers_the_highest_figure() {
        let axis = Axis::linear("", 0.93, |mark| format!("{mark:.2}"));
        assert_eq!(axis.low, 0.0);
        assert!(axis.high >= 0.93 && axis.marks.len() <= 7, "{axis:?}");
    }

    #[test]
    fn bytes_are_marked_where_they_are_round_in_their_own_unit() {
        let axis = Axis::bytes("", 2.9 * 1024.0 * 1024.0);
        let marks: Vec<_> = axis.marks.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(marks, ["0 B", "1 MiB", "2 MiB", "3 MiB"]);
        assert_eq!(axis.high, 3.0 * 1024.0 * 1024.0);
        assert!(Axis::bytes("", 0.0).high > 0.0);
    }

    #[test]
    fn one_equal_figure_still_makes_an_axis_with_an_extent() {
        let axis = Axis::log_time("", Nanos::from_millis(1), Nanos::from_millis(1));
        assert!(axis.high > axis.low, "{axis:?}");
        let axis = Axis::linear("", 0.0, |mark| mark.to_string());
        assert!(axis.high > axis.low && axis.high.is_finite(), "{axis:?}");
    }
}
