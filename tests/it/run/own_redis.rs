//! A Redis of one's own by every form of address: passwords, users, TLS, databases, sockets.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;
use cacheduel::backend::managed::{Process, Workspace, find_program};
use cacheduel::backend::redis::{Naming, RedisHost, Route};
use cacheduel::backend::{CacheHost, CacheOptions, Error};
use cacheduel::clock::Clock;
use cacheduel::model::Nanos;
use redis::Commands;

use super::{Stage, assert_code, contents, finish, stderr, stdout};
use crate::private_servers::PATIENCE;

const PASSWORD: &str = "open-sesame-5917";

/// A server with settings of its own, as others run theirs.
struct Own {
    port: u16,
    workspace: Workspace,
    clock: Clock,
    _process: Process,
}

impl Own {
    /// A server that listens in plain on `port`, on a socket, and as the settings say.
    async fn start(settings: impl Fn(&Workspace, u16) -> Vec<String>) -> Self {
        let workspace = Workspace::create(None).unwrap();
        let port = free_port();
        let mut arguments = vec!["--port".to_owned(), port.to_string()];
        for (name, value) in [("bind", "127.0.0.1"), ("save", ""), ("unixsocket", "own.sock")] {
            arguments.extend([format!("--{name}"), value.to_owned()]);
        }
        arguments.extend(settings(&workspace, port));
        let program = find_program("redis-server").expect("redis-server is installed");
        let log = workspace.path().join("own.log");
        let process = workspace.start(&program, arguments, &log).unwrap();
        let clock = Clock::wall();
        let own = Self { port, workspace, clock, _process: process };
        let deadline = own.clock.now() + PATIENCE;
        while UnixStream::connect(own.socket()).is_err() {
            let told = fs::read_to_string(&log).unwrap_or_default();
            assert!(own.clock.now() < deadline, "it does not listen: {told}");
            own.clock.sleep_until(own.clock.now() + Nanos::from_millis(10)).await;
        }
        own
    }

    fn socket(&self) -> PathBuf {
        self.workspace.path().join("own.sock")
    }

    async fn host(&self, url: &str) -> Result<RedisHost, Error> {
        let naming = Naming::new("own", "product:{id}");
        RedisHost::open(url, &CacheOptions::default(), naming, Route::Direct, self.clock.clone())
            .await
    }

    /// Asserts that everything a strategy may need works over this address.
    async fn assert_all_works(&self, url: &str) -> RedisHost {
        let host = self.host(url).await.unwrap_or_else(|error| panic!("{error}"));
        host.vet().await.unwrap();
        for (feature, outcome) in host.checkup().await.unwrap().features {
            assert_eq!(outcome, Ok(()), "{}", feature.name());
        }
        host
    }

    fn client(&self, url: &str) -> redis::Connection {
        redis::Client::open(url).unwrap().get_connection().unwrap()
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[tokio::test]
async fn passwords_users_databases_and_sockets_all_lead_to_the_server() {
    let own = Own::start(|_, _| {
        words(&format!("--requirepass {PASSWORD} --user ali on >{PASSWORD} ~* &* +@all"))
    })
    .await;
    let (port, socket) = (own.port, own.socket());
    let socket = socket.display();
    for url in [
        format!("redis://:{PASSWORD}@127.0.0.1:{port}"),
        format!("redis://:{PASSWORD}@127.0.0.1:{port}/3"),
        format!("redis://ali:{PASSWORD}@127.0.0.1:{port}/1?protocol=resp3"),
        format!("unix://{socket}?db=2&pass={PASSWORD}"),
        format!("unix://{socket}?db=2&user=ali&pass={PASSWORD}"),
    ] {
        let host = own.assert_all_works(&url).await;
        let told = format!("{:?}", host.server());
        assert!(!told.contains(PASSWORD) && told.contains("***"), "{told}");
    }
}

#[tokio::test]
async fn what_a_user_may_not_do_is_told_before_a_run_begins() {
    let own = Own::start(|_, _| {
        words(&format!(
            "--requirepass {PASSWORD} --user ali on >{PASSWORD} ~cacheduel:* &* +@all -@stream \
             --user eva on >{PASSWORD} ~other:* &* +@all"
        ))
    })
    .await;
    for (user, what) in [("ali", "streams"), ("eva", "entries")] {
        let host = own.host(&format!("redis://{user}:{PASSWORD}@127.0.0.1:{}", own.port)).await;
        let error = host.unwrap().vet().await.unwrap_err().to_string();
        assert!(error.contains(what) && error.contains("may not do this"), "{error}");
        assert!(!error.contains(PASSWORD), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_told_before_a_run_begins() {
    let primary = Own::start(|_, _| Vec::new()).await;
    let follows = format!("--replicaof 127.0.0.1 {}", primary.port);
    let replica = Own::start(|_, _| words(&follows)).await;
    let url = |own: &Own| format!("redis://127.0.0.1:{}", own.port);
    let error = replica.host(&url(&replica)).await.err().unwrap().to_string();
    assert!(
        error.contains("it is a replica") && error.contains(&primary.port.to_string()),
        "{error}"
    );

    let cluster = Own::start(|_, _| words("--cluster-enabled yes")).await;
    let error = cluster.host(&url(&cluster)).await.err().unwrap().to_string();
    assert!(error.contains("cluster"), "{error}");

    let full = Own::start(|_, _| words("--maxmemory 1")).await;
    let error = full.host(&url(&full)).await.unwrap().vet().await.unwrap_err().to_string();
    assert!(error.contains("its memory is full"), "{error}");

    let lame =
        Own::start(|_, _| words("--rename-command EVALSHA gone --rename-command EVAL gone2")).await;
    let error = lame.host(&url(&lame)).await.unwrap().vet().await.unwrap_err().to_string();
    assert!(error.contains("scripts do not work"), "{error}");
}

#[tokio::test]
async fn a_prefix_that_is_taken_is_refused_and_left_alone() {
    let own = Own::start(|_, _| Vec::new()).await;
    let url = format!("redis://127.0.0.1:{}", own.port);
    let () = own.client(&url).set("cacheduel:own:product:7", "not the run's").unwrap();
    let host = own.host(&url).await.unwrap();
    let error = host.vet().await.unwrap_err().to_string();
    assert!(error.contains("`cacheduel:own:product:7`"), "{error}");
    let keys: Vec<String> = own.client(&url).keys("*").unwrap();
    assert_eq!(keys, ["cacheduel:own:product:7"]);
}

#[tokio::test]
async fn a_run_in_one_database_leaves_all_of_them_as_they_were() {
    let own = Own::start(|_, _| words(&format!("--requirepass {PASSWORD}"))).await;
    let url = |database| format!("redis://:{PASSWORD}@127.0.0.1:{}/{database}", own.port);
    for database in 0..4 {
        let mut client = own.client(&url(database));
        for key in 0..3_000 {
            let () = client.set(format!("product:{key}"), vec![key as u8; 100]).unwrap();
        }
        let () = client.set_ex("session:1", "a", 3_600).unwrap();
        let () = client.rpush("cacheduel:list", vec!["a", "b"]).unwrap();
        let () = client.hset("cacheduel:other:hash", "field", "value").unwrap();
    }
    let before: Vec<_> = (0..4).map(|database| dump(&mut own.client(&url(database)))).collect();
    let stage = Stage::new();
    let output =
        traced(&stage, &["--redis-url", &url(3), "--only", "write-behind,cache-aside"], &[]);
    assert_code(&output, 0);
    for (database, before) in before.iter().enumerate() {
        assert!(dump(&mut own.client(&url(database))) == *before, "database {database} differs");
    }
    assert_keeps_password(&stage, &output);
    assert!(stdout(&output).contains(&format!("redis://:***@127.0.0.1:{}/3", own.port)));
}

/// Every key with its content, byte for byte.
fn dump(client: &mut redis::Connection) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut keys: Vec<Vec<u8>> = client.keys("*").unwrap();
    keys.sort();
    let dump = |key: Vec<u8>| {
        let content = redis::cmd("DUMP").arg(&key).query(client).unwrap();
        (key, content)
    };
    keys.into_iter().map(dump).collect()
}

#[tokio::test]
async fn tls_is_spoken_where_the_certificate_is_trusted_and_only_there() {
    let tls_port = free_port();
    let own = Own::start(|workspace, _| {
        let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        fs::write(workspace.path().join("own.crt"), signed.cert.pem()).unwrap();
        fs::write(workspace.path().join("own.key"), signed.signing_key.serialize_pem()).unwrap();
        words(&format!(
            "--tls-port {tls_port} --tls-cert-file own.crt --tls-key-file own.key \
             --tls-ca-cert-file own.crt --tls-auth-clients no --requirepass {PASSWORD}"
        ))
    })
    .await;
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, tls_port)).is_ok());
    let url = format!("rediss://:{PASSWORD}@localhost:{tls_port}/1");
    let certificate = own.workspace.path().join("own.crt").display().to_string();
    let trusting = [("SSL_CERT_FILE", certificate.as_str())];
    let stage = Stage::new();
    let output = traced(&stage, &["--redis-url", &url], &trusting);
    assert_code(&output, 0);
    assert_keeps_password(&stage, &output);

    let doctor = |url: &str, trust: &[(&str, &str)]| {
        let mut command = Command::new(cargo_bin!("cacheduel"));
        command.args(["doctor", "--redis-url", url]).env("RUST_LOG", "trace");
        finish_with(command, trust)
    };
    let trusted = doctor(&url, &trusting);
    assert_code(&trusted, 0);
    assert_eq!(stdout(&trusted).matches(" works\n").count(), 6, "{}", stdout(&trusted));
    // Nobody vouches for it here; one who says so does not mind.
    let untrusted = doctor(&url, &[]);
    assert_code(&untrusted, 1);
    assert!(stdout(&untrusted).contains("certificate"), "{}", stdout(&untrusted));
    let insecure = doctor(&format!("{url}#insecure"), &[]);
    assert_code(&insecure, 0);
    for output in [trusted, untrusted, insecure] {
        assert!(!says(PASSWORD, &output.stdout) && !says(PASSWORD, &output.stderr));
    }
}

#[tokio::test]
async fn a_server_that_does_not_let_us_in_is_told_without_its_password() {
    let own = Own::start(|_, _| words(&format!("--requirepass {PASSWORD}"))).await;
    let stage = Stage::new();
    let dead = free_port();
    for (url, why) in [
        (format!("redis://127.0.0.1:{}", own.port), "asks for a password"),
        (format!("redis://:guess-4711@127.0.0.1:{}", own.port), "does not accept"),
        (format!("redis://guess-4711:guess-4711@127.0.0.1:{}", own.port), "does not accept"),
        (format!("rediss://:guess-4711@127.0.0.1:{}", own.port), "cannot reach"),
        (format!("redis://:guess-4711@127.0.0.1:{dead}"), "refused"),
        ("unix:///nonexistent/own.sock?pass=guess-4711".to_owned(), "cannot reach"),
    ] {
        let output = traced(&stage, &["--redis-url", &url], &[]);
        assert_code(&output, 1);
        let told = stderr(&output).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(why), "{url}: {told}");
        let shown = told.replace("guess-4711:***", "");
        assert!(!shown.contains("guess-4711"), "{told}");
        stage.assert_clear();
    }
}

/// A run that tells all it can.
fn traced(stage: &Stage, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = stage.command(arguments);
    command.env("RUST_LOG", "trace");
    finish_with(command, environment)
}

fn finish_with(mut command: Command, environment: &[(&str, &str)]) -> Output {
    command.env_remove("SSL_CERT_FILE").envs(environment.iter().copied());
    finish(command)
}

#[track_caller]
fn assert_keeps_password(stage: &Stage, output: &Output) {
    assert!(!says(PASSWORD, &output.stdout) && !says(PASSWORD, &output.stderr));
    for (name, content) in contents(&stage.report()) {
        assert!(!says(PASSWORD, &content), "the password is in {}", name.display());
    }
    stage.assert_clear();
}

fn says(secret: &str, text: &[u8]) -> bool {
    text.windows(secret.len()).any(|window| window == secret.as_bytes())
}
