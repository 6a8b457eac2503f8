//! The view itself: a board laid out in the cells of a terminal.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{Block, Cell, LineGauge, Paragraph, Row, Sparkline, Table};

use super::super::text::rounded;
use super::board::{Board, Point, Sum};
use crate::compare::figure;
use crate::model::Nanos;

/// Rows of a curve with its frame.
const CURVE: u16 = 5;
/// Steps of a curve, from nothing to its peak: more than a terminal has.
const STEPS: f64 = 1_000.0;

const COLUMNS: [&str; 9] = [
    "strategy",
    "runs",
    "read p50",
    "read p99",
    "update p99",
    "hit ratio",
    "store reads/req",
    "stale share",
    "errors",
];
/// Cells of the longest figure, such as `12.3 ms`.
const WIDEST_FIGURE: usize = 7;
const GAP: u16 = 2;

/// A figure over the course of the run under way.
struct Curve {
    name: &'static str,
    of: fn(&Point) -> Option<f64>,
    told: fn(f64) -> String,
    colour: Color,
}

const CURVES: [Curve; 6] = [
    Curve {
        name: "requests/s",
        of: |it| Some(it.rate),
        told: |it| figure::count(it.round() as u64),
        colour: Color::Blue,
    },
    Curve {
        name: "read p50",
        of: |it| it.read_p50.map(|span| span.0 as f64),
        told: |it| figure::time(Nanos(it as u64)),
        colour: Color::Cyan,
    },
    Curve { name: "hit ratio", of: |it| it.hit_ratio, told: figure::share, colour: Color::Green },
    Curve {
        name: "store reads/s",
        of: |it| Some(it.store_reads),
        told: |it| figure::count(it.round() as u64),
        colour: Color::Magenta,
    },
    Curve {
        name: "stale share",
        of: |it| it.stale_share,
        told: figure::share,
        colour: Color::Yellow,
    },
    Curve { name: "errors", of: |it| it.error_share, told: figure::share, colour: Color::Red },
];

pub fn draw(frame: &mut Frame<'_>, board: &Board) {
    let rows = [
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(CURVE),
        Constraint::Length(CURVE),
        Constraint::Min(3),
        Constraint::Length(1),
    ];
    let [title, gauge, _, above, below, table, foot] = Layout::vertical(rows).areas(frame.area());
    frame.render_widget(Paragraph::new(headline(board)).bold(), title);
    let done = LineGauge::default().ratio(board.share()).label(phase(board));
    frame.render_widget(done.filled_style(Style::new().green()), gauge);
    let thirds = Layout::horizontal([Constraint::Ratio(1, 3); 3]);
    let places = [thirds.split(above), thirds.split(below)];
    let places = places.iter().flat_map(|row| row.iter());
    CURVES.iter().zip(places).for_each(|(curve, place)| curve.draw(frame, *place, &board.course));
    frame.render_widget(so_far(board, table.width), table);
    let hint =
        "Figures as they come; the checks, and what is certain, are in the report. Ctrl-C ends it.";
    frame.render_widget(Paragraph::new(hint).dim(), foot);
}

fn headline(board: &Board) -> String {
    let Some(turn) = &board.turn else {
        return format!("cacheduel  {}: the generator is measured first", board.scenario);
    };
    format!(
        "cacheduel  {}: {}, repeat {}  [{}/{}]",
        board.scenario,
        turn.label,
        turn.repeat + 1,
        turn.position + 1,
        turn.total,
    )
}

/// Where the run under way is, and how long all of them will take.
fn phase(board: &Board) -> String {
    if board.turn.is_none() {
        return "before the first run".into();
    }
    let seconds = |span: Nanos| format!("{:.0}", span.as_secs_f64());
    let end = board.warm_up + board.window;
    let phase = if board.now < board.warm_up {
        format!("warming up {} of {} s", seconds(board.now), seconds(board.warm_up))
    } else if board.now < end {
        let measured = board.now - board.warm_up;
        format!("measuring {} of {} s", seconds(measured), seconds(board.window))
    } else {
        "finishing".into()
    };
    format!("{phase}, about {} left", rounded(Duration::from(board.left())))
}

impl Curve {
    /// The latest at the right, as many as there is room for, from nothing to the highest of them.
    fn draw(&self, frame: &mut Frame<'_>, place: Rect, course: &[Point]) {
        let latest = course.iter().rev().find_map(self.of);
        let told = latest.map_or_else(|| "-".into(), self.told);
        let title =
            Line::from(vec![" ".into(), self.name.into(), " ".into(), told.bold(), " ".into()]);
        let block = Block::bordered().border_style(Style::new().dim()).title(title);
        let room = usize::from(block.inner(place).width);
        let shown = &course[course.len().saturating_sub(room)..];
        let peak = shown.iter().filter_map(self.of).fold(0.0, f64::max);
        let level = |figure: f64| if peak > 0.0 { (figure / peak * STEPS) as u64 } else { 0 };
        let bars: Vec<Option<u64>> = shown.iter().map(|it| (self.of)(it).map(level)).collect();
        let line =
            Sparkline::default().data(bars).max(STEPS as u64).style(self.colour).block(block);
        frame.render_widget(line, place);
    }
}

/// Every strategy that has begun, by the names of the report's own columns, of which as many are shown as fit.
fn so_far(board: &Board, width: u16) -> Table<'_> {
    let longest = board.strategies.iter().map(|(name, _)| name.len()).max();
    let widths = COLUMNS.iter().enumerate().map(|(column, name)| match column {
        0 => longest.unwrap_or_default().max(name.len()) as u16,
        _ => name.len().max(WIDEST_FIGURE) as u16,
    });
    let ends = widths.clone().scan(0, |end, width| {
        *end += width + GAP;
        Some(*end - GAP)
    });
    let fitting = ends.take_while(|end| *end <= width).count().max(1);
    let head = COLUMNS.iter().enumerate().map(|(column, name)| cell((*name).into(), column > 0));
    let begun = board.strategies.iter().filter(|(_, sum)| sum.runs > 0);
    let label = board.turn.as_ref().map(|turn| &turn.label);
    let rows = begun.map(|(name, sum)| {
        let figures = figures(sum).map(|text| cell(text, true));
        let cells = [cell(name.clone(), false)].into_iter().chain(figures);
        let row = Row::new(cells.take(fitting));
        if Some(name) == label { row.bold() } else { row }
    });
    let widths = widths.take(fitting).map(Constraint::Length);
    Table::new(rows, widths).header(Row::new(head.take(fitting)).dim()).column_spacing(GAP)
}

fn figures(sum: &Sum) -> [String; 8] {
    let told = |figure: Option<f64>, how: fn(f64) -> String| figure.map_or_else(String::new, how);
    // As in the report: only where there are enough samples.
    let time = |span: Option<Nanos>| span.map_or_else(String::new, figure::time);
    [
        sum.runs.to_string(),
        time(sum.reads.certified(0.5)),
        time(sum.reads.certified(0.99)),
        time(sum.updates.certified(0.99)),
        told(sum.hit_ratio(), figure::share),
        told(sum.store_reads_per_request(), figure::ratio),
        told(sum.stale_share(), figure::share),
        told(sum.error_share(), figure::share),
    ]
}

fn cell(text: String, is_figure: bool) -> Cell<'static> {
    let line = Line::from(text);
    Cell::from(if is_figure { line.right_aligned() } else { line })
}

#[cfg(test)]
mod tests;
