//! The folder of a search: its own file, and everything that can be rendered from it.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::super::charts;
use super::super::folder::{self, SIZE_MAX, read_text, write_files};
use crate::record::ceilings::{Ceilings, FORMAT, KIND};

/// The file that all others can be made from again.
pub const CEILINGS_FILE: &str = "find-max.json";

/// A form that a search can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The table for a terminal.
    Text,
    /// One page that works offline.
    Html,
    /// One drawing for each chart.
    Svg,
    /// The file itself.
    Json,
}

/// Why the file of a search could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is larger than any search", path.display())]
    TooLarge { path: PathBuf },
    #[error("{} is not JSON, or was cut off", path.display())]
    NotJson { path: PathBuf, source: serde_json::Error },
    #[error("{} is JSON, but not what `cacheduel find-max` writes", path.display())]
    NotASearch { path: PathBuf },
    #[error(
        "{} is a search of format {found}, and this version reads format {FORMAT}; \
         use the version of cacheduel that wrote it",
        path.display()
    )]
    Version { path: PathBuf, found: u64 },
    #[error("{} is a search of format {FORMAT}, but does not fit it", path.display())]
    Malformed { path: PathBuf, source: serde_json::Error },
}

/// What a file of any format says of itself.
#[derive(Deserialize)]
struct Head {
    kind: Option<String>,
    format: Option<u64>,
}

/// Whether `path` is the file of a search, or a folder that holds one and no Record of a run.
pub fn holds_one(path: &Path) -> bool {
    if path.is_dir() {
        return path.join(CEILINGS_FILE).is_file() && !path.join(folder::RECORD_FILE).is_file();
    }
    // A Record may be large, and is read soon enough.
    if path.file_name().is_some_and(|name| name == folder::RECORD_FILE) {
        return false;
    }
    let head = read_text(path).ok().and_then(|text| serde_json::from_str::<Head>(&text).ok());
    head.is_some_and(|head| head.kind.as_deref() == Some(KIND))
}

/// Reads a search from its file, or from the folder that holds it.
///
/// # Errors
/// If there is none, or this version cannot read it.
pub fn read(path: &Path) -> Result<Ceilings, Error> {
    let path = if path.is_dir() { path.join(CEILINGS_FILE) } else { path.to_owned() };
    let text = match read_text(&path) {
        Ok(text) => text,
        Err(source) => return Err(Error::Read { path, source }),
    };
    if text.len() as u64 > SIZE_MAX {
        return Err(Error::TooLarge { path });
    }
    match serde_json::from_str::<Head>(&text) {
        Err(source) if !source.is_data() => return Err(Error::NotJson { path, source }),
        Ok(Head { kind: Some(kind), format: Some(found) }) if kind == KIND => {
            if found != u64::from(FORMAT) {
                return Err(Error::Version { path, found });
            }
        }
        _ => return Err(Error::NotASearch { path }),
    }
    serde_json::from_str(&text).map_err(|source| Error::Malformed { path, source })
}

/// Writes the search and all that is made from it, as the report of a run is written.
///
/// # Errors
/// If the folder cannot be written.
pub fn write(record: &Ceilings, folder: &Path) -> Result<(), folder::Error> {
    write_forms(record, &[Form::Html, Form::Svg, Form::Json], folder)
}

/// The same for some forms only.
///
/// # Errors
/// If the folder cannot be written.
pub fn write_forms(record: &Ceilings, forms: &[Form], folder: &Path) -> Result<(), folder::Error> {
    let files: Vec<_> = forms.iter().flat_map(|&form| files(record, form)).collect();
    write_files(&files, folder)
}

/// The files of one form with their names within the folder.
pub fn files(record: &Ceilings, form: Form) -> Vec<(PathBuf, String)> {
    let one = |name: &str, content: String| vec![(PathBuf::from(name), content)];
    match form {
        Form::Text => one("report.txt", super::text(record)),
        Form::Html => one("report.html", super::html(record)),
        Form::Json => one(CEILINGS_FILE, json(record)),
        Form::Svg => charts::by_rate(record)
            .iter()
            .map(|chart| (format!("charts/{}.svg", chart.slug).into(), chart.standalone()))
            .collect(),
    }
}

/// The search as its file holds it.
pub fn json(record: &Ceilings) -> String {
    let mut text = serde_json::to_string_pretty(record).expect("a search is plain data");
    text.push('\n');
    text
}
