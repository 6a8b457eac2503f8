//! Text for terminals: lines of bounded width, and figures as people read them.

use std::time::Duration;

/// No line of ours is longer, in characters.
pub const WIDTH: usize = 100;

/// Breaks `text` into lines of at most `width` characters where a word ends; every line but the first
/// begins with `indent` blanks, which do not count. Line ends of the text itself stay.
pub fn wrap(text: &str, width: usize, indent: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.trim_end().lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    let separator = format!("\n{}", " ".repeat(indent));
    let wrapped = lines.join(&separator);
    // An empty line has no indent either.
    wrapped.replace(&format!("{separator}\n"), "\n\n")
}

/// A name, and beside it what there is to say of it.
pub fn entry(name: &str, text: &str, indent: usize, column: usize) -> String {
    let blank = indent + column;
    let name = format!("{:indent$}{name:column$}", "");
    let gap = if name.trim_end().chars().count() < blank { "" } else { " " };
    let width = WIDTH.saturating_sub(blank + gap.len()).max(20);
    format!("{name}{gap}{}\n", wrap(text, width, blank + gap.len()))
}

/// `1234567` as `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 node`, `2 nodes`.
pub fn counted(number: u64, singular: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {singular}{plural}", count(number))
}

/// A share as a percentage, without zeros that say nothing.
pub fn percent(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}

/// A figure with its decimals, and its thousands apart.
pub fn number(figure: f64) -> String {
    let figure = format!("{figure:.4}");
    let (whole, decimals) = figure.split_once('.').unwrap_or((&figure, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), count);
    match decimals.trim_end_matches('0') {
        "" => whole,
        decimals => format!("{whole}.{decimals}"),
    }
}

/// A span of time to the second.
pub fn rounded(span: Duration) -> String {
    let secs = span.as_secs() + u64::from(span.subsec_millis() >= 500);
    humantime::format_duration(Duration::from_secs(secs)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_where_words_end() {
        assert_eq!(wrap("one two three four", 9, 2), "one two\n  three\n  four");
        assert_eq!(wrap("one\n\ntwo", 9, 2), "one\n\n  two");
    }

    #[test]
    fn figures_read_as_people_write_them() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "node"), "1 node");
        assert_eq!(percent(0.95), "95 %");
        assert_eq!(percent(0.999), "99.9 %");
        assert_eq!(number(1_000.0), "1,000");
        assert_eq!(number(0.5), "0.5");
        assert_eq!(rounded(Duration::from_millis(66_400)), "1m 6s");
    }

    #[test]
    fn an_entry_keeps_to_its_column() {
        assert_eq!(entry("Load", "a", 2, 6), "  Load  a\n");
        assert_eq!(entry("a-longer-name", "a", 2, 6), "  a-longer-name a\n");
    }
}
