//! What a person writes: a TOML file, read into a checked [`Scenario`].
//!
//! A file is read in three steps, each of which says where in the text its problems are: the TOML
//! itself, its shape (`reading`), and whether what it says makes sense (`checks`).

mod checks;
mod error;
mod finding;
mod gate;
mod nearest;
mod problem;
mod profile;
mod reading;
mod schedule;
mod strategies;
mod tree;
mod types;
pub mod vary;

pub use checks::validate;
pub use error::{Error, Rejected};
pub use finding::names;
pub use gate::{Effect, Gate, Gated};
pub use problem::{Part, Problem, Severity};
pub use profile::{parse_profile, profile};
pub use schedule::{Schedule, Turn};
pub use strategies::{Contender, Strategies, options};
pub use types::{Preference, Scenario, Thresholds};

// What breaks is part of a scenario, so that its readers need to know the scenario alone.
pub use crate::workload::PlannedFault;

use std::path::{Path, PathBuf};

use problem::Located;
use tree::Tree;

/// A scenario as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The name of its file without the ending.
    pub name: String,
    pub scenario: Scenario,
    /// The file's text.
    pub source: String,
    /// Where its file is; the names of other files in it are relative to this.
    pub directory: PathBuf,
    /// What is allowed, but makes some figure mean less than it seems to.
    pub warnings: Vec<Problem>,
}

/// Reads and checks the scenario that `argument` names: a path, or `quickstart` for
/// `scenarios/quickstart.toml`.
///
/// # Errors
/// [`Error`], with everything that is wrong and where.
pub fn load(argument: &Path) -> Result<Loaded, Error> {
    let path = finding::find(argument)?;
    let source = finding::read(&path)?;
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let directory = path.parent().unwrap_or(Path::new("")).to_owned();
    check(name, path.display().to_string(), source, directory)
}

/// Checks a scenario that is no file; it goes by `name`, also in messages. The names of other files
/// in it are relative to the working directory.
///
/// # Errors
/// [`Error::Rejected`], with everything that is wrong and where.
pub fn parse(name: &str, text: &str) -> Result<Loaded, Error> {
    check(name.to_owned(), name.to_owned(), text.to_owned(), PathBuf::new())
}

fn check(
    name: String,
    origin: String,
    source: String,
    directory: PathBuf,
) -> Result<Loaded, Error> {
    match examine(&source, &directory) {
        Ok((scenario, warnings)) => Ok(Loaded { name, scenario, source, directory, warnings }),
        Err(problems) => Err(Error::Rejected(Rejected::new(origin, source, problems))),
    }
}

/// The scenario and the warnings about it, or all that is wrong with it.
fn examine(text: &str, directory: &Path) -> Result<(Scenario, Vec<Problem>), Vec<Located>> {
    let tree = Tree::parse(text).map_err(|error| vec![reading::syntax(&error, text)])?;
    let scenario = reading::scenario(text, &tree).map_err(|problem| vec![problem])?;
    let mut problems = validate(&scenario);
    problems.extend(checks::unused(&scenario, &tree));
    problems.extend(checks::files(&scenario, directory));
    let (errors, warnings): (Vec<_>, Vec<_>) =
        problems.into_iter().partition(|problem| problem.severity == Severity::Error);
    if errors.is_empty() {
        return Ok((scenario, warnings));
    }
    Err(errors.into_iter().map(|problem| tree.locate(problem)).collect())
}

#[cfg(test)]
mod tests;
