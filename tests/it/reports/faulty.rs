//! The fixture with things that break, and what reports make of them.

use cacheduel::compare::verdict::Held;
use cacheduel::compare::{Metric, Verdict};
use cacheduel::judge::StalenessBucket;
use cacheduel::measure::{Bucket, through_faults};
use cacheduel::model::{Breakage, CacheBreakage, EventBreakage, Injected, Nanos, Span};
use cacheduel::record::{PlannedFault, Record, Run};
use cacheduel::report::{charts, csv, hlog, html, text};
use hdrhistogram::serialization::interval_log::IntervalLogIterator;

use super::fixture::{crowded, distribution, record, with_contenders};

const WIDTH: Nanos = Nanos::from_millis(100);

/// The cache is killed for 1.5 s and takes longer to come back; later events are lost, and in the
/// midst of that the cache is emptied.
const PLANNED: [(u64, u64, Breakage); 3] = [
    (3_000, 1_500, Breakage::Cache(CacheBreakage::Killed)),
    (7_500, 300, Breakage::Events(EventBreakage::Dropped)),
    (7_600, 0, Breakage::Cache(CacheBreakage::Flushed)),
];

/// When all is in order again after the cache was killed.
const RESTARTED: u64 = 4_620;

/// All strategies through all faults, which only the control does not feel.
pub fn faulted() -> Record {
    through(record())
}

/// One run of each of thirteen strategies through more faults than there is room to name.
pub fn crowded_through() -> Record {
    let mut record = crowded();
    let mut last = record.contenders[1].clone();
    last.label = "cache-aside@once-more".into();
    record.contenders.push(last);
    record.contenders.iter_mut().for_each(|contender| contender.runs.truncate(1));
    let mut record = through(record);
    for at in [3_050, 3_200, 9_700, 9_990] {
        let what = PLANNED[0].2;
        let at = Span::from_millis(at);
        record.scenario.faults.push(PlannedFault { at, lasts: Span::default(), what });
    }
    record
}

fn through(mut record: Record) -> Record {
    let planned = |(at, lasts, what)| PlannedFault {
        at: Span::from_millis(at),
        lasts: Span::from_millis(lasts),
        what,
    };
    record.scenario.faults = PLANNED.map(planned).to_vec();
    record.scenario.thresholds.recovery = Some(Span::from_millis(700));
    for contender in &mut record.contenders {
        let feels = contender.label != "no-cache";
        let slower = contender.label.len() as u64 % 5;
        contender.runs.iter_mut().for_each(|run| break_it(run, feels, slower));
    }
    record
}

fn break_it(run: &mut Run, feels: bool, slower: u64) {
    let hits = run.measures.lookups.hits / 100;
    let bucket = |index: u64| {
        let gone = feels && (30..47).contains(&index);
        let cold = feels && (47..52 + slower).contains(&index);
        let emptied = feels && (76..79).contains(&index);
        let hits = if gone {
            0
        } else if cold || emptied {
            hits / 2
        } else {
            hits
        };
        let failed = if gone { 20 } else { 0 };
        let misses = 90 - hits - failed;
        let mut reads = distribution(hits, 200.0, 0.2);
        reads.merge(&distribution(misses, if gone { 9_000.0 } else { 1_100.0 }, 0.2));
        Bucket {
            requests: 100,
            failed,
            hits,
            misses,
            store_reads: misses,
            store_burst: misses + u64::from(feels && index == 47) * 300,
            store_writes: 10,
            loads: misses,
            reads,
            writes: distribution(10, 2_500.0, 0.2),
            ..Bucket::default()
        }
    };
    run.measures.bucket = WIDTH;
    run.measures.timeline = (0..100).map(bucket).collect();
    let judged = |index| StalenessBucket {
        reads: 90,
        definitely_stale: if feels && (76..84).contains(&index) { 40 } else { 0 },
        possibly_stale: 41,
    };
    run.findings.timeline = (0..100).map(judged).collect();
    let injected = PLANNED.map(|(began, lasts, what)| Injected {
        what,
        began: Nanos::from_millis(began),
        ended: Nanos::from_millis(if began == 3_000 { RESTARTED } else { began + lasts }),
        trouble: None,
    });
    run.faults = through_faults(&run.measures, &run.findings, &injected);
}

/// One fault could not be carried out in one run.
fn troubled() -> Record {
    let mut record = faulted();
    let fault = &mut record.contenders[1].runs[1].faults[0];
    fault.injected.trouble = Some("the server did not end".into());
    record
}

#[test]
fn faults_have_a_section_of_their_own_in_the_terminal() {
    let mut record = faulted();
    record.contenders.truncate(3);
    let text = text::render(&record);
    let section = &text[text.find("\nTHROUGH FAULTS\n").unwrap()..];
    insta::assert_snapshot!(section[..section.find("\nVERDICT").unwrap()].to_owned());
    assert!(text.lines().all(|line| line.chars().count() <= text::WIDTH), "{text}");
    assert!(!text::render(&super::fixture::record()).contains("THROUGH FAULTS"));
}

#[test]
fn the_timeline_names_the_faults_of_each_interval() {
    let csv = csv::render(&through(with_contenders(&["cache-aside"])));
    let first_run: Vec<_> = csv.lines().take(101).collect();
    insta::assert_snapshot!(first_run.join("\n"));
}

#[test]
fn a_record_with_faults_reads_back_as_it_was() {
    let record = faulted();
    let json = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
}

#[test]
fn the_interval_log_names_the_faults_and_still_reads_back() {
    let log = hlog::render(&faulted());
    let comment = "#[Fault of ttl: cache killed, from 13.000 to 14.620]";
    assert!(
        log.lines().any(|line| line == comment),
        "the second repeat begins at 10 s: {log:.900}"
    );
    assert!(IntervalLogIterator::new(log.as_bytes()).all(|entry| entry.is_ok()));
}

#[test]
fn recovering_in_time_is_a_threshold_as_any_other() {
    let mut record = faulted();
    let verdict = Verdict::of(&record);
    for (contender, judged) in record.contenders.iter().zip(&verdict.contenders) {
        let recovery = judged.thresholds.iter().find(|one| one.metric == Metric::Recovery).unwrap();
        let (text, held) = match contender.label.as_str() {
            "no-cache" => ("0", Held::Held),
            "cache-aside" => ("680 ms", Held::Held),
            "write-through" => ("880 ms", Held::Missed),
            _ => continue,
        };
        assert_eq!((recovery.measured_text().as_str(), recovery.held), (text, held));
    }
    let missed = verdict.sentences.iter().find(|line| line.contains("time to recover")).unwrap();
    assert!(missed.contains("(at most 700 ms)"), "{missed}");

    // Followed for less than it may take, nobody knows; for longer, it was not in time.
    for (followed, held) in [(600, Held::Unknown), (700, Held::Missed)] {
        let fault = &mut record.contenders[0].runs[0].faults[0];
        fault.followed = Nanos::from_millis(followed);
        fault.recoveries[0].back_after = None;
        let judged = Verdict::of(&record).contenders.remove(0);
        let recovery = judged.thresholds.iter().find(|one| one.metric == Metric::Recovery).unwrap();
        assert_eq!(recovery.held, held);
        assert!(recovery.measured_text().starts_with("not in "), "{recovery:?}");
    }
}

#[test]
fn what_did_not_break_as_planned_is_said_first_and_last() {
    let record = troubled();
    let said = "cache-aside, repeat 2: cache killed: the server did not end";
    assert_eq!(text::render(&record).matches(said).count(), 2);
    let page = html::render(&record);
    assert!(page.find(said).unwrap() < page.find("id=\"verdict\"").unwrap());
}

#[test]
fn every_axis_of_time_shows_the_faults_and_tells_of_them() {
    let (record, plain) = (faulted(), record());
    let slugs = [
        "store-reads",
        "errors-over-time",
        "read-p99-over-time",
        "hit-ratio-over-time",
        "stale-reads-over-time",
    ];
    let charts = charts::all(&record);
    for slug in slugs {
        let chart = charts.iter().find(|chart| chart.slug == slug).unwrap();
        let told = "1, cache killed, from 3.00 s to 4.62 s; 2, events dropped, from 7.50 s to 7.80 s; \
                    3, cache flushed, at 7.60 s.";
        assert!(chart.description.ends_with(told), "{}", chart.description);
        let svg = chart.standalone();
        roxmltree::Document::parse(&svg).unwrap();
        assert!(svg.contains("class=\"band\"") && svg.contains("class=\"hatch\""), "{slug}");
        assert!(svg.contains("1: cache killed") && !svg.contains("NaN"), "{slug}");
        let column = chart.table.columns.len() - 1;
        assert_eq!(chart.table.columns[column].name, "fault");
        assert!(chart.table.rows.iter().any(|row| row[column].text == "cache killed"), "{slug}");
    }
    let others = charts.iter().filter(|chart| !slugs.contains(&chart.slug));
    assert!(others.into_iter().all(|chart| !chart.standalone().contains("class=\"band\"")));
    let without = charts::all(&plain);
    assert!(!without.iter().any(|chart| chart.slug.ends_with("over-time")));
    assert!(without.iter().all(|chart| !chart.standalone().contains("class=\"band\"")));
}

#[test]
fn a_page_with_faults_stays_small() {
    for record in [faulted(), crowded_through()] {
        let page = html::render(&record);
        assert!(page.len() <= 1024 * 1024, "{} bytes", page.len());
        assert!(page.contains("id=\"through-faults\""));
    }
}
