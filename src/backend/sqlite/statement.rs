//! What is said to SQLite.

use std::sync::LazyLock;

pub const SCHEMA: &str = "
    CREATE TABLE entity (
        id       INTEGER PRIMARY KEY,
        version  INTEGER NOT NULL,
        writer   INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        body     BLOB -- NULL once the row is deleted: its version stays
    );
    CREATE TABLE region (
        id   INTEGER PRIMARY KEY,
        name TEXT NOT NULL
    );
    INSERT INTO region (name) VALUES ('north'), ('north-east'), ('east'), ('south-east'),
        ('south'), ('south-west'), ('west'), ('north-west');
    CREATE TABLE child (
        id     INTEGER PRIMARY KEY,
        parent INTEGER NOT NULL,
        region INTEGER NOT NULL REFERENCES region (id),
        amount INTEGER NOT NULL
    );
    CREATE TABLE outbox (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        key      INTEGER NOT NULL,
        version  INTEGER NOT NULL
    );";

/// Made once the rows are there: sorting them is faster than inserting in the index one by one.
pub const CHILD_INDEX: &str = "CREATE INDEX child_by_parent ON child (parent)";

/// The children of one parent, from a JSON array of their amounts. They take turns at the regions.
pub const INSERT_CHILDREN: &str =
    "INSERT INTO child (parent, region, amount) SELECT ?1, 1 + key % 8, value FROM json_each(?2)";

pub const POINT_LOOKUP: &str = "SELECT version, writer, checksum, body FROM entity WHERE id = ?1";

/// A report by region, and its grand total. Region and amount are not in the index, so every child
/// row is visited; each is joined with its region, and one without would not count. A row that is
/// deleted has no children to go through; they stay for when it comes back.
pub const AGGREGATION: &str = "
    WITH report AS (
        SELECT region.name, COUNT(*) AS children, SUM(child.amount) AS amount
        FROM child JOIN region ON region.id = child.region
        WHERE child.parent = (SELECT id FROM entity WHERE id = ?1 AND body IS NOT NULL)
        GROUP BY region.name
    )
    SELECT entity.version, entity.writer, entity.checksum, entity.body,
           COALESCE(SUM(report.children), 0), COALESCE(SUM(report.amount), 0)
    FROM entity LEFT JOIN report
    WHERE entity.id = ?1
    GROUP BY entity.id";

pub const VERSION: &str = "SELECT version FROM entity WHERE id = ?1";

pub const ROWS: &str = "SELECT id, version, writer, checksum, body FROM entity
    WHERE id >= ?1 AND id < ?2 ORDER BY id";

/// A transaction of its own, as any single statement is that stands in none.
pub const WRITE: &str = "
    INSERT INTO entity (id, version, writer, checksum, body) VALUES (?1, 1, ?2, ?3, ?4)
    ON CONFLICT (id) DO UPDATE SET version = version + 1, writer = excluded.writer,
        checksum = excluded.checksum, body = excluded.body
    RETURNING version";

pub const ADD_EVENT: &str = "INSERT INTO outbox (key, version) VALUES (?1, ?2)";

pub const READ_OUTBOX: &str =
    "SELECT sequence, key, version FROM outbox ORDER BY sequence LIMIT ?1";

/// The sequences come as a JSON array, so that one statement serves any number of them.
pub const TRIM_OUTBOX: &str =
    "DELETE FROM outbox WHERE sequence IN (SELECT value FROM json_each(?1))";

/// Cuts `rows` into runs that [`apply`] has a statement for: as long as possible, and each length
/// a power of two, so that a few prepared statements serve batches of any size.
pub fn runs<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let longest = rows.len().checked_ilog2()?.min(LONGEST_RUN.ilog2());
        let (run, rest) = rows.split_at(1 << longest);
        rows = rest;
        Some(run)
    })
}

/// Sets `rows` rows, a power of two, to versions of their own unless they are there or past it.
/// Each row takes five parameters: id, version, writer, checksum, body.
pub fn apply(rows: usize) -> &'static str {
    &APPLY[rows.ilog2() as usize]
}

/// Far below SQLite's limit of 32,766 parameters, so that a few short statements are enough.
const LONGEST_RUN: usize = 64;

static APPLY: LazyLock<Vec<String>> = LazyLock::new(|| {
    (0..=LONGEST_RUN.ilog2())
        .map(|power| {
            let values = vec!["(?, ?, ?, ?, ?)"; 1 << power].join(", ");
            format!(
                "INSERT INTO entity (id, version, writer, checksum, body) VALUES {values}
                 ON CONFLICT (id) DO UPDATE SET version = excluded.version,
                     writer = excluded.writer, checksum = excluded.checksum, body = excluded.body
                 WHERE excluded.version > version"
            )
        })
        .collect()
});

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn an_aggregation_joins_its_own_children_with_their_regions() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        connection.execute_batch(CHILD_INDEX).unwrap();
        let explain = format!("EXPLAIN QUERY PLAN {AGGREGATION}");
        let mut explain = connection.prepare(&explain).unwrap();
        let steps = explain.query_map([1], |row| row.get("detail")).unwrap();
        let steps: Vec<String> = steps.collect::<Result<_, _>>().unwrap();
        let expected = [
            "MATERIALIZE report",
            "SEARCH child USING INDEX child_by_parent (parent=?)",
            "SCALAR SUBQUERY 1",
            "SEARCH entity USING INTEGER PRIMARY KEY (rowid=?)",
            "SEARCH region USING INTEGER PRIMARY KEY (rowid=?)",
            "USE TEMP B-TREE FOR GROUP BY",
            "SEARCH entity USING INTEGER PRIMARY KEY (rowid=?)",
            "SCAN report LEFT-JOIN",
        ];
        assert_eq!(steps, expected);
    }

    #[test]
    fn runs_cover_all_rows_in_order_and_each_has_a_statement() {
        for length in 0..300 {
            let rows: Vec<_> = (0..length).collect();
            let runs: Vec<_> = runs(&rows).collect();
            assert_eq!(runs.concat(), rows);
            for run in runs {
                assert_eq!(APPLY[run.len().ilog2() as usize].matches('?').count(), 5 * run.len());
            }
        }
    }
}
