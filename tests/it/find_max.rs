//! Searches for the highest rate that holds: whole ones under virtual time, where theory says what they
//! have to find, and the real program.

mod command;
mod theory;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use cacheduel::clock::SimClock;
use cacheduel::compare::verdict::bounds;
use cacheduel::experiment::find_max::{FindMax, Settings, Trial, Unfit, Watching};
use cacheduel::experiment::{Environment, Error, Progress, Silent, Stop};
use cacheduel::model::{Nanos, Profile};
use cacheduel::record::ceilings::{Ceiling, Ceilings, Held, Outcome, Phase, Step};
use cacheduel::report::{self, Document as _, ceilings};
use cacheduel::scenario::{self, Loaded};
use roxmltree::Document;

/// A store that counts its worst 100 ms, and a strategy that is stale whatever the rate.
const SCENARIO: &str = r#"
question = "How many requests a second?"
[dataset]
entity = "product"
keys = 5
size = "256B"
[workload]
reads = 0.9
popularity = "uniform"
arrival = { poisson = { rate = 100 } }
warm-up = "1s"
duration = "1s"
[strategies]
no-cache = {}
ttl = { ttl = "1s" }
[thresholds]
store-burst = 20
stale-share = 0.0
errors = 0.0
"#;

const SETTINGS: Settings =
    Settings { from: Some(25.0), to: 1e5, precision: 0.1, step: Nanos::from_secs(5) };

fn loaded(text: &str) -> Loaded {
    scenario::parse("tiny", text).unwrap()
}

fn search(loaded: &Loaded, settings: &Settings) -> Ceilings {
    search_watched(loaded, settings, &Silent, &Stop::new())
}

fn search_watched(
    loaded: &Loaded,
    settings: &Settings,
    watching: &dyn Watching,
    stop: &Stop,
) -> Ceilings {
    let clock = SimClock::new();
    let environment = Environment::simulated(&loaded.scenario, &clock, &Profile::instant());
    let mut search = FindMax::new(loaded, &environment, settings, bounds).unwrap();
    clock.block_on(search.run(watching, stop)).unwrap();
    search.record()
}

/// What a search of the scenario finds, made once for all that look at it.
pub fn searched() -> &'static Ceilings {
    static SEARCHED: LazyLock<Ceilings> = LazyLock::new(|| search(&loaded(SCENARIO), &SETTINGS));
    &SEARCHED
}

fn ceiling<'a>(record: &'a Ceilings, label: &str) -> &'a Ceiling {
    record.ceilings.iter().find(|ceiling| ceiling.label == label).unwrap()
}

/// What has to be so of any search, whatever was found.
fn assert_consistent(record: &Ceilings) {
    let mut positions = Vec::new();
    for ceiling in &record.ceilings {
        let answer = ceiling.answer;
        for step in &ceiling.steps {
            positions.push(step.position);
            let held = step.bounds.iter().all(|bound| bound.held == Held::Held);
            assert!(!step.bounds.is_empty());
            match step.outcome {
                Outcome::Held => assert!(held && step.invalid().next().is_none(), "{step:?}"),
                Outcome::Broke => assert!(!held && step.invalid().next().is_none(), "{step:?}"),
                Outcome::Outrun | Outcome::Invalid => assert!(step.invalid().next().is_some()),
            }
            assert!(step.figures.window >= record.searched.step);
        }
        assert_eq!(answer.confirmed, {
            let last = ceiling.steps.last().unwrap();
            last.phase == Phase::Confirm && last.outcome == Outcome::Held
        });
        if let Some(holds) = answer.holds {
            let there = ceiling.at_ceiling().unwrap();
            assert!(there.rate == holds && there.outcome == Outcome::Held);
        }
        if let Some(beyond) = answer.beyond {
            assert!(Some(beyond.rate) > answer.holds);
            let there = ceiling.beyond().unwrap();
            assert!(there.rate == beyond.rate && there.outcome == beyond.why);
        }
    }
    positions.sort_unstable();
    assert_eq!(positions, (0..positions.len() as u32).collect::<Vec<_>>());
}

#[test]
fn what_broke_first_is_named_for_each_strategy() {
    let record = searched();
    assert_consistent(record);
    assert!(!record.is_partial());
    let no_cache = ceiling(record, "no-cache");
    let broken = no_cache.beyond().unwrap().broken();
    assert_eq!(broken[0].what, "worst 100 ms of store reads");
    assert!(broken[0].value > Some(20.0) && broken[0].asked == "at most 20");
    assert!(no_cache.answer.confirmed);
    // More than two hundred reads a second cannot keep to 20 in every tenth of a second.
    assert!(no_cache.answer.holds > Some(25.0) && no_cache.answer.holds < Some(222.0));

    let ttl = ceiling(record, "ttl");
    assert_eq!((ttl.answer.holds, ttl.steps.len()), (None, 2), "the lowest rate is tried twice");
    assert_eq!(ttl.beyond().unwrap().broken()[0].what, "stale share");
    let seeds: Vec<_> = ttl.steps.iter().map(|step| (step.seed, &step.plan)).collect();
    assert!(seeds[0].0 != seeds[1].0 && seeds[0].1 != seeds[1].1, "another plan each time");
    assert_eq!(ttl.steps[0].plan, no_cache.steps[0].plan, "the same for all strategies");
}

#[test]
fn the_strategies_take_turns() {
    let record = search(&loaded(SCENARIO), &SETTINGS);
    let first = |label| ceiling(&record, label).steps[0].position;
    let second = |label| ceiling(&record, label).steps[1].position;
    assert_eq!([first("no-cache"), first("ttl")], [0, 1]);
    assert_eq!([second("ttl"), second("no-cache")], [2, 3], "to and fro");
}

#[test]
fn the_same_seed_finds_the_same() {
    let [one, other] = [(); 2].map(|()| search(&loaded(SCENARIO), &SETTINGS));
    assert_eq!(one.ceilings, other.ceilings);
    let mut changed = loaded(SCENARIO);
    changed.scenario.workload.seed = 9;
    assert_ne!(search(&changed, &SETTINGS).ceilings, one.ceilings);
}

#[test]
fn where_nothing_breaks_the_highest_rate_there_is_holds_at_least() {
    let text = SCENARIO.replace("store-burst = 20\nstale-share = 0.0\n", "lost-writes = 0\n");
    let record = search(&loaded(&text), &Settings { to: 60.0, ..SETTINGS });
    assert_consistent(&record);
    for ceiling in &record.ceilings {
        let rates: Vec<_> = ceiling.steps.iter().map(|step| step.rate).collect();
        assert_eq!(rates, [25.0, 50.0, 60.0, 60.0]);
        assert_eq!((ceiling.answer.holds, ceiling.answer.beyond), (Some(60.0), None));
    }
    let told = ceilings::text(&record);
    assert!(told.contains("at least 60") && told.contains("nothing broke"), "{told}");
}

#[test]
fn a_figure_that_is_not_certified_is_not_held() {
    // Its samples are made sure of where quantiles are asked for; here nothing can ever be measured.
    let text = SCENARIO
        .replace("store-burst = 20\nstale-share = 0.0\n", "throttled = 0.5\n")
        .replace("ttl = { ttl = \"1s\" }", "write-through = { ttl = \"1h\" }")
        .replace("warm-up", "prefill = true\nwarm-up");
    let record = search(&loaded(&text), &Settings { to: 60.0, ..SETTINGS });
    let unknown = ceiling(&record, "write-through");
    assert_eq!(unknown.answer.holds, None, "no read of the store, so no share of them");
    assert_eq!(unknown.beyond().unwrap().broken()[0].held, Held::Unknown);
    assert!(ceilings::text(&record).contains("too few samples"));
}

#[test]
fn a_step_is_long_enough_for_the_quantile_that_is_asked_for() {
    let text = SCENARIO.replace("store-burst = 20\nstale-share = 0.0", "read-p99 = \"1s\"");
    let record = search(&loaded(&text), &Settings { to: 60.0, ..SETTINGS });
    for step in record.ceilings.iter().flat_map(|ceiling| &ceiling.steps) {
        assert_eq!(step.outcome, Outcome::Held, "{step:?}");
        assert!(step.figures.read_p99.is_some());
    }
}

/// Asks for the end in the course of the sixth step.
struct Impatient<'a> {
    stop: &'a Stop,
    begun: AtomicU32,
}

impl Progress for Impatient<'_> {
    fn begin(&self, _: &str, _: u32, _: u32, _: u32) {}

    fn advance(&self, _: Nanos) {
        if self.begun.load(Ordering::Relaxed) == 6 {
            self.stop.ask("enough");
        }
    }
}

impl Watching for Impatient<'_> {
    fn step(&self, _: &str, _: &Trial, _: Nanos, _: usize, _: usize) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    fn stepped(&self, _: &str, _: &Step) {}
}

#[test]
fn a_search_that_is_ended_before_its_time_keeps_what_it_has() {
    let stop = Stop::new();
    let watching = Impatient { stop: &stop, begun: AtomicU32::new(0) };
    let record = search_watched(&loaded(SCENARIO), &SETTINGS, &watching, &stop);
    let steps: usize = record.ceilings.iter().map(|ceiling| ceiling.steps.len()).sum();
    assert_eq!(steps, 5, "the sixth was under way, and says nothing");
    assert!(record.is_partial());
    assert!(!ceiling(&record, "no-cache").answer.finished);
    let told = ceilings::text(&record);
    assert!(told.contains("NOT FINISHED") && told.contains("ended before its time"), "{told}");
}

#[test]
fn a_search_is_read_back_and_rendered_as_it_was() {
    let record = searched();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("found");
    report::write(record, &folder).unwrap();
    assert!(Ceilings::SORT.is_at(&folder));
    let again = ceilings::read(&folder).unwrap();
    assert_eq!(again, *record);
    assert_eq!(ceilings::text(&again), ceilings::text(record));

    let told = ceilings::text(record);
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
    assert!(told.contains("below 25"), "{told}");
    let page = ceilings::html(record);
    assert!(page.contains("below 25") && !page.contains("<script"), "{page}");
    for chart in std::fs::read_dir(folder.join("charts")).unwrap() {
        let drawing = std::fs::read_to_string(chart.unwrap().path()).unwrap();
        Document::parse(&drawing).unwrap();
    }
}

#[test]
fn a_generator_that_gave_up_first_is_told_from_a_threshold_that_broke() {
    let mut record = search(&loaded(SCENARIO), &SETTINGS);
    let found = ceilings::sentences(&record);
    assert!(found[0].starts_with("no-cache holds the highest rate that was found, "), "{found:?}");
    assert!(!found.concat().contains("generator"), "{found:?}");

    let search = &mut record.ceilings[0];
    let beyond = search.answer.beyond.as_mut().unwrap();
    beyond.why = Outcome::Outrun;
    for step in search.steps.iter_mut().filter(|step| step.rate == beyond.rate) {
        step.outcome = Outcome::Outrun;
    }
    let told = ceilings::sentences(&record).concat();
    assert!(told.contains("at least") && told.contains("the generator's own ceiling came first"));
    // Of one that holds nothing, nothing is known then.
    let search = &mut record.ceilings[1];
    search.answer.beyond.as_mut().unwrap().why = Outcome::Outrun;
    search.steps.iter_mut().for_each(|step| step.outcome = Outcome::Outrun);
    let told = ceilings::sentences(&record).concat();
    assert!(told.contains("nothing is known") && told.contains("ttl may hold more"), "{told}");
    assert!(ceilings::text(&record).contains("unknown"));
}

#[test]
fn a_file_with_figures_that_nobody_found_is_rendered_all_the_same() {
    let record = search(&loaded(SCENARIO), &Settings { to: 60.0, ..SETTINGS });
    for rate in [0.0, -1.0, 1e300] {
        let mut broken = record.clone();
        for step in broken.ceilings.iter_mut().flat_map(|ceiling| &mut ceiling.steps) {
            step.rate = rate;
            step.figures.answered = u64::MAX;
            step.figures.failed = u64::MAX;
            step.figures.read_p99 = Some(Nanos::NEVER);
            step.bounds.clear();
        }
        assert!(ceilings::html(&broken).contains("<svg"));
        assert!(ceilings::text(&broken).contains("HOLDS"));
    }
}

#[test]
fn a_file_that_is_no_search_is_told_for_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("find-max.json");
    let read = |content: &str| {
        std::fs::write(&path, content).unwrap();
        ceilings::read(folder.path()).unwrap_err().to_string()
    };
    assert!(read("{").contains("cut off"));
    assert!(read("[]").contains("not a cacheduel search"));
    assert!(read(r#"{"format": 1}"#).contains("not a cacheduel search"));
    assert!(read(r#"{"kind": "find-max", "format": 99}"#).contains("format 99"));
    assert!(read(r#"{"kind": "find-max", "format": 1}"#).contains("does not fit"));
}

#[test]
fn a_scenario_that_asks_for_nothing_cannot_be_searched() {
    let asked = SCENARIO.find("[thresholds]").unwrap();
    let loaded = loaded(&SCENARIO[..asked]);
    let clock = SimClock::new();
    let environment = Environment::simulated(&loaded.scenario, &clock, &Profile::instant());
    let refused = FindMax::new(&loaded, &environment, &SETTINGS, bounds).err().unwrap();
    assert!(matches!(refused, Error::Unfit(Unfit::NoThresholds)), "{refused}");
}
