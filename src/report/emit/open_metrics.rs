//! OpenMetrics 1.0, as a textfile collector or a push gateway takes it: a gauge for each metric, in base
//! units, with the strategy as a label. A comparison has both sides, and which figures have regressed.

use std::collections::BTreeMap;

use super::Subject;
use super::rows::{Row, Side};
use crate::compare::difference::Change;
use crate::compare::{Comparison, Figure, Metric};

pub fn render(subject: Subject<'_>) -> String {
    // Samples of a family must stand together.
    let mut families: BTreeMap<Metric, Family> = BTreeMap::new();
    let mut add = |row: &Row, side: Option<Side>| {
        let mut labels = vec![("scenario", subject.name()), ("strategy", &row.strategy)];
        labels.extend(side.map(|side| ("side", side.name())));
        let family = families.entry(row.metric).or_insert_with(|| Family::of(row));
        family.sample(&labels, base(row.figure));
    };
    match subject {
        Subject::Record(_) => subject.rows().iter().for_each(|row| add(row, None)),
        Subject::Comparison(_) => {
            for side in [Side::Baseline, Side::Candidate] {
                subject.side(side).iter().for_each(|row| add(row, Some(side)));
            }
        }
    }
    let mut text: String = families.into_values().map(Family::told).collect();
    if let Subject::Comparison(comparison) = subject {
        text += &regressed(comparison).told();
    }
    text + "# EOF\n"
}

/// A metric with its samples.
struct Family {
    name: String,
    unit: &'static str,
    help: String,
    samples: String,
}

impl Family {
    fn of(row: &Row) -> Self {
        let unit = match row.figure {
            Figure::Time(_) | Figure::LongerThan(_) => "seconds",
            Figure::Share(_) => "ratio",
            Figure::Bytes(_) => "bytes",
            Figure::Ratio(_) | Figure::Count(_) => "",
        };
        let mut name = format!("cacheduel_{}", row.metric.slug().replace('-', "_"));
        if !unit.is_empty() && !name.ends_with(&format!("_{unit}")) {
            name += &format!("_{unit}");
        }
        Self { name, unit, help: row.metric.name().into(), samples: String::new() }
    }

    fn sample(&mut self, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<_> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        self.samples += &format!("{}{{{}}} {value}\n", self.name, labels.join(","));
    }

    fn told(self) -> String {
        let Self { name, unit, help, samples } = self;
        let unit = match unit {
            "" => String::new(),
            unit => format!("# UNIT {name} {unit}\n"),
        };
        format!("# TYPE {name} gauge\n{unit}# HELP {name} {help}\n{samples}")
    }
}

fn regressed(comparison: &Comparison) -> Family {
    let mut family = Family {
        name: "cacheduel_regressed".into(),
        unit: "",
        help: "1 where a figure that decides is worse than before".into(),
        samples: String::new(),
    };
    for (label, difference) in comparison.decided() {
        let change = difference.decision.as_ref().map(|decision| decision.change);
        let metric = difference.metric.slug();
        let labels =
            [("scenario", comparison.name.as_str()), ("strategy", label), ("metric", metric)];
        family.sample(&labels, f64::from(change == Some(Change::Regressed)));
    }
    family
}

/// Seconds, shares, bytes: no multiples.
fn base(figure: Figure) -> f64 {
    match figure {
        Figure::Time(span) | Figure::LongerThan(span) => span.as_secs_f64(),
        other => other.value(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
