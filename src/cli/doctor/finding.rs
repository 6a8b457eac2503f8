//! What was found, whether it is well, and what to do if it is not.

use serde::Serialize;
use serde_json::json;

use crate::cli::text;

/// Whether something is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    Ok,
    /// It works, but something should be known.
    Warn,
    /// What was asked for does not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    pub standing: Standing,
    pub what: String,
    pub found: String,
    /// What to do about it, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// Findings about one thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Section {
    pub title: String,
    pub findings: Vec<Finding>,
}

/// The columns in which what was looked at, and what was found, begin.
const WHAT: usize = 6;
const FOUND: usize = 29;

impl Finding {
    pub fn ok(what: &str, found: impl Into<String>) -> Self {
        Self { standing: Standing::Ok, what: what.into(), found: found.into(), advice: None }
    }

    pub fn warn(what: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { standing: Standing::Warn, ..Self::ok(what, found).with(advice) }
    }

    pub fn fail(what: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { standing: Standing::Fail, ..Self::ok(what, found).with(advice) }
    }

    /// The same, with something to do or to know beside it.
    pub fn with(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }
}

impl Section {
    pub fn new(title: &str, findings: Vec<Finding>) -> Self {
        Self { title: title.into(), findings }
    }
}

impl Standing {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// The findings as a person reads them, and how many of each kind there are.
pub fn text(sections: &[Section]) -> String {
    let mut told = String::new();
    for section in sections {
        told.push_str(&format!("{}\n", section.title));
        for finding in &section.findings {
            let head = format!("{:WHAT$}{}", finding.standing.name(), finding.what);
            told.push_str(&text::entry(&head, &finding.found, 2, WHAT + FOUND));
            if let Some(advice) = &finding.advice {
                told.push_str(&text::entry("", &format!("-> {advice}"), 2, WHAT + FOUND));
            }
        }
        told.push('\n');
    }
    let [ok, warn, fail] = counts(sections);
    told.push_str(&format!("{ok} ok, {warn} warn, {fail} fail\n"));
    told
}

/// The findings as JSON.
pub fn json(sections: &[Section]) -> String {
    let [ok, warn, fail] = counts(sections);
    let all = json!({ "ok": ok, "warn": warn, "fail": fail, "sections": sections });
    format!("{all:#}")
}

fn counts(sections: &[Section]) -> [usize; 3] {
    [Standing::Ok, Standing::Warn, Standing::Fail].map(|standing| {
        let findings = sections.iter().flat_map(|section| &section.findings);
        findings.filter(|finding| finding.standing == standing).count()
    })
}
