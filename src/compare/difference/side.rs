//! What a side of a comparison may be: a Record, or exact figures that were written down.

use std::fmt;

use crate::record::{Baseline, Record};

/// One side.
#[derive(Clone, Copy, Debug)]
pub enum Side<'a> {
    Record(&'a Record),
    Kept(&'a Baseline),
}

/// What is told of a side: whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Record {
        /// The version of the tool that made it.
        tool: String,
        /// As RFC 3339 in UTC.
        started: String,
    },
    Kept {
        /// Where the profile's figures come from.
        profile: String,
    },
}

impl<'a> Side<'a> {
    /// The scenario's name.
    pub fn name(self) -> &'a str {
        match self {
            Self::Record(record) => &record.name,
            Self::Kept(baseline) => &baseline.scenario,
        }
    }

    /// The scenario's question, where it is known.
    pub fn question(self) -> Option<&'a str> {
        match self {
            Self::Record(record) => Some(&record.scenario.question),
            Self::Kept(_) => None,
        }
    }

    pub fn subject(self) -> Subject {
        match self {
            Self::Record(Record { tool, started, .. }) => {
                Subject::Record { tool: tool.clone(), started: started.clone() }
            }
            Self::Kept(baseline) => Subject::Kept { profile: baseline.profile.clone() },
        }
    }
}

impl<'a> From<&'a Record> for Side<'a> {
    fn from(record: &'a Record) -> Self {
        Self::Record(record)
    }
}

impl<'a> From<&'a Baseline> for Side<'a> {
    fn from(baseline: &'a Baseline) -> Self {
        Self::Kept(baseline)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record { tool, started } => write!(f, "{tool}, started {started}"),
            Self::Kept { profile } => write!(f, "exact figures as written down; profile {profile}"),
        }
    }
}
