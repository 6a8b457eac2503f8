//! The folder of a report: one file as it was measured, and everything that can be rendered from it.

mod head;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _};

use super::charts::Chart;
use crate::record::Distribution;
use head::Head;

/// What is kept in a file of its own, so that all others can be made from it again.
pub trait Document: Serialize + DeserializeOwned {
    const SORT: &'static Sort;
    /// What a whole report has of it, in the order in which it is written: the document itself last.
    const FORMATS: &'static [Format];

    /// When it was begun, as RFC 3339 in UTC.
    fn started(&self) -> &str;

    /// The files of one format with their names within the folder; none of one that it does not have.
    fn files(&self, format: Format) -> Vec<(PathBuf, String)>;

    /// Files that it refers to and that cannot be made from it again, for a new folder.
    fn beside(&self) -> Vec<(PathBuf, String)> {
        Vec::new()
    }
}

/// What tells one sort of document from any other.
#[derive(Debug, PartialEq, Eq)]
pub struct Sort {
    /// What a sentence calls it.
    pub name: &'static str,
    /// The subcommand that writes it.
    pub command: &'static str,
    /// The name of its file.
    pub file: &'static str,
    /// What the file says of its kind; a Record says nothing of it.
    pub kind: Option<&'static str>,
    /// The version that is read.
    pub format: u32,
}

/// A form that a document can take.
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
    /// The document itself.
    Json,
}

/// No document is nearly as large.
const SIZE_MAX: u64 = 1 << 30;
/// What all histograms of a document may take together: far more than those of any experiment do.
const HISTOGRAMS_MAX: usize = 8 << 30;

/// Why a document could not be read, or its folder not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} is larger than any {}", path.display(), sort.name)]
    TooLarge { path: PathBuf, sort: &'static Sort },
    #[error("{} is not JSON, or was cut off", path.display())]
    NotJson { path: PathBuf, source: serde_json::Error },
    #[error(
        "{} is JSON, but not a cacheduel {}: not what `cacheduel {}` writes",
        path.display(), sort.name, sort.command
    )]
    NotOfItsSort { path: PathBuf, sort: &'static Sort },
    #[error(
        "{} is a {} of format {found}, and this version reads format {}; \
         use the version of cacheduel that wrote it",
        path.display(), sort.name, sort.format
    )]
    Version { path: PathBuf, sort: &'static Sort, found: u64 },
    #[error("{} is a {} of format {}, but does not fit it", path.display(), sort.name, sort.format)]
    Malformed { path: PathBuf, sort: &'static Sort, source: serde_json::Error },
}

impl Sort {
    /// Whether `path` is such a file by what it says of itself, or a folder that holds one.
    pub fn is_at(&self, path: &Path) -> bool {
        if path.is_dir() {
            return path.join(self.file).is_file();
        }
        let head = read_text(path).ok().and_then(|text| serde_json::from_str::<Head>(&text).ok());
        head.is_some_and(|head| head.kind.as_deref() == self.kind && head.format.is_some())
    }
}

/// Reads a document from its file, or from the folder that holds it.
///
/// # Errors
/// If there is none, or this version cannot read it.
pub fn read<D: Document>(path: &Path) -> Result<D, Error> {
    let sort = D::SORT;
    let path = if path.is_dir() { path.join(sort.file) } else { path.to_owned() };
    let text = match read_text(&path) {
        Ok(text) => text,
        Err(source) => return Err(Error::Read { path, source }),
    };
    if text.len() as u64 > SIZE_MAX {
        return Err(Error::TooLarge { path, sort });
    }
    let head = match serde_json::from_str::<Head>(&text) {
        Err(source) if !source.is_data() => return Err(Error::NotJson { path, source }),
        // A list would pass for its fields in their order.
        Ok(head) if text.trim_start().starts_with('{') => head,
        _ => return Err(Error::NotOfItsSort { path, sort }),
    };
    match head.format {
        Some(found) if head.kind.as_deref() == sort.kind => {
            if found != u64::from(sort.format) {
                return Err(Error::Version { path, sort, found });
            }
        }
        _ => return Err(Error::NotOfItsSort { path, sort }),
    }
    if head.is_beyond_counting() {
        let source = serde_json::Error::custom("it counts more than anybody can");
        return Err(Error::Malformed { path, sort, source });
    }
    Distribution::reading_within(HISTOGRAMS_MAX, || serde_json::from_str(&text))
        .map_err(|source| Error::Malformed { path, sort, source })
}

/// Writes the document and all that is made from it. A new folder appears whole or not at all; in a
/// folder that is there, each file is replaced whole, the document last, and other files stay.
///
/// # Errors
/// If the folder cannot be written.
pub fn write<D: Document>(document: &D, folder: &Path) -> Result<(), Error> {
    let mut files = document.beside();
    files.extend(D::FORMATS.iter().flat_map(|&format| document.files(format)));
    write_files(&files, folder)
}

/// The same for some formats only.
///
/// # Errors
/// If the folder cannot be written.
pub fn write_formats<D: Document>(
    document: &D,
    formats: &[Format],
    folder: &Path,
) -> Result<(), Error> {
    let files: Vec<_> = formats.iter().flat_map(|&format| document.files(format)).collect();
    write_files(&files, folder)
}

/// Writes files by their names within the folder, in their order.
fn write_files(files: &[(PathBuf, String)], folder: &Path) -> Result<(), Error> {
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

/// The one file of a format.
pub(super) fn one(name: &str, content: String) -> Vec<(PathBuf, String)> {
    vec![(name.into(), content)]
}

/// A file for each chart.
pub(super) fn drawings(charts: &[Chart]) -> Vec<(PathBuf, String)> {
    let drawing = |chart: &Chart| (format!("charts/{}.svg", chart.slug).into(), chart.standalone());
    charts.iter().map(drawing).collect()
}

/// The document as its file holds it.
pub fn json<D: Document>(document: &D) -> String {
    let mut text = serde_json::to_string_pretty(document)
        .expect("a document is plain data, and a histogram in memory can be written");
    text.push('\n');
    text
}

/// Reads no further than is needed to see that a file is too large: it may have no end.
fn read_text(path: &Path) -> io::Result<String> {
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
