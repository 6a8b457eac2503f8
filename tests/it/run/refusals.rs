//! Command lines that make no sense: told before anything is made.

use std::process::Command;

use assert_cmd::cargo::cargo_bin;

use super::{Stage, assert_code, finish, has_begun, names, stderr};

#[test]
fn an_unknown_strategy_is_refused_with_the_names_there_are() {
    let told = refusal(&["--only", "no-cache,nonsense"]);
    assert!(told.contains("nonsense") && told.contains("write-behind, ttl"), "{told}");
}

#[test]
fn a_redis_and_its_twin_are_not_used_at_once() {
    let told = refusal(&["--embedded", "--redis-url", "redis://localhost"]);
    assert!(told.contains("--redis-url") && told.contains("--embedded"), "{told}");
}

#[test]
fn an_address_that_is_none_is_refused_without_its_password() {
    let told = refusal(&["--redis-url", "http://ali:sesame@localhost:6379"]);
    assert!(told.contains("http://ali:***@localhost:6379") && told.contains("redis://"), "{told}");
    assert!(!told.contains("sesame"), "{told}");
}

#[test]
fn no_repeats_are_refused() {
    let told = refusal(&["--repeats", "0"]);
    assert!(told.contains("--repeats"), "{told}");
}

#[test]
fn a_run_needs_a_scenario() {
    let mut command = Command::new(cargo_bin!("cacheduel"));
    command.arg("run");
    let output = finish(command);
    assert_code(&output, 2);
    assert!(stderr(&output).contains("<SCENARIO>"), "{}", stderr(&output));
}

#[test]
fn a_misspelt_scenario_is_told_the_nearest() {
    let stage = Stage::new();
    let out = stage.path("out");
    let mut command = Command::new(cargo_bin!("cacheduel"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["run", "quickstrat", "--out"]).arg(&out);
    let output = finish(command);
    assert_code(&output, 2);
    assert!(stderr(&output).contains("did you mean `quickstart`?"), "{}", stderr(&output));
    assert!(!out.exists());
}

/// What a run that is refused says.
fn refusal(arguments: &[&str]) -> String {
    let stage = Stage::new();
    let output = stage.run(arguments);
    assert_code(&output, 2);
    assert!(!has_begun(&output), "{}", stderr(&output));
    assert_eq!(names(stage.folder.path()), ["tiny.toml", "work"], "nothing was made");
    stage.assert_clear();
    stderr(&output)
}
