//! Records by their paths, or by the names under which they are kept.

use std::fs;
use std::path::{Path, PathBuf};

use super::Usage;
use crate::record::Record;
use crate::report;

/// Where Records are kept, each as `NAME.json` or as a report's folder. The exact figures of simulations, in
/// `reports/baseline/`, are no Records.
const FOLDER: &str = "reports/records";

/// Reads the Record that `argument` names: a file, a report's folder, or the name of one that is kept.
///
/// # Errors
/// If there is none of that name, or it cannot be read.
pub fn read(argument: &Path) -> anyhow::Result<Record> {
    Ok(report::read(&find(argument)?)?)
}

fn find(argument: &Path) -> Result<PathBuf, Usage> {
    if argument.exists() {
        return Ok(argument.to_owned());
    }
    let stored = Path::new(FOLDER).join(argument);
    let file = stored.with_added_extension("json");
    match [file, stored].into_iter().find(|path| path.exists()) {
        Some(found) => Ok(found),
        None => Err(Usage(format!(
            "there is no record {}: no file, no report's folder, and none kept{}",
            argument.display(),
            known()
        ))),
    }
}

/// Those that are kept, as a hint.
fn known() -> String {
    let entries = fs::read_dir(FOLDER).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.path().file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    match names.as_slice() {
        [] => format!(" in {FOLDER}"),
        names => format!("; the records are {}", names.join(", ")),
    }
}
