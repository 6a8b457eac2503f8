//! Reports, rendered from a made-up Record whose figures follow from formulas.

mod certified;
pub mod faulty;
pub mod fixture;
pub mod variety;

use std::fs;
use std::process::Command;
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
use cacheduel::compare::verdict::{Ground, Held, Threshold};
use cacheduel::compare::{Metric, Verdict};
use cacheduel::model::{Distribution, Nanos, Share, Span};
use cacheduel::record::{FORMAT, Preference, Record, Run, Thresholds};
use cacheduel::report::{self, Error, charts, csv, guide, hlog, html, text};
use cacheduel::strategy::Spec;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

#[test]
fn the_terminal_report_is_as_it_was() {
    insta::assert_snapshot!(text::render(&fixture::record()));
}

#[test]
fn what_only_some_strategies_do_has_tables_of_its_own() {
    insta::assert_snapshot!(text::render(&variety::varied()));
}

#[test]
fn a_plain_record_has_no_tables_of_what_nobody_does() {
    let mut record = fixture::record();
    for run in record.contenders.iter_mut().flat_map(|contender| &mut contender.runs) {
        run.measures.store.duplicate_fills = 0;
        run.measures.requests.failed.clear();
        run.findings.read_your_writes_violations = 0;
        run.findings.monotonic_violations = 0;
    }
    let text = text::render(&record);
    for section in ["SERVED THE READS", "STAMPEDES", "ENTRIES", "SESSIONS", "FAILED", "Look at"] {
        assert!(!text.contains(section), "{section}");
    }
    record.scenario.prefer = Preference::Memory;
    assert!(text::render(&record).contains("\nENTRIES\n"), "memory is asked about");
}

#[test]
fn a_judge_that_had_to_forget_says_that_its_counts_are_lower_bounds() {
    let mut record = fixture::record();
    for run in record.contenders.iter_mut().flat_map(|contender| &mut contender.runs) {
        run.findings.read_your_writes_violations = 0;
        run.findings.monotonic_violations = 0;
        run.findings.lost_updates = 0;
    }
    assert!(!text::render(&record).contains("\nSESSIONS\n"));
    record.contenders[1].runs[0].findings.forgotten_pairs = 4_000;
    record.contenders[1].runs[0].findings.monotonic_violations = 7;
    let text = text::render(&record);
    let sessions = &text[text.find("\nSESSIONS\n").unwrap()..];
    let sessions = &sessions[..sessions.find("\n\n").unwrap()];
    let row = |label: &str| sessions.lines().find(|line| line.trim().starts_with(label)).unwrap();
    assert!(row("cache-aside").contains("at least 7"), "{sessions}");
    assert!(row("cache-aside").trim_end().ends_with("4,000"), "{sessions}");
    assert!(!row("ttl").contains("at least"), "{sessions}");
    let right = &text[text.find("\nHOW RIGHT\n").unwrap()..text.find("\nSESSIONS\n").unwrap()];
    assert_eq!(right.matches("at least 7").count(), 1, "{right}");
    record.scenario.thresholds.read_your_writes = Some(Share(0.5));
    let verdict = Verdict::of(&record);
    let held = |contender: usize| verdict.contenders[contender].thresholds.last().unwrap().held;
    assert_eq!((held(0), held(1)), (Held::Held, Held::Unknown));
    let page = html::render(&record);
    assert!(page.contains("pairs forgotten") && page.matches("at least 7").count() >= 2);
}

#[test]
fn times_that_virtual_time_does_not_have_are_not_shown_as_none() {
    let mut record = variety::varied();
    for run in record.contenders.iter_mut().flat_map(|contender| &mut contender.runs) {
        run.measures.coding.encoded.busy = Nanos::ZERO;
        run.measures.coding.decoded.busy = Nanos::ZERO;
    }
    assert!(record.contenders.iter().all(|one| Metric::EncodeTime.of(one).is_none()));
    let text = text::render(&record);
    let entries = &text[text.find("\nENTRIES\n").unwrap()..text.find("\nSESSIONS\n").unwrap()];
    assert_eq!(entries.matches("n/a").count(), 2 * record.contenders.len(), "{entries}");
}

#[test]
fn thresholds_and_preferences_hold_the_new_figures_too() {
    let record = variety::varied();
    let verdict = Verdict::of(&record);
    let throttled = verdict.contenders.iter().filter(|judged| {
        let missed = |threshold: &&Threshold| threshold.held == Held::Missed;
        judged.thresholds.iter().filter(missed).any(|missed| missed.metric == Metric::Throttled)
    });
    let labels: Vec<_> = throttled.map(|judged| judged.label.as_str()).collect();
    assert_eq!(labels, ["event-invalidation"]);

    let mut record = fixture::record();
    record.scenario.prefer = Preference::Memory;
    record.scenario.thresholds = Thresholds { store_burst: Some(29), ..Thresholds::default() };
    record.contenders[4].runs[0].measures.store.origin_burst_peak = 30;
    let used = |run: &mut Run| run.cache_counters.as_mut().unwrap().used_memory = 9_000;
    record.contenders[4].runs.iter_mut().for_each(used);
    record.contenders[3].runs.iter_mut().for_each(|run| {
        run.cache_counters.as_mut().unwrap().used_memory = 12_000;
    });
    let best = Verdict::of(&record).best.unwrap();
    assert_eq!((best.label.as_str(), best.figure.to_string()), ("write-behind", "11.7 KiB".into()));
}

#[test]
fn the_guide_is_as_it_was() {
    let place = "docs/all-strategies.json".to_owned();
    insta::assert_snapshot!(guide::render(&[guide::Source { place, record: fixture::record() }]));
}

#[test]
fn the_guide_is_printed_from_a_report_and_from_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let record = fixture::with_contenders(&["ttl"]);
    report::write(&record, &place.path().join("report")).unwrap();
    let guide = |argument: &str| {
        let mut command = Command::new(cargo_bin!("cacheduel"));
        command.current_dir(place.path()).args(["guide", argument]).output().unwrap()
    };
    let printed = guide("report");
    assert!(printed.status.success(), "{printed:?}");
    let source = guide::Source { place: "report".into(), record };
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), guide::render(&[source]));
    let refused = guide("nowhere");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("nowhere"), "{refused:?}");
}

#[test]
fn the_table_in_the_readme_is_the_one_of_its_record() {
    let mut command = Command::new(cargo_bin!("cacheduel"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["guide", "docs/all-strategies.json"]);
    let printed = command.output().unwrap();
    assert!(printed.status.success());
    let table = String::from_utf8(printed.stdout).unwrap();
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("<!-- guide -->\n").unwrap();
    let (block, _) = rest.split_once("<!-- /guide -->").unwrap();
    assert_eq!(block.trim(), table.trim(), "scripts/guide was not run");
    let listed = block.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(listed, Spec::ALL.len(), "every strategy has a row");
}

#[test]
fn a_guide_has_one_row_for_each_strategy_and_says_what_not_to_believe() {
    let mut first = fixture::with_contenders(&["ttl"]);
    first.contenders[0].label = "ttl@short".into();
    first.contenders[0].risk = "a | b".into();
    let second = fixture::invalid(fixture::record());
    let source = |place: &str, record| guide::Source { place: place.into(), record };
    let text = guide::render(&[source("one", first), source("other", second)]);
    let rows: Vec<_> = text.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows.len(), 6, "{text}");
    assert!(rows[0].starts_with("| `ttl` |") && rows[0].contains(r"a \| b"), "{}", rows[0]);
    assert!(text.contains("`one`") && text.contains("`other`"), "{text}");
    assert_eq!(text.matches("INVALID").count(), 1, "{text}");
}

#[test]
fn the_timeline_is_as_it_was() {
    insta::assert_snapshot!(csv::render(&fixture::with_contenders(&["cache-aside"])));
}

#[test]
fn the_terminal_report_never_exceeds_100_columns() {
    let mut record = fixture::embedded(fixture::record());
    record.contenders[1].label = format!("cache-aside@{}", "a-very-long-label-".repeat(6));
    record.source = "x".repeat(300);
    record.cache.settings.insert("save".into(), "9".repeat(250));
    record.contenders[2].runs[0].measures.requests.answered = u64::MAX / 8;
    record.contenders[2].runs[0].audit.lost_writes = 123_456_789_012;
    for record in [record, fixture::invalid(fixture::record())] {
        for line in text::render(&record).lines() {
            assert!(line.chars().count() <= text::WIDTH, "{} wide: {line}", line.chars().count());
        }
    }
}

#[test]
fn a_strategy_that_cannot_be_told_from_the_best_is_called_as_good() {
    let verdict = Verdict::of(&fixture::record());
    let best = verdict.best.expect("some strategies hold every threshold");
    let as_good: Vec<_> =
        best.as_good.iter().map(|peer| (peer.label.as_str(), peer.ground)).collect();
    assert_eq!(best.label, "write-through");
    let ground = Ground::Intervals(3);
    assert_eq!(as_good, [("cache-aside", ground), ("event-invalidation", ground)]);

    let mut once = fixture::record();
    once.contenders.iter_mut().for_each(|contender| contender.runs.truncate(1));
    let best = Verdict::of(&once).best.expect("one repeat still ranks");
    assert!(best.as_good.iter().all(|peer| peer.ground == Ground::FewRepeats(1)), "{best:?}");
}

#[test]
fn a_missed_threshold_is_named_with_its_figure_and_its_bound() {
    let verdict = Verdict::of(&fixture::record());
    let ttl = verdict.contenders.iter().find(|judged| judged.label == "ttl").unwrap();
    assert!(!ttl.holds_all());
    let sentence = verdict.sentences.iter().find(|line| line.starts_with("ttl misses")).unwrap();
    assert!(sentence.contains("stale share 3.1 % (at most 1 %)"), "{sentence}");
}

#[test]
fn a_figure_with_too_few_samples_is_unknown_and_its_cell_is_blank() {
    let mut record = fixture::with_contenders(&["cache-aside"]);
    for run in &mut record.contenders[0].runs {
        run.measures.latency.iter_mut().for_each(|part| {
            part.response = fixture::distribution(20, 200.0, 0.2);
        });
    }
    let verdict = Verdict::of(&record);
    let thresholds = &verdict.contenders[0].thresholds;
    let p99 = thresholds.iter().find(|threshold| threshold.metric == Metric::ReadP99).unwrap();
    assert_eq!((p99.held, p99.measured), (Held::Unknown, None));
    assert!(!verdict.contenders[0].holds_all());
    let said = "cache-aside is not known to hold: read p99 (at most 5 ms)";
    assert!(verdict.sentences.iter().any(|line| line.starts_with(said)), "{verdict:?}");
}

#[test]
fn an_invalid_record_has_reasons_instead_of_a_verdict() {
    let record = fixture::invalid(fixture::record());
    let verdict = Verdict::of(&record);
    assert_eq!(verdict.best, None);
    assert!(verdict.sentences[0].starts_with("No verdict"));
    assert!(verdict.sentences[1].contains("ttl, repeat 2: dispatch lag"), "{verdict:?}");
    let text = text::render(&record);
    assert!(text.find("INVALID").unwrap() < text.find("read").unwrap());
}

#[test]
fn without_thresholds_the_best_of_each_measure_is_named() {
    let mut record = fixture::record();
    record.scenario.thresholds = Thresholds::default();
    let sentences = Verdict::of(&record).sentences;
    assert!(sentences[0].starts_with("No thresholds were given"));
    let fewest = sentences.iter().find(|line| line.contains("the fewest store reads")).unwrap();
    assert!(fewest.starts_with("ttl has"), "{fewest}");
}

#[test]
fn nobody_is_preferred_where_nobody_holds_every_threshold() {
    let mut record = fixture::record();
    record.scenario.thresholds.read_p50 = Some(Span::from_millis(0));
    record.scenario.thresholds.hit_ratio = Some(Share(1.0));
    let verdict = Verdict::of(&record);
    assert_eq!(verdict.best, None);
    assert_eq!(verdict.sentences[0], "No strategy holds every threshold.");
}

#[test]
fn the_page_says_the_same_as_the_terminal() {
    let record = variety::varied();
    let (page, text) = (html::render(&record), text::render(&record));
    let verdict = Verdict::of(&record);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for sentence in &verdict.sentences {
        assert!(page.contains(sentence), "the page lacks: {sentence}");
        assert!(flat.contains(sentence), "the terminal lacks: {sentence}");
    }
    for contender in &record.contenders {
        for figure in Metric::ALL.iter().filter_map(|metric| metric.of(contender)) {
            assert!(page.contains(&format!(">{figure}<")), "the page lacks {figure}");
            assert!(text.contains(&figure.to_string()), "the terminal lacks {figure}");
        }
    }
}

#[test]
fn the_page_is_one_small_file_that_asks_for_nothing() {
    let page = html::render(&fixture::record());
    assert!(page.len() <= 1024 * 1024, "{} bytes", page.len());
    for forbidden in ["<script", "src=", "@import", "url(", "href=\"http"] {
        assert!(!page.contains(forbidden), "the page contains {forbidden}");
    }
    assert_eq!(page.matches("<figure").count(), page.matches("<details><summary>Figures").count());
    assert_eq!(page.matches("<table>").count(), page.matches("<caption>").count());
    assert_eq!(page.matches("<h1").count(), 1);
    assert!(!page.contains("<th>"), "every head of a table says what it is the head of");
}

#[test]
fn what_a_scenario_says_cannot_break_the_page() {
    let mut record = fixture::record();
    let hostile = "</code><script>alert(1)</script>&\"'";
    record.source = hostile.into();
    record.scenario.question = hostile.into();
    record.contenders[0].label = hostile.into();
    let page = html::render(&record);
    assert!(!page.contains("<script"));
    for chart in charts::all(&record) {
        roxmltree::Document::parse(&chart.standalone()).unwrap();
    }
}

#[test]
fn the_notice_of_an_embedded_cache_stands_first_and_last() {
    let record = fixture::embedded(fixture::record());
    let text = text::render(&record);
    assert_eq!(text.matches(report::EMBEDDED_NOTICE).count(), 2);
    assert!(text.trim_end().ends_with(&format!("{} ***", report::EMBEDDED_NOTICE)));
    assert_eq!(html::render(&record).matches("in-memory twin stood in for Redis").count(), 2);
    assert!(!text::render(&fixture::record()).contains("stood in"));
}

#[test]
fn every_chart_is_well_formed_and_tells_what_it_shows() {
    for record in [fixture::record(), fixture::with_contenders(&[]), fixture::hollow()] {
        for chart in charts::all(&record) {
            for svg in [chart.inline(), chart.standalone()] {
                let document = roxmltree::Document::parse(&svg).unwrap();
                let root = document.root_element();
                let text = |name: &str| {
                    let found = root.children().find(|child| child.has_tag_name(name));
                    found.and_then(|child| child.text()).unwrap_or_default()
                };
                assert_eq!(root.attribute("role"), Some("img"));
                assert_eq!(text("title"), chart.title);
                assert_eq!(text("desc"), chart.description);
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            }
        }
    }
}

#[test]
fn a_chart_without_data_says_so() {
    let record = fixture::hollow();
    let charts = charts::all(&record);
    let message = |slug: &str| charts.iter().find(|chart| chart.slug == slug).unwrap().inline();
    assert!(message("stale-share").contains("No stale reads"));
    assert!(message("freshness").contains("No stale reads"));
    assert!(message("staleness-age").contains("No stale reads"));
    assert!(message("read-latency").contains("No reads were answered"));
    assert!(message("store-reads").contains("too short for a timeline"));
}

#[test]
fn the_interval_log_reads_back_to_the_same_histograms() {
    let record = fixture::record();
    let log = hlog::render(&record);
    let entries: Vec<_> = IntervalLogIterator::new(log.as_bytes()).map(Result::unwrap).collect();
    let intervals: Vec<_> = entries
        .into_iter()
        .filter_map(|entry| match entry {
            LogEntry::Interval(interval) => Some(interval),
            _ => None,
        })
        .collect();
    let buckets: usize =
        record.contenders.iter().flat_map(|c| &c.runs).map(|run| run.measures.timeline.len()).sum();
    assert_eq!(intervals.len(), 2 * buckets);
    assert!(intervals.is_sorted_by_key(|interval| interval.start_timestamp()));
    let mine: Vec<_> = intervals
        .iter()
        .filter(|interval| interval.tag().is_some_and(|tag| tag.as_str() == "cache-aside:read"))
        .collect();
    let run = &record.contenders[1].runs[0];
    assert_eq!(mine[1].start_timestamp(), Duration::from_secs(1));
    assert_eq!(mine[1].duration(), Duration::from_secs(1));
    let json = format!("\"{}\"", mine[1].encoded_histogram());
    let histogram: Distribution = serde_json::from_str(&json).unwrap();
    assert_eq!(histogram, run.measures.timeline[1].reads);
}

#[test]
fn a_label_with_spaces_and_commas_still_makes_a_tag_and_a_field() {
    let mut record = fixture::with_contenders(&["ttl"]);
    record.contenders[0].label = "ttl@a, b".into();
    assert!(hlog::render(&record).contains("Tag=ttl@a__b:read,"));
    assert!(csv::render(&record).contains("\n\"ttl@a, b\",1,0,"));
}

#[test]
fn a_folder_holds_everything_and_reads_back_as_the_same_record() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("deep/report");
    let record = fixture::record();
    report::write(&record, &folder).unwrap();
    assert_eq!(report::read(&folder).unwrap(), record);
    assert_eq!(report::read(&folder.join("record.json")).unwrap(), record);
    for file in ["report.html", "timeline.csv", "intervals.hlog", "charts/trade-off.svg"] {
        assert!(folder.join(file).is_file(), "{file} is missing");
    }
    assert_eq!(fs::read_dir(place.path().join("deep")).unwrap().count(), 1);
}

#[test]
fn writing_again_replaces_the_report_and_leaves_other_files_alone() {
    let place = tempfile::tempdir().unwrap();
    let mut record = fixture::with_contenders(&["ttl"]);
    report::write(&record, place.path()).unwrap();
    fs::write(place.path().join("notes.md"), "mine").unwrap();
    record.name = "second".into();
    report::write(&record, place.path()).unwrap();
    assert_eq!(report::read(place.path()).unwrap().name, "second");
    assert_eq!(fs::read_to_string(place.path().join("notes.md")).unwrap(), "mine");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 6);
}

#[test]
fn a_folder_that_cannot_be_written_is_named_and_nothing_is_left() {
    let place = tempfile::tempdir().unwrap();
    let record = fixture::with_contenders(&["ttl"]);
    let occupied = place.path().join("occupied");
    fs::write(&occupied, "a file").unwrap();
    let error = report::write(&record, &occupied.join("below")).unwrap_err();
    assert!(error.to_string().contains("occupied"), "{error}");
    let error = report::write(&record, &occupied).unwrap_err();
    assert!(matches!(&error, Error::Write { path, .. } if *path == occupied), "{error}");
    assert_eq!(fs::read_to_string(&occupied).unwrap(), "a file");

    let blocked = place.path().join("blocked");
    fs::create_dir_all(blocked.join("report.html/in-the-way")).unwrap();
    let error = report::write(&record, &blocked).unwrap_err();
    assert!(
        matches!(&error, Error::Write { path, .. } if path.ends_with("report.html")),
        "{error}"
    );
    let left: Vec<_> =
        fs::read_dir(&blocked).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["report.html"], "only what was there before is left");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2);
}

#[test]
fn what_is_not_a_record_is_refused_by_what_it_is() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("record.json");
    assert!(matches!(report::read(&file), Err(Error::Read { .. })));
    let refused = |text: &str| {
        fs::write(&file, text).unwrap();
        report::read(&file).unwrap_err()
    };
    assert!(matches!(refused("{ \"format\": 2,"), Error::NotJson { .. }));
    assert!(matches!(refused("[1, 2]"), Error::NotOfItsSort { .. }));
    assert!(matches!(refused("{ \"rows\": 3 }"), Error::NotOfItsSort { .. }));
    assert!(matches!(refused(&format!("{{ \"format\": {FORMAT} }}")), Error::Malformed { .. }));
    let error = refused(&format!("{{ \"format\": {} }}", FORMAT + 1));
    assert!(matches!(error, Error::Version { found, .. } if found == u64::from(FORMAT) + 1));
}
