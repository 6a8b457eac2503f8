//! Sweeps: whole ones under virtual time, where theory says what crosses where, and the real program.

mod command;
mod pages;

use std::num::NonZeroUsize;
use std::sync::LazyLock;

use cacheduel::compare::Metric;
use cacheduel::compare::sweep::{self, Made, best_at, course, sentences};
use cacheduel::experiment::{self, Silent, Stop};
use cacheduel::model::Profile;
use cacheduel::record::Standing;
use cacheduel::record::sweep::{Scale, Sweep, Varied};
use cacheduel::report::{self, Document as _};
use cacheduel::scenario;
use cacheduel::scenario::vary::vary;

/// Ten reads and writes a second of every key, so that by arithmetic an entry that lives for a second is
/// loaded as often as one that lives until the next write where a tenth of the requests write.
pub const SCENARIO: &str = r#"
question = "Is it better to wait for the end of an entry, or to end it with the write?"
prefer = "store-load"
[dataset]
entity = "product"
keys = 20
size = "256B"
[workload]
reads = 0.9
popularity = "uniform"
arrival = { poisson = { rate = 200 } }
warm-up = "5s"
duration = "60s"
[strategies]
no-cache = {}
cache-aside = { ttl = "10h" }
ttl = { ttl = "1s" }
"#;

/// The sweep of `scenario` that an argument asks for.
pub fn swept(scenario: &str, argument: &str) -> Sweep {
    let base = scenario::parse("tiny", scenario).unwrap();
    let variation = vary(&base, argument).unwrap();
    let (profile, threads) = (Profile::default(), NonZeroUsize::MIN);
    let made = variation.variants.iter().zip(1..).map(|(variant, number)| Made {
        value: variant.value.number,
        written: variant.value.written.clone(),
        file: format!("points/{number:02}.json"),
        warnings: Vec::new(),
        record: experiment::simulate(&variant.loaded, &profile, threads, &Silent, &Stop::new())
            .unwrap(),
    });
    let made: Vec<_> = made.collect();
    let varied = Varied {
        option: variation.option,
        argument: argument.into(),
        unit: variation.unit,
        scale: variation.scale,
        planned: made.iter().map(|made| made.written.clone()).collect(),
    };
    sweep::of(&varied, true, &made).unwrap()
}

/// What most tests look at, made once for all of them.
pub fn by_writes() -> &'static Sweep {
    static SWEPT: LazyLock<Sweep> = LazyLock::new(|| swept(SCENARIO, "writes=4%,7%,13%,22%"));
    &SWEPT
}

#[test]
fn the_crossover_is_where_theory_says() {
    let sweep = by_writes();
    assert_eq!(sweep.standing(), Standing::Ok, "{:?}", sweep.points);
    let found = course(sweep, Metric::StoreReads);
    let best: Vec<_> = found.stretches.iter().map(|stretch| stretch.best.concat()).collect();
    assert_eq!(best, ["cache-aside", "ttl"]);
    let crossing = found.crossings[0].unwrap();
    assert_eq!((crossing.after, crossing.before), (1, 2));
    assert!((crossing.at.unwrap() - 0.1).abs() < 0.01, "{crossing:?}");
    let told = &sentences(sweep)[0];
    assert!(
        told.contains(
            "writes (between 7% and 13%) cache-aside has the fewest store reads per request"
        ),
        "{told}"
    );
    assert!(told.starts_with("Below ") && told.ends_with(", above it ttl."), "{told}");
}

#[test]
fn figures_are_those_of_the_points_own_records() {
    let base = scenario::parse("tiny", SCENARIO).unwrap();
    let variation = vary(&base, "writes=4%,7%").unwrap();
    let (loaded, threads) = (&variation.variants[1].loaded, NonZeroUsize::MIN);
    let (profile, stop) = (Profile::default(), Stop::new());
    let record = experiment::simulate(loaded, &profile, threads, &Silent, &stop).unwrap();
    let point = &by_writes().points[1];
    assert_eq!((point.written.as_str(), &point.plan), ("7%", &record.plan.hash));
    assert_eq!(record.scenario.workload.reads.0, 0.93);
    for contender in &record.contenders {
        for metric in sweep::MEASURES {
            let own = metric.of(contender).map(cacheduel::compare::Figure::value);
            assert_eq!(point.figure(&contender.label, metric.name()), own, "{}", metric.name());
        }
    }
    assert_eq!(swept(SCENARIO, "writes=4%,7%").points[..], by_writes().points[..2]);
}

#[test]
fn hit_ratios_rise_with_the_ttl_and_a_strategy_without_one_stays_as_it_is() {
    let sweep = swept(&SCENARIO.replace("60s", "20s"), "ttl=100ms..10s:5:log");
    assert_eq!(sweep.varied.scale, Scale::Log);
    let of = |label: &str, metric: Metric| {
        let figures = sweep.points.iter().map(|point| point.figure(label, metric.name()).unwrap());
        figures.collect::<Vec<_>>()
    };
    let ratios = of("ttl", Metric::HitRatio);
    assert!(ratios.is_sorted() && ratios[4] > ratios[0] + 0.3, "{ratios:?}");
    assert!(of("ttl", Metric::StaleShare).is_sorted());
    for metric in [Metric::HitRatio, Metric::ReadP99, Metric::StoreReads] {
        let flat = of("no-cache", metric);
        assert!(flat.iter().all(|figure| *figure == flat[0]), "{flat:?}");
    }
    let plans: Vec<_> = sweep.points.iter().map(|point| &point.plan).collect();
    assert!(plans.iter().all(|plan| *plan == plans[0]), "the same requests at every point");
}

#[test]
fn repeats_have_intervals_and_invalid_points_are_left_out() {
    let mut sweep =
        swept(&format!("repeats = 3\n{}", SCENARIO.replace("60s", "10s")), "workload.nodes=1,2");
    let measure = sweep.points[0].measure("ttl", "hit ratio").unwrap();
    assert_eq!(measure.runs, 3);
    assert!(measure.interval.is_some());
    sweep.points[0].standing = Standing::Invalid;
    assert!(best_at(&sweep, 0, Metric::StoreReads).is_empty());
    assert!(!best_at(&sweep, 1, Metric::StoreReads).is_empty());
    let told = report::sweep::text(&sweep);
    assert!(told.contains("1 (INVALID)") || told.contains("(INVALID)"), "{told}");
    assert!(told.contains("took no part"), "{told}");
}

#[test]
fn a_sweep_is_read_back_and_rendered_as_it_was() {
    let sweep = by_writes();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("found");
    report::write(sweep, &folder).unwrap();
    assert!(Sweep::SORT.is_at(&folder));
    let again = report::sweep::read(&folder).unwrap();
    assert_eq!(again, *sweep);
    assert_eq!(report::sweep::text(&again), report::sweep::text(sweep));
    assert_eq!(report::sweep::html(&again), report::sweep::html(sweep));
}

#[test]
fn a_file_that_is_no_sweep_is_told_for_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sweep.json");
    let read = |content: &str| {
        std::fs::write(&path, content).unwrap();
        report::sweep::read(folder.path()).unwrap_err().to_string()
    };
    assert!(read("{").contains("cut off"));
    assert!(read(r#"{"kind": "find-max", "format": 1}"#).contains("not a cacheduel sweep"));
    assert!(read(r#"{"kind": "sweep", "format": 99}"#).contains("format 99"));
    assert!(read(r#"{"kind": "sweep", "format": 1}"#).contains("does not fit"));
}
