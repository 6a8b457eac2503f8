//! When two Records are the same: in every figure, and not in who made them when.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Record;

/// What of a Record is of the machine, the moment and the tool, by its keys from the top.
const PROVENANCE: [&[&str]; 7] = [
    &["tool"],
    &["started"],
    &["took"],
    &["host"],
    &["cache", "version"],
    &["store", "version"],
    &["calibration"],
];

/// How far two fractions may be apart, as a share of them. Counts, times and histograms are whole numbers
/// and have to be equal; of a fraction the last bits are those of the machine's own mathematics.
const FRACTION: f64 = 1e-9;

/// A value that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    /// The keys that lead to it, from the top: `contenders.ttl.runs.0.requests`.
    pub path: String,
    /// What it is on the one side, and on the other; `nothing` where it is only on one of them.
    pub baseline: String,
    pub candidate: String,
}

/// Everything in which two Records differ that is not provenance, in the Record's order.
pub fn differences(baseline: &Record, candidate: &Record) -> Vec<Differing> {
    between("", &essence(baseline), &essence(candidate))
}

/// Everything that differs between two pieces of data that lie at `path`.
pub fn between<T: Serialize>(path: &str, baseline: &T, candidate: &T) -> Vec<Differing> {
    let mut found = Vec::new();
    walk(path, &value_of(baseline), &value_of(candidate), &mut found);
    found
}

/// The first 16 digits of a SHA-256 of data: enough that no two of a project's ever meet by chance. The
/// last digits of fractions are not in it.
pub fn digest(data: &impl Serialize) -> String {
    let digest = Sha256::digest(canonical(&value_of(data)));
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// A Record without its provenance.
fn essence(record: &Record) -> Value {
    let mut whole = value_of(record);
    for path in PROVENANCE {
        let (last, above) = path.split_last().expect("no path is empty");
        let table = above.iter().try_fold(&mut whole, |value, key| value.get_mut(key));
        if let Some(Value::Object(table)) = table {
            table.shift_remove(*last);
        }
    }
    whole
}

fn value_of(data: &impl Serialize) -> Value {
    serde_json::to_value(data).expect("a Record's keys are texts")
}

fn walk(path: &str, baseline: &Value, candidate: &Value, found: &mut Vec<Differing>) {
    let below = |name: &str| match path.is_empty() {
        true => name.to_owned(),
        false => format!("{path}.{name}"),
    };
    match (baseline, candidate) {
        (Value::Object(one), Value::Object(other)) => {
            let more = other.keys().filter(|key| !one.contains_key(*key));
            for key in one.keys().chain(more) {
                walk(&below(key), or_null(one.get(key)), or_null(other.get(key)), found);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            for index in 0..one.len().max(other.len()) {
                let (one, other) = (one.get(index), other.get(index));
                let name = one.or(other).and_then(name).map_or(index.to_string(), str::to_owned);
                walk(&below(&name), or_null(one), or_null(other), found);
            }
        }
        (one, other) if same(one, other) => {}
        (one, other) => found.push(Differing {
            path: path.to_owned(),
            baseline: shown(one),
            candidate: shown(other),
        }),
    }
}

fn or_null(value: Option<&Value>) -> &Value {
    value.unwrap_or(&Value::Null)
}

/// What an item of a list goes by, if it has a name.
fn name(item: &Value) -> Option<&str> {
    ["label", "strategy", "name"].into_iter().find_map(|key| item.get(key)?.as_str())
}

fn same(one: &Value, other: &Value) -> bool {
    let fraction = |value: &Value| value.as_f64().filter(|_| value.is_f64());
    match (fraction(one), fraction(other)) {
        (Some(one), Some(other)) => {
            one == other || (one - other).abs() <= FRACTION * one.abs().max(other.abs())
        }
        _ => one == other,
    }
}

fn shown(value: &Value) -> String {
    const LONG: usize = 60;
    match value {
        Value::Null => "nothing".into(),
        Value::String(text) if text.chars().count() > LONG => {
            let start: String = text.chars().take(LONG).collect();
            format!("{start}..")
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl fmt::Display for Differing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} against {}", self.path, self.baseline, self.candidate)
    }
}

/// A text that is the same for two values exactly where they are the same, but for the last digits of
/// fractions.
fn canonical(value: &Value) -> String {
    match value {
        Value::Number(number) if number.is_f64() => {
            format!("{:.8e}", number.as_f64().unwrap_or_default())
        }
        Value::Array(items) => items.iter().map(canonical).collect::<Vec<_>>().join(","),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{name}:{}", canonical(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn places(one: &Value, other: &Value) -> Vec<String> {
        between("", one, other).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_differs_is_told_by_the_names_that_lead_there() {
        let one = json!({ "contenders": [{ "label": "ttl", "runs": [{ "hits": 3 }] }] });
        let other =
            json!({ "contenders": [{ "label": "ttl", "runs": [{ "hits": 4 }] }], "more": 1 });
        assert_eq!(
            places(&one, &other),
            ["contenders.ttl.runs.0.hits: 3 against 4", "more: nothing against 1"]
        );
        assert_eq!(places(&one, &one), Vec::<String>::new());
    }

    #[test]
    fn counts_have_to_be_equal_and_fractions_nearly() {
        assert_eq!(places(&json!([0.1]), &json!([0.100_000_000_000_01])), Vec::<String>::new());
        assert_eq!(places(&json!([0.1]), &json!([0.100_001])).len(), 1);
        let (one, other) = (9_007_199_254_740_992_u64, 9_007_199_254_740_993_u64);
        assert_eq!(places(&json!([one]), &json!([other])).len(), 1);
    }

    #[test]
    fn a_canonical_text_forgives_a_fraction_its_last_digits_only() {
        let text = |fraction: f64, count: u64| canonical(&json!({ "a": fraction, "b": [count] }));
        assert_eq!(text(0.1, 3), text(0.100_000_000_000_01, 3));
        assert_ne!(text(0.1, 3), text(0.100_001, 3));
        assert_ne!(text(0.1, 3), text(0.1, 4));
    }
}
