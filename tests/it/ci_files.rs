//! The files for CI that `docs/ci` has: their steps do in a user's repository what they say. Each step is run
//! as a service would run it, but for those that install something: the tool is there already.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;
use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};

/// What stays the same from night to night, whatever the machine is busy with, decides.
const SCENARIO: &str = r#"
question = "Is it as good as it was?"
[dataset]
entity = "counter"
keys = 50
[workload]
reads = 0.9
popularity = "uniform"
arrival = { even = { rate = 400 } }
warm-up = "100ms"
duration = "300ms"
[strategies]
cache-aside = { ttl = "200ms" }
[gate]
primary = ["store-reads-per-request"]
minimum-effect = { store-reads-per-request = "80%" }
"#;

/// The repository of a user, and beside it what a service has for a step to write to.
struct Repository {
    folder: TempDir,
    summary: NamedTempFile,
}

/// What came of the script of a step, or of several.
struct Done {
    code: i32,
    /// What it has printed.
    told: String,
    /// What it has written for the summary of the step.
    summary: String,
}

impl Repository {
    fn new() -> Self {
        let (folder, summary) = (tempfile::tempdir().unwrap(), NamedTempFile::new().unwrap());
        let repository = Self { folder, summary };
        fs::create_dir(repository.path("scenarios")).unwrap();
        repository.write_scenario(SCENARIO);
        assert!(repository.command("cacheduel bless cache").output().unwrap().status.success());
        repository
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write_scenario(&self, text: &str) {
        fs::write(self.path("scenarios/cache.toml"), text).unwrap();
    }

    /// A script by the shell that both services use, which ends at the first command that fails.
    fn command(&self, script: &str) -> Command {
        let tool = cargo_bin!("cacheduel").parent().unwrap();
        let path = format!("{}:{}", tool.display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("bash");
        command.args(["-e", "-o", "pipefail", "-c", script]);
        command.current_dir(self.folder.path()).env("PATH", path);
        command
    }

    fn step(&self, script: &str, variables: &BTreeMap<String, String>) -> Done {
        let summary = self.summary.path();
        fs::write(summary, "").unwrap();
        let mut command = self.command(script);
        let command = command.envs(variables).env("GITHUB_STEP_SUMMARY", summary);
        let Output { status, stdout, stderr } = command.output().unwrap();
        let told = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        let summary = fs::read_to_string(summary).unwrap();
        Done { code: status.code().unwrap(), told, summary }
    }

    /// As a service hands a new machine the repository and what it has kept: all other files are gone.
    fn afresh(&self) {
        for name in ["nightly", "nightly.md", "nightly.xml", "simulated", "simulated.xml"] {
            let path = self.path(name);
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
    }
}

fn file(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci").join(name);
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
}

fn variables(value: &Value) -> BTreeMap<String, String> {
    let pairs = value.as_object().unwrap().iter();
    pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

/// A job's scripts, by a service's own names for its parts.
#[derive(Clone)]
struct Job {
    scripts: Vec<Script>,
    variables: BTreeMap<String, String>,
}

#[derive(Clone)]
struct Script {
    text: String,
    /// Also after one that has failed.
    always: bool,
}

impl Job {
    fn of_github(name: &str) -> Self {
        let file = file("github-actions.yml");
        let steps = file["jobs"][name]["steps"].as_array().unwrap().clone();
        let mut scripts = Vec::new();
        for step in steps {
            match (step["run"].as_str(), step["uses"].as_str()) {
                (Some(_), None) if step["name"].as_str().unwrap().starts_with("Install ") => {}
                (Some(text), None) => {
                    let always = step["if"].as_str().is_some_and(|it| it == "always()");
                    scripts.push(Script { text: text.to_owned(), always });
                }
                (None, Some(action)) => assert!(action.starts_with("actions/"), "{action}"),
                _ => panic!("a step runs something or uses something: {step}"),
            }
        }
        Self { scripts, variables: variables(&file["env"]) }
    }

    /// All that the job does is one script, in one shell.
    fn of_gitlab(name: &str) -> Self {
        let file = file("gitlab-ci.yml");
        let job = &file[name];
        let base = &file[job["extends"].as_str().unwrap()];
        let installs = texts(&base["before_script"]);
        assert!(installs.iter().all(|line| line.contains(" install ")), "{installs:?}");
        let text = texts(&job["script"]).join("\n");
        Self {
            scripts: vec![Script { text, always: false }],
            variables: variables(&file["variables"]),
        }
    }

    /// What came of the first script that failed, or of all of them.
    fn run(&self, repository: &Repository) -> Done {
        repository.afresh();
        let mut all = Done { code: 0, told: String::new(), summary: String::new() };
        for Script { text, always } in &self.scripts {
            if all.code != 0 && !always {
                continue;
            }
            let done = repository.step(text, &self.variables);
            all.told += &done.told;
            all.summary += &done.summary;
            all.code = if all.code == 0 { done.code } else { all.code };
        }
        all
    }
}

fn is_junit(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap();
    let tree = roxmltree::Document::parse(&text).unwrap();
    tree.root_element().has_tag_name("testsuites")
}

/// A change that keeps figures as they are passes, and one that makes them worse does not. Returns what was
/// told of either.
fn simulates_each_change(job: &Job) -> [Done; 2] {
    let repository = Repository::new();
    let as_before = job.run(&repository);
    assert_eq!(as_before.code, 0, "{}", as_before.told);
    assert!(is_junit(&repository.path("simulated.xml")));
    repository.write_scenario(&SCENARIO.replace("200ms", "100ms"));
    let worse = job.run(&repository);
    assert_eq!(worse.code, 3, "{}", worse.told);
    assert!(is_junit(&repository.path("simulated.xml")));
    assert_eq!(fs::read_dir(repository.path("simulated/cache")).unwrap().count(), 1);
    [as_before, worse]
}

/// The first night begins a history, the second is held against it, and another scenario begins anew.
fn runs_each_night(job: &Job) -> [Done; 3] {
    let repository = Repository::new();
    let started = || {
        let kept = fs::read_to_string(repository.path("reports/records/good.json")).unwrap();
        serde_json::from_str::<Value>(&kept).unwrap()["started"].clone()
    };
    let first = job.run(&repository);
    assert_eq!(first.code, 0, "{}", first.told);
    let first_started = started();
    let second = job.run(&repository);
    assert_eq!(second.code, 0, "{}", second.told);
    assert!(is_junit(&repository.path("nightly.xml")));
    assert!(second.told.contains("VERDICT"), "it was held against the first: {}", second.told);
    assert_ne!(started(), first_started);
    repository.write_scenario(&SCENARIO.replace("keys = 50", "keys = 60"));
    let other = job.run(&repository);
    assert_eq!(other.code, 0, "{}", other.told);
    assert!(other.told.contains("dataset.keys: 50 against 60"), "{}", other.told);
    // A name that no scenario has is no reason to begin anew.
    let mut wrong = job.clone();
    wrong.variables.insert("SCENARIO".into(), "cash".into());
    assert_eq!(wrong.run(&repository).code, 2);
    [first, second, other]
}

#[test]
fn github_actions_simulate_each_change() {
    let [as_before, worse] = simulates_each_change(&Job::of_github("simulated"));
    assert!(as_before.summary.contains("### cacheduel: cache: unchanged"), "{}", as_before.summary);
    assert!(worse.summary.contains("### cacheduel: cache: regressed"), "{}", worse.summary);
}

#[test]
fn gitlab_simulates_each_change() {
    let [_, worse] = simulates_each_change(&Job::of_gitlab("simulated"));
    assert!(worse.told.contains("VERDICT (regressed)"), "{}", worse.told);
}

#[test]
fn github_actions_run_each_night() {
    let [first, second, other] = runs_each_night(&Job::of_github("nightly"));
    assert!(first.summary.contains("### cacheduel: cache\n"), "{}", first.summary);
    assert!(first.summary.contains("```text\n"), "{}", first.summary);
    assert!(second.summary.contains("### cacheduel: cache: "), "{}", second.summary);
    assert!(other.summary.contains("this one takes its place"), "{}", other.summary);
}

#[test]
fn gitlab_runs_each_night() {
    let [first, second, _] = runs_each_night(&Job::of_gitlab("nightly"));
    for night in [first, second] {
        assert!(night.told.contains(" over up to "), "{}", night.told);
    }
}
