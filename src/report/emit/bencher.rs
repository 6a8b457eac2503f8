//! Bencher Metric Format: by benchmark, then by measure, a value and how far the true one may be from
//! it (95 % by Student's t over runs). A benchmark is a strategy in a scenario.

use serde_json::{Map, Value, json};

use super::{Subject, pretty};

pub fn render(subject: Subject<'_>) -> String {
    let mut benchmarks = Map::new();
    for row in subject.rows() {
        let benchmark = format!("{}/{}", subject.name(), row.strategy);
        let mut measure = json!({ "value": row.figure.value() });
        if let Some(interval) = row.interval() {
            measure["lower_value"] = interval.low.into();
            measure["upper_value"] = interval.high.into();
        }
        let measures = benchmarks.entry(benchmark).or_insert_with(|| Value::Object(Map::new()));
        measures[row.metric.slug()] = measure;
    }
    pretty(&benchmarks)
}
