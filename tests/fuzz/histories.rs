//! What is kept from run to run: histories, and exact figures.

use std::fs;
use std::sync::LazyLock;

use cacheduel::compare::{Metric, compare};
use cacheduel::history::{Entry, History, Wanted, series};
use cacheduel::record::Baseline;
use cacheduel::report::{comparison, history};
use proptest::prelude::*;

use crate::memory::{MIB, taken};
use crate::mutation::{mutated, mutated_text};
use crate::records::fixture::with_contenders;

/// Far more than files of some kilobytes can ask for.
const MOST: usize = 64 * MIB;

/// A history of a few nights, as its file is.
static NIGHTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let mut record = with_contenders(&["no-cache", "cache-aside"]);
    for night in 1..=12 {
        record.started = format!("2026-11-{night:02}T02:00:00Z");
        History::open(&path).unwrap().add(&Entry::of(&record, "r1")).unwrap();
    }
    fs::read(path).unwrap()
});

static FIGURES: LazyLock<String> = LazyLock::new(|| {
    let root = env!("CARGO_MANIFEST_DIR");
    fs::read_to_string(format!("{root}/reports/baseline/smoke.json")).unwrap()
});

/// Reads a history, shows what is in it, and adds to it.
fn read_history(bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    fs::write(&path, bytes).unwrap();
    let read = History::existing(&path).and_then(|file| file.entries(&Wanted::default()));
    if let Ok(entries) = &read {
        let found = series(entries, &Metric::ALL, 100);
        assert!(history::text(&found).ends_with('\n'));
        assert!(history::json(&found).ends_with('\n'));
        let _ = History::open(&path)
            .and_then(|mut file| entries.first().map_or(Ok(()), |entry| file.add(entry)));
    }
    read.is_ok()
}

/// Reads exact figures, and holds good ones against them.
fn read_figures(text: &str) -> bool {
    let read = serde_json::from_str::<Baseline>(text);
    if let Ok(baseline) = &read {
        let good: Baseline = serde_json::from_str(&FIGURES).unwrap();
        for (one, other) in [(baseline, &good), (&good, baseline), (baseline, baseline)] {
            if let Ok(compared) = compare(one, other) {
                assert!(comparison::text(&compared).ends_with('\n'));
            }
        }
    }
    read.is_ok()
}

#[test]
fn what_is_broken_was_good() {
    assert!(read_history(&NIGHTS));
    assert!(read_figures(&FIGURES));
}

proptest! {
    #[test]
    fn a_broken_history_is_read_or_refused(bytes in mutated(vec![NIGHTS.clone()])) {
        let (_, taken) = taken(|| read_history(&bytes));
        prop_assert!(taken < MOST, "{taken} bytes");
    }

    #[test]
    fn broken_figures_are_read_or_refused(text in mutated_text(vec![FIGURES.clone()])) {
        let (_, taken) = taken(|| read_figures(&text));
        prop_assert!(taken < MOST, "{taken} bytes");
    }
}
