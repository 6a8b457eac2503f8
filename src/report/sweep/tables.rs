//! The tables of a sweep.

use super::super::table::{Cell, Column, Mark, Table, figures, words};
use crate::compare::Metric;
use crate::compare::sweep::{
    FRONT, MEASURES, best_at, compared, figure, fronts, on_front_at, part,
};
use crate::record::Standing;
use crate::record::sweep::{Measure, Point, Sweep};

/// Where each strategy is on the Pareto front, and where it has the best of what the scenario prefers.
pub fn summary(sweep: &Sweep) -> Table {
    let preferred = compared(sweep)[0];
    let mut table = Table::new(
        "Where no other strategy is as good in read p99, store reads per request and stale share and \
         better in one of them, and where none is better in what the scenario prefers",
        [
            words("strategy"),
            words("on the Pareto front"),
            words(format!("best {}", preferred.name())),
        ],
    );
    let best: Vec<_> =
        (0..sweep.points.len()).map(|point| best_at(sweep, point, preferred)).collect();
    for (label, front) in fronts(sweep) {
        let best = part(sweep, |point| {
            let best = &best[point];
            (!best.is_empty()).then(|| best.iter().any(|other| other == label))
        });
        let mark = if front == "everywhere" { Mark::Good } else { Mark::None };
        table.push([Cell::from(label), Cell::marked(front, mark), best.into()]);
    }
    table
}

/// The measures that say anything, each with a table of its figures: a row for each strategy, a column
/// for each point. What was best at a point, or cannot be told from that, is marked.
pub fn measures(sweep: &Sweep) -> Vec<(Metric, Table)> {
    let told = MEASURES.into_iter().filter(|metric| {
        // Nothing but zeros is said in a sentence.
        figures_of(sweep, *metric).any(|value| value != 0.0)
    });
    told.map(|metric| (metric, measure(sweep, metric))).collect()
}

/// Those that are zero at every point, and those that no point has, in words.
pub fn without_table(sweep: &Sweep) -> Vec<String> {
    let named = |is_so: &dyn Fn(Metric) -> bool| {
        let names = MEASURES.into_iter().filter(|metric| is_so(*metric)).map(Metric::name);
        names.collect::<Vec<_>>().join(", ")
    };
    let has_any = |metric| figures_of(sweep, metric).next().is_some();
    let zero =
        named(&|metric| has_any(metric) && figures_of(sweep, metric).all(|value| value == 0.0));
    let unknown = named(&|metric| !has_any(metric));
    let told = [("Zero at every point", zero), ("Known at no point", unknown)];
    let told = told.into_iter().filter(|(_, names)| !names.is_empty());
    told.map(|(what, names)| format!("{what}: {names}.")).collect()
}

fn figures_of(sweep: &Sweep, metric: Metric) -> impl Iterator<Item = f64> {
    let strategies = sweep.valid().flat_map(|point| &point.strategies);
    let measures = strategies.flat_map(|strategy| &strategy.measures);
    let own = measures.filter(move |measure| measure.what == metric.name());
    own.filter_map(|measure| measure.value)
}

fn measure(sweep: &Sweep, metric: Metric) -> Table {
    let columns = sweep.points.iter().map(|point| figures(head(point)));
    let columns: Vec<Column> = std::iter::once(words("strategy")).chain(columns).collect();
    let has_intervals = sweep.valid().flat_map(|point| &point.strategies).any(|strategy| {
        strategy.measures.iter().any(|one| one.what == metric.name() && one.interval.is_some())
    });
    let interval = match has_intervals {
        true => "; between brackets the 95 % interval of the mean over repeats",
        false => "",
    };
    let option = &sweep.varied.option;
    let mut table =
        Table::new(format!("{} by {option}{interval}", capital(metric.name())), columns);
    let best: Vec<_> = (0..sweep.points.len()).map(|point| best_at(sweep, point, metric)).collect();
    for label in sweep.labels() {
        let cells = sweep.points.iter().zip(&best).map(|(point, best)| {
            let measure = point.measure(label, metric.name()).filter(|_| point.is_valid());
            let text = measure.and_then(|measure| told(metric, measure)).unwrap_or_default();
            let is_best = best.iter().any(|one| one == label);
            let all = best.len() == sweep.labels().len();
            Cell::marked(text, if is_best && !all { Mark::Good } else { Mark::None })
        });
        table.push(std::iter::once(Cell::from(label)).chain(cells));
    }
    table
}

/// A figure with its interval, where there is one.
fn told(metric: Metric, measure: &Measure) -> Option<String> {
    let written = |value: f64| figure(metric, value).to_string();
    let value = written(measure.value?);
    Some(match measure.interval {
        Some(spread) => format!("{value} [{}, {}]", written(spread.low), written(spread.high)),
        None => value,
    })
}

fn head(point: &Point) -> String {
    match point.is_valid() {
        true => point.written.clone(),
        false => format!("{} (INVALID)", point.written),
    }
}

/// The three figures of the Pareto front, strategy by strategy at each point.
pub fn front_figures(sweep: &Sweep) -> Table {
    let metrics = FRONT.map(|metric| figures(metric.name()));
    let mut columns = vec![words(sweep.varied.option.as_str()), words("strategy")];
    columns.extend(metrics);
    columns.push(words("Pareto front"));
    let mut table = Table::new(
        "On the front is what no other strategy is as good as in all three and better in one; invalid \
         points are left out",
        columns,
    );
    for point in sweep.valid() {
        for (label, on_front) in sweep.labels().into_iter().zip(on_front_at(sweep, point)) {
            let Some(on_front) = on_front else { continue };
            let figures = FRONT.map(|metric| {
                let value = point.figure(label, metric.name());
                Cell::from(value.map(|value| figure(metric, value).to_string()).unwrap_or_default())
            });
            let mut row = vec![Cell::from(point.written.as_str()), label.into()];
            row.extend(figures);
            row.push(match on_front {
                true => Cell::marked("yes", Mark::Good),
                false => "no".into(),
            });
            table.push(row);
        }
    }
    table
}

/// What there is to know of every point: whether it can be believed, and where its Record is.
pub fn points(sweep: &Sweep) -> Table {
    let option = words(sweep.varied.option.as_str());
    let mut table = Table::new(
        "Every point is an experiment of its own, with a Record that `cacheduel report` renders",
        [option, words("standing"), words("Record"), words("to be known")],
    );
    for point in &sweep.points {
        let mark = match point.standing {
            Standing::Invalid => Mark::Bad,
            Standing::Warn => Mark::Warn,
            Standing::Ok | Standing::NotApplicable => Mark::Good,
        };
        let troubles = point.troubles.iter().map(|trouble| {
            let check = &trouble.check;
            let standing = check.standing.name();
            format!("{standing} {}: {}: {}", trouble.place, check.name, check.detail)
        });
        let known = point.warnings.iter().cloned().chain(troubles).collect::<Vec<_>>().join("; ");
        table.push([
            Cell::from(point.written.as_str()),
            Cell::marked(point.standing.name(), mark),
            point.record.as_str().into(),
            known.into(),
        ]);
    }
    table
}

/// With a capital letter, as a title has it.
pub fn capital(text: &str) -> String {
    let mut signs = text.chars();
    let first = signs.next().map(|sign| sign.to_ascii_uppercase());
    first.into_iter().chain(signs).collect()
}
