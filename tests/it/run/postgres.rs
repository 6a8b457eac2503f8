//! Whole runs with the store on PostgreSQL: a private server, and one of others.

use std::fs;

use cacheduel::record::{Record, Standing};
use cacheduel::report;
use rustix::process::Signal;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::signals::InTheMiddle;
use super::{Stage, assert_code, contents, has_begun, names, stderr, stdout};
use crate::postgres_servers;

#[test]
fn a_run_on_a_private_server_is_as_on_sqlite_and_leaves_nothing() {
    let stage = Stage::new();
    let output = stage.run(&["--store", "postgres"]);
    assert_code(&output, 0);
    stage.assert_clear();
    assert_eq!(names(stage.folder.path()), ["out", "tiny.toml", "work"]);
    assert!(stdout(&output).contains("WHAT THE STORE'S SERVER SAYS ITSELF"), "{}", stdout(&output));
    let page = fs::read_to_string(stage.report().join("report.html")).unwrap();
    assert!(page.contains("id=\"database\""));

    let record = report::read(&stage.report()).unwrap();
    assert_eq!((record.store.kind.as_str(), record.store.managed), ("postgres", true));
    for (setting, value) in [("fsync", "on"), ("synchronous_commit", "on"), ("transport", "tcp")] {
        assert_eq!(record.store.settings[setting], value);
    }
    for setting in ["filesystem", "shared_buffers", "autovacuum", "wal_sync_method"] {
        assert!(record.store.settings.contains_key(setting), "{setting}: {:?}", record.store);
    }
    assert!(record.store.address.starts_with("postgres://cacheduel:***@127.0.0.1:"));
    assert_eq!(record.contenders.len(), 6);
    for contender in &record.contenders {
        let label = &contender.label;
        assert_eq!(contender.lost_writes(), 0, "{label}");
        assert_eq!(contender.error_share(), Some(0.0), "{label}");
        for run in &contender.runs {
            let database = run.store_counters.database.as_ref().expect("the server counts");
            assert!(database.commits > 0, "{label}: {database:?}");
            assert_eq!(database.deadlocks, 0, "{label}");
            let check = run.checks.iter().find(|check| check.name == "store counters").unwrap();
            assert_eq!(check.standing, Standing::Ok, "{label}: {}", check.detail);
        }
    }
    let without = &record.contenders[0];
    assert_eq!((without.hit_ratio(), without.stale_share()), (Some(0.0), Some(0.0)));
}

#[tokio::test]
async fn a_run_that_is_ended_leaves_no_server_however_it_is_ended() {
    for (signal, code) in [(Signal::INT, Some(130)), (Signal::TERM, Some(143))] {
        let mut run = InTheMiddle::of(&["--store", "postgres"]).await;
        let (status, told) = run.end_by(signal).await;
        assert_eq!(status.code(), code, "{told}");
        run.assert_nothing_left();
    }
    let mut run = InTheMiddle::of(&["--store", "postgres"]).await;
    run.end_by(Signal::KILL).await;
    run.until_clear().await;
}

const PASSWORD: &str = "sesame-7731";

/// A database of others on the shared server, with a user who is nobody special.
struct Others {
    name: String,
    /// The superuser's.
    connection: PgConnection,
}

impl Others {
    async fn make() -> Self {
        let name = postgres_servers::run_name().replace('-', "_");
        let server = postgres_servers::shared().await;
        let mut connection = PgConnection::connect(&server.url()).await.unwrap();
        for sql in [
            format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'"),
            format!("CREATE DATABASE {name}"),
            format!("GRANT CREATE ON DATABASE {name} TO {name}"),
        ] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        }
        let url = server.url().replace("/postgres?", &format!("/{name}?"));
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let sql =
            "CREATE TABLE entity (id INT, kept TEXT); INSERT INTO entity VALUES (1, 'theirs');
                   CREATE SCHEMA cacheduel_other; CREATE TABLE cacheduel_other.outbox (id INT)";
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        Self { name, connection }
    }

    async fn url(&self) -> String {
        let (name, port) = (&self.name, postgres_servers::shared().await.port());
        format!("postgres://{name}:{PASSWORD}@127.0.0.1:{port}/{name}")
    }

    /// The same with the user and the password among the parameters.
    async fn url_by_parameters(&self) -> String {
        let (name, port) = (&self.name, postgres_servers::shared().await.port());
        format!("postgresql://127.0.0.1:{port}/{name}?user={name}&password={PASSWORD}")
    }

    /// The schemas and tables that there are, but for the system's own.
    async fn things(&mut self) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT nspname::TEXT || COALESCE('.' || relname, '')
             FROM pg_namespace LEFT JOIN pg_class ON relnamespace = pg_namespace.oid
             WHERE nspname !~ '^(pg_|information_schema)' ORDER BY 1",
        )
        .fetch_all(&mut self.connection)
        .await
        .unwrap()
    }

    async fn assert_as_it_was(&mut self) {
        let expected = ["cacheduel_other.outbox", "public.entity"];
        assert_eq!(self.things().await, expected);
        let kept: Vec<String> = sqlx::query_scalar("SELECT kept FROM public.entity")
            .fetch_all(&mut self.connection)
            .await
            .unwrap();
        assert_eq!(kept, ["theirs"]);
    }
}

#[tokio::test]
async fn a_run_on_a_server_of_others_leaves_it_as_it_was_and_keeps_its_password() {
    let mut others = Others::make().await;
    for url in [others.url().await, others.url_by_parameters().await] {
        let stage = Stage::new();
        let mut command = stage.command(&["--store-url", &url, "--only", "write-behind"]);
        command.env("RUST_LOG", "trace");
        let output = super::finish(command);
        assert_code(&output, 0);
        others.assert_as_it_was().await;
        for (name, content) in contents(&stage.report()) {
            assert!(!says_password(&content), "the password is in {}", name.display());
        }
        assert!(!says_password(&output.stdout) && !says_password(&output.stderr));
        assert!(stdout(&output).contains("***"), "{}", stdout(&output));
        let record = report::read(&stage.report()).unwrap();
        assert!(!record.store.managed);
        let checks = record.contenders.iter().flat_map(|one| &one.runs).flat_map(|run| &run.checks);
        let check = checks.into_iter().find(|check| check.name == "store counters").unwrap();
        assert_eq!(check.standing, Standing::NotApplicable, "{}", check.detail);
        stage.assert_clear();
    }
}

#[tokio::test]
async fn a_password_in_the_scenario_stays_there_whichever_server_is_used() {
    let mut others = Others::make().await;
    let url = others.url().await;
    // TOML has more than one way to write the same address.
    for (url, arguments) in [
        (url.clone(), ["--json", "--only", "ttl"].as_slice()),
        (url.replacen(':', "\\u003A", 1), &["--json", "--only", "ttl"]),
        (url.clone(), &["--json", "--only", "ttl", "--store", "sqlite"]),
    ] {
        let server = format!("[store]\nserver = {{ url = \"{url}\" }}");
        let stage = Stage::with(&[("[store]", &server)]);
        let output = stage.run(arguments);
        assert_code(&output, 0);
        others.assert_as_it_was().await;
        for (name, content) in contents(&stage.report()) {
            assert!(!says_password(&content), "the password is in {}", name.display());
        }
        assert!(!says_password(&output.stdout) && !says_password(&output.stderr));
        let record: Record = serde_json::from_str(&stdout(&output)).unwrap();
        assert!(!record.source.is_empty());
    }
}

#[tokio::test]
async fn ctrl_c_takes_the_schema_out_of_a_server_of_others() {
    let mut others = Others::make().await;
    let url = others.url().await;
    let mut run = InTheMiddle::of(&["--store-url", &url]).await;
    // Its rows are loaded, and it has begun to write.
    while !others.things().await.iter().any(|thing| thing.ends_with(".entity_pkey")) {
        run.pass().await;
    }
    let (status, told) = run.end_by(Signal::INT).await;
    assert_eq!(status.code(), Some(130), "{told}");
    others.assert_as_it_was().await;
    run.assert_nothing_left();
}

#[tokio::test]
async fn a_server_that_does_not_let_us_in_is_told_without_the_password() {
    let others = Others::make().await;
    let wrong = others.url().await.replace(PASSWORD, "open-7731");
    let elsewhere = format!("postgres://ali:{PASSWORD}@127.0.0.1:1/shop");
    for (url, word) in [(wrong, "authentication failed"), (elsewhere, "refused")] {
        let stage = Stage::new();
        let output = stage.run(&["--store-url", &url]);
        assert_code(&output, 1);
        let told = stderr(&output);
        assert!(told.contains("cannot reach the PostgreSQL at postgres://"), "{told}");
        assert!(told.contains(":***@127.0.0.1") && told.contains(word), "{told}");
        assert!(!told.contains("7731") && !has_begun(&output), "{told}");
        assert_eq!(names(stage.folder.path()), ["tiny.toml", "work"]);
        stage.assert_clear();
    }
}

#[test]
fn a_machine_without_postgres_says_what_is_missing() {
    // No place but PATH can be emptied; a program that is none stands before all others.
    let stage = Stage::new();
    fs::create_dir(stage.path("bin")).unwrap();
    for program in ["initdb", "postgres"] {
        std::os::unix::fs::symlink("/bin/false", stage.path("bin").join(program)).unwrap();
    }
    let mut command = stage.command(&["--only", "ttl", "--store", "postgres"]);
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", stage.path("bin").display()));
    let output = super::finish(command);
    assert_code(&output, 1);
    let told = stderr(&output);
    assert!(told.contains("cannot start") && told.contains("initdb"), "{told}");
    assert!(names(&stage.path("out")).is_empty());
    stage.assert_clear();
}

#[tokio::test]
async fn an_address_of_a_store_is_explained_without_its_password() {
    let server = format!(
        "[store]\nserver = {{ url = \"postgres://ali:{PASSWORD}@db/shop?password={PASSWORD}\" }}"
    );
    for (from, to, code) in [
        ("[store]", server.clone(), 0),
        ("[store]", server.replace("postgres:", "mysql:"), 2),
        ("[store]", server.replace("{ url = ", "").replace(" }", ""), 2),
    ] {
        let stage = Stage::with(&[(from, &to)]);
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("cacheduel"));
        command.current_dir(stage.folder.path()).args(["explain", "tiny.toml"]);
        let output = super::finish(command);
        assert_code(&output, code);
        let told = stdout(&output) + &stderr(&output);
        assert!(told.contains("ali:***") && !told.contains(PASSWORD), "{told}");
    }
}

fn says_password(text: &[u8]) -> bool {
    text.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes())
}
