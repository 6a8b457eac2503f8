//! A quantile that its samples do not certify stands nowhere: each place that shows one is looked at.

use cacheduel::report::table::Table;

use super::*;

/// A response time that nothing else in the report comes to, and how it is written.
const TELLTALE: Nanos = Nanos::from_millis(77_700);
const WRITTEN: &str = "77.7 s";
/// The same in the columns of the timeline, which are in microseconds.
const IN_MICROS: &str = "777000";

/// A record in which whatever was timed was timed once, so that all repeats together certify nothing.
fn once() -> Record {
    let mut one = Distribution::new();
    one.record(TELLTALE);
    let mut record = fixture::record();
    for run in record.contenders.iter_mut().flat_map(|contender| &mut contender.runs) {
        for latency in &mut run.measures.latency {
            (latency.response, latency.service) = (one.clone(), one.clone());
        }
        for bucket in &mut run.measures.timeline {
            (bucket.reads, bucket.writes) = (one.clone(), one.clone());
        }
    }
    record.scenario.thresholds = Thresholds {
        read_p99: Some(Span::from_secs(100)),
        update_p99: Some(Span::from_secs(100)),
        ..Thresholds::default()
    };
    record
}

/// The names of the columns in which a text stands, once for each time.
fn columns_with(table: &Table, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for row in &table.rows {
        for (cell, column) in std::iter::zip(row, &table.columns) {
            if cell.text.contains(text) {
                found.push(column.name.clone());
            }
        }
    }
    found
}

#[test]
fn neither_the_terminal_nor_the_timeline_has_one() {
    let record = once();
    let text = text::render(&record);
    assert!(!text.contains(WRITTEN), "{text}");
    for line in csv::render(&record).lines().skip(1) {
        let quantiles: Vec<&str> = line.split(',').skip(11).take(3).collect();
        assert_eq!(quantiles, ["", "", ""], "{line}");
        assert!(!line.contains(IN_MICROS), "{line}");
    }
}

#[test]
fn no_chart_has_one_and_the_page_has_only_what_was_largest() {
    let record = once();
    let mut shown = 0;
    for chart in charts::all(&record) {
        let columns = columns_with(&chart.table, WRITTEN);
        assert!(columns.iter().all(|column| column == "largest"), "{}: {columns:?}", chart.slug);
        shown += columns.len();
        assert!(!chart.inline().contains(WRITTEN), "{}", chart.slug);
    }
    assert!(shown > 0, "what was largest is no quantile");
    assert_eq!(html::render(&record).matches(WRITTEN).count(), shown);
}

#[test]
fn a_threshold_on_one_is_not_known_to_be_held() {
    let verdict = Verdict::of(&once());
    for judged in &verdict.contenders {
        for threshold in &judged.thresholds {
            assert_eq!((threshold.measured, threshold.held), (None, Held::Unknown));
        }
    }
    assert_eq!(verdict.best, None);
    for contender in &once().contenders {
        for metric in [Metric::ReadP50, Metric::ReadP99, Metric::UpdateP50, Metric::UpdateP99] {
            assert_eq!((metric.of(contender), metric.of_each_run(contender)), (None, vec![]));
        }
    }
}
