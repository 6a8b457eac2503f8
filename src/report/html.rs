//! The report as one page: self-contained, offline, and whole without scripts.

use askama::Template;

use super::charts::{self, Chart};
use super::facts::{self, Fact};
use super::table::{Cell, Mark, Table};
use super::tables::Through;
use super::{notice, tables};
use crate::compare::Verdict;
use crate::compare::next::{Hint, hints};
use crate::record::{Record, Standing};

/// The note of the preferred strategy's row.
const PREFERRED: &str = "preferred";

/// The whole page.
pub fn render(record: &Record) -> String {
    let page = Page::of(record);
    page.render().expect("the template only writes strings to memory")
}

/// What every page looks like.
pub(super) fn style() -> String {
    format!("{}\n{}", charts::STYLE, include_str!("html/page.css"))
}

#[derive(Template)]
#[template(path = "html/page.html")]
struct Page<'a> {
    record: &'a Record,
    verdict: Verdict,
    style: String,
    summary: Table,
    hints: Vec<Hint>,
    thresholds: Table,
    details: Vec<Detail>,
    faults: Vec<Through>,
    troubles: Vec<String>,
    latency: Table,
    servers: Table,
    database: Table,
    theory: Table,
    checks: Table,
    contenders: Table,
    charts: Vec<Chart>,
    facts: Vec<Fact>,
    command: String,
    notice: Option<String>,
}

/// A section of one table that is there only where it has something to say.
struct Detail {
    id: &'static str,
    title: &'static str,
    table: Table,
}

impl<'a> Page<'a> {
    fn of(record: &'a Record) -> Self {
        let verdict = Verdict::of(record);
        let correctness = tables::correctness(record, &verdict);
        let mut summary = tables::speed(record, &verdict).beside(&correctness);
        summary.caption =
            "Response times run from the intended start; a cell with too few samples \
                           is empty"
                .into();
        if let Some(best) = &verdict.best {
            for cell in summary.rows.iter_mut().filter_map(|row| row.first_mut()) {
                if cell.text == best.label {
                    cell.note = PREFERRED;
                } else if best.as_good.iter().any(|peer| cell.text == peer.label) {
                    cell.note = "as good";
                }
            }
        }
        Self {
            style: style(),
            summary,
            hints: hints(record),
            thresholds: tables::thresholds(&verdict),
            details: details(record, &verdict),
            faults: tables::through(record, &verdict),
            troubles: tables::troubles(record),
            latency: tables::latency(record),
            servers: tables::servers(record),
            database: tables::database(record),
            theory: tables::theory(record),
            checks: tables::checks(record),
            contenders: tables::contenders(record),
            charts: charts::all(record),
            facts: facts::of(record),
            command: facts::command(record),
            notice: notice(record),
            verdict,
            record,
        }
    }

    /// What the figures through faults mean.
    const fn faults_explained(&self) -> &'static str {
        tables::EXPLAINED
    }

    fn is_invalid(&self) -> bool {
        self.verdict.standing == Standing::Invalid
    }

    fn standing_class(&self) -> &'static str {
        match self.verdict.standing {
            Standing::Invalid => "bad",
            Standing::Warn => "warn",
            _ => "good",
        }
    }
}

fn details(record: &Record, verdict: &Verdict) -> Vec<Detail> {
    let detail = |id, title, table| Detail { id, title, table };
    let mut details = vec![
        detail("beside", "Simulated beside real", tables::beside(record)),
        detail("steps", "By rate", tables::steps(record)),
        detail("served-by", "What served the reads", tables::served_by(record, verdict)),
        detail("stampedes", "Stampedes", tables::stampedes(record, verdict)),
        detail("entries", "Entries", tables::entries(record, verdict)),
        detail("full", "A cache that is full", tables::full(record)),
        detail("api", "The API", tables::api(record)),
        detail("sessions", "Sessions", tables::sessions(record, verdict)),
        detail("failed", "Failed requests", tables::faults(record)),
        detail("repeats", "Over repeats", tables::repeats(record)),
        detail("noise-floor", "Noise floor", tables::noise_floor(record)),
    ];
    if let Some(calibration) = &record.calibration {
        let (cost, lags) =
            (tables::calibration::cost(calibration), tables::calibration::lags(calibration));
        details.push(detail("generator", "The load generator", cost));
        details.push(detail("generator-lag", "The load generator's lag", lags));
    }
    details.retain(|detail| !detail.table.is_empty());
    details
}

impl Cell {
    /// The class of the cell's mark in the page.
    pub(super) fn class(&self) -> &'static str {
        match self.mark {
            Mark::None => "",
            Mark::Good => "good",
            Mark::Warn => "warn",
            Mark::Bad => "bad",
        }
    }

    pub(super) fn is_preferred(&self) -> bool {
        self.note == PREFERRED
    }

    /// Whether the mark says what the text does not: a figure that misses its threshold.
    pub(super) fn is_missed_figure(&self) -> bool {
        self.mark == Mark::Bad && self.text.starts_with(|c: char| c.is_ascii_digit())
    }
}
