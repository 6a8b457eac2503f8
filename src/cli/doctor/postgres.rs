//! What a PostgreSQL by its address can do for a run.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use sqlx::{Connection, PgConnection, Row};

use super::finding::Finding;
use crate::backend::redacted;
use crate::clock::Clock;
use crate::model::Nanos;

/// How long a server may take over all that it is asked.
const PATIENCE: Nanos = Nanos::from_secs(5);
/// The settings that say what a COMMIT costs and what it is worth.
const SETTINGS: [&str; 2] = ["fsync", "synchronous_commit"];

/// Looks at the server at `url`. Nothing is written.
pub async fn postgres(url: &str, clock: &Clock) -> Vec<Finding> {
    let (look, patience) = (pin!(look(url)), pin!(clock.sleep(PATIENCE)));
    let reason = match select(look, patience).await {
        Either::Left((Ok(findings), _)) => return findings,
        Either::Left((Err(error), _)) => error.to_string(),
        Either::Right(_) => {
            format!("no answer within {}", humantime::format_duration(Duration::from(PATIENCE)))
        }
    };
    let found = format!("cannot use the PostgreSQL at {}: {reason}", redacted(url));
    let advice = "is it running, is the address right, and does it let this machine in?";
    vec![Finding::fail("server", found, advice)]
}

async fn look(url: &str) -> Result<Vec<Finding>, sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    let version = text(&mut connection, "SELECT current_setting('server_version')").await?;
    let mut findings =
        vec![Finding::ok("server", format!("PostgreSQL {version} at {}", redacted(url)))];
    for setting in SETTINGS {
        let value: String = sqlx::query("SELECT current_setting($1)")
            .bind(setting)
            .fetch_one(&mut connection)
            .await?
            .try_get(0)?;
        findings.push(match value.as_str() {
            "off" => Finding::warn(setting, "off", "a COMMIT is faster than it is safe"),
            _ => Finding::ok(setting, value),
        });
    }
    let right = "SELECT has_database_privilege(current_database(), 'CREATE')::text";
    findings.push(match text(&mut connection, right).await?.as_str() {
        "true" => Finding::ok("right to CREATE SCHEMA", "the user has it"),
        _ => Finding::fail(
            "right to CREATE SCHEMA",
            "the user does not have it",
            "GRANT CREATE ON DATABASE ... TO ...: a run keeps to a schema of its own",
        ),
    });
    let statements = "SELECT count(*)::text FROM pg_extension WHERE extname = 'pg_stat_statements'";
    findings.push(match text(&mut connection, statements).await?.as_str() {
        "0" => Finding::ok("pg_stat_statements", "not in this database, and not needed"),
        _ => Finding::ok("pg_stat_statements", "there"),
    });
    findings.extend(leftovers(&mut connection, url).await?);
    connection.close().await?;
    Ok(findings)
}

async fn leftovers(connection: &mut PgConnection, url: &str) -> Result<Vec<Finding>, sqlx::Error> {
    const WHAT: &str = "leftovers of runs";
    let schemas =
        r"SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'cacheduel\_%' ORDER BY 1";
    let rows = sqlx::query(schemas).fetch_all(connection).await?;
    if rows.is_empty() {
        return Ok(vec![Finding::ok(WHAT, "none")]);
    }
    let finding = |schema: String| {
        let advice = format!(
            "unless its run still goes on: psql '{}' -c 'DROP SCHEMA \"{schema}\" CASCADE'",
            redacted(url)
        );
        Finding::warn(WHAT, format!("the schema `{schema}`"), advice)
    };
    rows.into_iter().map(|row| Ok(finding(row.try_get(0)?))).collect()
}

async fn text(connection: &mut PgConnection, sql: &'static str) -> Result<String, sqlx::Error> {
    sqlx::query(sql).fetch_one(connection).await?.try_get(0)
}
