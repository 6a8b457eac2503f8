//! The scenarios that come with cacheduel, and the one that `init` writes.

use std::path::{Path, PathBuf};

use cacheduel::scenario::{self, Loaded, Scenario};

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
const TEMPLATE: &str = include_str!("../../src/cli/init/template.toml");

fn paths() -> Vec<PathBuf> {
    let names = scenario::names(Path::new(DIRECTORY)).unwrap();
    names.into_iter().map(|name| Path::new(DIRECTORY).join(name).with_extension("toml")).collect()
}

fn load(path: &Path) -> Loaded {
    scenario::load(path).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn all_of_them_load_without_a_problem_and_open_with_their_question() {
    let paths = paths();
    assert!(paths.len() >= 7, "{paths:?}");
    for path in paths {
        let Loaded { name, scenario, source, warnings, .. } = load(&path);
        assert_eq!(warnings, [], "{name}");
        assert!(scenario.question.ends_with('?'), "{name}");
        let first = source.lines().find(|line| !line.is_empty() && !line.starts_with('#'));
        assert!(first.unwrap().starts_with("question = "), "{name}");
        assert!(scenario.notes.is_some(), "{name} says what is scaled");
        assert!(scenario.look_at.is_some(), "{name} says what to look at");
        assert!(source.contains("\nprefer = ") && source.contains("\n[thresholds]"), "{name}");
    }
}

#[test]
fn none_but_the_soak_takes_much_longer_than_three_minutes_and_the_quickstart_half_of_that() {
    for path in paths() {
        let Loaded { name, scenario, .. } = load(&path);
        let total = scenario.schedule().total().as_secs();
        let most = match name.as_str() {
            "quickstart" => 90,
            // What it asks cannot be told in less.
            "soak" => 400,
            _ => 190,
        };
        assert!(total <= most, "{name} takes {total} s");
    }
}

#[test]
fn the_quickstart_runs_every_strategy_once_with_one_ttl() {
    let scenario = load(&Path::new(DIRECTORY).join("quickstart.toml")).scenario;
    let labels: Vec<_> = scenario.strategies.0.iter().map(|c| c.label.as_str()).collect();
    let all =
        ["no-cache", "cache-aside", "write-through", "write-behind", "ttl", "event-invalidation"];
    assert_eq!(labels, all);
    let mut ttls: Vec<_> =
        scenario.strategies.0.iter().filter_map(|c| c.options().get("ttl").cloned()).collect();
    ttls.dedup();
    assert_eq!(ttls.len(), 1, "hit ratios can only be compared at the same TTL");
}

#[test]
fn all_of_them_are_valid_by_the_json_schema_and_what_is_not_is_not() {
    let schema = serde_json::to_value(schemars::schema_for!(Scenario)).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let json = |text: &str| -> serde_json::Value { toml::from_str(text).unwrap() };
    let sources = paths().into_iter().map(|path| load(&path).source).chain([TEMPLATE.to_owned()]);
    for source in sources {
        let errors: Vec<_> =
            validator.iter_errors(&json(&source)).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{source}");
    }
    for (from, to) in [
        ("reads = 0.95", "reads = 1.5"),
        ("reads = 0.95", "raeds = 0.95"),
        ("[strategies.ttl]", "[strategies.tll]"),
        ("entity = \"product\"", "entity = \"prodct\""),
    ] {
        assert!(!validator.is_valid(&json(&TEMPLATE.replacen(from, to, 1))), "{to}");
    }
}

#[test]
fn the_template_loads_without_a_problem_and_shows_every_key() {
    let loaded = scenario::parse("template", TEMPLATE).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(loaded.warnings, []);
    let schema = serde_json::to_value(schemars::schema_for!(Scenario)).unwrap();
    let mut keys = Vec::new();
    collect_keys(&schema, &mut keys);
    assert!(keys.len() > 50, "{keys:?}");
    for key in keys {
        let is_there = TEMPLATE.contains(&format!("{key} = "))
            || TEMPLATE.contains(&format!("[{key}]"))
            || TEMPLATE.contains(&format!("[{key}."))
            || TEMPLATE.contains(&format!("\"{key}\""));
        assert!(is_there, "the template says nothing of `{key}`");
    }
}

/// Every property and every name of a choice in a JSON Schema.
fn collect_keys(schema: &serde_json::Value, keys: &mut Vec<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        keys.extend(properties.keys().cloned());
    }
    let choices = schema["enum"].as_array().into_iter().flatten().chain(schema.get("const"));
    keys.extend(choices.filter_map(|name| name.as_str()).map(str::to_owned));
    match schema {
        serde_json::Value::Object(map) => map.values().for_each(|part| collect_keys(part, keys)),
        serde_json::Value::Array(list) => list.iter().for_each(|part| collect_keys(part, keys)),
        _ => {}
    }
}
