//! Reads the shape of a scenario, and turns what the TOML reader says against it into a problem that
//! names the place, what was expected there, and what was probably meant.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::de::{Deserializer, Error};

use super::Scenario;
use super::nearest::nearest;
use super::problem::{Located, Part, Problem};
use super::tree::Tree;

/// What to write for the keys that a scenario cannot do without, and for the choices with options.
const EXAMPLES: &[(&str, &str)] = &[
    ("question", "question = \"Which strategy is fastest?\""),
    ("dataset", "[dataset]"),
    ("workload", "[workload]"),
    ("strategies", "[strategies.cache-aside]"),
    ("entity", "entity = \"product\""),
    ("reads", "reads = 0.95"),
    ("popularity", "popularity = \"uniform\""),
    ("arrival", "arrival = { poisson = { rate = 500 } }"),
    ("duration", "duration = \"10s\""),
    ("exponent", "exponent = 0.99"),
    ("rate", "{ rate = 500 }"),
    ("ramp", "{ ramp = { from = 100, to = 1000 } }"),
    ("burst", "{ burst = { base = 100, peak = 1000, every = \"10s\", lasts = \"1s\" } }"),
    ("square-wave", "{ square-wave = { low = 100, high = 1000, period = \"10s\" } }"),
    ("staircase", "{ staircase = { rates = [100, 200, 400] } }"),
    ("from", "from = 100"),
    ("to", "to = 1000"),
    ("base", "base = 100"),
    ("peak", "peak = 1000"),
    ("lasts", "lasts = \"1s\""),
    ("low", "low = 100"),
    ("high", "high = 1000"),
    ("period", "period = \"10s\""),
    ("rates", "rates = [100, 200, 400]"),
    ("burst.every", "every = \"10s\""),
    ("every", "every = 100"),
    ("share", "share = 0.5"),
    ("after", "after = 3"),
    ("own-reads", "own-reads = { share = 0.5, after = 3 }"),
    ("rows", "rows = 200"),
    ("zipf", "{ zipf = { exponent = 0.99 } }"),
    ("hotspot", "{ hotspot = { keys = 0.1, requests = 0.9 } }"),
    ("latest", "{ latest = { exponent = 0.99, every = 100 } }"),
    ("trace", "{ trace = { files = [\"requests.trc.bin.gz\"] } }"),
    ("even", "{ even = { rate = 500 } }"),
    ("poisson", "{ poisson = { rate = 500 } }"),
    ("closed", "{ closed = { clients = 50 } }"),
    ("url", "{ url = \"redis://localhost:6379\" }"),
    ("aggregation", "{ aggregation = { rows = 200 } }"),
    ("api", "{ api = { latency = { p50 = \"40ms\", p99 = \"150ms\" } } }"),
    ("latency", "latency = { p50 = \"40ms\", p99 = \"150ms\" }"),
    ("p50", "p50 = \"40ms\""),
    ("p99", "p99 = \"150ms\""),
    ("at", "at = \"10s\""),
    ("what", "what = { cache = \"killed\" }"),
    ("profile.cache", "[cache]"),
    ("profile.store", "[store]"),
    ("source", "source = \"my laptop, Redis 7.0, SQLite\""),
    ("round-trip", "round-trip = { p50 = \"80us\", p99 = \"200us\" }"),
    ("service", "service = \"5us\""),
    ("read", "read = { p50 = \"50us\", p99 = \"150us\" }"),
    ("version", "version = { p50 = \"40us\", p99 = \"120us\" }"),
    ("commit", "commit = { p50 = \"1ms\", p99 = \"4ms\" }"),
    ("cache", "{ cache = \"killed\" }"),
    ("store", "{ store = \"down\" }"),
    ("events", "{ events = \"dropped\" }"),
    ("worker", "{ worker = \"killed\" }"),
    ("node", "{ node = { killed = 0 } }"),
    ("slow", "{ slow = { latency = \"20ms\" } }"),
    ("delayed", "{ delayed = { by = \"2s\" } }"),
    ("by", "by = \"50ms\""),
];

/// What [`Span`](crate::model::Span) says to a text with a minus.
const NEGATIVE_SPAN: &str = "a span of time cannot be negative";

/// The scenario that `text` holds; `tree` is the same text.
///
/// # Errors
/// The first thing that keeps it from being one.
pub fn scenario(text: &str, tree: &Tree<'_>) -> Result<Scenario, Located> {
    read("scenario", text, tree)
}

/// Whatever else is written as a scenario is, by the name of what it is; `tree` is the same text.
///
/// # Errors
/// The first thing that keeps it from being one.
pub fn read<T: DeserializeOwned>(
    what: &'static str,
    text: &str,
    tree: &Tree<'_>,
) -> Result<T, Located> {
    Deserializer::parse(text)
        .and_then(T::deserialize)
        .map_err(|error| Reader { what, text, tree, error: &error }.located())
}

/// A text that is not TOML.
pub fn syntax(error: &Error, text: &str) -> Located {
    let span = error.span().unwrap_or(0..0);
    let found = text.get(span.clone()).unwrap_or_default();
    let problem = if error.message() == "duplicate key" {
        let problem = Problem::error(&[], format!("`{found}` stands here twice"));
        if line_around(text, &span).trim_start().starts_with("[strategies") {
            let name = found.trim_matches('"').split('@').next().unwrap_or(found);
            let help = format!(
                "a second one of the same strategy takes a label: [strategies.\"{name}@other\"]"
            );
            problem.help(help)
        } else {
            problem
        }
    } else {
        Problem::error(&[], "this is not TOML").expected(error.message())
    };
    Located { problem, span }
}

fn line_around<'t>(text: &'t str, span: &Range<usize>) -> &'t str {
    let start = text.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default()
}

/// One complaint of the TOML reader, about a text that is TOML.
struct Reader<'a> {
    /// What the text is to be.
    what: &'static str,
    text: &'a str,
    tree: &'a Tree<'a>,
    error: &'a Error,
}

impl Reader<'_> {
    fn located(&self) -> Located {
        let span = self.error.span().unwrap_or(0..0);
        let path = self.tree.path_of(&span);
        let problem = Problem { path: path.clone(), ..self.problem(&path) };
        match problem.part {
            Part::Key => self.tree.locate(problem),
            Part::Value => Located { problem, span },
        }
    }

    fn problem(&self, path: &[String]) -> Problem {
        let message = self.error.message();
        let key = path.last().map_or(self.what, String::as_str);
        if let Some(rest) = message.strip_prefix("unknown field ") {
            return unknown("key", rest);
        }
        if let Some(rest) = message.strip_prefix("unknown strategy ") {
            return unknown("strategy", rest).about_key();
        }
        if let Some(rest) = message.strip_prefix("unknown variant ") {
            return unknown(field_of_variant(path, first_name(rest)), rest);
        }
        if let Some(rest) = message.strip_prefix("missing field ") {
            return missing(self.what, path, first_name(rest));
        }
        if self.tree.is_list(path) && message.starts_with("invalid type: map") {
            let help = format!("write [{key}], with single brackets");
            return Problem::error(&[], format!("`{key}` is one table, not a list")).help(help);
        }
        if message.contains("unit variant, expected") {
            return self.bare_choice(key);
        }
        if let Some(rest) = message.strip_prefix("unexpected keys in table: ") {
            return unknown_of_variant(rest);
        }
        if let Some(found) = message.strip_prefix("wanted exactly 1 element, ") {
            let found = found.replace("found 0 elements", "none").replace(" element", "");
            return Problem::error(&[], format!("`{key}` takes exactly one choice"))
                .expected(format!("expected one, found {found}"));
        }
        match message.strip_prefix("invalid type: ").or(message.strip_prefix("invalid value: ")) {
            Some(rest) => wrong(key, rest),
            None => custom(key, message),
        }
    }

    /// A choice with options that was written as its name alone.
    fn bare_choice(&self, key: &str) -> Problem {
        let span = self.error.span().unwrap_or(0..0);
        let choice = self.text.get(span).unwrap_or_default().trim_matches(['"', '\'']);
        let problem = Problem::error(&[], format!("`{choice}` needs its options"));
        match example(choice) {
            Some(example) => problem.expected(format!("expected {key} = {example}")),
            None => problem.expected("expected a table with its options"),
        }
    }
}

fn unknown(what: &str, rest: &str) -> Problem {
    let given = first_name(rest);
    let expected = rest.split_once(", ").map_or("", |(_, expected)| expected);
    let label = match expected {
        "there are no fields" => "this table has no keys",
        expected => expected,
    };
    let problem = Problem::error(&[], format!("unknown {what} `{given}`")).expected(label);
    match nearest(given, names_in(expected)) {
        Some(name) => problem.help(format!("did you mean `{name}`?")),
        None => problem,
    }
}

/// `rest` is as in `x, y, available keys: rows`: what a choice with options says instead.
fn unknown_of_variant(rest: &str) -> Problem {
    let (given, names) = rest.split_once(", available keys: ").unwrap_or((rest, ""));
    let given = given.split(", ").next().unwrap_or(given);
    let names: Vec<_> = names.split(", ").map(|name| format!("`{name}`")).collect();
    unknown("key", &format!("`{given}`, expected {}", names.join(", ")))
}

fn missing(what: &str, path: &[String], key: &str) -> Problem {
    let place = match path {
        [] => format!("the {what}"),
        path => format!("[{}]", path.join(".")),
    };
    let problem = Problem::error(&[], format!("missing key `{key}`"))
        .expected(format!("{place} needs `{key}`"));
    // The same key may mean something else in another table.
    let own = example(&format!("{}.{key}", path.last().map_or(what, String::as_str)));
    match own.or_else(|| example(key)) {
        Some(example) => problem.help(format!("add `{example}`")),
        None => problem,
    }
}

/// `rest` is as in `string "x", expected f64`.
fn wrong(key: &str, rest: &str) -> Problem {
    let (found, expected) = rest.rsplit_once(", expected ").unwrap_or((rest, "something else"));
    let found = found.trim_end_matches(" as i128");
    let wants_span = expected.starts_with("a span of time");
    if wants_span && found.starts_with("integer `-") {
        return custom(key, NEGATIVE_SPAN);
    }
    let expected = match expected {
        "f64" => "a number".to_owned(),
        "u32" | "u64" | "usize" => "a whole number such as 10, not negative".to_owned(),
        "a string" => "a text in quotes".to_owned(),
        "a map" => "a table".to_owned(),
        "a sequence" => "a list".to_owned(),
        structure if structure.starts_with("struct ") => match example(key) {
            Some(example) => format!("a table such as {example}"),
            None => "a table".to_owned(),
        },
        other => other.to_owned(),
    };
    let problem = Problem::error(&[], format!("`{key}` is not {}", kind(&expected)))
        .expected(format!("expected {expected}"));
    let Ok(number) = first_name(found).parse::<f64>() else {
        return problem;
    };
    if wants_span {
        problem.help(format!("a span of time has a unit: \"{number}s\""))
    } else if expected.starts_with("a share") && (2.0..=100.0).contains(&number) {
        problem.help(format!("{number} % is written as {}", number / 100.0))
    } else {
        problem
    }
}

/// What was expected without its examples.
fn kind(expected: &str) -> &str {
    expected.split(" such as ").next().unwrap_or(expected)
}

/// A message that a type of ours has of its own.
fn custom(key: &str, message: &str) -> Problem {
    const SPAN: &str = "expected a span of time such as \"250ms\", \"30s\" or \"5m\"";
    if message == NEGATIVE_SPAN {
        return Problem::error(&[], format!("`{key}` is negative: {message}")).expected(SPAN);
    }
    match message.split_once("; write it as ") {
        Some(("not a size", forms)) => Problem::error(&[], format!("`{key}` is not a size"))
            .expected(format!("expected a form such as {forms}")),
        Some((why, _)) => {
            let why = why.split(", supported").next().unwrap_or(why);
            Problem::error(&[], format!("`{key}` is not a span of time: {why}")).expected(SPAN)
        }
        None => Problem::error(&[], format!("`{key}` cannot be read")).expected(message),
    }
}

/// `popularity` for the path of a choice of it, whether that is its value or a key below it.
fn field_of_variant<'p>(path: &'p [String], variant: &str) -> &'p str {
    match path {
        [.., field, last] if last == variant => field,
        [.., field] => field,
        [] => "choice",
    }
}

fn example(key: &str) -> Option<&'static str> {
    EXAMPLES.iter().find(|(name, _)| *name == key).map(|(_, example)| *example)
}

/// The first name in backticks.
fn first_name(text: &str) -> &str {
    names_in(text).next().unwrap_or_default()
}

/// All names in backticks.
fn names_in(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}
