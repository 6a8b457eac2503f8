//! `run --simulate`, `calibrate --fit`, and a simulation beside the real run of the same scenario.

use std::fs;
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
use cacheduel::model::Profile;
use cacheduel::record::Held;
use cacheduel::report;
use cacheduel::scenario;
use rustix::process::Signal;

use super::signals::InTheMiddle;
use super::{Stage, assert_code, finish, names, stderr, stdout};

#[test]
fn a_simulation_ends_as_a_run_does_and_every_report_says_what_it_is() {
    let stage = Stage::new();
    let output = stage.run(&["--simulate", "--only", "ttl,no-cache", "--seed", "7"]);
    assert_code(&output, 0);
    assert!(stdout(&output).contains("*** SIMULATED"), "{}", stdout(&output));
    assert!(stdout(&output).contains("nominal"), "{}", stdout(&output));
    let record = report::read(&stage.report()).unwrap();
    assert_eq!(record.profile, Some(Profile::default()));
    assert_eq!((record.cache.kind.as_str(), record.contenders.len()), ("simulated", 2));
    assert_eq!(record.scenario.workload.seed, 7);
    let page = fs::read_to_string(stage.report().join("report.html")).unwrap();
    assert!(page.contains("SIMULATED") && page.contains("--simulate"), "the page does not say so");
    stage.assert_clear();
}

#[test]
fn what_makes_no_sense_of_a_simulation_is_refused() {
    let stage = Stage::new();
    let refused = |arguments: &[&str], why: &str| {
        let output = stage.run(arguments);
        assert_code(&output, 2);
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    };
    refused(&["--simulate", "--redis-url", "redis://127.0.0.1:1"], "--redis-url makes no sense");
    refused(&["--profile", "some.toml"], "--simulate");
    refused(&["--simulate", "--profile", "missing.toml"], "missing.toml");
    fs::write(stage.path("bad.toml"), "source = \"me\"\n[cache]\nservice = 5\n").unwrap();
    refused(&["--simulate", "--profile", "bad.toml"], "bad.toml:3");
    assert_eq!(names(&stage.path("out")), Vec::<String>::new());
}

#[tokio::test]
async fn ctrl_c_ends_a_simulation_with_130_and_leaves_what_there_was() {
    let mut run = InTheMiddle::lasting("100000h", &["--simulate", "--threads", "2"]).await;
    let (status, told) = run.end_by(Signal::INT).await;
    assert_eq!(status.code(), Some(130), "{told}");
    assert!(told.contains("interrupted"), "{told}");
    run.assert_partial_record("interrupted");
}

/// Few strategies, for long enough that there is something to count.
const BESIDE: &str = r#"question = "Does a simulation come to what a run comes to?"
[dataset]
entity = "product"
keys = 300
size = "512B"
[workload]
reads = 0.9
popularity = { zipf = { exponent = 0.99 } }
arrival = { poisson = { rate = 300 } }
warm-up = "2s"
duration = "5s"
nodes = 2
[store]
origin = { aggregation = { rows = 20 } }
delay = "3ms"
[strategies]
no-cache = {}
cache-aside = { ttl = "1s" }
ttl = { ttl = "1s" }
"#;

#[test]
fn a_fitted_simulation_counts_what_the_real_run_counts() {
    let stage = Stage::new();
    fs::write(stage.path("tiny.toml"), BESIDE).unwrap();
    let mut fit = Command::new(cargo_bin!("cacheduel"));
    fit.current_dir(stage.folder.path()).args(["calibrate", "tiny.toml", "--fit", "--brief"]);
    fit.args(["--work-dir", "work", "--profile-out", "fitted.toml"]);
    let output = finish(fit);
    assert_code(&output, 0);
    stage.assert_clear();
    let profile = scenario::profile(&stage.path("fitted.toml")).unwrap();
    assert!(profile.source.contains("calibrate --fit tiny"), "{}", profile.source);
    let times =
        [profile.cache.round_trip, profile.store.read, profile.store.commit, profile.client];
    assert!(
        times.iter().all(|spread| !spread.is_zero() && spread.p50 <= spread.p99),
        "{profile:?}"
    );
    assert!(!profile.cache.service.0.is_zero(), "{profile:?}");

    assert_code(&finish(stage.command_to("real", &[])), 0);
    let [real] = names(&stage.path("real/tiny")).try_into().expect("one run was made");
    let real = format!("real/tiny/{real}");
    let simulation = ["--simulate", "--profile", "fitted.toml", "--beside", &real];
    let output = stage.run(&simulation);
    assert_code(&output, 0);
    assert!(stdout(&output).contains("SIMULATED BESIDE REAL"), "{}", stdout(&output));
    let record = report::read(&stage.report()).unwrap();
    let beside = record.beside.unwrap();
    assert_eq!(beside.cache.kind, "redis");
    let of = |metric: &str| -> Vec<&Held> {
        beside.figures.iter().filter(|held| held.metric == metric).collect()
    };
    for counted in ["hit ratio", "store reads per request", "stale share"] {
        let held = of(counted);
        assert_eq!(held.len(), 3, "{counted}");
        assert!(held.iter().all(|held| held.agrees()), "{held:?}");
    }
    // How far latencies are off is told, and no test's to judge on a busy machine.
    assert!(of("read p50").iter().all(|held| held.error().is_some()));

    let other = stage.run(&[&simulation[..], &["--seed", "9"]].concat());
    assert_code(&other, 1);
    assert!(stderr(&other).contains("workload.seed"), "{}", stderr(&other));
}
