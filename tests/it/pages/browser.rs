//! A headless Chromium that looks at pages. `tests/browser/look.mjs` says what it looks at.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What `scripts/setup tests` leaves the browser's driver and the rules of accessibility in.
const MODULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/browser");
const LOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/look.mjs");

/// Fails if anything is wrong with any of the pages, each by its name.
pub fn assert_right(pages: &[(&str, String)]) {
    let found = look(pages);
    assert_eq!(found.len(), pages.len(), "not every page was looked at: {:?}", found.keys());
    let wrong: Vec<_> = found
        .iter()
        .flat_map(|(page, found)| found.iter().map(move |what| format!("{page}: {what}")))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What is wrong with each page, by its name.
pub fn look(pages: &[(&str, String)]) -> BTreeMap<String, Vec<String>> {
    assert!(Path::new(MODULES).is_dir(), "{MODULES} is missing: run scripts/setup tests");
    let place = tempfile::tempdir().expect("a folder for the pages");
    let files = pages.iter().map(|(name, page)| {
        let file = place.path().join(format!("{name}.html"));
        fs::write(&file, page).expect("the page can be written");
        file
    });
    let output = Command::new("node")
        .args([Path::new(LOOK), Path::new(MODULES), &chromium()])
        .args(files)
        .env("HOME", place.path())
        .output()
        .expect("this test needs node on the PATH");
    assert!(output.status.success(), "the browser failed: {output:?}");
    serde_json::from_slice(&output.stdout).expect("the browser's answer is JSON")
}

/// Fails where there is none: a page that no browser has shown is not tested.
fn chromium() -> PathBuf {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let mut places = names.iter().flat_map(|name| folders.iter().map(move |dir| dir.join(name)));
    let program = places.find(|place| place.is_file());
    program.expect("this test needs chromium or google-chrome on the PATH")
}
