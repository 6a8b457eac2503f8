//! Response time by percentile.

use super::canvas::message;
use super::lines::{self, Curve};
use super::scale::{Axis, log, nines, written};
use super::{Chart, Table, figures, words};
use crate::record::{Distribution, Nanos, Op, Record};

/// Points between one nine and the next.
const POINTS_PER_NINE: u32 = 40;

/// The rarest quantile that is drawn, in nines.
const NINES_MAX: u32 = 5;

const QUANTILES: [(f64, &str); 6] = [
    (0.5, "p50"),
    (0.9, "p90"),
    (0.95, "p95"),
    (0.99, "p99"),
    (0.999, "p99.9"),
    (0.9999, "p99.99"),
];

pub fn reads(record: &Record) -> Chart {
    chart(record, Op::Read, "read-latency", "Read latency by percentile")
}

pub fn updates(record: &Record) -> Chart {
    chart(record, Op::Update, "update-latency", "Update latency by percentile")
}

fn chart(record: &Record, op: Op, slug: &'static str, title: &'static str) -> Chart {
    let responses: Vec<_> =
        record.contenders.iter().map(|contender| contender.response(op)).collect();
    let mut columns = vec![words("strategy")];
    columns.extend(QUANTILES.map(|(_, name)| figures(name)));
    columns.extend([figures("largest"), figures("samples")]);
    let mut table = Table::new(format!("{title}, response time"), columns);
    let mut curves = Vec::new();
    for (series, (contender, response)) in record.contenders.iter().zip(&responses).enumerate() {
        let mut row = vec![contender.label.clone()];
        row.extend(QUANTILES.map(|(q, _)| written(response.certified(q))));
        row.push(written((!response.is_empty()).then(|| response.max())));
        row.push(crate::compare::figure::count(response.len()));
        table.push(row);
        let points = curve(response);
        if !points.is_empty() {
            curves.push(Curve { label: contender.label.clone(), series, points });
        }
    }
    let drawing = match extent(&curves) {
        None => message(&format!("No {}s were answered.", op.name())),
        Some((high_x, low_y, high_y)) => {
            let x = Axis::nines("percentile of requests", high_x);
            lines::chart(&x, &Axis::log_time("response time", low_y, high_y), &curves)
        }
    };
    let description = format!(
        "Response time of {}s from their intended start, both axes logarithmic; lower is better. \
         A curve ends where its samples no longer certify a percentile.",
        op.name()
    );
    Chart { slug, title, description, table, drawing }
}

/// The certified part of a distribution, on axes of nines and of logarithmic time.
fn curve(response: &Distribution) -> Vec<(f64, f64)> {
    let places = (0..=NINES_MAX * POINTS_PER_NINE)
        .map(|index| f64::from(index) / f64::from(POINTS_PER_NINE));
    let certified = places.map_while(|place| {
        let q = 1.0 - 10f64.powf(-place);
        Some((nines(q), log(response.certified(q)?)))
    });
    certified.collect()
}

/// The most nines, and the least and the greatest time.
fn extent(curves: &[Curve]) -> Option<(f64, Nanos, Nanos)> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let nanos = |log: f64| Nanos::rounded(10f64.powf(log));
    let high_x = points().map(|point| point.0).reduce(f64::max)?;
    let low_y = points().map(|point| point.1).reduce(f64::min)?;
    let high_y = points().map(|point| point.1).reduce(f64::max)?;
    Some((high_x, nanos(low_y), nanos(high_y)))
}
