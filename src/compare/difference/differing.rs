//! Where two pieces of data differ, by the paths of their values.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// The longest that a value is told.
const LENGTH_MAX: usize = 48;

/// A value that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    /// As in `cache-aside.runs.0.measures.lookups.hits`.
    pub path: String,
    pub baseline: String,
    pub candidate: String,
}

/// Everything that differs between two pieces of data below `path`.
pub fn between<T: Serialize>(path: &str, baseline: &T, candidate: &T) -> Vec<Differing> {
    let value = |side: &T| serde_json::to_value(side).unwrap_or_default();
    let mut found = Vec::new();
    walk(path, &value(baseline), &value(candidate), &mut found);
    found
}

fn walk(path: &str, baseline: &Value, candidate: &Value, found: &mut Vec<Differing>) {
    let below = |name: &str| match path.is_empty() {
        true => name.to_owned(),
        false => format!("{path}.{name}"),
    };
    match (baseline, candidate) {
        (one, other) if one == other => {}
        (Value::Object(one), Value::Object(other)) => {
            for (name, value) in one {
                walk(&below(name), value, other.get(name).unwrap_or(&Value::Null), found);
            }
            for (name, value) in other.iter().filter(|(name, _)| !one.contains_key(*name)) {
                walk(&below(name), &Value::Null, value, found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (place, (one, other)) in one.iter().zip(other).enumerate() {
                walk(&below(&place.to_string()), one, other, found);
            }
        }
        (one, other) => found.push(Differing {
            path: path.to_owned(),
            baseline: told(one),
            candidate: told(other),
        }),
    }
}

fn told(value: &Value) -> String {
    let text = match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(LENGTH_MAX) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text,
    }
}

impl fmt::Display for Differing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} against {}", self.path, self.baseline, self.candidate)
    }
}
