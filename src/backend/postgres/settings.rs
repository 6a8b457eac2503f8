//! What PostgreSQL says of itself, for the Record: read back, not what was asked for.

use std::collections::BTreeMap;

use sqlx::Row;
use sqlx::postgres::PgConnection;

use super::session;
use crate::backend::Durability;

/// The settings that change what a read or a COMMIT costs. Those that this version does not have, or
/// that only a superuser may see, are left out.
const SETTINGS: [&str; 32] = [
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "wal_level",
    "wal_compression",
    "wal_buffers",
    "wal_writer_delay",
    "commit_delay",
    "synchronous_standby_names",
    "checkpoint_timeout",
    "checkpoint_completion_target",
    "max_wal_size",
    "shared_buffers",
    "effective_cache_size",
    "work_mem",
    "huge_pages",
    "max_connections",
    "effective_io_concurrency",
    "io_method",
    "random_page_cost",
    "plan_cache_mode",
    "autovacuum",
    "autovacuum_naptime",
    "jit",
    "data_checksums",
    "default_toast_compression",
    "dynamic_shared_memory_type",
    "shared_preload_libraries",
    "default_transaction_isolation",
    "block_size",
    "ssl",
];

/// The first version with everything that is needed and that is still kept up.
const VERSION_MIN: i64 = 130_000;

/// What a server is.
pub struct Facts {
    pub version: String,
    pub number: i64,
    /// The name of the database in use.
    pub database: String,
    pub may_create: bool,
    pub settings: BTreeMap<String, String>,
}

/// Asks over a session that has a node's settings.
pub async fn read(connection: &mut PgConnection) -> Result<Facts, sqlx::Error> {
    let row = sqlx::query(
        "SELECT current_setting('server_version'),
                current_setting('server_version_num')::BIGINT,
                current_database()::TEXT,
                has_database_privilege(current_database(), 'CREATE'),
                COALESCE((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), FALSE),
                inet_server_addr() IS NULL",
    )
    .fetch_one(&mut *connection)
    .await?;
    let names: Vec<_> = SETTINGS.iter().map(|&name| name.to_owned()).collect();
    let rows = sqlx::query(
        "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY($1::TEXT[])",
    )
    .bind(names)
    .fetch_all(connection)
    .await?;
    let mut settings = BTreeMap::new();
    for row in rows {
        settings.insert(row.try_get(0)?, row.try_get(1)?);
    }
    let transport = match (row.try_get(5)?, row.try_get(4)?) {
        (true, _) => "unix socket",
        (false, true) => "tcp with tls",
        (false, false) => "tcp",
    };
    settings.insert("transport".into(), transport.into());
    // Whether a server could, as against whether this session does.
    settings.remove("ssl");
    let version: String = row.try_get(0)?;
    Ok(Facts {
        // Without what the packager has added.
        version: version.split(' ').next().unwrap_or_default().into(),
        number: row.try_get(1)?,
        database: row.try_get(2)?,
        may_create: row.try_get(3)?,
        settings,
    })
}

impl Facts {
    /// Why this server will not do for a scenario that asks for `durability`, if it will not. We do
    /// not set a server that is not ours, and what is measured on another setting would go under the
    /// scenario's name.
    pub fn unsuitable(&self, durability: Durability) -> Option<String> {
        if self.number < VERSION_MIN {
            let least = VERSION_MIN / 10_000;
            return Some(format!("it is PostgreSQL {}, and {least} is the least", self.version));
        }
        if !self.may_create {
            return Some(format!("this user may not create a schema in {}", self.database));
        }
        let (name, fsync) = match durability {
            Durability::Full => ("full", "on"),
            Durability::Normal => ("normal", "on"),
            Durability::Off => ("off", "off"),
        };
        let mut wanted =
            vec![("fsync", fsync), ("synchronous_commit", session::synchronous_commit(durability))];
        if durability != Durability::Off {
            // Without them a crash of the machine may leave half a page.
            wanted.push(("full_page_writes", "on"));
        }
        wanted.into_iter().find_map(|(setting, wanted)| {
            let found = self.settings.get(setting)?;
            (found != wanted).then(|| {
                format!(
                    "the scenario asks for `durability = \"{name}\"`, which takes \
                     `{setting} = {wanted}`, and it has `{setting} = {found}`"
                )
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(settings: &[(&str, &str)]) -> Facts {
        let settings = settings.iter().map(|&(name, to)| (name.to_owned(), to.to_owned()));
        Facts {
            version: "15.4".into(),
            number: 150_004,
            database: "shop".into(),
            may_create: true,
            settings: settings.collect(),
        }
    }

    #[test]
    fn a_server_that_is_set_otherwise_is_told_apart_by_both_settings() {
        let set = |fsync, commit, pages| {
            facts(&[("fsync", fsync), ("synchronous_commit", commit), ("full_page_writes", pages)])
        };
        assert_eq!(set("on", "on", "on").unsuitable(Durability::Full), None);
        assert_eq!(set("on", "off", "on").unsuitable(Durability::Normal), None);
        assert_eq!(set("off", "off", "off").unsuitable(Durability::Off), None);
        let told = set("off", "on", "on").unsuitable(Durability::Full).unwrap();
        assert!(
            told.contains("`durability = \"full\"`") && told.contains("`fsync = off`"),
            "{told}"
        );
        let told = set("on", "off", "off").unsuitable(Durability::Normal).unwrap();
        assert!(told.contains("`full_page_writes = off`"), "{told}");
        let told = set("on", "off", "on").unsuitable(Durability::Off).unwrap();
        assert!(
            told.contains("takes `fsync = off`") && told.contains("has `fsync = on`"),
            "{told}"
        );
    }

    #[test]
    fn a_server_that_is_too_old_or_lets_us_make_nothing_is_told_apart() {
        let old = Facts { number: 120_017, version: "12.17".into(), ..facts(&[]) };
        assert!(old.unsuitable(Durability::Full).unwrap().contains("13 is the least"));
        let closed = Facts { may_create: false, ..facts(&[]) };
        assert!(closed.unsuitable(Durability::Full).unwrap().contains("create a schema in shop"));
    }
}
