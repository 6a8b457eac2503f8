//! What is kept of former runs, by its path or by its name: Records, and the exact figures of simulations.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Usage;
use crate::compare::difference::Side;
use crate::record::{Baseline, Record};
use crate::report;
use crate::report::folder::Error;

/// Where Records are kept, each as `NAME.json` or as a report's folder.
const RECORDS: &str = "reports/records";
/// Where `bless` keeps exact figures, each as `NAME.json`.
pub(super) const BASELINES: &str = "reports/baseline";
/// No scenario's exact figures are nearly as many bytes.
const BASELINE_SIZE_MAX: u64 = 64 << 20;

/// What a name may stand for.
pub(super) enum Stored {
    Record(Box<Record>),
    Baseline(Baseline),
}

/// Reads what `argument` names: a file, a report's folder, the name of a Record that is kept, or that of
/// exact figures.
///
/// # Errors
/// If there is nothing of that name, or it cannot be read.
pub(super) fn read(argument: &Path) -> anyhow::Result<Stored> {
    let path = find(argument)?;
    match report::read(&path) {
        Ok(record) => Ok(Stored::Record(Box::new(record))),
        Err(Error::NotOfItsSort { .. }) if is_baseline(&path) => {
            Ok(Stored::Baseline(baseline(&path)?))
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads exact figures from their file.
///
/// # Errors
/// If it cannot be read, or has no such figures.
pub(super) fn baseline(path: &Path) -> anyhow::Result<Baseline> {
    let told = || format!("{} is no baseline: delete it and write it anew", path.display());
    serde_json::from_str(&text(path).with_context(told)?).with_context(told)
}

/// Whether a file of JSON is meant to be exact figures, right or wrong.
fn is_baseline(path: &Path) -> bool {
    #[derive(Deserialize)]
    struct Head {
        #[expect(dead_code, reason = "that they are there is all that counts")]
        plan: IgnoredAny,
        #[expect(dead_code, reason = "that they are there is all that counts")]
        runs: IgnoredAny,
    }
    text(path).is_ok_and(|text| serde_json::from_str::<Head>(&text).is_ok())
}

/// Of a file that has no end, no more than is allowed.
fn text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(BASELINE_SIZE_MAX).read_to_string(&mut text)?;
    Ok(text)
}

impl Stored {
    /// Leaves only these strategies; all of them where none is named.
    ///
    /// # Errors
    /// If there is no strategy of such a name.
    pub(super) fn keep_only(&mut self, only: &[String]) -> Result<(), Usage> {
        if only.is_empty() {
            return Ok(());
        }
        let (labels, what) = match self {
            Self::Record(record) => {
                let labels = record.contenders.iter().map(|one| one.label.as_str()).collect();
                (labels, format!("the record of {}", record.started))
            }
            Self::Baseline(baseline) => {
                (baseline.labels(), format!("the baseline of {}", baseline.scenario))
            }
        };
        if let Some(name) = only.iter().find(|name| !labels.contains(&name.as_str())) {
            return Err(Usage(format!(
                "--only {name}: {what} has no such strategy; it has {}",
                labels.join(", ")
            )));
        }
        match self {
            Self::Record(record) => record.contenders.retain(|one| only.contains(&one.label)),
            Self::Baseline(baseline) => baseline.runs.retain(|run| only.contains(&run.label)),
        }
        Ok(())
    }
}

impl<'a> From<&'a Stored> for Side<'a> {
    fn from(stored: &'a Stored) -> Self {
        match stored {
            Stored::Record(record) => Self::Record(record),
            Stored::Baseline(baseline) => Self::Kept(baseline),
        }
    }
}

fn find(argument: &Path) -> Result<PathBuf, Usage> {
    if argument.exists() {
        return Ok(argument.to_owned());
    }
    let record = Path::new(RECORDS).join(argument);
    let baseline = Path::new(BASELINES).join(argument);
    let file = |stored: &Path| stored.with_added_extension("json");
    let candidates = [file(&record), record, file(&baseline)];
    candidates.into_iter().find(|path| path.exists()).ok_or_else(|| {
        Usage(format!(
            "there is no record {}: no file, no report's folder, and none kept in {RECORDS} or \
             {BASELINES}{}{}",
            argument.display(),
            known("records", RECORDS),
            known("baselines", BASELINES)
        ))
    })
}

/// What is kept in a folder, as a hint.
fn known(what: &str, folder: &str) -> String {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.path().file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    match names.as_slice() {
        [] => String::new(),
        names => format!("; the {what} are {}", names.join(", ")),
    }
}
