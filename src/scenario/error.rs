//! Why there is no scenario, as a person wants to be told.

use std::fmt;
use std::io;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::problem::Located;
use crate::backend::veiled;

/// Why a scenario could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no scenario {}", .argument.display())]
    Missing {
        argument: PathBuf,
        /// What was probably meant.
        nearest: Option<String>,
        /// The scenarios that there are where it was looked for.
        known: Vec<String>,
    },
    #[error("{} is a directory, not a scenario's file", .path.display())]
    Directory { path: PathBuf, known: Vec<String> },
    #[error("cannot read {}", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} is larger than 1 MiB, which no such file is", .path.display())]
    TooLarge { path: PathBuf },
    #[error("{} is not UTF-8 text; the first wrong byte is in line {line}", .path.display())]
    NotText { path: PathBuf, line: usize },
    #[error(transparent)]
    Rejected(Rejected),
}

/// A text that is no scenario, with everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    origin: String,
    text: String,
    problems: Vec<Located>,
}

/// How wide a message may become, in characters.
const WIDTH: usize = 100;
/// What the margin with the line's number takes of it, roughly.
const MARGIN: usize = 8;

impl Error {
    /// What to do about it, where that can be said.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Missing { nearest: Some(nearest), .. } => {
                Some(format!("did you mean `{nearest}`?"))
            }
            Self::Missing { known, .. } | Self::Directory { known, .. } if !known.is_empty() => {
                Some(format!("the scenarios here are {}", known.join(", ")))
            }
            Self::Missing { .. } => Some("`cacheduel init` writes one to start from".into()),
            _ => None,
        }
    }
}

impl Rejected {
    pub(super) fn new(origin: String, text: String, mut problems: Vec<Located>) -> Self {
        problems.sort_by_key(|located| located.span.start);
        Self { origin, text, problems }
    }

    /// Everything that is wrong, in the order of the text.
    pub fn problems(&self) -> impl Iterator<Item = &super::Problem> {
        self.problems.iter().map(|located| &located.problem)
    }

    /// Each problem under the line that it is about, with a caret at the place.
    pub fn render(&self, coloured: bool) -> String {
        let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.term_width(WIDTH);
        let mut shown: Vec<_> =
            self.problems.iter().map(|problem| self.render_one(&renderer, problem)).collect();
        if shown.len() > 1 {
            let count =
                Level::ERROR.primary_title(format!("{} problems in {}", shown.len(), self.origin));
            shown.push(renderer.render(&[annotate_snippets::Group::with_title(count)]));
        }
        shown.join("\n\n")
    }

    fn render_one(&self, renderer: &Renderer, located: &Located) -> String {
        let problem = &located.problem;
        let span = self.within(located);
        // Beside the caret there is room for what fits into the line; the rest goes below.
        let taken = MARGIN + self.column(span.end);
        let fits = |label: &&str| taken + label.chars().count() <= WIDTH;
        // What is told may end up where others read it, and the place may be an address.
        let (text, message) = (veiled(&self.text), veiled(&problem.message));
        let label = problem.label.as_deref().map(veiled);
        let label = label.as_deref();
        let short = label.filter(fits);
        let annotation = AnnotationKind::Primary.span(span).label(short);
        let snippet = Snippet::source(&text).path(&self.origin).fold(true).annotation(annotation);
        let mut group = Level::ERROR.primary_title(&message).element(snippet);
        if let Some(long) = label.filter(|_| short.is_none()) {
            group = group.element(Level::NOTE.message(wrap(long)));
        }
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(wrap(help)));
        }
        renderer.render(&[group])
    }

    /// How far into its line a place of the text is, in characters.
    fn column(&self, at: usize) -> usize {
        let before = &self.text[..at];
        before.rsplit('\n').next().unwrap_or(before).chars().count()
    }

    /// The place of a problem, moved to where the text has whole characters.
    fn within(&self, located: &Located) -> std::ops::Range<usize> {
        let floor = |mut at: usize| {
            at = at.min(self.text.len());
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = floor(located.span.start);
        start..floor(located.span.end).max(start)
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Rejected {}

/// Breaks a message into lines that fit beside the margin of a snippet.
fn wrap(text: &str) -> String {
    let mut wrapped = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH - 16 {
            wrapped.push('\n');
            column = 0;
        } else if column > 0 {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(word);
        column += width;
    }
    wrapped
}
