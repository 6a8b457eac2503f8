//! Writes a value into a scenario's text, and leaves everything else of it as it was.

use toml_edit::{DocumentMut, Item, Table};

use super::Unvaried;
use super::target::Target;
use super::values::{Unit, Value};

/// Beyond it not every whole number is one of these.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// A scenario's text that can be changed.
pub struct Document(DocumentMut);

impl Document {
    /// # Errors
    /// If the text is no TOML.
    pub fn parse(text: &str) -> Result<Self, Unvaried> {
        let parsed = text.parse::<DocumentMut>();
        parsed.map(Self).map_err(|error| Unvaried::new(error.message()))
    }

    /// The text with the value in all places of the target.
    ///
    /// # Errors
    /// If the text has no room for it in one of them.
    pub fn with(&self, target: &Target, value: &Value) -> Result<String, Unvaried> {
        let mut document = self.0.clone();
        for path in &target.paths {
            let written = literal(value, target.is_rest)?;
            put(document.as_item_mut(), path, path, written)?;
        }
        Ok(document.to_string())
    }
}

/// The value as TOML has it.
fn literal(value: &Value, is_rest: bool) -> Result<toml_edit::Value, Unvaried> {
    if is_rest {
        let number = value.number;
        if !matches!(value.unit, Unit::Share | Unit::Number) || !(0.0..=1.0).contains(&number) {
            return Err(Unvaried::new("expected a share, as in `5%` or `0.05`"));
        }
        // What subtraction leaves in the last digits is nobody's.
        return Ok((((1.0 - number) * 1e9).round() / 1e9).into());
    }
    Ok(match value.unit {
        Unit::Time | Unit::Size => value.written.as_str().into(),
        Unit::Word => match value.written.parse::<bool>() {
            Ok(word) => word.into(),
            Err(_) => value.written.as_str().into(),
        },
        Unit::Number if value.number.fract() == 0.0 && value.number.abs() < WHOLE_MAX => {
            (value.number as i64).into()
        }
        Unit::Share | Unit::Number => value.number.into(),
    })
}

/// Puts `value` where the keys `left` lead from `item`; `path` is the whole way.
fn put(
    item: &mut Item,
    left: &[String],
    path: &[String],
    value: toml_edit::Value,
) -> Result<(), Unvaried> {
    let Some((key, rest)) = left.split_first() else {
        let kept = item.as_value().map(|old| old.decor().clone());
        let mut new = value;
        if let Some(decor) = kept {
            *new.decor_mut() = decor;
        }
        *item = Item::Value(new);
        return Ok(());
    };
    let here = path[..path.len() - left.len()].join(".");
    let nowhere = || Unvaried::new(format!("`{here}` of the scenario has nothing called `{key}`"));
    if let Ok(place) = key.parse::<usize>() {
        let tables = item.as_array_of_tables_mut();
        let table = tables.and_then(|tables| tables.get_mut(place)).ok_or_else(nowhere)?;
        return put_in(table, rest, path, value);
    }
    put_in(item.as_table_like_mut().ok_or_else(nowhere)?, left, path, value)
}

/// The same where `left` begins in a table.
fn put_in(
    table: &mut dyn toml_edit::TableLike,
    left: &[String],
    path: &[String],
    value: toml_edit::Value,
) -> Result<(), Unvaried> {
    let Some((key, rest)) = left.split_first() else {
        return Err(Unvaried::new(format!("`{}` is a table", path.join("."))));
    };
    if !table.contains_key(key) {
        if rest.is_empty() {
            table.insert(key, Item::Value(value));
            return Ok(());
        }
        table.insert(key, Item::Table(Table::new()));
    }
    let below = table.get_mut(key).ok_or_else(|| Unvaried::new(format!("`{key}` is missing")))?;
    put(below, rest, path, value)
}
