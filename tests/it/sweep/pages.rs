//! What a sweep looks like: the terminal, the page and its charts.

use cacheduel::compare::sweep::sentences;
use cacheduel::record::sweep::Sweep;
use cacheduel::record::{Check, Host, Nanos, Server, Standing};
use cacheduel::report::charts::{Chart, by_option};
use cacheduel::report::sweep::{html, text};
use roxmltree::Document;

use super::{SCENARIO, by_writes, swept};

/// Without what differs from one machine and one moment to another, and with figures that follow from
/// formulas, so that no change of what is simulated changes them.
fn anonymous() -> Sweep {
    let mut sweep = Sweep {
        tool: "cacheduel".into(),
        started: "2026-01-01T00:00:00Z".into(),
        took: Nanos::from_secs(1),
        host: Host::default(),
        cache: Server { kind: "simulated".into(), ..Server::default() },
        store: Server { kind: "simulated".into(), ..Server::default() },
        ..by_writes().clone()
    };
    for (at, point) in sweep.points.iter_mut().enumerate() {
        point.plan = format!("plan {at}");
        point.troubles.clear();
        for (row, strategy) in point.strategies.iter_mut().enumerate() {
            for (place, measure) in strategy.measures.iter_mut().enumerate() {
                measure.value =
                    Some(formula(at as f64, row as f64, place)).filter(|_| row + at > 0);
            }
        }
    }
    sweep
}

/// One that rises, one that falls and one that stays, in the order of the measures.
fn formula(at: f64, row: f64, place: usize) -> f64 {
    let steps = 2.0 + row + (row - 1.0) * (1.5 - at);
    match place {
        0..=3 => steps * 1e5 * (place + 1) as f64,
        4 => 1.0 - steps / 10.0,
        5 => steps / 10.0,
        6 => steps * 4.0,
        7 => row / 100.0,
        8 => row * 1e8,
        9 | 10 => 0.0,
        _ => steps * 1024.0,
    }
}

#[test]
fn the_terminal_report_is_as_it_was() {
    insta::assert_snapshot!(text(&anonymous()));
}

#[test]
fn the_document_is_as_it_was() {
    let mut sweep = anonymous();
    sweep.points.truncate(1);
    sweep.points[0].strategies.drain(..2);
    sweep.scenario.strategies.0.drain(..2);
    insta::assert_snapshot!(cacheduel::report::folder::json(&sweep));
}

#[test]
fn the_page_says_the_same_as_the_terminal() {
    let sweep = by_writes();
    let (page, told) = (html(sweep), text(sweep));
    let flat = told.split_whitespace().collect::<Vec<_>>().join(" ");
    for sentence in sentences(sweep) {
        assert!(page.contains(&sentence), "the page lacks: {sentence}");
        assert!(flat.contains(&sentence), "the terminal lacks: {sentence}");
    }
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
    assert!(told.contains("simulated: ") && page.contains("simulated: "));
}

#[test]
fn the_page_is_one_small_file_that_asks_for_nothing() {
    let page = html(by_writes());
    assert!(page.len() <= 1024 * 1024, "{} bytes", page.len());
    for forbidden in ["<script", "src=", "@import", "url(", "href=\"http"] {
        assert!(!page.contains(forbidden), "the page contains {forbidden}");
    }
    assert_eq!(page.matches("<figure").count(), page.matches("<details><summary>Figures").count());
    assert_eq!(page.matches("<table>").count(), page.matches("<caption>").count());
    assert_eq!(page.matches("<h1").count(), 1);
    assert!(!page.contains("<th>"), "every head of a table says what it is the head of");
    for chart in by_option(by_writes()) {
        assert_eq!(page.matches(&format!("id=\"{}\"", chart.slug)).count(), 1, "{}", chart.slug);
    }
}

fn chart<'a>(charts: &'a [Chart], slug: &str) -> &'a Chart {
    charts.iter().find(|chart| chart.slug == slug).unwrap()
}

#[test]
fn every_measure_that_says_anything_has_a_chart_with_a_line_and_a_dot_for_each_strategy() {
    let sweep = by_writes();
    let charts = by_option(sweep);
    for slug in ["pareto-front", "read-p99", "hit-ratio", "store-reads", "stale-share"] {
        chart(&charts, slug);
    }
    for chart in &charts {
        let svg = chart.standalone();
        let document = Document::parse(&svg).unwrap();
        let count = |name: &str| {
            document.descendants().filter(|node| node.tag_name().name() == name).count()
        };
        let cells = chart.table.rows.iter().flatten().filter(|cell| !cell.text.is_empty()).count();
        let dots = match chart.slug {
            "pareto-front" => sweep.points.len() * 3,
            _ => cells - 3,
        };
        assert_eq!(count("circle"), dots, "{}", chart.slug);
        assert!(!chart.table.is_empty(), "{}", chart.slug);
        if chart.slug != "pareto-front" {
            for series in 0..3 {
                assert!(svg.contains(&format!("class=\"l{series}\"")), "{}: {series}", chart.slug);
            }
            assert_eq!(chart.table.columns.len(), 1 + sweep.points.len());
        }
    }
}

#[test]
fn what_a_scenario_says_cannot_break_the_page() {
    let mut sweep = by_writes().clone();
    let hostile = "</code><script>alert(1)</script>&\"'";
    sweep.source = hostile.into();
    sweep.scenario.question = hostile.into();
    sweep.varied.option = hostile.into();
    sweep.varied.argument = hostile.into();
    sweep.points[0].written = hostile.into();
    sweep.points[0].strategies[0].label = hostile.into();
    let page = html(&sweep);
    assert!(!page.contains("<script"));
    for chart in by_option(&sweep) {
        Document::parse(&chart.standalone()).unwrap();
    }
}

#[test]
fn figures_that_nobody_found_are_rendered_all_the_same() {
    for value in [0.0, -1.0, 1e300, f64::MIN_POSITIVE] {
        let mut sweep = by_writes().clone();
        for point in &mut sweep.points {
            point.value = value;
            let strategies = point.strategies.iter_mut();
            for measure in strategies.flat_map(|strategy| &mut strategy.measures) {
                measure.value = Some(value);
            }
        }
        assert!(html(&sweep).contains("<svg"));
        assert!(text(&sweep).contains("WHAT RAN"));
    }
    let mut nothing = by_writes().clone();
    nothing.points.clear();
    assert!(html(&nothing).contains("NOT FINISHED"));
    assert!(text(&nothing).contains("NOT FINISHED"));
}

#[test]
fn what_ended_a_sweep_is_told_first_and_with_the_checks() {
    let mut sweep = by_writes().clone();
    sweep.points.truncate(2);
    let detail = "2 of 4 points were begun: interrupted".to_owned();
    sweep.checks.push(Check { name: "complete".into(), standing: Standing::Invalid, detail });
    for told in [text(&sweep), html(&sweep)] {
        assert!(told.contains("NOT FINISHED") && told.contains("2 of 4 points were begun"));
    }
}

#[test]
fn words_stand_beside_each_other() {
    let scenario = SCENARIO.replace("60s", "10s");
    let sweep = swept(&scenario, "strategies.*.codec=json,messagepack");
    let told = text(&sweep);
    assert!(told.contains("messagepack"), "{told}");
    for chart in by_option(&sweep) {
        let svg = chart.standalone();
        Document::parse(&svg).unwrap();
        assert!(svg.contains("json"), "{}", chart.slug);
    }
}
