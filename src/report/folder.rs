//! The report's folder: the Record, and everything that can be rendered from it.

mod head;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::de::Error as _;

use super::{charts, csv, hlog, html, text};
use crate::record::{Distribution, FORMAT, Record};
use head::Head;

/// The file that all others can be made from again.
pub const RECORD_FILE: &str = "record.json";

/// A form that a Record can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// The table and verdict for a terminal.
    Text,
    /// One page that works offline.
    Html,
    /// Figures by interval, for spreadsheets.
    Csv,
    /// Latency by interval, for HDR tools.
    Hlog,
    /// One drawing for each chart.
    Svg,
    /// The Record itself.
    Json,
}

/// No Record is nearly as large.
pub(super) const SIZE_MAX: u64 = 1 << 30;
/// What all histograms of a Record may take together: far more than those of any experiment do.
const HISTOGRAMS_MAX: usize = 8 << 30;

/// Why a Record could not be read, or its folder not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} is larger than any record", path.display())]
    TooLarge { path: PathBuf },
    #[error("{} is not JSON, or was cut off", path.display())]
    NotJson { path: PathBuf, source: serde_json::Error },
    #[error("{} is JSON, but not a cacheduel record: it has no `format`", path.display())]
    NotARecord { path: PathBuf },
    #[error(
        "{} is a record of format {found}, and this version reads format {FORMAT}; \
         use the version of cacheduel that wrote it",
        path.display()
    )]
    Version { path: PathBuf, found: u64 },
    #[error("{} is a record of format {FORMAT}, but does not fit it", path.display())]
    Malformed { path: PathBuf, source: serde_json::Error },
}

/// Reads a Record from its file, or from the folder that holds one.
pub fn read(path: &Path) -> Result<Record, Error> {
    let path = if path.is_dir() { path.join(RECORD_FILE) } else { path.to_owned() };
    let text = match read_text(&path) {
        Ok(text) => text,
        Err(source) => return Err(Error::Read { path, source }),
    };
    if text.len() as u64 > SIZE_MAX {
        return Err(Error::TooLarge { path });
    }
    match serde_json::from_str::<Head>(&text) {
        Err(source) if !source.is_data() => Err(Error::NotJson { path, source }),
        // A list would pass for its fields in their order.
        _ if !text.trim_start().starts_with('{') => Err(Error::NotARecord { path }),
        Err(_) | Ok(Head { format: None, .. }) => Err(Error::NotARecord { path }),
        Ok(Head { format: Some(found), .. }) if found != u64::from(FORMAT) => {
            Err(Error::Version { path, found })
        }
        Ok(head) if head.is_beyond_counting() => {
            let source = serde_json::Error::custom("it counts more than anybody can");
            Err(Error::Malformed { path, source })
        }
        Ok(_) => Distribution::reading_within(HISTOGRAMS_MAX, || serde_json::from_str(&text))
            .map_err(|source| Error::Malformed { path, source }),
    }
}

/// Writes the Record and all that is made from it. A new folder appears whole or not at all; in a
/// folder that is there, each file is replaced whole, `record.json` last, and other files stay.
pub fn write(record: &Record, folder: &Path) -> Result<(), Error> {
    let formats = [Format::Html, Format::Csv, Format::Hlog, Format::Svg, Format::Json];
    write_formats(record, &formats, folder)
}

/// The same for some formats only.
pub fn write_formats(record: &Record, formats: &[Format], folder: &Path) -> Result<(), Error> {
    let files: Vec<_> = formats.iter().flat_map(|&format| files(record, format)).collect();
    write_files(&files, folder)
}

/// Writes files by their names within the folder, in their order.
pub(super) fn write_files(files: &[(PathBuf, String)], folder: &Path) -> Result<(), Error> {
    let is_new = !folder.exists();
    // What is half written stands where a rename to its place is atomic: on the same file system.
    let beside = match folder.parent() {
        _ if !is_new => folder,
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(beside).map_err(|source| failed(beside, source))?;
    let partial = partial_folder(beside).map_err(|source| failed(folder, source))?;
    for (name, content) in files {
        write_file(&partial.path().join(name), content)
            .map_err(|source| failed(&folder.join(name), source))?;
    }
    if is_new {
        fs::rename(partial.path(), folder).map_err(|source| failed(folder, source))?;
        // Its folder has a new name, so there is nothing left for the guard to remove.
        let _ = partial.keep();
        return Ok(());
    }
    for (name, _) in files {
        let to = folder.join(name);
        let into = to.parent().unwrap_or(folder);
        fs::create_dir_all(into).map_err(|source| failed(into, source))?;
        fs::rename(partial.path().join(name), &to).map_err(|source| failed(&to, source))?;
    }
    Ok(())
}

/// The files of one format with their names within the folder.
pub fn files(record: &Record, format: Format) -> Vec<(PathBuf, String)> {
    let one = |name: &str, content: String| vec![(PathBuf::from(name), content)];
    match format {
        Format::Text => one("report.txt", text::render(record)),
        Format::Html => one("report.html", html::render(record)),
        Format::Csv => one("timeline.csv", csv::render(record)),
        Format::Hlog => one("intervals.hlog", hlog::render(record)),
        Format::Json => one(RECORD_FILE, json(record)),
        Format::Svg => charts::all(record)
            .iter()
            .map(|chart| (format!("charts/{}.svg", chart.slug).into(), chart.standalone()))
            .collect(),
    }
}

/// The Record as its file holds it.
pub fn json(record: &Record) -> String {
    let mut text = serde_json::to_string_pretty(record)
        .expect("a record is plain data, and a histogram in memory can be written");
    text.push('\n');
    text
}

/// Reads no further than is needed to see that a file is too large: it may have no end.
pub(super) fn read_text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(SIZE_MAX + 1).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// A folder that removes itself unless it is kept.
fn partial_folder(beside: &Path) -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".cacheduel-partial-");
    // It becomes the report's folder, so it gets the access of any new folder, not a private one.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    builder.tempdir_in(beside)
}

/// Returns when the content is on the disk, so that a full disk is known before the rename.
fn write_file(path: &Path, content: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = fs::File::create(path)?;
    io::Write::write_all(&mut file, content.as_bytes())?;
    file.sync_all()
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::Write { path: path.to_owned(), source }
}
