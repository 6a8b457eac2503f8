//! A table as data, so that the terminal and the page show the same cells.

/// A table whose first column names its rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What the table shows, as a sentence without its full stop.
    pub caption: String,
    pub columns: Vec<Column>,
    /// Each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
}

/// The head of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// Figures stand to the right, words to the left.
    pub numeric: bool,
}

/// One cell; empty where there is no figure to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    pub text: String,
    pub mark: Mark,
    /// A word about the row, where the form has room for one: `preferred`.
    pub note: &'static str,
}

/// What a cell is besides its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    #[default]
    None,
    /// Good news: a threshold held, a check passed.
    Good,
    /// Look here: a warning, or a figure that is unknown.
    Warn,
    /// Bad news: a threshold missed, a check failed.
    Bad,
}

impl Table {
    /// A table without rows.
    pub fn new(caption: impl Into<String>, columns: impl Into<Vec<Column>>) -> Self {
        Self { caption: caption.into(), columns: columns.into(), rows: Vec::new() }
    }

    pub fn push<C: Into<Cell>>(&mut self, row: impl IntoIterator<Item = C>) {
        let row: Vec<Cell> = row.into_iter().map(Into::into).collect();
        debug_assert_eq!(row.len(), self.columns.len(), "a row has a cell for each column");
        self.rows.push(row);
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Without the columns that say nothing for any row: no figure, or zero.
    pub fn without_blank_columns(mut self) -> Self {
        let says_nothing = |cell: &Cell| matches!(cell.text.as_str(), "" | "0" | "0 %");
        for index in (1..self.columns.len()).rev() {
            if self.rows.iter().all(|row| says_nothing(&row[index])) {
                self.columns.remove(index);
                self.rows.iter_mut().for_each(|row| drop(row.remove(index)));
            }
        }
        self
    }

    /// The same rows in several tables of at most so many columns beside the first.
    pub fn in_parts(&self, columns: usize) -> Vec<Self> {
        let beside = 1..self.columns.len();
        let parts = beside.step_by(columns.max(1)).map(|from| {
            let to = (from + columns.max(1)).min(self.columns.len());
            let cut = |row: &[Cell]| [&row[..1], &row[from..to]].concat();
            Self {
                caption: self.caption.clone(),
                columns: [&self.columns[..1], &self.columns[from..to]].concat(),
                rows: self.rows.iter().map(|row| cut(row)).collect(),
            }
        });
        parts.collect()
    }

    /// The columns of `other` to the right of these, for the same rows.
    pub fn beside(mut self, other: &Self) -> Self {
        self.columns.extend(other.columns.iter().skip(1).cloned());
        for (row, more) in self.rows.iter_mut().zip(&other.rows) {
            row.extend(more.iter().skip(1).cloned());
        }
        self
    }
}

/// A column of words, which stand to the left.
pub fn words(name: impl Into<String>) -> Column {
    Column { name: name.into(), numeric: false }
}

/// A column of figures, which stand to the right.
pub fn figures(name: impl Into<String>) -> Column {
    Column { name: name.into(), numeric: true }
}

impl Cell {
    pub fn marked(text: impl Into<String>, mark: Mark) -> Self {
        Self { text: text.into(), mark, note: "" }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_in_parts_has_its_first_column_in_each() {
        let mut table = Table::new("", ["name", "a", "b", "c"].map(figures));
        table.push(["x", "1", "2", "3"]);
        let parts = table.in_parts(2);
        let texts = |row: &[Cell]| row.iter().map(|cell| cell.text.clone()).collect::<Vec<_>>();
        assert_eq!(parts.len(), 2);
        assert_eq!(texts(&parts[0].rows[0]), ["x", "1", "2"]);
        assert_eq!(texts(&parts[1].rows[0]), ["x", "3"]);
        assert_eq!(parts[1].columns[1].name, "c");
    }

    #[test]
    fn a_column_goes_only_if_it_says_nothing_for_every_row() {
        let columns = ["name", "all zero", "one figure", "nothing"].map(figures);
        let mut table = Table::new("", columns);
        table.push(["a", "0", "0", ""]);
        table.push(["b", "0 %", "0.1", ""]);
        let table = table.without_blank_columns();
        let names: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["name", "one figure"]);
        assert!(table.rows.iter().all(|row| row.len() == 2));
    }
}
