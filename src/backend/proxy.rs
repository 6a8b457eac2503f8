//! A network that can be made bad: a TCP proxy on loopback.
//!
//! It passes bytes on between its clients and one server. On the way they can be held back, thinned,
//! stopped or cut off, also those of connections that are there already. Its work is done on a thread
//! of its own, but on the same machine: passing through it costs some tens of microseconds a round
//! trip even where nothing is wrong.

mod conditions;
mod connection;
mod passage;
mod way;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::background::Background;
use crate::clock::Clock;
use crate::model::{Nanos, Toxics};
use conditions::Conditions;
use connection::Connection;

/// How long no connection is accepted after one could not be.
const ACCEPT_PAUSE: Nanos = Nanos::from_millis(10);

/// A running proxy. Dropped, it closes its port and every connection, and its thread has ended.
pub struct Proxy {
    address: SocketAddr,
    conditions: watch::Sender<Conditions>,
    _work: Background,
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1 and passes on to `port` of `host`, which is looked up now.
    /// `seed` decides what is left to chance.
    ///
    /// # Errors
    /// If `host` is not known, or there is no port or no thread.
    pub async fn start(host: &str, port: u16, seed: u64) -> io::Result<Self> {
        let upstream: Arc<[SocketAddr]> = tokio::net::lookup_host((host, port)).await?.collect();
        if upstream.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "its host has no address"));
        }
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (conditions, seen) = watch::channel(Conditions::default());
        let work = Background::start(format!("proxy-{}", address.port()), move || {
            let listener = TcpListener::from_std(listener)?;
            Ok(serve(listener, upstream, seen, seed))
        });
        Ok(Self { address, conditions, _work: work.await? })
    }

    /// Where its clients find it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on, every byte is held back by the latency, and no connection gets more than the
    /// bandwidth. That goes for bytes that are on their way, too.
    pub fn slow(&self, toxics: Toxics) {
        self.conditions.send_modify(|conditions| conditions.toxics = toxics);
    }

    /// From now on nothing passes, in either direction, and nobody is told. The kernel accepts new
    /// connections, but nobody answers there. When it is [over](Proxy::restore), what was held back
    /// flows on: TCP sends again whatever was lost, for minutes. It waits longer each time, so on a
    /// real network this could come up to as long after the end as it had lasted; here it comes at
    /// once.
    pub fn cut(&self) {
        self.conditions.send_modify(|conditions| conditions.is_cut = true);
    }

    /// Resets every connection, at both of its ends. What was on its way is lost. New connections
    /// are not affected.
    pub fn reset(&self) {
        self.conditions.send_modify(|conditions| conditions.resets += 1);
    }

    /// From now on everything passes as it comes.
    pub fn restore(&self) {
        self.conditions.send_modify(|conditions| {
            *conditions = Conditions { resets: conditions.resets, ..Conditions::default() };
        });
    }
}

/// Accepts connections for as long as it is polled.
async fn serve(
    listener: TcpListener,
    upstream: Arc<[SocketAddr]>,
    conditions: watch::Receiver<Conditions>,
    seed: u64,
) {
    // Its own: the timers of a clock belong to the runtime that first waits for them.
    let clock = Clock::wall();
    let mut count = 0;
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                let mut chance = ChaCha8Rng::seed_from_u64(seed);
                chance.set_stream(count);
                count += 1;
                let (upstream, conditions) = (upstream.clone(), conditions.clone());
                let connection = Connection { upstream, conditions, clock: clock.clone() };
                tokio::spawn(connection.carry(client, chance));
            }
            Err(error) => {
                tracing::warn!(%error, "a proxy cannot accept a connection");
                clock.sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests;
