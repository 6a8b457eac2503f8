//! A proxy between real sockets. Time is only ever bounded from below: a machine that stalls makes
//! everything late, and nothing early.

use std::future::Future;
use std::io::ErrorKind;
use std::pin::pin;

use futures_util::future::{Either, select};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::*;
use crate::model::{Size, Span};

/// How long anything may take before the test gives it up.
const PATIENCE: Nanos = Nanos::from_secs(60);
/// Long enough for whatever is going to come anyway.
const A_WHILE: Nanos = Nanos::from_millis(50);

/// A server without a proxy's knowledge, a proxy in front of it, and a clock.
struct World {
    clock: Clock,
    server: TcpListener,
    proxy: Proxy,
}

impl World {
    async fn new() -> Self {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = server.local_addr().unwrap().port();
        let proxy = Proxy::start("127.0.0.1", port, 7).await.unwrap();
        Self { clock: Clock::wall(), server, proxy }
    }

    async fn connect(&self) -> TcpStream {
        self.soon(TcpStream::connect(self.proxy.address())).await.unwrap()
    }

    async fn accept(&self) -> TcpStream {
        self.soon(self.server.accept()).await.unwrap().0
    }

    /// Both ends of a new connection.
    async fn pair(&self) -> (TcpStream, TcpStream) {
        let client = self.connect().await;
        (client, self.accept().await)
    }

    async fn soon<T>(&self, work: impl Future<Output = T>) -> T {
        match select(pin!(work), pin!(self.clock.sleep(PATIENCE))).await {
            Either::Left((done, _)) => done,
            Either::Right(_) => panic!("it never happens"),
        }
    }

    /// Whether `work` is not done within a while.
    async fn hangs<T>(&self, work: impl Future<Output = T>) -> bool {
        let a_while = self.clock.sleep(A_WHILE);
        matches!(select(pin!(work), pin!(a_while)).await, Either::Right(_))
    }

    async fn read(&self, stream: &mut TcpStream, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.soon(stream.read_exact(&mut bytes)).await.unwrap();
        bytes
    }

    /// How the stream ends, with whatever came before.
    async fn end(&self, stream: &mut TcpStream) -> (Vec<u8>, Option<ErrorKind>) {
        let mut bytes = Vec::new();
        let end = self.soon(stream.read_to_end(&mut bytes)).await;
        (bytes, end.err().map(|error| error.kind()))
    }
}

#[tokio::test]
async fn bytes_pass_unchanged_and_so_does_each_end() {
    let world = World::new().await;
    let (mut client, mut server) = world.pair().await;
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    let (there, back) = (bytes.clone(), bytes.clone());
    let sending = async {
        client.write_all(&there).await.unwrap();
        client.shutdown().await.unwrap();
        world.end(&mut client).await
    };
    let answering = async {
        let came = world.end(&mut server).await;
        server.write_all(&back).await.unwrap();
        drop(server);
        came
    };
    let (answer, question) = tokio::join!(sending, answering);
    assert!(question == (bytes.clone(), None), "what came differs from what was sent");
    assert!(answer == (bytes, None), "what came back differs from what was sent");
}

#[tokio::test]
async fn latency_is_added_in_each_direction() {
    let world = World::new().await;
    let (mut client, mut server) = world.pair().await;
    world.proxy.slow(Toxics { latency: Span::from_millis(20), ..Toxics::default() });
    let began = world.clock.now();
    client.write_all(b"ping").await.unwrap();
    assert_eq!(world.read(&mut server, 4).await, b"ping");
    assert!(world.clock.now() - began >= Nanos::from_millis(20));
    server.write_all(b"pong").await.unwrap();
    assert_eq!(world.read(&mut client, 4).await, b"pong");
    assert!(world.clock.now() - began >= Nanos::from_millis(40));
}

#[tokio::test]
async fn latency_does_not_cost_throughput() {
    // Taken one after the other, these chunks would need minutes.
    let world = World::new().await;
    let (mut client, mut server) = world.pair().await;
    world.proxy.slow(Toxics { latency: Span::from_secs(1), ..Toxics::default() });
    let bytes = vec![7; 12 << 20];
    let (sent, came) = tokio::join!(
        async { client.write_all(&bytes).await },
        world.read(&mut server, bytes.len())
    );
    sent.unwrap();
    assert!(came == bytes);
}

#[tokio::test]
async fn jitter_changes_no_order() {
    let world = World::new().await;
    let (mut client, mut server) = world.pair().await;
    let (latency, jitter) = (Span::from_millis(5), Span::from_millis(5));
    world.proxy.slow(Toxics { latency, jitter, bandwidth: None });
    let sending = async {
        for number in 0..200_u16 {
            client.write_all(&number.to_be_bytes()).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let ((), came) = tokio::join!(sending, world.read(&mut server, 400));
    let numbers = came.as_chunks::<2>().0.iter().map(|&number| u16::from_be_bytes(number));
    assert!(numbers.eq(0..200));
}

#[tokio::test]
async fn bandwidth_is_not_exceeded() {
    let world = World::new().await;
    let (mut client, mut server) = world.pair().await;
    let bandwidth = Some(Size(1_000_000));
    world.proxy.slow(Toxics { bandwidth, ..Toxics::default() });
    let began = world.clock.now();
    let bytes = vec![7; 200_000];
    let (sent, came) = tokio::join!(
        async { client.write_all(&bytes).await },
        world.read(&mut server, bytes.len())
    );
    sent.unwrap();
    assert_eq!(came.len(), bytes.len());
    // What it may catch up with is at most 10 ms' worth.
    assert!(world.clock.now() - began >= Nanos::from_millis(190));
}

#[tokio::test]
async fn what_is_on_its_way_is_let_go_when_the_network_is_well_again() {
    let world = World::new().await;
    let (mut client, mut server) = world.pair().await;
    world.proxy.slow(Toxics { latency: Span::from_secs(86_400), ..Toxics::default() });
    client.write_all(b"early").await.unwrap();
    assert!(world.hangs(server.read_u8()).await);
    world.proxy.restore();
    assert_eq!(world.read(&mut server, 5).await, b"early");
}

#[tokio::test]
async fn nothing_passes_while_it_is_cut_and_everything_in_order_afterwards() {
    let world = World::new().await;
    let (mut client, mut server) = world.pair().await;
    world.proxy.cut();
    client.write_all(b"one").await.unwrap();
    server.write_all(b"answer").await.unwrap();
    let mut late = world.connect().await;
    late.write_all(b"hello").await.unwrap();
    assert!(world.hangs(server.read_u8()).await);
    assert!(world.hangs(client.read_u8()).await);
    assert!(world.hangs(world.server.accept()).await, "nobody is reached");
    client.write_all(b"two").await.unwrap();
    // Nobody is told either that the other side has ended.
    server.shutdown().await.unwrap();
    assert!(world.hangs(client.read_u8()).await);
    world.proxy.restore();
    assert_eq!(world.end(&mut client).await, (b"answer".to_vec(), None));
    assert_eq!(world.read(&mut server, 6).await, b"onetwo");
    let mut server = world.accept().await;
    assert_eq!(world.read(&mut server, 5).await, b"hello");
    server.write_all(b"welcome").await.unwrap();
    assert_eq!(world.read(&mut late, 7).await, b"welcome");
}

#[tokio::test]
async fn what_was_sent_before_and_during_a_cut_arrives_in_order() {
    let world = World::new().await;
    let (mut client, mut server) = world.pair().await;
    for number in 0..20_u8 {
        match number {
            5 => world.proxy.cut(),
            15 => world.proxy.restore(),
            _ => {}
        }
        client.write_all(&[number]).await.unwrap();
    }
    client.shutdown().await.unwrap();
    assert_eq!(world.end(&mut server).await, ((0..20).collect(), None));
}

#[tokio::test]
async fn a_reset_reaches_both_ends_of_every_connection_and_no_later_one() {
    let world = World::new().await;
    let mut pairs = [world.pair().await, world.pair().await];
    for (client, server) in &mut pairs {
        client.write_all(b"x").await.unwrap();
        world.read(server, 1).await;
    }
    world.proxy.reset();
    for (client, server) in &mut pairs {
        assert_eq!(world.end(client).await, (vec![], Some(ErrorKind::ConnectionReset)));
        assert_eq!(world.end(server).await, (vec![], Some(ErrorKind::ConnectionReset)));
    }
    let (mut client, mut server) = world.pair().await;
    client.write_all(b"again").await.unwrap();
    assert_eq!(world.read(&mut server, 5).await, b"again");
}

#[tokio::test]
async fn a_reset_is_felt_while_nothing_else_passes() {
    let world = World::new().await;
    let (mut client, _server) = world.pair().await;
    world.proxy.cut();
    client.write_all(b"lost").await.unwrap();
    world.proxy.reset();
    assert_eq!(world.end(&mut client).await, (vec![], Some(ErrorKind::ConnectionReset)));
}

#[tokio::test]
async fn a_reset_of_one_side_is_passed_on_behind_what_came_before() {
    let world = World::new().await;
    let (mut client, mut server) = world.pair().await;
    server.write_all(b"last words").await.unwrap();
    // Read by the proxy before the reset, which would else discard them.
    assert_eq!(world.read(&mut client, 10).await, b"last words");
    server.set_zero_linger().unwrap();
    drop(server);
    assert_eq!(world.end(&mut client).await, (vec![], Some(ErrorKind::ConnectionReset)));
}

#[tokio::test]
async fn a_server_that_is_not_there_resets_its_clients_until_it_is() {
    // A port that is taken and on which nobody listens yet: no other test can have it meanwhile.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let port = socket.local_addr().unwrap().port();
    let proxy = Proxy::start("127.0.0.1", port, 7).await.unwrap();
    let early = TcpStream::connect(proxy.address()).await;
    let elsewhere = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let world = World { clock: Clock::wall(), server: elsewhere, proxy };
    match early {
        Ok(mut early) => {
            assert_eq!(world.end(&mut early).await, (vec![], Some(ErrorKind::ConnectionReset)));
        }
        // The reset can come before the client has learnt that it is connected.
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    let world = World { server: socket.listen(8).unwrap(), ..world };
    let (mut client, mut server) = world.pair().await;
    client.write_all(b"again").await.unwrap();
    assert_eq!(world.read(&mut server, 5).await, b"again");
}

#[tokio::test]
async fn a_dropped_proxy_leaves_neither_connection_nor_thread() {
    let world = World::new().await;
    let (mut client, mut server) = world.pair().await;
    client.write_all(b"held").await.unwrap();
    world.read(&mut server, 4).await;
    let World { clock, server: listener, proxy } = world;
    let address = proxy.address();
    let name = format!("proxy-{}", address.port());
    assert!(threads().is_none_or(|names| names.contains(&name)));
    drop(proxy);
    // A thread that has been joined may be listed a moment longer.
    let deadline = clock.now() + PATIENCE;
    while threads().is_some_and(|names| names.contains(&name)) {
        assert!(clock.now() < deadline, "the thread runs on");
        clock.sleep(Nanos::from_millis(1)).await;
    }
    let port = listener.local_addr().unwrap().port();
    let proxy = Proxy::start("localhost", port, 7).await.unwrap();
    let world = World { clock, server: listener, proxy };
    world.end(&mut client).await;
    world.end(&mut server).await;
}

#[tokio::test]
async fn a_host_that_is_not_known_is_an_error() {
    assert!(Proxy::start("no-such-host.invalid", 1, 7).await.is_err());
}

/// The names of this process's threads, where the system tells them.
fn threads() -> Option<Vec<String>> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).ok();
    Some(tasks.flatten().filter_map(name).map(|name| name.trim().to_owned()).collect())
}
