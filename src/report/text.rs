//! The report for a terminal: never wider than 100 columns, verdict after the tables' figures.

use super::table::Table;
use super::{facts, notice, tables};
use crate::compare::Verdict;
use crate::compare::next::hints;
use crate::compare::verdict::located_checks;
use crate::record::{Calibration, Record, Standing};

/// The widest that a line gets.
pub const WIDTH: usize = 100;

const GAP: usize = 2;

/// The narrowest that a column of words is cut down to.
const WORDS_MIN: usize = 12;

/// The whole report, ending in a newline.
pub fn render(record: &Record) -> String {
    let verdict = Verdict::of(record);
    let mut page = Page::default();
    page.line(&format!("{}: {}", record.name, record.scenario.question), "");
    if let Some(look_at) = &record.scenario.look_at {
        page.hanging("Look at: ", look_at);
    }
    page.notices(record, &verdict);
    page.section("HOW FAST, AND WHAT IT COSTS THE STORE");
    page.table(&tables::speed(record, &verdict));
    page.section("HOW RIGHT");
    page.table(&tables::correctness(record, &verdict));
    for (title, table) in [
        ("SIMULATED BESIDE REAL", tables::beside(record)),
        ("BY RATE", tables::steps(record)),
        ("WHAT SERVED THE READS", tables::served_by(record, &verdict)),
        ("STAMPEDES", tables::stampedes(record, &verdict)),
        ("ENTRIES", tables::entries(record, &verdict)),
        ("A CACHE THAT IS FULL", tables::full(record)),
        ("THE API", tables::api(record)),
        ("SESSIONS", tables::sessions(record, &verdict)),
        ("FAILED REQUESTS", tables::faults(record)),
    ] {
        page.optional(title, &table);
    }
    page.through_faults(record, &verdict);
    page.in_parts("OVER REPEATS (mean and 95 % interval)", &tables::repeats(record));
    page.in_parts(
        "NOISE FLOOR (A/A: the same strategy twice; smaller differences are noise)",
        &tables::noise_floor(record),
    );
    page.section(&format!("VERDICT ({})", verdict.standing.name()));
    for sentence in &verdict.sentences {
        page.line(sentence, "  ");
    }
    page.asked(&verdict);
    page.hints(record);
    let servers = tables::servers(record);
    page.optional("WHAT THE SERVERS SAY THEMSELVES, OVER WHOLE RUNS", &servers);
    page.optional("WHAT THE STORE'S SERVER SAYS ITSELF", &tables::database(record));
    let theory = without_last_column(tables::theory(record));
    page.optional("THEORY (deviation in standard errors)", &theory);
    page.checks(record);
    page.section("WHAT RAN");
    for fact in facts::of(record) {
        page.hanging(&format!("  {:<9}", fact.name), &fact.text);
    }
    page.notices(record, &verdict);
    page.text
}

/// What the load generator costs and can do, as tables.
pub fn calibration(calibration: &Calibration) -> String {
    let mut page = Page::default();
    for table in [tables::calibration::cost(calibration), tables::calibration::lags(calibration)] {
        page.optional(&table.caption.clone(), &table);
    }
    page.text.trim_start().to_owned()
}

/// A report on its way.
#[derive(Default)]
pub(super) struct Page {
    pub(super) text: String,
}

impl Page {
    pub(super) fn section(&mut self, title: &str) {
        self.text.push_str(&format!("\n{title}\n"));
    }

    /// A paragraph, broken where it is too wide.
    pub(super) fn line(&mut self, text: &str, indent: &str) {
        self.hanging(indent, text);
    }

    /// A paragraph after `head`, its further lines as far in as its first.
    pub(super) fn hanging(&mut self, head: &str, text: &str) {
        let indent = head.chars().count();
        for (index, line) in wrap(text, WIDTH - indent).iter().enumerate() {
            let head = if index == 0 { head.to_owned() } else { " ".repeat(indent) };
            self.text.push_str(format!("{head}{line}").trim_end());
            self.text.push('\n');
        }
    }

    /// What must be known before any figure is believed.
    fn notices(&mut self, record: &Record, verdict: &Verdict) {
        if verdict.standing == Standing::Invalid {
            self.line("*** INVALID: these figures are worse than none; see the checks. ***", "\n");
        }
        if let Some(notice) = notice(record) {
            self.line(&format!("*** {notice} ***"), "\n");
        }
        for trouble in tables::troubles(record) {
            self.line(&format!("*** NOT AS PLANNED: {trouble} ***"), "\n");
        }
    }

    /// The thresholds, so that "every threshold" can be read as what it is.
    fn asked(&mut self, verdict: &Verdict) {
        let thresholds = verdict.contenders.first().map(|judged| judged.thresholds.as_slice());
        let asked: Vec<String> = thresholds
            .unwrap_or_default()
            .iter()
            .map(|asked| format!("{} {}", asked.metric.name(), asked.metric.bound(asked.asked)))
            .collect();
        if !asked.is_empty() {
            self.hanging("  Asked: ", &format!("{}.", asked.join("; ")));
        }
    }

    /// What the figures say of where to look next.
    fn hints(&mut self, record: &Record) {
        let hints = hints(record);
        if !hints.is_empty() {
            self.section("WHAT TO LOOK AT NEXT");
        }
        for hint in hints {
            self.hanging("  - ", &hint.text);
        }
    }

    fn checks(&mut self, record: &Record) {
        let found = located_checks(record);
        let count = |standing| found.iter().filter(|(_, check)| check.standing == standing).count();
        self.section(&format!(
            "CHECKS ({} OK, {} WARN, {} INVALID, {} n/a)",
            count(Standing::Ok),
            count(Standing::Warn),
            count(Standing::Invalid),
            count(Standing::NotApplicable),
        ));
        let mut troubled: Vec<_> =
            found.iter().filter(|(_, check)| check.standing > Standing::Ok).collect();
        troubled.sort_by_key(|(_, check)| std::cmp::Reverse(check.standing));
        for (place, check) in &troubled {
            let text = format!("{place}: {}: {}", check.name, check.detail);
            self.hanging(&format!("  {:<8}", check.standing.name()), &text);
        }
    }

    /// Each fault by itself, where there are any.
    fn through_faults(&mut self, record: &Record, verdict: &Verdict) {
        let through = tables::through(record, verdict);
        if through.is_empty() {
            return;
        }
        self.section("THROUGH FAULTS");
        self.line(tables::EXPLAINED, "  ");
        for fault in through {
            self.line(&fault.title, "\n  ");
            match (fault.figures.is_empty(), fault.changes.is_empty()) {
                (true, _) => self.line("There is too little to tell of it.", "  "),
                (_, true) => self.line("Every figure was as before at once.", "  "),
                (_, false) => self.table(&fault.changes),
            }
            self.table(&fault.costs);
        }
    }

    /// A section that is left out where its table is empty.
    fn optional(&mut self, title: &str, table: &Table) {
        if !table.is_empty() {
            self.section(title);
            self.table(table);
        }
    }

    /// A section of a table with a column for each strategy, which may be many.
    pub(super) fn in_parts(&mut self, title: &str, table: &Table) {
        if table.is_empty() {
            return;
        }
        self.section(title);
        // A label may be as long as a person likes.
        let mut table = table.clone();
        for column in &mut table.columns {
            column.name = cut(&column.name, WIDTH / 2);
        }
        let fits =
            |columns: &usize| table.in_parts(*columns).iter().all(|part| width(part) <= WIDTH);
        let columns = (1..table.columns.len()).rev().find(fits).unwrap_or(1);
        for (index, part) in table.in_parts(columns).iter().enumerate() {
            if index > 0 {
                self.text.push('\n');
            }
            self.table(part);
        }
    }

    pub(super) fn table(&mut self, table: &Table) {
        let heads: Vec<(&str, &str)> =
            table.columns.iter().map(|column| halves(&column.name)).collect();
        let widths = widths(table, &heads);
        let heads_above: Vec<&str> = heads.iter().map(|head| head.0).collect();
        let heads_below: Vec<&str> = heads.iter().map(|head| head.1).collect();
        let rows = table.rows.iter().map(|row| row.iter().map(|cell| cell.text.as_str()).collect());
        for row in [heads_above, heads_below].into_iter().chain(rows) {
            // Heads of one word leave nothing for the line above.
            if row.iter().any(|cell| !cell.is_empty()) {
                self.row(table, &row, &widths);
            }
        }
    }

    fn row(&mut self, table: &Table, cells: &[&str], widths: &[usize]) {
        let mut line = String::new();
        for ((cell, column), &width) in cells.iter().zip(&table.columns).zip(widths) {
            let cell = cut(cell, width);
            line.push_str(&" ".repeat(GAP));
            match column.numeric {
                true => line.push_str(&format!("{cell:>width$}")),
                false => line.push_str(&format!("{cell:<width$}")),
            }
        }
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

/// How wide a table gets.
fn width(table: &Table) -> usize {
    let heads: Vec<(&str, &str)> =
        table.columns.iter().map(|column| halves(&column.name)).collect();
    widths(table, &heads).iter().map(|width| width + GAP).sum()
}

/// The width of each column: its widest cell, but where the table is too wide, columns of words
/// are cut, the widest first.
fn widths(table: &Table, heads: &[(&str, &str)]) -> Vec<usize> {
    let length = |text: &str| text.chars().count();
    let mut widths: Vec<usize> = (0..table.columns.len())
        .map(|index| {
            let cells = table.rows.iter().map(|row| length(&row[index].text)).max().unwrap_or(0);
            cells.max(length(heads[index].0)).max(length(heads[index].1))
        })
        .collect();
    loop {
        let total: usize = widths.iter().map(|width| width + GAP).sum();
        let words = (0..widths.len()).filter(|&index| !table.columns[index].numeric);
        let widest = words.max_by_key(|&index| widths[index]);
        match widest {
            Some(widest) if total > WIDTH && widths[widest] > WORDS_MIN => {
                widths[widest] -= (total - WIDTH).min(widths[widest] - WORDS_MIN);
            }
            _ => return widths,
        }
    }
}

/// A head in two lines, so that it does not widen its column; the last word below.
fn halves(name: &str) -> (&str, &str) {
    name.rsplit_once(' ').unwrap_or(("", name))
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(2)).collect();
    format!("{kept}..")
}

/// Breaks a text at spaces, and a word only where it is wider than a line by itself.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for (index, piece) in letters.chunks(width).enumerate() {
            let space = usize::from(used > 0 && index == 0);
            if used + space + piece.len() > width {
                lines.push(String::new());
                used = 0;
            } else if space > 0 {
                lines.last_mut().expect("there is always a line").push(' ');
                used += 1;
            }
            lines.last_mut().expect("there is always a line").extend(piece);
            used += piece.len();
        }
    }
    lines
}

/// Closed forms are too wide for a terminal; the page shows them.
fn without_last_column(mut table: Table) -> Table {
    table.columns.pop();
    for row in &mut table.rows {
        row.pop();
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_wider_than_the_page_is_broken_and_others_are_not() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a bcdefghij", 4), ["a", "bcde", "fghi", "j"]);
    }
}
