//! The API itself: an HTTP service on a free port of loopback.
//!
//! It has a thread of its own with a runtime of its own, as a service elsewhere has a machine of its
//! own: on the load thread, its work would delay the clients' starts and count as theirs. The price
//! is CPU time of the same machine, beside the load thread, Redis and SQLite: where there is no core
//! to spare it slows them, by some tens of microseconds a request. That a strategy that asks the API
//! less leaves more for the rest is then measured with it.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::gate::Gate;
use super::wire;
use crate::backend::Store;
use crate::backend::background::Background;
use crate::clock::Clock;
use crate::model::Nanos;

/// How long no connection is accepted after one could not be: the process has too many open files,
/// and asking again at once would only burn its CPU.
const ACCEPT_PAUSE: Nanos = Nanos::from_millis(10);

/// A running service. Dropped, it closes its port and every connection, and its thread has ended.
pub struct Service {
    address: SocketAddr,
    _work: Background,
}

/// What answers the requests.
struct Api {
    store: Arc<dyn Store>,
    gate: Arc<Gate>,
    /// Its own: the timers of a clock belong to the runtime that first waits for them.
    clock: Clock,
}

impl Service {
    /// Starts to answer with the rows of `store`, as `gate` allows.
    ///
    /// # Errors
    /// If there is no port, or no thread.
    pub async fn start(store: Arc<dyn Store>, gate: Arc<Gate>) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let work = Background::start("api".into(), move || {
            let listener = TcpListener::from_std(listener)?;
            let api = Arc::new(Api { store, gate, clock: Clock::wall() });
            Ok(async move { serve(&listener, &api).await })
        });
        Ok(Self { address, _work: work.await? })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Accepts connections for as long as it is polled.
async fn serve(listener: &TcpListener, api: &Arc<Api>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(converse(stream, api.clone()))),
            Err(error) => {
                tracing::warn!(%error, "the API cannot accept a connection");
                api.clock.sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Answers one request after the other, until the client closes the connection. An answer that is
/// still in the making is then dropped.
async fn converse(stream: TcpStream, api: Arc<Api>) {
    // Small answers must not wait for each other's acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection of the API may be slow");
    }
    let answer = service_fn(|request| {
        let api = api.clone();
        async move { Ok::<_, Infallible>(api.answer(&request).await) }
    });
    let served = http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection of the API has ended");
    }
}

impl Api {
    /// Reads the row at once and hands it out when the latency is over: what arrives is as old as
    /// an answer can be, the worst case for a fill that races with a write.
    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let key = wire::key_in(request.uri().path());
        let Some(key) = key.filter(|_| request.method() == Method::GET) else {
            return wire::misdirected();
        };
        let arrived = self.clock.now();
        match self.gate.admit(arrived) {
            Err(refused) => wire::refusal(refused),
            Ok(latency) => {
                let read = self.store.read(key).await;
                self.clock.sleep_until(arrived + latency).await;
                wire::answer(read)
            }
        }
    }
}
