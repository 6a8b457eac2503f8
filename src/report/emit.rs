//! Figures for other programs: one format for each file. Each takes a Record or a comparison of two, and
//! is a pure function of it.

mod action_benchmark;
mod bencher;
mod go_bench;
pub mod json;
mod junit;
mod markdown;
mod open_metrics;
mod rows;

pub(super) use self::rows::{better, unit};

use self::action_benchmark::Better;
use super::{comparison, html};
use crate::compare::Comparison;
use crate::record::Record;

/// A form that other programs read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// Our own, by a JSON Schema.
    Json,
    /// For people, where a service shows Markdown: the summary of a step, a comment.
    Markdown,
    /// Test results as most build servers read them.
    Junit,
    /// For github-action-benchmark: figures of which less is better.
    SmallerIsBetter,
    /// For github-action-benchmark: figures of which more is better.
    BiggerIsBetter,
    /// Bencher Metric Format.
    Bencher,
    /// The text of Go's benchmarks, for benchstat.
    GoBench,
    /// OpenMetrics, as Prometheus reads it from a file.
    OpenMetrics,
    /// For people: a page that is whole without network and scripts.
    Html,
}

/// What is told.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    Record(&'a Record),
    Comparison(&'a Comparison),
}

/// The whole file, ending in a newline.
pub fn render(subject: Subject<'_>, form: Form) -> String {
    match form {
        Form::Json => json::render(subject),
        Form::Markdown => markdown::render(subject),
        Form::Junit => junit::render(subject),
        Form::SmallerIsBetter => action_benchmark::render(subject, Better::Smaller),
        Form::BiggerIsBetter => action_benchmark::render(subject, Better::Bigger),
        Form::Bencher => bencher::render(subject),
        Form::GoBench => go_bench::render(subject),
        Form::OpenMetrics => open_metrics::render(subject),
        Form::Html => page(subject),
    }
}

impl Form {
    pub const ALL: [Self; 9] = [
        Self::Json,
        Self::Markdown,
        Self::Junit,
        Self::SmallerIsBetter,
        Self::BiggerIsBetter,
        Self::Bencher,
        Self::GoBench,
        Self::OpenMetrics,
        Self::Html,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Junit => "junit",
            Self::SmallerIsBetter => "smaller-is-better",
            Self::BiggerIsBetter => "bigger-is-better",
            Self::Bencher => "bencher",
            Self::GoBench => "go-bench",
            Self::OpenMetrics => "openmetrics",
            Self::Html => "html",
        }
    }
}

fn page(subject: Subject<'_>) -> String {
    let page = match subject {
        Subject::Record(record) => html::render(record),
        Subject::Comparison(comparison) => comparison::html(comparison),
    };
    page + "\n"
}

/// Data as a file of JSON.
pub(super) fn pretty<T: serde::Serialize>(data: &T) -> String {
    let mut text = serde_json::to_string_pretty(data).expect("plain data can be written");
    text.push('\n');
    text
}
