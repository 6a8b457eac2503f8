//! `cacheduel doctor`: what it finds on real servers, with what differs between machines left out.

use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;
use cacheduel::backend::CacheOptions;
use insta::assert_snapshot;
use redis::Commands;
use serde_json::Value;

use crate::private_servers::World;

fn doctor(arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("cacheduel"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("doctor").args(arguments);
    command
}

/// Runs it to its end; one that hangs is killed, and fails its test.
fn finish(command: Command) -> Output {
    let patience = std::time::Duration::from_secs(60);
    let output = assert_cmd::Command::from_std(command).timeout(patience).output().unwrap();
    assert!(output.status.code().is_some(), "it hangs");
    output
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The part of what was told that begins with this title, as one paragraph for each finding.
fn section(output: &Output, title: &str) -> String {
    let told = stdout(output);
    let start = told.find(&format!("{title}\n")).unwrap_or_else(|| panic!("{told}"));
    told[start..].split("\n\n").next().unwrap().to_owned()
}

/// Without what differs from one machine to the next.
fn steady(text: &str, port: u16, version: &str) -> String {
    let text = text.replace(&port.to_string(), "PORT").replace(version, "VERSION");
    let words = |line: &str| {
        let mut words: Vec<&str> = line.split(' ').collect();
        if let Some(place) = words.windows(2).position(|pair| pair[1].starts_with("used")) {
            words[place - 1] = "SOME";
            words.remove(place);
        }
        words.join(" ")
    };
    text.lines().map(words).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_redis_is_looked_at_by_trying_it_and_left_as_it_was() {
    let world = World::new();
    let server = world.server(&CacheOptions::default()).await;
    let mut client = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    let info: String = redis::cmd("INFO").arg("server").query(&mut client).unwrap();
    let version = info.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap();
    for key in ["cacheduel:gone-1:product:1", "cacheduel:gone-1:queue", "cacheduel:x", "others"] {
        let () = client.set(key, "x").unwrap();
    }
    let output = finish(doctor(&["two-tier", "--redis-url", &server.url()]));
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).lines().all(|line| line.chars().count() <= 100));
    assert_snapshot!(
        "a_redis_is_looked_at",
        steady(&section(&output, "Your Redis"), server.port(), version.trim())
    );
    assert_snapshot!(
        "a_scenario_is_looked_at",
        steady(&section(&output, "The scenario two-tier"), server.port(), version.trim())
    );
    let keys: usize = redis::cmd("DBSIZE").query(&mut client).unwrap();
    assert_eq!(keys, 4, "what was tried is gone");

    let removing = finish(doctor(&["--redis-url", &server.url(), "--remove", "gone-1"]));
    assert_eq!(removing.status.code(), Some(0));
    assert!(section(&removing, "Your Redis").contains("none"));
    let mut left: Vec<String> = client.keys("*").unwrap();
    left.sort();
    assert_eq!(left, ["cacheduel:x", "others"]);
}

#[tokio::test]
async fn a_redis_that_lacks_something_fails_where_it_is_needed() {
    let world = World::new();
    let server = world.server(&CacheOptions::default()).await;
    let mut client = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    let mut user = redis::cmd("ACL");
    user.arg("SETUSER").arg("ali").arg("on").arg(">sesame-5917").arg("~*").arg("+@all");
    user.arg("resetchannels").arg("-config").exec(&mut client).unwrap();
    let url = format!("redis://ali:sesame-5917@127.0.0.1:{}", server.port());
    // The bus is what two-tier needs, and no other of them.
    let output = finish(doctor(&["--redis-url", &url]));
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(section(&output, "Your Redis").contains("warn  pub/sub"), "{}", stdout(&output));
    assert!(section(&output, "Your Redis").contains("warn  CONFIG GET"), "{}", stdout(&output));
    let output = finish(doctor(&["two-tier", "--redis-url", &url]));
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("fail  two-tier"), "{}", stdout(&output));
    assert!(!stdout(&output).contains("sesame-5917"));
}

#[test]
fn json_holds_the_same_findings() {
    let output = finish(doctor(&["quickstart", "--json", "--embedded"]));
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let titles: Vec<_> =
        found["sections"].as_array().unwrap().iter().map(|one| one["title"].as_str()).collect();
    assert_eq!(titles, [Some("This machine"), Some("The scenario quickstart")]);
    let machine = found["sections"][0]["findings"].as_array().unwrap();
    let what: Vec<_> = machine.iter().map(|one| one["what"].as_str().unwrap()).collect();
    for expected in
        ["cores", "work folder", "redis-server", "postgres", "private Redis", "load generator"]
    {
        assert!(what.contains(&expected), "{what:?}");
    }
    let generator = machine.iter().find(|one| one["what"] == "load generator").unwrap();
    let cost = generator["found"].as_str().unwrap();
    assert!(cost.contains("us of CPU for a cache hit") && cost.contains("p99 of lag"), "{cost}");
    assert!(generator["advice"].as_str().unwrap().contains("cacheduel calibrate"));
    assert_eq!(found["fail"], 0);
}

#[test]
fn a_machine_without_servers_is_warned_of_and_can_still_run_the_twin() {
    let empty = tempfile::tempdir().unwrap();
    let mut command = doctor(&["quickstart"]);
    command.env("PATH", empty.path());
    let output = finish(command);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    let told = stdout(&output);
    assert!(told.contains("warn  redis-server") && told.contains("twin would stand in"), "{told}");
}

#[test]
fn what_does_not_work_ends_with_1_and_what_makes_no_sense_with_2() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    for (option, url) in [
        ("--redis-url", format!("redis://:sesame-5917@127.0.0.1:{port}")),
        ("--store-url", format!("postgres://ali:sesame-5917@127.0.0.1:{port}/x")),
    ] {
        let output = finish(doctor(&[option, &url]));
        assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
        assert!(!stdout(&output).contains("sesame"), "{}", stdout(&output));
        assert!(stdout(&output).contains("refused"), "{}", stdout(&output));
    }
    for arguments in [
        ["--redis-url", "http://localhost"],
        ["--store-url", "mysql://localhost"],
        ["--redis-server", "no-such-program"],
        ["--remove", "run-1"],
        ["no-such-scenario", "--json"],
    ] {
        let output = finish(doctor(&arguments[..]));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stdout(&output));
    }
    let output = finish(doctor(&["--work-dir", "/nonexistent/place"]));
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("--work-dir"), "{}", stdout(&output));
}
