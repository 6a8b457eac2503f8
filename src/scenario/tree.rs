//! Where in the text each key and each value of a scenario stands.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::problem::{Located, Part, Problem};

/// The parsed text with the place of everything in it.
pub struct Tree<'text>(Spanned<DeTable<'text>>);

/// An entry of a table, or an element of a list, which has no key.
#[derive(Clone)]
struct Entry<'tree, 'text> {
    key: Option<Range<usize>>,
    value: &'tree Spanned<DeValue<'text>>,
}

impl<'text> Tree<'text> {
    pub fn parse(text: &'text str) -> Result<Self, Error> {
        DeTable::parse(text).map(Self)
    }

    pub fn contains(&self, path: &[&str]) -> bool {
        let path: Vec<_> = path.iter().map(|&key| key.to_owned()).collect();
        self.deepest(&path).1 == path.len()
    }

    /// Finds the place of `problem`, or that of the innermost table around it where the text leaves
    /// the key itself out.
    pub fn locate(&self, problem: Problem) -> Located {
        let (entry, depth) = self.deepest(&problem.path);
        let wants_key = problem.part == Part::Key && depth == problem.path.len();
        let span = match entry {
            Some(Entry { key: Some(key), .. }) if wants_key => key,
            Some(Entry { value, .. }) => value.span(),
            None => 0..0,
        };
        Located { problem, span }
    }

    /// The keys that lead to the entry whose key or value is at `span`; empty if none is.
    pub fn path_of(&self, span: &Range<usize>) -> Vec<String> {
        let mut path = Vec::new();
        find(self.0.get_ref(), span, &mut path);
        path
    }

    /// Whether the value under `path` is a list.
    pub fn is_list(&self, path: &[String]) -> bool {
        match self.deepest(path) {
            (Some(entry), depth) => depth == path.len() && entry.value.get_ref().is_array(),
            (None, _) => false,
        }
    }

    /// The last entry on the way along `path` that there is, and how many keys led to it.
    fn deepest(&self, path: &[String]) -> (Option<Entry<'_, 'text>>, usize) {
        let mut found = None;
        for (depth, key) in path.iter().enumerate() {
            let next = match &found {
                None => in_table(self.0.get_ref(), key),
                Some(Entry { value, .. }) => match value.get_ref() {
                    DeValue::Table(table) => in_table(table, key),
                    DeValue::Array(list) => key
                        .parse()
                        .ok()
                        .and_then(|index: usize| list.get(index))
                        .map(|value| Entry { key: None, value }),
                    _ => None,
                },
            };
            match next {
                Some(entry) => found = Some(entry),
                None => return (found, depth),
            }
        }
        (found, path.len())
    }
}

fn in_table<'tree, 'text>(table: &'tree DeTable<'text>, key: &str) -> Option<Entry<'tree, 'text>> {
    let (key, value) = table.get_key_value(key)?;
    Some(Entry { key: Some(key.span()), value })
}

/// Extends `path` to the entry whose key or value is at `span`. True if there is one.
fn find(table: &DeTable<'_>, span: &Range<usize>, path: &mut Vec<String>) -> bool {
    table.iter().any(|(key, value)| {
        path.push(key.get_ref().to_string());
        let found = key.span() == *span || value.span() == *span || find_in(value, span, path);
        if !found {
            path.pop();
        }
        found
    })
}

fn find_in(value: &Spanned<DeValue<'_>>, span: &Range<usize>, path: &mut Vec<String>) -> bool {
    match value.get_ref() {
        DeValue::Table(table) => find(table, span, path),
        DeValue::Array(list) => list.iter().enumerate().any(|(index, value)| {
            path.push(index.to_string());
            let found = value.span() == *span || find_in(value, span, path);
            if !found {
                path.pop();
            }
            found
        }),
        _ => false,
    }
}
