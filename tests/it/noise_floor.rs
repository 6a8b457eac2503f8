//! Strategies against themselves: an A/A run in whole, from the schedule to the report.

use cacheduel::compare::verdict::{Ground, Verdict};
use cacheduel::compare::{Metric, noise};
use cacheduel::record::Record;
use cacheduel::report::{html, text};
use cacheduel::scenario;

use crate::simulated::{profile, simulate};

const SCENARIO: &str = r#"
question = "Which differences are noise?"
repeats = 3
[dataset]
entity = "counter"
keys = 100
[workload]
reads = 0.9
popularity = "uniform"
arrival = { poisson = { rate = 500 } }
duration = "4s"
[store]
delay = "1ms"
[strategies.cache-aside]
[strategies."ttl@short"]
ttl = "1s"
"#;

fn twice() -> Record {
    let mut loaded = scenario::parse("again", SCENARIO).unwrap();
    loaded.scenario.strategies = loaded.scenario.strategies.with_twins();
    simulate(&loaded, &profile(200, 0, 0, 0))
}

#[test]
fn a_strategy_and_its_twin_meet_the_same_in_turn() {
    let record = twice();
    let twins: Vec<_> = record.contenders.iter().map(|one| one.twin_of.as_deref()).collect();
    assert_eq!(twins, [None, Some("cache-aside"), None, Some("ttl@short")]);
    let places = |index: usize| -> Vec<u32> {
        record.contenders[index].runs.iter().map(|run| run.position).collect()
    };
    // A B B A: whoever came first comes second in the next repeat.
    assert_eq!((places(0), places(1)), (vec![0, 7, 8], vec![1, 6, 9]));
    let again: Record = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
    assert_eq!(again, record);
}

#[test]
fn under_virtual_time_nothing_differs_and_a_difference_is_found() {
    let mut record = twice();
    for metric in Metric::PRIMARY {
        for (one, twin) in noise::pairs(&record) {
            // Updates are too few for a p99.
            let Some(apart) = noise::apart(metric, one, twin) else {
                assert_eq!(metric, Metric::UpdateP99);
                continue;
            };
            assert_eq!((apart.largest, apart.pairs), (0.0, 3), "{metric:?}");
        }
    }
    let hits = &mut record.contenders[1].runs[2].measures.lookups.hits;
    *hits -= *hits / 10;
    let (one, twin) = noise::pairs(&record)[0];
    let apart = noise::apart(Metric::HitRatio, one, twin).unwrap();
    assert_eq!(apart.median, 0.0, "two of three pairs are equal");
    assert!(apart.largest > 0.001, "{apart:?}");
    assert_eq!(noise::floor(Metric::HitRatio, &record), Some(apart.largest));
}

#[test]
fn a_twin_is_no_rival() {
    let record = twice();
    let verdict = Verdict::of(&record);
    assert!(verdict.sentences.iter().all(|sentence| !sentence.contains("again")), "{verdict:#?}");
    assert!(!verdict.sentences.is_empty());
}

#[test]
fn what_is_less_than_the_noise_is_as_good() {
    let mut record = twice();
    record.scenario.prefer = cacheduel::record::Preference::StoreLoad;
    let peer = |record: &Record| {
        let best = Verdict::of(record).best.expect("all hold what was not asked");
        best.as_good.first().map(|peer| peer.ground)
    };
    assert_eq!(peer(&record), None, "the two strategies differ, and their twins do not");
    for run in &mut record.contenders[3].runs {
        for cause in &mut run.measures.store.causes {
            cause.reads *= 50;
        }
    }
    assert!(matches!(peer(&record), Some(Ground::Noise(floor)) if floor > 1.0));
}

#[test]
fn the_reports_show_the_floor_and_the_repeats() {
    let record = twice();
    let text = text::render(&record);
    assert!(text.contains("NOISE FLOOR (A/A"), "{text}");
    assert!(text.contains("OVER REPEATS"), "{text}");
    let page = html::render(&record);
    assert!(page.contains("id=\"noise-floor\"") && page.contains("id=\"repeats\""));
    assert!(page.contains("cacheduel run again.toml --aa"));
    let mut once = record;
    once.contenders.retain(|one| one.twin_of.is_none());
    once.contenders.iter_mut().for_each(|one| one.runs.truncate(1));
    let text = text::render(&once);
    assert!(!text.contains("NOISE FLOOR") && !text.contains("OVER REPEATS"));
}
