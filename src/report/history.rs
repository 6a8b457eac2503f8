//! A history for a terminal, and as JSON for other programs.

use schemars::JsonSchema;
use serde::Serialize;

use super::emit::{better, pretty, unit};
use super::table::{Cell, Mark, Table, figures, words};
use super::text::Page;
use crate::compare::difference::sentences::signed;
use crate::compare::figure::count;
use crate::compare::statistics::{SERIES_MIN, relative_change};
use crate::history::{Point, Series, Shift};

/// The version of the JSON. Raised when a reader of the old one would be wrong.
pub const FORMAT: u32 = 1;
/// So many points at the end of a series are drawn.
const DRAWN: usize = 24;
/// The signs that a course is drawn with, from its lowest figure to its highest.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// All series by what they ran on, ending in a newline. Where there is one only, each point of it too.
pub fn text(all: &[Series]) -> String {
    let mut page = Page::default();
    let runs = all.iter().map(|series| series.points.len()).max().unwrap_or_default();
    let series = many(all.len(), "figure");
    page.line(&format!("{series} over up to {}", many(runs, "run")), "");
    for group in all.chunk_by(is_beside) {
        let Some(first) = group.first() else { continue };
        let plan = first.plan.get(..8).unwrap_or(&first.plan);
        page.section(&format!("{}: PLAN {plan}", first.scenario.to_uppercase()));
        page.hanging("  on ", &first.on);
        page.table(&courses(group));
    }
    if let [only] = all {
        page.section("EACH RUN");
        page.table(&points(only));
    }
    page.section("WHAT HAS CHANGED");
    let changes: Vec<String> =
        all.iter().flat_map(|series| series.shifts.iter().map(|it| told(series, it))).collect();
    for change in &changes {
        page.hanging("  ", change);
    }
    if changes.is_empty() {
        let is_exact = all.iter().all(|series| series.simulated);
        let nothing = if is_exact { "Nothing." } else { "Nothing that can be told from chance." };
        page.line(nothing, "  ");
    }
    let is_short = |series: &&Series| !series.simulated && series.points.len() < SERIES_MIN;
    match all.iter().filter(is_short).count() {
        0 => {}
        short => page.line(
            &format!(
                "{} of these have fewer than {SERIES_MIN} runs: no change is told from chance in so few.",
                count(short as u64)
            ),
            "  ",
        ),
    }
    page.text
}

/// `read p50 of cache-aside rose by 18 % at revision 1a2b3c (2026-11-20T02:00:07Z), from 301 us to 355 us: worse`
fn told(series: &Series, shift: &Shift) -> String {
    let Shift { at, from, to } = shift;
    let Point { started, revision, .. } = &series.points[*at];
    let verb = if shift.change() > 0.0 { "rose" } else { "fell" };
    let by = match shift.change() {
        change if change.is_infinite() => String::new(),
        change => format!(" by {}", signed(change).trim_start_matches(['+', '-'])),
    };
    let revision = match revision.as_str() {
        "" => "a revision that is not known".to_owned(),
        known => format!("revision {known}"),
    };
    let (from, to) = (from.apart_from(*to), to.apart_from(*from));
    let side = if shift.is_worse(series.metric) { "worse" } else { "better" };
    format!(
        "{} of {} {verb}{by} at {revision} ({started}), from {from} to {to}: {side}",
        series.metric.name(),
        series.strategy
    )
}

fn is_beside(one: &Series, other: &Series) -> bool {
    let of = |series: &Series| (series.scenario.clone(), series.on.clone(), series.plan.clone());
    of(one) == of(other)
}

fn many(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{} {what}s", count(number as u64)) }
}

/// The strategy, and until when it was so where it has other options, or servers other settings, by now.
fn named(series: &Series, group: &[Series]) -> String {
    let last = |series: &Series| series.points.last().map(|point| point.started.clone());
    let is_later = |other: &Series| {
        (&other.strategy, other.metric) == (&series.strategy, series.metric)
            && last(other) > last(series)
    };
    let until = last(series).filter(|_| group.iter().any(is_later));
    let day = until.as_ref().map(|started| started.get(..10).unwrap_or(started));
    day.map_or(series.strategy.clone(), |day| format!("{} (until {day})", series.strategy))
}

/// A row for each series.
fn courses(group: &[Series]) -> Table {
    let mut table = Table::new(
        "what each figure was, and what it is",
        [
            words("strategy"),
            words("figure"),
            figures("runs"),
            figures("first"),
            figures("last"),
            figures("change"),
            words("course"),
        ],
    );
    for series in group {
        let ends = [series.points.first(), series.points.last()].map(|it| it.map(|it| it.figure));
        let [Some(first), Some(last)] = ends else { continue };
        table.push([
            named(series, group).into(),
            series.metric.name().into(),
            Cell::from(series.points.len().to_string()),
            first.apart_from(last).into(),
            last.apart_from(first).into(),
            signed(relative_change(first.value(), last.value())).into(),
            course(&series.points).into(),
        ]);
    }
    table
}

fn points(series: &Series) -> Table {
    let mut table = Table::new(
        "what it was in each run",
        [words("started"), words("revision"), figures("figure"), words(""), words("")],
    );
    let heights = heights(&series.points);
    for (place, (point, height)) in series.points.iter().zip(heights).enumerate() {
        let shift = series.shifts.iter().find(|shift| shift.at == place);
        let note = match (point.valid, shift) {
            (false, _) => Cell::marked("INVALID", Mark::Bad),
            (true, Some(shift)) => format!("{} from here on", signed(shift.change())).into(),
            (true, None) => Cell::default(),
        };
        table.push([
            point.started.clone().into(),
            point.revision.clone().into(),
            point.figure.to_string().into(),
            "#".repeat(1 + height.unwrap_or_default()).into(),
            note,
        ]);
    }
    table
}

/// The last points as a line of signs; a dot stands for what is not valid.
fn course(points: &[Point]) -> String {
    let drawn = &points[points.len().saturating_sub(DRAWN)..];
    let sign = |height: Option<usize>| height.map_or('.', |height| HEIGHTS[height]);
    heights(drawn).into_iter().map(sign).collect()
}

/// How high each point stands between the lowest and the highest of all, in as many steps as there are
/// signs; `None` of what is not valid.
fn heights(points: &[Point]) -> Vec<Option<usize>> {
    let valid = |point: &Point| point.valid.then(|| point.figure.value());
    let values = || points.iter().filter_map(valid);
    let low = values().fold(f64::INFINITY, f64::min);
    let high = values().fold(f64::NEG_INFINITY, f64::max);
    let steps = HEIGHTS.len() - 1;
    let height = |value: f64| match high > low {
        true => ((value - low) / (high - low) * steps as f64).round() as usize,
        false => 0,
    };
    points.iter().map(|point| valid(point).map(height)).collect()
}

/// What `history --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HistoryFile {
    /// `history`.
    pub kind: &'static str,
    /// The version of this form.
    pub format: u32,
    pub series: Vec<SeriesFile>,
}

/// One figure over time, all of it under the same conditions.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SeriesFile {
    pub scenario: String,
    pub strategy: String,
    /// As scenarios name it: `read-p99`.
    pub metric: &'static str,
    /// `ns`, `ratio`, `count` or `bytes`.
    pub unit: &'static str,
    /// `lower` or `higher`.
    pub better: &'static str,
    pub simulated: bool,
    /// A digest of everything that the figures depend on.
    pub conditions: String,
    /// The plan's hash.
    pub plan: String,
    /// Machine and servers, or the profile of a simulation.
    pub on: String,
    pub points: Vec<PointFile>,
    pub shifts: Vec<ShiftFile>,
}

/// The figure of one run.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PointFile {
    /// As RFC 3339 in UTC.
    pub started: String,
    /// Of what was tested; empty where it is not known.
    pub revision: String,
    /// The version of cacheduel.
    pub tool: String,
    pub value: f64,
    /// What is not valid is in no level.
    pub valid: bool,
}

/// Where the figure has come to another level.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ShiftFile {
    /// The place in `points` at which it begins, from 0.
    pub at: usize,
    pub started: String,
    pub revision: String,
    /// The medians of both levels.
    pub from: f64,
    pub to: f64,
    /// As a share of what it was; null where that was nothing.
    pub change: Option<f64>,
    pub worse: bool,
}

/// The whole file, ending in a newline.
pub fn json(all: &[Series]) -> String {
    let series = all.iter().map(series_file).collect();
    pretty(&HistoryFile { kind: "history", format: FORMAT, series })
}

fn series_file(series: &Series) -> SeriesFile {
    let point = |point: &Point| PointFile {
        started: point.started.clone(),
        revision: point.revision.clone(),
        tool: point.tool.clone(),
        value: point.figure.value(),
        valid: point.valid,
    };
    let shift = |shift: &Shift| ShiftFile {
        at: shift.at,
        started: series.points[shift.at].started.clone(),
        revision: series.points[shift.at].revision.clone(),
        from: shift.from.value(),
        to: shift.to.value(),
        change: Some(shift.change()).filter(|change| change.is_finite()),
        worse: shift.is_worse(series.metric),
    };
    SeriesFile {
        scenario: series.scenario.clone(),
        strategy: series.strategy.clone(),
        metric: series.metric.slug(),
        unit: series.points.last().map_or("none", |point| unit(point.figure)),
        better: better(series.metric),
        simulated: series.simulated,
        conditions: series.conditions.clone(),
        plan: series.plan.clone(),
        on: series.on.clone(),
        points: series.points.iter().map(point).collect(),
        shifts: series.shifts.iter().map(shift).collect(),
    }
}
