//! Simulations to the last count: on any number of threads, run after run, and as it was written down.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
use cacheduel::experiment::{Silent, Stop, exactly, simulate};
use cacheduel::model::Profile;
use cacheduel::record::exact::differences;
use cacheduel::record::{Baseline, Differing, Record};
use cacheduel::scenario::{self, Loaded};

/// Too many requests for a build that is not optimised; `scripts/test` has these checked by the release.
const HEAVY: [&str; 2] = ["soak", "web-trace"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn baseline(name: &str) -> PathBuf {
    root().join("reports/baseline").join(format!("{name}.json"))
}

fn told(differences: &[Differing]) -> String {
    let lines = differences.iter().take(5).map(|it| {
        let Differing { path, baseline, candidate } = it;
        format!("  {path}: {baseline} -> {candidate}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_scenario_has_a_baseline_and_every_baseline_a_scenario() {
    let names = |folder: &str, ending: &str| -> BTreeSet<String> {
        let files = fs::read_dir(root().join(folder)).unwrap().map(|file| file.unwrap().path());
        let of_its_kind = files.filter(|path| path.extension().is_some_and(|it| it == ending));
        of_its_kind.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(names("scenarios", "toml"), names("reports/baseline", "json"));
}

#[test]
fn every_scenario_comes_to_the_same_on_other_threads_and_as_its_baseline_says() {
    let mut wrong = Vec::new();
    for name in scenario::names(&root().join("scenarios")).unwrap() {
        if cfg!(debug_assertions) && HEAVY.contains(&name.as_str()) {
            continue;
        }
        let loaded =
            scenario::load(&root().join("scenarios").join(format!("{name}.toml"))).unwrap();
        let (found, by_threads) = exactly(&loaded, NonZeroUsize::new(3).unwrap()).unwrap();
        if !by_threads.is_empty() {
            wrong.push(format!("{name}, on another number of threads:\n{}", told(&by_threads)));
        }
        let kept = fs::read_to_string(baseline(&name)).unwrap_or_default();
        match serde_json::from_str::<Baseline>(&kept) {
            Ok(kept) if kept == found => assert_eq!(kept.text(), found.text(), "{name}"),
            Ok(kept) => {
                let differences = kept.differences(&found);
                wrong.push(format!(
                    "{name}, {} figures:\n{}",
                    differences.len(),
                    told(&differences)
                ));
            }
            Err(error) => wrong.push(format!("{name}: no baseline: {error}")),
        }
    }
    assert!(
        wrong.is_empty(),
        "not as it was written down. If it is meant to have changed, run `cacheduel bless` and commit \
         reports/baseline.\n{}",
        wrong.join("\n")
    );
}

fn small(seed: u64) -> Loaded {
    let text = r#"
        question = "Is it the same?"
        [dataset]
        entity = "counter"
        keys = 50
        [workload]
        reads = 0.8
        popularity = { zipf = { exponent = 0.9 } }
        arrival = { poisson = { rate = 400 } }
        duration = "2s"
        [strategies]
        ttl = { ttl = "300ms" }
    "#;
    let mut loaded = scenario::parse("small", text).unwrap();
    loaded.scenario.workload.seed = seed;
    loaded
}

fn record(seed: u64, profile: &Profile) -> Record {
    simulate(&small(seed), profile, NonZeroUsize::MIN, &Silent, &Stop::new()).unwrap()
}

#[test]
fn who_made_a_record_and_when_is_no_difference_and_one_count_is() {
    let one = record(1, &Profile::default());
    let mut other = one.clone();
    other.started = "another day".into();
    other.took = cacheduel::model::Nanos::from_secs(9);
    other.tool = "another".into();
    other.host.cores = 999;
    other.cache.version = "another".into();
    assert_eq!(differences(&one, &other), []);
    other.contenders[0].runs[0].measures.lookups.hits += 1;
    let found = differences(&one, &other);
    let places: Vec<_> = found.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(places, ["contenders.ttl.runs.0.measures.lookups.hits"]);
    let of = |record| Baseline::of(record, None);
    // The count and the digest.
    assert_eq!(of(&one).differences(&of(&other)).len(), 2);
}

#[test]
fn the_seed_and_the_profile_change_a_run() {
    let nominal = Profile::default();
    assert_eq!(differences(&record(1, &nominal), &record(1, &nominal)), []);
    assert!(!differences(&record(1, &nominal), &record(2, &nominal)).is_empty());
    let mut slower = nominal.clone();
    slower.client = slower.store.read;
    let (quick, slow) = (record(1, &nominal), record(1, &slower));
    let p50 =
        |record: &Record| record.contenders[0].response(cacheduel::model::Op::Read).quantile(0.5).0;
    assert!(p50(&slow) > p50(&quick) + 30_000, "{} {}", p50(&slow), p50(&quick));
}

fn bless(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(cargo_bin!("cacheduel"));
    command.current_dir(folder).args(["bless", "tiny.toml", "--baselines", "kept"]).args(arguments);
    let output = command.output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn blessing_writes_what_a_check_then_finds_and_a_check_names_what_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let write = |seed: &str| {
        let text = small(1).source.replace("reads = 0.8", &format!("{seed}\nreads = 0.8"));
        fs::write(folder.path().join("tiny.toml"), text).unwrap();
    };
    write("");
    let (code, out) = bless(folder.path(), &["--check"]);
    assert_eq!((code, out.lines().next()), (3, Some("tiny: is not there before")));
    assert!(!folder.path().join("kept").exists());
    assert_eq!(bless(folder.path(), &[]).0, 0);
    assert_eq!(bless(folder.path(), &["--check"]), (0, "tiny: as before\n".into()));
    write("seed = 5");
    let (code, out) = bless(folder.path(), &["--check"]);
    assert_eq!(code, 3);
    assert!(out.contains("runs.ttl.figures.") && out.contains("`cacheduel bless`"), "{out}");
}
