-- A run of a scenario.
CREATE TABLE run (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    scenario  TEXT    NOT NULL,
    started   TEXT    NOT NULL, -- RFC 3339, UTC
    tool      TEXT    NOT NULL,
    revision  TEXT    NOT NULL, -- of what was tested; empty if unknown
    plan      TEXT    NOT NULL,
    simulated INTEGER NOT NULL CHECK (simulated IN (0, 1)),
    "on"      TEXT    NOT NULL  -- machine and servers, or profile
) STRICT;

CREATE INDEX run_by_scenario ON run (scenario, started);

-- One strategy of a run.
CREATE TABLE strategy (
    id         INTEGER PRIMARY KEY,
    run        INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
    label      TEXT    NOT NULL,
    conditions TEXT    NOT NULL, -- equal where figures are comparable
    valid      INTEGER NOT NULL CHECK (valid IN (0, 1)),
    UNIQUE (run, label)
) STRICT;

-- One figure of a strategy.
CREATE TABLE figure (
    strategy INTEGER NOT NULL REFERENCES strategy ON DELETE CASCADE,
    metric   TEXT    NOT NULL, -- as scenarios name it: read-p99
    unit     TEXT    NOT NULL CHECK (unit IN ('time', 'longer-than', 'share', 'ratio', 'count', 'bytes')),
    value    REAL    NOT NULL CHECK (abs(value) < 1e300), -- times in nanoseconds
    effect   REAL    NOT NULL CHECK (effect BETWEEN 0 AND 1e300), -- the smallest change that matters
    PRIMARY KEY (strategy, metric)
) STRICT, WITHOUT ROWID;
