//! What repeats of the same run say: how sure a mean is, and which differences are noise.

use super::super::table::{Cell, Table, figures, words};
use crate::compare::figure::share;
use crate::compare::{Figure, Interval, Metric, noise};
use crate::record::{Contender, Record};

/// The mean of each primary metric over runs, with its 95 % interval. Empty where every strategy ran
/// once.
pub fn repeats(record: &Record) -> Table {
    let labels = record.contenders.iter().map(|contender| figures(contender.label.as_str()));
    let columns: Vec<_> = std::iter::once(words("mean over repeats")).chain(labels).collect();
    let mut table = Table::new(
        "The mean over runs of each strategy, and between brackets its 95 % interval by Student's t; \
         the sample is a run, never a request",
        columns,
    );
    if record.contenders.iter().all(|contender| contender.runs.len() < 2) {
        return table;
    }
    for metric in Metric::PRIMARY {
        let cells = record.contenders.iter().map(|contender| mean(metric, contender));
        push_unless_blank(&mut table, metric, cells.collect());
    }
    table
}

/// How far each strategy is from its twin. Empty where none has one.
pub fn noise_floor(record: &Record) -> Table {
    let pairs = noise::pairs(record);
    let labels = pairs.iter().map(|(one, _)| figures(one.label.as_str()));
    let columns: Vec<_> = std::iter::once(words("difference")).chain(labels).collect();
    let mut table = Table::new(
        "How far each strategy is from itself, run again: the median over pairs of runs, and between \
         brackets the largest; smaller differences between strategies are noise",
        columns,
    );
    for metric in Metric::PRIMARY.into_iter().filter(|_| !pairs.is_empty()) {
        let cells = pairs.iter().map(|(one, twin)| {
            let apart = noise::apart(metric, one, twin);
            let text = apart.map(|apart| match apart.pairs {
                1 => share(apart.median),
                _ => format!("{} [{}]", share(apart.median), share(apart.largest)),
            });
            text.unwrap_or_default()
        });
        push_unless_blank(&mut table, metric, cells.collect());
    }
    table
}

fn push_unless_blank(table: &mut Table, metric: Metric, cells: Vec<String>) {
    if cells.iter().any(|cell| !matches!(cell.as_str(), "" | "n/a")) {
        let cells = cells.into_iter().map(Cell::from);
        table.push(std::iter::once(Cell::from(row_name(metric))).chain(cells));
    }
}

/// The metric in as few words as the other tables have for it.
const fn row_name(metric: Metric) -> &'static str {
    match metric {
        Metric::StoreReads => "store reads/req",
        metric => metric.name(),
    }
}

/// `4.30 ms [4.10, 4.50]`; `n/a` where fewer than two runs have the figure.
fn mean(metric: Metric, contender: &Contender) -> String {
    let figures: Vec<Figure> =
        contender.runs.iter().filter_map(|run| metric.of_run(contender, run)).collect();
    let values: Vec<f64> = figures.iter().map(|figure| figure.value()).collect();
    let (Some(kind), Some(interval)) = (figures.first(), Interval::of(&values)) else {
        return "n/a".into();
    };
    let bounds = [interval.mean, interval.low, interval.high];
    with_bounds(bounds.map(|value| kind.with_value(value)))
}

/// A mean with its interval, and a unit that all share said once.
fn with_bounds(figures: [Figure; 3]) -> String {
    let [mean, low, high] = figures.map(|figure| figure.to_string());
    match [&mean, &low, &high].map(|figure| figure.split_once(' ')) {
        [Some((_, unit)), Some((low, of_low)), Some((high, of_high))]
            if unit == of_low && unit == of_high =>
        {
            format!("{mean} [{low}, {high}]")
        }
        _ => format!("{mean} [{low}, {high}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Nanos;

    fn told(mean: u64, low: u64, high: u64) -> String {
        with_bounds([mean, low, high].map(|nanos| Figure::Time(Nanos(nanos))))
    }

    #[test]
    fn a_unit_is_said_once_if_it_is_the_same() {
        assert_eq!(told(4_300_000, 4_100_000, 4_500_000), "4.30 ms [4.10, 4.50]");
        assert_eq!(told(1_110_000, 997_000, 1_220_000), "1.11 ms [997 us, 1.22 ms]");
        let ratios = [0.9, 0.89, 0.91].map(Figure::Ratio);
        assert_eq!(with_bounds(ratios), "0.900 [0.890, 0.910]");
        let none = [0.0, 0.0, 0.0].map(Figure::Share);
        assert_eq!(with_bounds(none), "0 % [0, 0]");
    }
}
