use std::fs;

use proptest::prelude::*;

use super::*;

const VALID: &str = r#"question = "Which?"
prefer = "read-latency"

[dataset]
entity = "product"
keys = 100

[workload]
reads = 0.9
popularity = { zipf = { exponent = 0.99 } }
arrival = { poisson = { rate = 600 } }
warm-up = "2s"
duration = "8s"

[cache]
server = "managed"

[store]
origin = { aggregation = { rows = 20 } }

[strategies.ttl]
ttl = "2s"

[strategies.no-cache]
"#;

const ORIGIN: &str = "{ aggregation = { rows = 20 } }";

/// The problems of the valid scenario after an edit, each with what its caret is under.
fn problems_after(from: &str, to: &str) -> Vec<(Problem, String)> {
    assert!(VALID.contains(from), "{from} is not in the scenario");
    let text = VALID.replacen(from, to, 1);
    let located = examine(&text, Path::new("")).expect_err(to);
    located.into_iter().map(|at| (at.problem, text[at.span].to_owned())).collect()
}

/// The one problem after an edit: its message, what the caret is under, and what is suggested.
fn problem_after(from: &str, to: &str) -> (String, String, String) {
    let mut problems = problems_after(from, to);
    assert_eq!(problems.len(), 1, "{to}: {problems:?}");
    let (problem, place) = problems.remove(0);
    (problem.message, place, problem.help.unwrap_or_default())
}

#[test]
fn a_valid_scenario_is_read_as_it_was_written() {
    let loaded = parse("valid", VALID).unwrap();
    assert_eq!(loaded.name, "valid");
    assert_eq!(loaded.source, VALID);
    assert_eq!(loaded.warnings, []);
    let labels: Vec<_> = loaded.scenario.strategies.0.iter().map(|c| c.label.as_str()).collect();
    assert_eq!(labels, ["ttl", "no-cache"], "in the order of the file");
}

#[test]
fn a_misspelt_name_is_pointed_at_and_the_nearest_valid_one_is_suggested() {
    for (from, to, place, help) in [
        ("reads =", "raeds =", "raeds", "`reads`"),
        ("[workload]", "[worklod]", "worklod", "`workload`"),
        ("[strategies.ttl]", "[strategies.tll]", "tll", "`ttl`"),
        ("[strategies.ttl]", "[strategies.cache-asid]", "cache-asid", "`cache-aside`"),
        (
            "[strategies.ttl]",
            "[strategies.\"wite-behind@x\"]",
            "\"wite-behind@x\"",
            "`write-behind`",
        ),
        ("ttl = ", "tll = ", "tll", "`ttl`"),
        ("\"product\"", "\"prodcut\"", "\"prodcut\"", "`product`"),
        ("zipf", "zpif", "zpif", "`zipf`"),
        ("poisson", "poison", "poison", "`poisson`"),
        ("\"read-latency\"", "\"latency\"", "\"latency\"", "`read-latency`"),
        ("\"managed\"", "\"embeded\"", "\"embeded\"", "`embedded`"),
        ("rows = 20", "rows = 20, row = 3", "row", "`rows`"),
        (ORIGIN, "{ api = { latncy = {} } }", "latncy", "`latency`"),
        (ORIGIN, "{ api = { rate-limt = 5 } }", "rate-limt", "`rate-limit`"),
    ] {
        let (message, found, suggestion) = problem_after(from, to);
        assert!(message.starts_with("unknown "), "{message}");
        assert_eq!(found, place);
        assert_eq!(suggestion, format!("did you mean {help}?"), "{to}");
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_pointed_at() {
    for (from, to, place, message) in [
        ("0.9\n", "1.4\n", "1.4", "`reads` is not a share from 0 to 1"),
        ("0.9\n", "-0.1\n", "-0.1", "`reads` is not a share from 0 to 1"),
        ("0.9\n", "nan\n", "nan", "`reads` is not a share from 0 to 1"),
        ("0.9\n", "\"most\"\n", "\"most\"", "`reads` is not a number"),
        ("keys = 100", "keys = -1", "-1", "`keys` is not a whole number"),
        ("ttl = \"2s\"", "ttl = \"-2s\"", "\"-2s\"", "negative"),
        ("ttl = \"2s\"", "ttl = -2", "-2", "negative"),
        ("ttl = \"2s\"", "ttl = 2", "2", "`ttl` is not a span of time"),
        ("ttl = \"2s\"", "ttl = \"2 parsecs\"", "\"2 parsecs\"", "`ttl` is not a span of time"),
        ("keys = 100", "keys = 100\nsize = 5", "5", "`size` cannot be read"),
        ("[store]", "maxmemory = \"much\"\n[store]", "\"much\"", "`maxmemory` is not a size"),
        ("{ zipf = { exponent = 0.99 } }", "\"zipf\"", "\"zipf\"", "`zipf` needs its options"),
        (ORIGIN, "\"api\"", "\"api\"", "`api` needs its options"),
        (ORIGIN, "{ api = { latency = \"9ms\" } }", "\"9ms\"", "`latency` is not a table"),
        ("{ zipf = { exponent = 0.99 } }", "{}", "{}", "takes exactly one choice"),
        ("[workload]", "[[workload]]", "[[workload]]", "one table, not a list"),
    ] {
        let (found_message, found, _) = problem_after(from, to);
        assert!(found_message.contains(message), "{to}: {found_message}");
        assert_eq!(found, place, "{to}");
    }
}

#[test]
fn a_missing_key_is_missed_where_it_belongs_with_an_example() {
    for (from, place, example) in [
        ("question = \"Which?\"\n", "", "question = \""),
        ("entity = \"product\"\n", "[dataset]", "entity = "),
        ("reads = 0.9\n", "[workload]", "reads = "),
        ("exponent = 0.99", "{  }", "exponent = "),
        ("keys = 100\n", "[dataset]", "keys = "),
    ] {
        let (message, found, help) = problem_after(from, "");
        assert!(message.starts_with("missing key"), "{message}");
        assert_eq!(found, place);
        assert!(help.contains(example), "{help}");
    }
}

#[test]
fn text_that_is_not_toml_is_pointed_at() {
    let (message, place, _) = problem_after("[workload]", "[workload");
    assert_eq!((message.as_str(), place.as_str()), ("this is not TOML", ""));
    let (message, place, help) = problem_after("[strategies.no-cache]", "[strategies.ttl]");
    assert_eq!((message.as_str(), place.as_str()), ("`ttl` stands here twice", "ttl"));
    assert!(help.contains("[strategies.\"ttl@other\"]"), "{help}");
}

#[test]
fn nesting_without_end_is_an_error_and_no_overflow() {
    let deep = 100_000;
    let dotted = vec!["a"; deep].join(".");
    for text in [
        format!("a = {}", "[".repeat(deep)),
        format!("a = {}", "{a=".repeat(deep)),
        format!("{dotted} = 1"),
        format!("[{dotted}]"),
    ] {
        assert!(parse("deep", &text).is_err());
    }
}

#[test]
fn everything_that_makes_no_sense_is_found_at_once_and_in_its_place() {
    let contradictory = VALID
        .replace("keys = 100", "keys = 0\nnamespace = \"product\"")
        .replace("rate = 600", "rate = 0")
        .replace("\"8s\"", "\"0s\"")
        .replace("\"managed\"", "\"managed\"\neviction = \"allkeys-lru\"\nmax-keys = 5")
        .replace("rows = 20", "rows = 0");
    let problems = examine(&contradictory, Path::new("")).unwrap_err();
    let mut places: Vec<_> =
        problems.iter().map(|problem| &contradictory[problem.span.clone()]).collect();
    places.sort();
    assert_eq!(places, ["\"0s\"", "\"product\"", "0", "0", "0", "max-keys"]);
}

#[test]
fn keys_without_an_effect_are_contradictions() {
    let (_, place, help) =
        problem_after("{ poisson = { rate = 600 } }", "{ closed = { clients = 5 } }\nclients = 9");
    assert_eq!(place, "clients");
    assert!(help.contains("remove it"));
    let (_, place, _) =
        problem_after("[store]", "[store]\nserver = \"embedded\"\ndurability = \"off\"");
    assert_eq!(place, "durability");
}

#[test]
fn a_trace_must_be_there_and_brings_its_own_keys() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a.txt"), "1\n").unwrap();
    let trace = |files: &str| {
        VALID
            .replace("zipf = { exponent = 0.99 }", &format!("trace = {{ files = [{files}] }}"))
            .replace("keys = 100\n", "")
    };
    let text = trace("\"a.txt\"");
    assert!(examine(&text, directory.path()).is_ok());
    let text = trace("\"a.txt\", \"b.txt\", \"c.csv\"");
    let problems = examine(&text, directory.path()).unwrap_err();
    let places: Vec<_> = problems.iter().map(|problem| &text[problem.span.clone()]).collect();
    assert_eq!(places, ["\"b.txt\"", "\"c.csv\""]);
    let text = trace("\"a.txt\"").replace("[dataset]", "[dataset]\nkeys = 5");
    let problems = examine(&text, directory.path()).unwrap_err();
    assert_eq!(&text[problems[0].span.clone()], "keys");
}

#[test]
fn what_cannot_be_a_scenario_is_refused_by_its_reason() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("latin.toml"), b"question = \"\nMiddlesbrough\xe9").unwrap();
    fs::write(at("huge.toml"), vec![b'#'; (1 << 20) + 1]).unwrap();
    assert!(matches!(load(&at("latin.toml")), Err(Error::NotText { line: 2, .. })));
    assert!(matches!(load(&at("huge.toml")), Err(Error::TooLarge { .. })));
    assert!(matches!(load(directory.path()), Err(Error::Directory { .. })));
    let Err(error) = load(&at("latn.toml")) else { panic!("there is no such file") };
    let expected = format!("did you mean `{}`?", at("latin.toml").display());
    assert_eq!(error.help(), Some(expected));
}

#[test]
fn a_loaded_scenario_knows_its_name_and_its_directory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("my.first.toml");
    fs::write(&path, VALID).unwrap();
    let loaded = load(&path).unwrap();
    assert_eq!(loaded.name, "my.first");
    assert_eq!(loaded.directory, directory.path());
}

#[test]
fn every_second_repeat_runs_in_reverse() {
    let loaded = parse("valid", &format!("repeats = 3\n{VALID}")).unwrap();
    let schedule = loaded.scenario.schedule();
    let order: Vec<_> = schedule.turns.iter().map(|turn| turn.contender).collect();
    assert_eq!(order, [0, 1, 1, 0, 0, 1]);
    assert_eq!(schedule.load().as_secs(), 6 * 10);
    assert!(schedule.total() > schedule.load());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text: String) {
        if let Err(error) = parse("any", &text) {
            let _ = error.to_string();
        }
    }

    /// Almost valid texts go further than arbitrary ones.
    #[test]
    fn no_edit_of_a_scenario_makes_it_panic(
        from in 0..VALID.len(),
        length in 0..12_usize,
        inserted in "[\\PC\r\n\t\"'={}\\[\\].0-9a-z-]{0,6}",
    ) {
        let to = (from + length).min(VALID.len());
        let text = format!("{}{inserted}{}", &VALID[..from], &VALID[to..]);
        if let Err(error) = parse("edited", &text) {
            prop_assert!(error.to_string().starts_with("error: "));
        }
    }

    #[test]
    fn a_slip_of_one_letter_in_a_key_is_found(
        key in prop::sample::select(vec!["popularity", "arrival", "duration", "warm-up", "entity"]),
        place in 0..5_usize,
    ) {
        let mut slipped = key.to_owned();
        slipped.replace_range(place..=place, "x");
        let (_, found, help) = problem_after(&format!("{key} ="), &format!("{slipped} ="));
        prop_assert_eq!(found, slipped);
        prop_assert_eq!(help, format!("did you mean `{key}`?"));
    }
}

#[test]
fn an_api_without_its_latency_is_told_how_to_write_it() {
    for (to, example) in [
        ("{ api = { rate-limit = 5 } }", "add `latency = { p50 = \"40ms\", p99 = \"150ms\" }`"),
        ("{ api = { latency = { p99 = \"1s\" } } }", "add `p50 = \"40ms\"`"),
        ("{ api = { latency = { p50 = \"1s\" } } }", "add `p99 = \"150ms\"`"),
    ] {
        let (message, _, help) = problem_after(ORIGIN, to);
        assert!(message.starts_with("missing key"), "{message}");
        assert_eq!(help, example);
    }
}
