//! Records, and the reports that are made of them.

#[path = "../it/reports/fixture.rs"]
#[allow(dead_code)]
pub mod fixture;

use std::fs;
use std::sync::LazyLock;

use cacheduel::report::text;
use cacheduel::report::{self, Document, Format};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::memory::{MIB, taken};
use crate::mutation::mutated_text;

/// Room for the histograms of the fixture and of what is spliced into it.
const MOST: usize = 256 * MIB;

const FORMATS: [Format; 5] = [Format::Html, Format::Csv, Format::Hlog, Format::Svg, Format::Json];

/// Written once: its histograms take a while.
static SEED: LazyLock<String> =
    LazyLock::new(|| report::folder::json(&fixture::with_contenders(&["no-cache", "cache-aside"])));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 4))]

    #[test]
    fn a_broken_record_is_read_or_refused(text in mutated_text(vec![SEED.clone()])) {
        let taken = read(&text);
        prop_assert!(taken < MOST, "{taken} bytes");
    }

    /// Breaks what the JSON says rather than the JSON.
    #[test]
    fn a_record_with_nonsense_in_it_is_read_or_refused(
        edits in proptest::collection::vec((any::<Index>(), 0_usize..16), 1..5),
    ) {
        let mut record: Value = serde_json::from_str(&SEED).unwrap();
        for (place, kind) in edits {
            let mut places = Vec::new();
            collect(&record, String::new(), &mut places);
            let place = &places[place.index(places.len())];
            *record.pointer_mut(place).unwrap() = nonsense(kind);
        }
        let taken = read(&record.to_string());
        prop_assert!(taken < MOST, "{taken} bytes");
    }
}

#[test]
fn the_record_that_is_broken_is_a_good_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("record.json"), &*SEED).unwrap();
    assert_eq!(report::folder::json(&report::read(folder.path()).unwrap()), *SEED);
}

#[test]
fn what_is_no_record_is_told_as_that() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.json");
    let said = |text: &str| {
        fs::write(&path, text).unwrap();
        report::read(&path).unwrap_err().to_string()
    };
    for no_record in
        ["[]", "[2, 3]", "3", "\"format\"", "{}", "{\"format\": \"2\"}", "{\"format\": -2}"]
    {
        assert!(said(no_record).contains("not a cacheduel record"), "{no_record}");
    }
    assert!(said("{\"format\": 2").contains("cut off"));
    assert!(said("{\"format\": 999, \"x\": [1]}").contains("format 999"));
    for nested in ["[".repeat(1_000_000), "{\"a\":".repeat(1_000_000)] {
        said(&nested);
        said(&format!("{{\"format\": 2, \"contenders\": {nested}"));
    }
}

#[test]
fn a_million_histograms_are_refused_before_they_take_the_memory() {
    // Sixty bytes each, and half a megabyte in memory.
    let mut wide = cacheduel::model::Distribution::new();
    wide.record_count(u64::MAX);
    let mut record: Value = serde_json::from_str(&SEED).unwrap();
    let timeline = record.pointer_mut("/contenders/0/runs/0/measures/timeline").unwrap();
    let mut bucket = timeline[0].clone();
    bucket["reads"] = serde_json::to_value(&wide).unwrap();
    *timeline = Value::Array(vec![bucket; 20_000]);
    let text = record.to_string();
    let read = taken(|| {
        cacheduel::model::Distribution::reading_within(64 * MIB, || {
            serde_json::from_str::<cacheduel::record::Record>(&text).map(drop)
        })
    });
    let (outcome, taken) = read;
    assert!(outcome.unwrap_err().to_string().contains("too much memory"));
    assert!(taken < MOST, "{taken} bytes");
}

/// Reads the Record and shows what it says in every form, and says how much memory that took.
fn read(text: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.json");
    fs::write(&path, text).unwrap();
    taken(|| match report::read(&path) {
        Ok(record) => {
            drop(text::render(&record));
            FORMATS.iter().for_each(|&format| drop(record.files(format)));
        }
        Err(error) => drop(error.to_string()),
    })
    .1
}

/// The places of everything in it.
fn collect(value: &Value, place: String, places: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                collect(value, format!("{place}/{key}"), places);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                collect(value, format!("{place}/{index}"), places);
            }
        }
        _ => {}
    }
    places.push(place);
}

fn nonsense(kind: usize) -> Value {
    match kind {
        0 => Value::Null,
        1 => json!(-1),
        2 => json!(0),
        3..=5 => json!(u64::MAX),
        6 => json!(u64::MAX >> 1),
        7 => json!(1_u64 << 53),
        8 => json!(1e308),
        9 => json!(""),
        10 => json!("nonsense \u{0} 日本"),
        11 => json!([]),
        12 => json!({}),
        13 => json!([[[[]]]]),
        14 => json!(true),
        _ => json!("x".repeat(10_000)),
    }
}
