//! One direction of a connection: bytes come in, are held for as long as they are to be, and go on.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, watch};

use super::conditions::Conditions;
use super::passage::{Next, Passage, Sent};
use crate::clock::Clock;

/// How many bytes a direction holds before it takes no more in, as a network between two hosts with
/// big windows would: enough for 160 MB/s at a latency of 100 ms.
const WINDOW: usize = 16 << 20;
/// How much is taken in at once.
const CHUNK: usize = 64 << 10;
/// Less room than this in a buffer is not worth a read.
const ROOM_MIN: usize = 4 << 10;

/// What is on its way.
struct Held {
    sent: Sent,
    what: Piece,
}

enum Piece {
    Bytes(Bytes),
    /// The sender has nothing more to say.
    End,
    /// The sender's connection broke.
    Broken(io::Error),
}

/// Passes on all that `source` sends until its end, which is passed on too.
///
/// # Errors
/// If either side breaks. What breaks at the source is known here only when all that came before it has
/// arrived.
pub async fn pass_on(
    source: ReadHalf<'_>,
    sink: WriteHalf<'_>,
    conditions: watch::Receiver<Conditions>,
    clock: &Clock,
    chance: ChaCha8Rng,
) -> io::Result<()> {
    let window = Arc::new(Semaphore::new(WINDOW));
    let (sender, held) = unbounded_channel();
    let out = Out { sink, held, window: window.clone(), conditions, clock };
    let coming = async {
        take_in(source, sender, &window, clock, chance).await;
        Ok(())
    };
    tokio::try_join!(coming, out.hand_on()).map(drop)
}

async fn take_in(
    mut source: ReadHalf<'_>,
    held: UnboundedSender<Held>,
    window: &Semaphore,
    clock: &Clock,
    mut chance: ChaCha8Rng,
) {
    let mut buffer = BytesMut::new();
    loop {
        if buffer.capacity() < ROOM_MIN {
            buffer.reserve(CHUNK);
        }
        let read = source.read_buf(&mut buffer).await;
        let sent = Sent { at: clock.now(), swing: chance.random_range(-1.0..=1.0) };
        let (length, what) = match read {
            Ok(0) => (0, Piece::End),
            Ok(length) => (length, Piece::Bytes(buffer.split().freeze())),
            Err(error) => (0, Piece::Broken(error)),
        };
        // Never closed, and a chunk is smaller than the window.
        if let Ok(room) = window.acquire_many(length as u32).await {
            room.forget();
        }
        if held.send(Held { sent, what }).is_err() || length == 0 {
            return;
        }
    }
}

/// The end of the way.
struct Out<'a> {
    sink: WriteHalf<'a>,
    held: UnboundedReceiver<Held>,
    window: Arc<Semaphore>,
    conditions: watch::Receiver<Conditions>,
    clock: &'a Clock,
}

impl Out<'_> {
    async fn hand_on(mut self) -> io::Result<()> {
        let mut passage = Passage::default();
        while let Some(Held { sent, what }) = self.held.recv().await {
            match what {
                Piece::Bytes(mut bytes) => {
                    while !bytes.is_empty() {
                        let length = self.arrival(&mut passage, sent, bytes.len()).await;
                        self.sink.write_all(&bytes.split_to(length)).await?;
                        self.window.add_permits(length);
                    }
                }
                Piece::End => {
                    self.arrival(&mut passage, sent, 0).await;
                    return self.sink.shutdown().await;
                }
                Piece::Broken(error) => {
                    self.arrival(&mut passage, sent, 0).await;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Returns when the first of `left` bytes arrive, with their number. Conditions that change
    /// meanwhile change that.
    async fn arrival(&mut self, passage: &mut Passage, sent: Sent, left: usize) -> usize {
        loop {
            let conditions = *self.conditions.borrow_and_update();
            let now = self.clock.now();
            let changed = self.conditions.changed();
            // Whoever could change them is gone only when all of this is.
            let is_over = match passage.next(&conditions, sent, left, now) {
                Next::At(then, length) if then <= now => {
                    passage.passed(then);
                    return length;
                }
                Next::At(then, _) => tokio::select! {
                    () = self.clock.sleep_until(then) => false,
                    changed = changed => changed.is_err(),
                },
                Next::Never => changed.await.is_err(),
            };
            if is_over {
                std::future::pending::<()>().await;
            }
        }
    }
}
