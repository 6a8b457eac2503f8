//! The file of a history: a SQLite database, to which any number of processes may add at the same time. A run
//! is added whole or not at all.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Row, TransactionBehavior, named_params, params};

use super::entry::{Entry, Kept, Ran};
use crate::compare::{Figure, Metric};
use crate::record::Nanos;

/// What tells a history from any other database of SQLite: `duel` in ASCII.
const APPLICATION: i64 = 0x6475_656c;
/// The version of the tables. Raised when a reader of the old ones would be wrong.
const FORMAT: i64 = 1;
const SCHEMA: &str = include_str!("schema.sql");

/// So many runs are kept; the oldest go first.
pub const RUNS_MAX: u32 = 10_000;
/// Far more than so many runs take.
const SIZE_MAX: u64 = 4 << 30;
/// How long one process waits for what another one writes, which takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a history could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not a history of cacheduel: {why}", path.display())]
    NotOurs { path: PathBuf, why: &'static str },
    #[error(
        "{} is a history of format {found}, and this version reads format {FORMAT}; use the version of \
         cacheduel that wrote it",
        path.display()
    )]
    Version { path: PathBuf, found: i64 },
    #[error("the history {} cannot be used", path.display())]
    Database { path: PathBuf, source: rusqlite::Error },
    #[error("the history {} is damaged: it has {what}", path.display())]
    Damaged { path: PathBuf, what: String },
}

/// An open history.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    connection: Connection,
}

/// Which figures are wanted; all of them where nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    pub scenario: Option<&'a str>,
    pub strategy: Option<&'a str>,
}

impl History {
    /// Opens the history, or begins one where there is no such file.
    ///
    /// # Errors
    /// If there is something else, or it cannot be written.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if path.exists() {
            check_head(path)?;
        }
        let mut history = Self::with(path, OpenFlags::SQLITE_OPEN_CREATE)?;
        history.begin()?;
        history.check_format()?;
        Ok(history)
    }

    /// Opens a history that is there.
    ///
    /// # Errors
    /// If it is not, or is something else.
    pub fn existing(path: &Path) -> Result<Self, Error> {
        if check_head(path)? == 0 {
            return Err(Error::NotOurs { path: path.to_owned(), why: "it is empty" });
        }
        let history = Self::with(path, OpenFlags::empty())?;
        history.check_format()?;
        Ok(history)
    }

    fn with(path: &Path, more: OpenFlags) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
        let opened = Connection::open_with_flags(path, flags).and_then(|connection| {
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "foreign_keys", true)?;
            // The file may come from anywhere.
            connection.pragma_update(None, "trusted_schema", false)?;
            Ok(connection)
        });
        let failed = |source| Error::Database { path: path.to_owned(), source };
        opened.map(|connection| Self { path: path.to_owned(), connection }).map_err(failed)
    }

    /// Makes the tables in a file that is empty, unless another process has just done so.
    fn begin(&mut self) -> Result<(), Error> {
        let mut begun = || -> rusqlite::Result<()> {
            let behavior = TransactionBehavior::Immediate;
            let transaction = self.connection.transaction_with_behavior(behavior)?;
            let tables: i64 =
                transaction
                    .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            if tables == 0 {
                transaction.execute_batch(SCHEMA)?;
                transaction.pragma_update(None, "application_id", APPLICATION)?;
                transaction.pragma_update(None, "user_version", FORMAT)?;
            }
            transaction.commit()
        };
        begun().map_err(|source| Error::Database { path: self.path.clone(), source })
    }

    fn check_format(&self) -> Result<(), Error> {
        let number = |pragma| self.connection.pragma_query_value(None, pragma, |row| row.get(0));
        let application: i64 = number("application_id").map_err(self.failed())?;
        if application != APPLICATION {
            let why = "a database of SQLite, but of another program";
            return Err(Error::NotOurs { path: self.path.clone(), why });
        }
        match number("user_version").map_err(self.failed())? {
            FORMAT => Ok(()),
            found => Err(Error::Version { path: self.path.clone(), found }),
        }
    }

    /// Adds a run, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(&mut self, entry: &Entry) -> Result<(), Error> {
        let path = self.path.clone();
        self.insert(entry).map_err(|source| Error::Database { path, source })
    }

    fn insert(&mut self, entry: &Entry) -> rusqlite::Result<()> {
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior)?;
        let Ran { scenario, started, tool, revision, plan, simulated, on } = &entry.ran;
        transaction.execute(
            r#"INSERT INTO run (scenario, started, tool, revision, plan, simulated, "on")
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"#,
            params![scenario, started, tool, revision, plan, simulated, on],
        )?;
        let run = transaction.last_insert_rowid();
        for Kept { label, conditions, valid, figures } in &entry.strategies {
            transaction.execute(
                "INSERT INTO strategy (run, label, conditions, valid) VALUES (?1, ?2, ?3, ?4)",
                params![run, label, conditions, valid],
            )?;
            let strategy = transaction.last_insert_rowid();
            for (metric, figure, effect) in figures {
                transaction.execute(
                    "INSERT INTO figure (strategy, metric, unit, value, effect)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![strategy, metric.slug(), unit(*figure), figure.value(), effect],
                )?;
            }
        }
        transaction.execute(
            "DELETE FROM run WHERE id <= (SELECT id FROM run ORDER BY id DESC LIMIT 1 OFFSET ?1)",
            params![RUNS_MAX],
        )?;
        transaction.commit()
    }

    /// The runs in the order in which they were started, each with those of its strategies that are wanted.
    ///
    /// # Errors
    /// If the file cannot be read, or has what no history has.
    pub fn entries(&self, wanted: &Wanted<'_>) -> Result<Vec<Entry>, Error> {
        let mut query = self
            .connection
            .prepare(
                r#"SELECT run.id, scenario, started, tool, revision, plan, simulated, "on",
                          strategy.id, label, conditions, valid, metric, unit, value, effect
                   FROM run JOIN strategy ON strategy.run = run.id
                            JOIN figure ON figure.strategy = strategy.id
                   WHERE scenario = ifnull(:scenario, scenario) AND label = ifnull(:strategy, label)
                   ORDER BY started, run.id, strategy.id"#,
            )
            .map_err(self.failed())?;
        let chosen = named_params! { ":scenario": wanted.scenario, ":strategy": wanted.strategy };
        let mut rows = query.query(chosen).map_err(self.failed())?;
        let mut entries: Vec<Entry> = Vec::new();
        let (mut last_run, mut last_strategy) = (None, None);
        while let Some(row) = rows.next().map_err(self.failed())? {
            let (run, strategy): (i64, i64) = ids(row).map_err(self.failed())?;
            if last_run.replace(run) != Some(run) {
                let ran = ran(row).map_err(self.failed())?;
                entries.push(Entry { ran, strategies: Vec::new() });
            }
            let Some(entry) = entries.last_mut() else { continue };
            if last_strategy.replace(strategy) != Some(strategy) {
                entry.strategies.push(kept(row).map_err(self.failed())?);
            }
            let Some(kept) = entry.strategies.last_mut() else { continue };
            kept.figures.extend(self.figure(row)?);
        }
        // In the order of all tables, not in that of their names.
        for kept in entries.iter_mut().flat_map(|entry| &mut entry.strategies) {
            kept.figures.sort_by_key(|(metric, ..)| *metric);
        }
        Ok(entries)
    }

    /// A figure; `None` of one that this version does not know.
    fn figure(&self, row: &Row<'_>) -> Result<Option<(Metric, Figure, f64)>, Error> {
        let read = || -> rusqlite::Result<(String, String, f64, f64)> {
            Ok((row.get("metric")?, row.get("unit")?, row.get("value")?, row.get("effect")?))
        };
        let (metric, unit, value, effect) = read().map_err(self.failed())?;
        let figure = of_unit(&unit, value).ok_or_else(|| Error::Damaged {
            path: self.path.clone(),
            what: format!("{value} {unit} of {metric}"),
        })?;
        let metric = Metric::ALL.into_iter().find(|known| known.slug() == metric);
        Ok(metric.map(|metric| (metric, figure, effect)))
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> Error {
        let path = self.path.clone();
        move |source| Error::Database { path: path.clone(), source }
    }
}

/// The size of a file that can be a database, found out before SQLite touches it. An empty one can.
fn check_head(path: &Path) -> Result<u64, Error> {
    const HEAD: &[u8] = b"SQLite format 3\0";
    let not_ours = |why| Error::NotOurs { path: path.to_owned(), why };
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| {
        let size = file.metadata()?.len();
        file.take(HEAD.len() as u64).read_to_end(&mut head)?;
        Ok(size)
    });
    match read {
        Err(source) => Err(Error::Read { path: path.to_owned(), source }),
        Ok(size) if size > SIZE_MAX => Err(not_ours("larger than any")),
        Ok(_) if !head.is_empty() && head != HEAD => Err(not_ours("no database of SQLite")),
        Ok(size) => Ok(size),
    }
}

fn ids(row: &Row<'_>) -> rusqlite::Result<(i64, i64)> {
    Ok((row.get(0)?, row.get(8)?))
}

fn ran(row: &Row<'_>) -> rusqlite::Result<Ran> {
    Ok(Ran {
        scenario: row.get("scenario")?,
        started: row.get("started")?,
        tool: row.get("tool")?,
        revision: row.get("revision")?,
        plan: row.get("plan")?,
        simulated: row.get("simulated")?,
        on: row.get("on")?,
    })
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    Ok(Kept {
        label: row.get("label")?,
        conditions: row.get("conditions")?,
        valid: row.get("valid")?,
        figures: Vec::new(),
    })
}

const fn unit(figure: Figure) -> &'static str {
    match figure {
        Figure::Time(_) => "time",
        Figure::LongerThan(_) => "longer-than",
        Figure::Share(_) => "share",
        Figure::Ratio(_) => "ratio",
        Figure::Count(_) => "count",
        Figure::Bytes(_) => "bytes",
    }
}

/// A figure of this unit; `None` of what is no such figure.
fn of_unit(unit: &str, value: f64) -> Option<Figure> {
    let whole = || (value >= 0.0 && value <= u64::MAX as f64).then_some(value as u64);
    if !value.is_finite() {
        return None;
    }
    match unit {
        "time" => whole().map(|span| Figure::Time(Nanos(span))),
        "longer-than" => whole().map(|span| Figure::LongerThan(Nanos(span))),
        "share" => Some(Figure::Share(value)),
        "ratio" => Some(Figure::Ratio(value)),
        "count" => whole().map(Figure::Count),
        "bytes" => whole().map(Figure::Bytes),
        _ => None,
    }
}
