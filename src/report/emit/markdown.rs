//! Markdown for people, as GitHub, GitLab and Forgejo show it: the verdict first, then tables.

use super::super::comparison;
use super::super::table::Table;
use super::super::{EMBEDDED_NOTICE, tables};
use super::Subject;
use crate::compare::{Comparison, Verdict};
use crate::record::Record;

pub fn render(subject: Subject<'_>) -> String {
    match subject {
        Subject::Record(record) => of_record(record),
        Subject::Comparison(comparison) => of_comparison(comparison),
    }
}

fn of_record(record: &Record) -> String {
    let verdict = Verdict::of(record);
    let mut text = format!(
        "### cacheduel: {}\n\n{}\n\n",
        plain(&record.name),
        plain(&record.scenario.question)
    );
    if record.is_embedded() {
        text += &format!("> {EMBEDDED_NOTICE}\n\n");
    }
    text += &sentences(&verdict.sentences);
    for shown in [tables::speed(record, &verdict), tables::correctness(record, &verdict)] {
        text += &format!("\n{}", table(&shown));
    }
    text
}

fn of_comparison(comparison: &Comparison) -> String {
    let change = comparison.change().name();
    let mut text = format!("### cacheduel: {}: {change}\n\n", plain(&comparison.name));
    text += &sentences(&comparison.sentences());
    for compared in &comparison.strategies {
        text += &format!(
            "\n#### {}\n\n{}",
            plain(&compared.label),
            table(&comparison::table(compared))
        );
    }
    text + &format!("\n{}\n", plain(&comparison.explained()))
}

/// The first as it is, and all others below it.
fn sentences(sentences: &[String]) -> String {
    let Some((first, others)) = sentences.split_first() else { return String::new() };
    let others: String = others.iter().map(|sentence| format!("- {}\n", plain(sentence))).collect();
    let gap = if others.is_empty() { "" } else { "\n" };
    format!("**{}**\n{gap}{others}", plain(first))
}

fn table(table: &Table) -> String {
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let head = row(table.columns.iter().map(|column| plain(&column.name)).collect());
    let sides = table.columns.iter().map(|column| if column.numeric { "---:" } else { ":---" });
    let rule = row(sides.map(str::to_owned).collect());
    let rows =
        table.rows.iter().map(|cells| row(cells.iter().map(|cell| plain(&cell.text)).collect()));
    head + &rule + &rows.collect::<String>()
}

/// Text that is shown as it is written.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '\n' | '\r' => plain.push(' '),
            '<' => plain.push_str("&lt;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' => plain.extend(['\\', sign]),
            other => plain.push(other),
        }
    }
    plain
}
