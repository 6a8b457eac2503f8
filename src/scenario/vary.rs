//! One option of a scenario over several values: each makes a scenario of its own, read and checked like
//! any other, so that what is wrong with a value is known before anything runs.

mod edit;
mod known;
mod target;
mod values;

pub use values::{Scale, Unit, Value};

use std::path::PathBuf;

use super::{Error, Loaded, check};
use edit::Document;
use values::Values;

/// Names for options that are varied often, with what they stand for.
pub const SHORT_NAMES: [&str; 12] = [
    "ttl",
    "jitter",
    "writes",
    "reads",
    "exponent",
    "nodes",
    "clients",
    "rate",
    "keys",
    "maxmemory",
    "delay",
    "stampede",
];

/// A scenario's option over some values.
#[derive(Clone, Debug, PartialEq)]
pub struct Variation {
    /// The option as it was named.
    pub option: String,
    pub scale: Scale,
    pub unit: Unit,
    /// One for each value, in their order.
    pub variants: Vec<Variant>,
}

/// The scenario with one of the values.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    pub value: Value,
    pub loaded: Loaded,
}

/// Why an option cannot be varied like that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unvaried(String);

impl Unvaried {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// With what was probably meant, where that is known.
    fn meant(self, name: Option<&str>) -> Self {
        match name {
            Some(name) => Self(format!("{}; did you mean `{name}`?", self.0)),
            None => self,
        }
    }
}

/// The scenarios that `argument`, such as `ttl=100ms..10s:5:log` or `workload.nodes=1,2,4`, makes of
/// `base`. Everything else in them is as it was, the seed too.
///
/// # Errors
/// If there is no such option, or the scenario does not make sense with one of the values.
pub fn vary(base: &Loaded, argument: &str) -> Result<Variation, Unvaried> {
    let Some((option, values)) = argument.split_once('=') else {
        return Err(Unvaried::new(format!(
            "`{argument}` has no `=`: expected OPTION=FROM..TO, as in `ttl=100ms..10s`, or \
             OPTION=A,B,C"
        )));
    };
    let option = option.trim();
    let about = |unvaried: Unvaried| Unvaried(format!("{option}: {unvaried}"));
    let values = Values::parse(values).map_err(about)?;
    let target = target::find(&base.scenario, option).map_err(about)?;
    let document = Document::parse(&base.source).map_err(about)?;
    let values = values.list(target.is_whole()).map_err(about)?;
    let variants = values.list.into_iter().map(|value| {
        let loaded = document
            .with(&target, &value)
            .and_then(|source| checked(base, source))
            .map_err(|why| Unvaried(format!("{option} = {}: {why}", value.written)))?;
        Ok(Variant { value, loaded })
    });
    let variants = variants.collect::<Result<_, _>>()?;
    Ok(Variation { option: option.to_owned(), scale: values.scale, unit: values.unit, variants })
}

/// The scenario of a text that was made of `base`'s.
fn checked(base: &Loaded, source: String) -> Result<Loaded, Unvaried> {
    let (name, directory): (String, PathBuf) = (base.name.clone(), base.directory.clone());
    check(name.clone(), name, source, directory).map_err(|error| Unvaried(told(&error)))
}

/// The first problem in one sentence: the text that it is in is nobody's file.
fn told(error: &Error) -> String {
    let Error::Rejected(rejected) = error else {
        return error.to_string();
    };
    let Some(problem) = rejected.problems().next() else {
        return rejected.to_string();
    };
    let parts = [Some(&problem.message), problem.label.as_ref(), problem.help.as_ref()];
    parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
