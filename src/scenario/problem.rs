//! What is wrong with a scenario, in terms of its keys; where that is in the text is found later,
//! so that neither the options nor their checks know about files.

use std::ops::Range;

/// Something that is wrong with a scenario, or that its reader should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub severity: Severity,
    /// The keys from the top of the file to the one in question: `["workload", "reads"]`.
    pub path: Vec<String>,
    pub part: Part,
    /// What is wrong, as a sentence without its full stop.
    pub message: String,
    /// What was expected, for the place itself.
    pub label: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Error,
    Warning,
}

/// Which part of an entry is in question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Key,
    Value,
}

/// A problem and the bytes of the text that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    pub problem: Problem,
    pub span: Range<usize>,
}

impl Problem {
    /// A problem with the value under `path`.
    pub fn error(path: &[&str], message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            path: path.iter().map(|&key| key.to_owned()).collect(),
            part: Part::Value,
            message: message.into(),
            label: None,
            help: None,
        }
    }

    /// What is allowed, but should be known.
    pub fn warning(path: &[&str], message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(path, message) }
    }

    /// The same about the key instead of its value.
    pub fn about_key(self) -> Self {
        Self { part: Part::Key, ..self }
    }

    /// Says at the place itself what was expected there.
    pub fn expected(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }

    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}
