//! Scenario files.

use cacheduel::scenario::parse;
use proptest::prelude::*;

use crate::memory::{MIB, taken};
use crate::mutation::mutated_text;

/// Far more than any scenario takes, and no more than a mistake may cost.
const MOST: usize = 16 * MIB;

proptest! {
    #[test]
    fn a_broken_scenario_is_read_or_refused(text in mutated_text(seeds())) {
        let taken = read(&text);
        prop_assert!(taken < MOST, "{taken} bytes");
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let taken = read(&text);
        prop_assert!(taken < MOST, "{taken} bytes");
    }

    #[test]
    fn any_toml_is_read_or_refused(text in "([a-z-]{1,4}(\\.[a-z]{1,3})? = (\\{ [a-z]{1,3} = 1 \\}|[0-9]{1,20}|\"[a-zé0-9 ]{0,8}\")\n|\\[{1,2}[a-z.-]{1,8}\\]{1,2}\n){0,20}") {
        let taken = read(&text);
        prop_assert!(taken < MOST, "{taken} bytes");
    }
}

#[test]
fn what_is_nested_without_end_is_refused() {
    for text in [
        format!("x = {}", "[".repeat(200_000)),
        format!("x = {}", "{a=".repeat(100_000)),
        format!("x = {}1{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("{}a = 1", "a.".repeat(100_000)),
        format!("[{}a]", "a.".repeat(100_000)),
        format!("[[{}a]]\n", "a.".repeat(1_000)).repeat(100),
    ] {
        let taken = read(&text);
        assert!(taken < 256 * MIB, "{taken} bytes");
    }
}

#[test]
fn a_number_beyond_reason_is_refused() {
    let text = seed("smoke");
    for (key, value) in [("keys", "18446744073709551615"), ("keys", "9223372036854775807")] {
        let line = text.lines().find(|line| line.starts_with(key)).unwrap();
        let inflated = text.replace(line, &format!("{key} = {value}"));
        assert!(parse("inflated", &inflated).is_err(), "{key} = {value}");
    }
    let line = text.lines().find(|line| line.starts_with("size")).unwrap();
    let inflated = text.replace(line, "size = \"16EiB\"");
    let error = parse("inflated", &inflated).unwrap_err().to_string();
    assert!(error.contains("at most 8MiB"), "{error}");
}

/// Reads the scenario, has what is wrong with it be shown, and says how much memory that took.
fn read(text: &str) -> usize {
    taken(|| match parse("fuzzed", text) {
        Ok(loaded) => drop(loaded.warnings),
        Err(error) => drop(error.to_string()),
    })
    .1
}

fn seeds() -> Vec<String> {
    let names = cacheduel::scenario::names("scenarios".as_ref()).unwrap();
    assert!(names.len() > 10);
    let mut seeds: Vec<_> = names.iter().map(|name| seed(name)).collect();
    seeds.push(include_str!("../../src/cli/init/template.toml").to_owned());
    seeds.push(format!(
        "{}\n[[faults]]\nat = \"10s\"\nlasts = \"2s\"\nwhat = {{ cache = {{ slow = {{ latency = \
         \"20ms\", bandwidth = \"64KiB\" }} }} }}\n",
        seed("smoke")
    ));
    seeds
}

fn seed(name: &str) -> String {
    std::fs::read_to_string(format!("scenarios/{name}.toml")).unwrap()
}
