//! What is said to PostgreSQL.
//!
//! Each statement of the store carries its name as a comment, by which the server's own count of its
//! calls is found. It stands behind the first word, where the server keeps it.

/// The rows as loaded, from which each reset makes `entity` anew; nobody writes `region` and `child`.
pub const TEMPLATE: &str = "
    DROP TABLE IF EXISTS entity, outbox, original, child, region;
    CREATE TABLE original (
        id       BIGINT NOT NULL,
        version  BIGINT NOT NULL,
        writer   BIGINT NOT NULL,
        checksum BIGINT NOT NULL,
        body     BYTEA -- NULL once the row is deleted: its version stays
    );
    CREATE TABLE region (
        id   BIGINT PRIMARY KEY,
        name TEXT NOT NULL
    );
    INSERT INTO region (id, name) VALUES (1, 'north'), (2, 'north-east'), (3, 'east'),
        (4, 'south-east'), (5, 'south'), (6, 'south-west'), (7, 'west'), (8, 'north-west');
    CREATE TABLE child (
        id     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        parent BIGINT NOT NULL,
        region BIGINT NOT NULL,
        amount BIGINT NOT NULL
    )";

pub const COPY_ORIGINAL: &str =
    "COPY original (id, version, writer, checksum, body) FROM STDIN WITH (FORMAT binary)";

pub const COPY_CHILDREN: &str =
    "COPY child (parent, region, amount) FROM STDIN WITH (FORMAT binary)";

/// Made once the rows are there: sorting them is faster than inserting in the index one by one, and
/// checking all of them than checking each.
pub const CHILD_INDEX: &str = "
    CREATE INDEX child_by_parent ON child (parent);
    ALTER TABLE child ADD FOREIGN KEY (region) REFERENCES region (id)";

/// The dataset as freshly loaded.
pub const RESTORE: &str = "
    DROP TABLE IF EXISTS entity, outbox;
    CREATE TABLE entity (LIKE original);
    INSERT INTO entity SELECT * FROM original;
    ALTER TABLE entity ADD PRIMARY KEY (id);
    CREATE TABLE outbox (
        sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        key      BIGINT NOT NULL,
        version  BIGINT NOT NULL
    )";

/// What the server would do by itself sooner or later, and by chance within what is measured.
pub const UPKEEP: [&str; 5] = [
    "VACUUM (ANALYZE) entity",
    "VACUUM (ANALYZE) outbox",
    "VACUUM (ANALYZE) child",
    "VACUUM (ANALYZE) region",
    "CHECKPOINT",
];

pub const POINT_LOOKUP: &str =
    "SELECT /* cacheduel: read */ version, writer, checksum, body FROM entity WHERE id = $1";

/// A report by region, and its grand total. Region and amount are not in the index, so every child
/// row is visited; each is joined with its region, and one without would not count. A row that is
/// deleted has no children to go through; they stay for when it comes back.
pub const AGGREGATION: &str = "
    WITH /* cacheduel: read */ report AS (
        SELECT region.name, COUNT(*) AS children, SUM(child.amount) AS amount
        FROM child JOIN region ON region.id = child.region
        WHERE child.parent = (SELECT id FROM entity WHERE id = $1 AND body IS NOT NULL)
        GROUP BY region.name
    )
    SELECT entity.version, entity.writer, entity.checksum, entity.body,
           COALESCE(SUM(report.children), 0)::BIGINT, COALESCE(SUM(report.amount), 0)::BIGINT
    FROM entity LEFT JOIN report ON TRUE
    WHERE entity.id = $1
    GROUP BY entity.id";

pub const VERSION: &str = "SELECT /* cacheduel: version */ version FROM entity WHERE id = $1";

pub const ROWS: &str = "SELECT id, version, writer, checksum, body FROM entity
    WHERE id >= $1 AND id < $2 ORDER BY id";

/// A transaction of its own, as any single statement is. It waits for another one that writes the
/// row, and goes on from what that one has committed.
pub const WRITE: &str = "
    INSERT /* cacheduel: write */ INTO entity (id, version, writer, checksum, body)
    VALUES ($1, 1, $2, $3, $4)
    ON CONFLICT (id) DO UPDATE SET version = entity.version + 1, writer = excluded.writer,
        checksum = excluded.checksum, body = excluded.body
    RETURNING version";

/// One statement, and so one transaction, for both rows.
pub const WRITE_WITH_EVENT: &str = "
    WITH /* cacheduel: write with event */ written AS (
        INSERT INTO entity (id, version, writer, checksum, body) VALUES ($1, 1, $2, $3, $4)
        ON CONFLICT (id) DO UPDATE SET version = entity.version + 1, writer = excluded.writer,
            checksum = excluded.checksum, body = excluded.body
        RETURNING id, version
    ), event AS (
        INSERT INTO outbox (key, version) SELECT id, version FROM written
    )
    SELECT version FROM written";

/// Sets rows to versions of their own unless they are there or past it. A row may be in it once.
pub const APPLY: &str = "
    INSERT /* cacheduel: apply */ INTO entity (id, version, writer, checksum, body)
    SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BYTEA[])
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, writer = excluded.writer,
        checksum = excluded.checksum, body = excluded.body
    WHERE excluded.version > entity.version";

pub const READ_OUTBOX: &str = "SELECT /* cacheduel: outbox */ sequence, key, version \
     FROM outbox ORDER BY sequence LIMIT $1";

pub const TRIM_OUTBOX: &str =
    "DELETE /* cacheduel: trim */ FROM outbox WHERE sequence = ANY($1::BIGINT[])";

/// Calls by the names in the comments above, of one database.
pub const CALLS: &str = r"
    SELECT name, SUM(calls)::BIGINT
    FROM (
        SELECT substring(query FROM '/\* cacheduel: ([a-z ]+) \*/') AS name, calls
        FROM pg_stat_statements
        WHERE dbid = (SELECT oid FROM pg_database WHERE datname = $1)
    ) AS own
    WHERE name IS NOT NULL
    GROUP BY name";
