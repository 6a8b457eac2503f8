//! Finds and reads a scenario's file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::nearest::nearest;

/// Where scenarios are looked for by name.
const DIRECTORY: &str = "scenarios";
/// No scenario is nearly as large; whatever is larger was given by mistake.
const SIZE_MAX: u64 = 1 << 20;

/// The file that `argument` names: a path, or the name of a file in `scenarios/` without its ending.
pub fn find(argument: &Path) -> Result<PathBuf, Error> {
    if argument.exists() && !argument.is_dir() {
        return Ok(argument.to_owned());
    }
    if let Some(path) = by_name(argument).filter(|path| path.is_file()) {
        return Ok(path);
    }
    if argument.is_dir() {
        let known = names(argument).unwrap_or_default();
        return Err(Error::Directory { path: argument.to_owned(), known });
    }
    Err(missing(argument))
}

fn missing(argument: &Path) -> Error {
    let known = names(Path::new(DIRECTORY)).unwrap_or_default();
    let stem = argument.file_stem().unwrap_or_default().to_string_lossy();
    let directory = argument.parent().unwrap_or(Path::new(""));
    let beside = names(directory).unwrap_or_default();
    let like =
        |names: &[String]| nearest(&stem, names.iter().map(String::as_str)).map(str::to_owned);
    let nearest = match by_name(argument) {
        Some(_) => like(&known),
        None => like(&beside)
            .map(|name| directory.join(name).with_extension("toml").display().to_string())
            .or_else(|| like(&known)),
    };
    Error::Missing { argument: argument.to_owned(), nearest, known }
}

/// The text of the file at `path`.
pub fn read(path: &Path) -> Result<String, Error> {
    let bytes =
        read_bytes(path).map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
    if bytes.len() as u64 > SIZE_MAX {
        return Err(Error::TooLarge { path: path.to_owned() });
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|&&byte| byte == b'\n').count();
        Error::NotText { path: path.to_owned(), line }
    })
}

/// The names of the scenarios in `directory`, in alphabetical order.
///
/// # Errors
/// If the directory cannot be read.
pub fn names(directory: &Path) -> io::Result<Vec<String>> {
    let directory = if directory == Path::new("") { Path::new(".") } else { directory };
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Where a bare name would be.
fn by_name(argument: &Path) -> Option<PathBuf> {
    let is_bare = argument.components().count() == 1 && argument.extension().is_none();
    let name = is_bare.then(|| argument.file_name()).flatten()?;
    Some(Path::new(DIRECTORY).join(name).with_extension("toml"))
}

/// Reads no further than is needed to see that a file is too large: it may have no end.
fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(SIZE_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
