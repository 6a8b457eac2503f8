//! Runs against a server of others, which is to be as it was.

use std::net::{Ipv4Addr, TcpListener};

use cacheduel::backend::CacheOptions;
use cacheduel::backend::managed::ManagedRedis;
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;

use super::{Stage, assert_code, contents, names, stderr, stdout};
use crate::private_servers::World;

const PASSWORD: &str = "sesame-5917";

/// A server of others with something in it, and a password.
pub struct Shared {
    server: ManagedRedis,
    connection: MultiplexedConnection,
    _world: World,
}

impl Shared {
    pub async fn start() -> Self {
        let world = World::new();
        let server = world.server(&CacheOptions::default()).await;
        let client = redis::Client::open(server.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        for name in ["product:1", "cacheduel:other:product:1", "unrelated"] {
            let () = connection.set(name, "not the run's").await.unwrap();
        }
        let mut set = redis::cmd("CONFIG");
        set.arg("SET").arg("requirepass").arg(PASSWORD);
        set.exec_async(&mut connection).await.unwrap();
        Self { server, connection, _world: world }
    }

    pub fn url(&self) -> String {
        format!("redis://:{PASSWORD}@127.0.0.1:{}", self.server.port())
    }

    /// Its keys in their order.
    pub async fn keys(&mut self) -> Vec<String> {
        let mut keys: Vec<String> = self.connection.keys("*").await.unwrap();
        keys.sort();
        keys
    }

    /// Asserts that it holds what it held before the run, and nothing more.
    pub async fn assert_as_it_was(&mut self) {
        let expected = ["cacheduel:other:product:1", "product:1", "unrelated"];
        assert_eq!(self.keys().await, expected);
        let kept: String = self.connection.get("product:1").await.unwrap();
        assert_eq!(kept, "not the run's");
    }
}

#[tokio::test]
async fn a_run_against_a_server_of_others_leaves_it_as_it_was_and_keeps_its_password() {
    let mut shared = Shared::start().await;
    let stage = Stage::new();
    let output = stage.run(&["--redis-url", &shared.url()]);
    assert_code(&output, 0);
    shared.assert_as_it_was().await;
    for (name, content) in contents(&stage.report()) {
        assert!(!says_password(&content), "the password is in {}", name.display());
    }
    assert!(!says_password(&output.stdout) && !says_password(&output.stderr));
    assert!(stdout(&output).contains("redis://:***@"), "{}", stdout(&output));
    stage.assert_clear();
}

#[tokio::test]
async fn a_password_in_the_scenario_stays_there() {
    let mut shared = Shared::start().await;
    // TOML has more than one way to write the same address.
    for url in [shared.url(), shared.url().replacen(':', "\\u003A", 1)] {
        let server = format!("[cache]\nserver = {{ url = \"{url}\" }}");
        let stage = Stage::with(&[("[cache]", &server)]);
        let output = stage.run(&["--json", "--only", "ttl"]);
        assert_code(&output, 0);
        shared.assert_as_it_was().await;
        for (name, content) in contents(&stage.report()) {
            assert!(!says_password(&content), "the password is in {}", name.display());
        }
        assert!(!says_password(&output.stdout) && !says_password(&output.stderr));
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_and_not_shown() {
    let shared = Shared::start().await;
    let stage = Stage::new();
    let url = shared.url().replace(PASSWORD, "open-5917");
    let output = stage.run(&["--redis-url", &url]);
    assert_code(&output, 1);
    let told = stderr(&output);
    assert!(told.contains("cannot reach") && told.contains("redis://:***@"), "{told}");
    assert!(!told.contains("open-5917"), "{told}");
}

#[test]
fn a_server_that_nobody_runs_is_told_and_leaves_nothing() {
    let port = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    let stage = Stage::new();
    let output = stage.run(&["--redis-url", &format!("redis://:{PASSWORD}@127.0.0.1:{port}")]);
    assert_code(&output, 1);
    let told = stderr(&output);
    assert!(told.contains(&format!("cannot reach the Redis at redis://:***@127.0.0.1:{port}")));
    assert!(told.contains("refused") && !says_password(&output.stderr), "{told}");
    assert_eq!(names(stage.folder.path()), ["tiny.toml", "work"]);
    stage.assert_clear();
}

fn says_password(text: &[u8]) -> bool {
    text.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes())
}
