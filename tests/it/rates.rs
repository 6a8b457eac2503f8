//! Loads whose rate changes in the course of the run, through whole runs under virtual time.

use std::path::Path;

use cacheduel::model::Nanos;
use cacheduel::record::{Record, Standing};
use cacheduel::report::{charts, html, tables, text};
use cacheduel::scenario::{self, Loaded};
use cacheduel::workload::Plan;

use crate::simulated::{USUAL, simulate};

fn loaded(arrival: &str) -> Loaded {
    let text = format!(
        r#"
        question = "What comes of it?"
        repeats = 2
        [dataset]
        entity = "counter"
        keys = 300
        size = "130B"
        [workload]
        reads = 0.8
        popularity = {{ zipf = {{ exponent = 0.9 }} }}
        arrival = {arrival}
        warm-up = "2s"
        duration = "12s"
        nodes = 2
        [strategies]
        no-cache = {{}}
        ttl = {{ ttl = "2s" }}
        "#
    );
    scenario::parse("rates", &text).unwrap_or_else(|error| panic!("{error}"))
}

fn run(arrival: &str) -> (Plan, Record) {
    let loaded = loaded(arrival);
    let scenario = &loaded.scenario;
    let plan = Plan::new(&scenario.dataset, &scenario.workload, Path::new("")).unwrap();
    (plan, simulate(&loaded, &USUAL))
}

/// How many requests the plan has in each interval of the window.
fn planned(plan: &Plan, width: Nanos) -> Vec<u64> {
    let mut counts = vec![0; plan.duration().0.div_ceil(width.0) as usize];
    for start in plan.arrivals().skip_while(|start| *start < plan.warm_up()) {
        match counts.get_mut((start.since(plan.warm_up()).0 / width.0) as usize) {
            Some(count) => *count += 1,
            None => break,
        }
    }
    counts
}

const BURST: &str =
    r#"{ poisson = { burst = { base = 100, peak = 2000, every = "4s", lasts = "500ms" } } }"#;
const STAIRCASE: &str = r#"{ poisson = { staircase = { rates = [200, 800, 400], each = "2s" } } }"#;

#[test]
fn the_timeline_of_a_burst_has_the_requests_of_the_plan_to_the_last_one() {
    let (plan, record) = run(BURST);
    for run in record.contenders.iter().flat_map(|contender| &contender.runs) {
        let width = run.measures.bucket;
        let counts: Vec<_> = run.measures.timeline.iter().map(|bucket| bucket.requests).collect();
        assert_eq!(counts, planned(&plan, width));
        let rates = counts.iter().map(|count| *count as f64 / width.as_secs_f64());
        let is_burst = rates.map(|rate| rate > 1_000.0).collect::<Vec<_>>();
        let bursts = is_burst.windows(2).filter(|pair| !pair[0] && pair[1]).count();
        assert_eq!((bursts, is_burst[0]), (2, false), "at 4 s and at 8 s: {counts:?}");
    }
    let first = &record.contenders[0].runs[0];
    let warm_up = plan.arrivals().take_while(|start| *start < plan.warm_up()).count() as u64;
    assert_eq!(first.requests, warm_up + first.measures.requests.intended);
    assert!((120..280).contains(&warm_up), "the warm-up is at the base rate: {warm_up}");
}

#[test]
fn no_closed_form_is_held_against_a_rate_that_changes() {
    let predicted = |arrival: &str| run(arrival).1.contenders[1].predictions.len();
    assert_eq!(predicted(BURST), 0);
    assert!(predicted("{ poisson = { rate = 300 } }") > 0);
}

#[test]
fn the_asked_rate_stands_beside_the_achieved_one() {
    let (plan, record) = run(BURST);
    let all = charts::all(&record);
    let chart = all.iter().find(|chart| chart.slug == "requests-over-time").unwrap();
    let columns: Vec<_> = chart.table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(columns, ["from", "no-cache", "ttl", "asked"]);
    let width = record.contenders[0].runs[0].measures.bucket;
    let counts = planned(&plan, width);
    assert_eq!(chart.table.rows.len(), counts.len());
    for (row, count) in chart.table.rows.iter().zip(counts) {
        let cells: Vec<_> = row.iter().map(|cell| cell.text.replace(',', "")).collect();
        let achieved = (count as f64 / width.as_secs_f64()).round().to_string();
        assert_eq!(cells[1..3], [achieved.clone(), achieved], "nothing failed");
        assert!(["100", "2000"].contains(&cells[3].as_str()), "{cells:?}");
    }
    assert!(chart.inline().contains("\nasked\n"));
    let (_, steady) = run("{ poisson = { rate = 300 } }");
    assert!(charts::all(&steady).iter().all(|chart| chart.slug != "requests-over-time"));
}

#[test]
fn each_rate_of_a_staircase_has_its_row() {
    let (plan, record) = run(STAIRCASE);
    let steps = record.scenario.workload.steps();
    assert_eq!(steps.len(), 6);
    let table = tables::steps(&record);
    let cell = |row: usize, column: usize| table.rows[row][column].text.replace(',', "");
    let rates: Vec<_> = (0..table.rows.len()).map(|row| (cell(row, 0), cell(row, 1))).collect();
    let expected = ["200", "400", "800"]
        .map(|rate| ["no-cache", "ttl"].map(|label| (rate.to_owned(), label.to_owned())));
    assert_eq!(rates, expected.concat());
    for (place, rate) in [200.0, 400.0, 800.0].into_iter().enumerate() {
        let of_rate: Vec<_> = steps.iter().filter(|step| step.rate == rate).collect();
        let within = |start: Nanos| {
            let at = start.since(plan.warm_up());
            of_rate.iter().any(|step| start >= plan.warm_up() && step.from <= at && at < step.to)
        };
        let window = plan.arrivals().take_while(|start| *start < Nanos::from_secs(14));
        let due = window.filter(|start| within(*start)).count() as f64 / 4.0;
        assert_eq!(cell(2 * place, 2), due.round().to_string(), "all of both steps");
        assert_eq!(cell(2 * place, 3), "0 %");
        // The control reads the store for each of the reads, and in no more than the time it takes.
        assert_eq!(cell(2 * place, 4), "0 %");
        assert!(cell(2 * place, 7).starts_with("1.0"), "{:?}", table.rows[2 * place]);
    }
    let hit_ratio =
        |row: usize| table.rows[row][4].text.trim_end_matches(" %").parse::<f64>().unwrap();
    assert!(hit_ratio(1) < hit_ratio(3) && hit_ratio(3) < hit_ratio(5), "{:?}", table.rows);
    for (page, head) in [(text::render(&record), "BY RATE"), (html::render(&record), "By rate")] {
        assert!(page.contains(head) && !page.contains("not told one by one"));
    }
}

#[test]
fn intervals_that_two_steps_share_are_told_of_neither() {
    // Intervals are 250 ms; a step of 300 ms has none for itself, or one.
    let (_, record) = run(r#"{ even = { staircase = { rates = [100, 200], each = "300ms" } } }"#);
    let width = record.contenders[0].runs[0].measures.bucket;
    assert_eq!(width, Nanos::from_millis(250));
    let table = tables::steps(&record);
    let due: Vec<_> = table.rows.iter().map(|row| row[2].text.as_str()).collect();
    assert_eq!(due, ["100", "100", "200", "200"]);
    // Steps of 200 ms have none.
    let (_, record) = run(r#"{ even = { staircase = { rates = [100, 200], each = "200ms" } } }"#);
    assert!(tables::steps(&record).is_empty());
    assert!(text::render(&record).contains("no interval of the timeline lies within"));
}

#[test]
fn the_draws_of_a_run_fit_what_was_asked_for() {
    let (_, record) = run(BURST);
    let fits: Vec<_> = record.plan.fits.iter().map(|fit| fit.of.as_str()).collect();
    assert_eq!(fits, ["operations", "popularity", "gaps"]);
    let check = record.checks.iter().find(|check| check.name == "realised mix").unwrap();
    assert_eq!(check.standing, Standing::Ok, "{}", check.detail);
    let shown = text::render(&record);
    assert!(shown.contains("(asked 80.0 %)") && shown.contains("chi-squared"), "{shown}");
    let json = serde_json::to_value(&record).unwrap();
    let back: Record = serde_json::from_value(json).unwrap();
    assert_eq!(back.plan, record.plan);
}
