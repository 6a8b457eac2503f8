//! One request from its intended start to its answer.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use futures_util::future::BoxFuture;

use super::Node;
use super::seat::Seat;
use crate::backend::{Ctx, Tap};
use crate::clock::Clock;
use crate::model::{
    Draft, Fault, Key, Nanos, NodeId, Op, Outcome, Sample, Touches, Value, Version, Writer,
};
use crate::workload::{Request, Rows};

/// The client of all requests, one at a time or many at once.
pub struct Client<'a> {
    pub rows: &'a Rows,
    pub clock: &'a Clock,
    pub tap: &'a Tap,
    pub seed: u64,
    pub ended: Ended,
}

/// A request that starts.
#[derive(Clone, Copy)]
pub struct Start<'a> {
    pub request: &'a Request,
    /// When it was meant to start.
    pub intended: Nanos,
    /// When it does.
    pub at: Nanos,
}

/// What came of a request, or of one part of it.
struct Came {
    ended: Nanos,
    wrote_from: Nanos,
    seen: Option<(Version, Writer, Row)>,
    outcome: Outcome<Option<Version>>,
    touches: Touches,
}

/// What has ended and is still to be told, in the order in which it did.
#[derive(Default)]
pub struct Ended(RefCell<Vec<(Part, Sample)>>);

/// What a sample is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// A whole word, as what stands beside it: see `Fault`.
#[repr(u64)]
pub enum Part {
    Request,
    /// The read that a request of two parts began with.
    FirstRead,
}

/// Whether there is one.
#[derive(Clone, Copy, PartialEq, Eq)]
// A whole word, as what stands beside it: see `Fault`.
#[repr(u64)]
enum Row {
    There,
    Absent,
}

/// What a request came to, as far as it matters for the next.
pub struct Answered {
    pub request: u64,
    pub ended: Nanos,
    /// Whether there was a wait for it.
    pub waited: bool,
    /// How many have ended of which nobody was told.
    pub untold: usize,
}

/// What a read came to, and when.
#[derive(Clone, Copy)]
struct Seen {
    value: Outcome<(Version, Writer, Row)>,
    ended: Nanos,
}

impl Ended {
    /// Adds what has ended just now, at a node. Returns how many there are.
    #[inline(always)]
    fn add(&self, part: Part, start: &Start<'_>, node: NodeId, came: Came) -> usize {
        let Start { request, intended, at: started } = *start;
        let Came { ended, wrote_from, seen, outcome, touches } = came;
        let sample = Sample {
            request: request.number,
            key: request.key,
            op: match part {
                Part::Request => request.op,
                Part::FirstRead => Op::Read,
            },
            node,
            client: request.client,
            intended,
            started,
            wrote_from,
            ended,
            seen: seen.map(|(version, ..)| version),
            seen_writer: seen.map(|(_, writer, _)| writer),
            absent: seen.is_some_and(|(.., row)| row == Row::Absent),
            written: outcome.ok().flatten(),
            fault: outcome.err(),
            touches,
        };
        let mut list = self.0.borrow_mut();
        list.push((part, sample));
        list.len()
    }

    /// Puts the keys of all that have ended in the place of `keys`.
    pub fn keys(&self, keys: &mut Vec<Key>) {
        keys.clear();
        keys.extend(self.0.borrow().iter().map(|(_, sample)| sample.key));
    }

    /// Takes out all that have ended. Returns when the last did, if there is any.
    pub fn take_each(&self, mut take: impl FnMut(Part, &Sample)) -> Option<Nanos> {
        let mut ended = self.0.borrow_mut();
        let last = ended.last().map(|(_, sample)| sample.ended);
        ended.drain(..).for_each(|(part, sample)| take(part, &sample));
        last
    }
}

impl Client<'_> {
    /// Sends the request, which starts now, to the node that serves its client, if any is up. Waits for its
    /// answer, or until the seat's request is given up, and adds it to those that have ended.
    pub async fn send(&self, node: Option<&Node>, start: &Start<'_>, seat: &Seat) -> Answered {
        let Start { request, at: started, .. } = *start;
        let Some(node) = node else {
            // Nobody is there to ask: nothing was read, and nothing can have been written.
            let came = Came {
                ended: started,
                wrote_from: Nanos::NEVER,
                seen: None,
                outcome: Err(Fault::NODE_DOWN),
                touches: Touches::default(),
            };
            return self.answered(start, request.node, came, false);
        };
        let ctx = Ctx::request(
            &*node.cache,
            &*node.store,
            self.clock,
            self.tap,
            self.seed ^ request.number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15),
        );
        // What the read came to is known even if the client gives up later.
        let seen = Cell::new(None);
        let (outcome, waited) = {
            let answer = pin!(self.ask(&ctx, node, start, &seen));
            seat.wait_for(answer).await
        };
        let seen: Option<Seen> = seen.get();
        let came = Came {
            ended: match seen {
                Some(seen) if request.op.is_read() && outcome.is_some() => seen.ended,
                _ => self.clock.now(),
            },
            wrote_from: if request.op.reads_first() {
                seen.filter(|seen| seen.value.is_ok()).map_or(Nanos::NEVER, |seen| seen.ended)
            } else {
                started
            },
            seen: seen.and_then(|seen| seen.value.ok()),
            outcome: outcome.unwrap_or_else(|| match node.was_killed() {
                true => Err(Fault::NODE_DOWN),
                false => Err(Fault::GAVE_UP),
            }),
            touches: ctx.touches(),
        };
        self.answered(start, node.id, came, waited)
    }

    // In place: what is told of a request is written where it stays.
    #[inline(always)]
    fn answered(&self, start: &Start<'_>, node: NodeId, came: Came, waited: bool) -> Answered {
        let ended = came.ended;
        let untold = self.ended.add(Part::Request, start, node, came);
        Answered { request: start.request.number, ended, waited, untold }
    }

    // An `async` function would keep what it is handed twice.
    #[expect(clippy::manual_async_fn, reason = "see above")]
    fn ask<'a>(
        &'a self,
        ctx: &'a Ctx<'_>,
        node: &'a Node,
        start: &'a Start<'_>,
        seen: &'a Cell<Option<Seen>>,
    ) -> impl Future<Output = Outcome<Option<Version>>> + 'a {
        async move {
            let request = start.request;
            if request.op.reads_first() {
                let read = node.strategy.read(ctx, request.key);
                let value = looked_at(read, |read| self.check(request.key, read)).await;
                let ended = self.clock.now();
                seen.set(Some(Seen { value, ended }));
                if !request.op.is_read() {
                    let came = Came {
                        ended,
                        wrote_from: Nanos::NEVER,
                        seen: value.ok(),
                        outcome: value.map(|_| None),
                        touches: ctx.touches(),
                    };
                    self.ended.add(Part::FirstRead, start, node.id, came);
                }
                value?;
            }
            match self.draft(request) {
                Some(draft) => node.strategy.write(ctx, draft).await.map(Some),
                None => Ok(None),
            }
        }
    }

    /// What the request writes; `None` where it only reads.
    fn draft(&self, request: &Request) -> Option<Draft> {
        let writer = Writer::of_request(request.number);
        match request.op {
            Op::Read => None,
            Op::Update | Op::Insert | Op::ReadModifyWrite => {
                Some(self.rows.draft(request.key, writer))
            }
            Op::Delete => Some(Draft::deletion(request.key, writer)),
        }
    }

    /// Takes a read's answer for what it is, if it is what some writer wrote and the origin says.
    fn check(&self, key: Key, read: &Outcome<Value>) -> Outcome<(Version, Writer, Row)> {
        let value = read.as_ref().map_err(|fault| *fault)?;
        let aggregate = self.rows.aggregate(key).filter(|_| !value.is_absent());
        if !value.is_intact(key) || value.aggregate != aggregate {
            return Err(Fault::CORRUPT_ANSWER);
        }
        let row = if value.is_absent() { Row::Absent } else { Row::There };
        Ok((value.version, value.writer, row))
    }
}

/// What `look` makes of the answer, where it comes: it is large, and would be moved.
fn looked_at<T, U>(
    mut answer: BoxFuture<'_, T>,
    look: impl Fn(&T) -> U,
) -> impl Future<Output = U> {
    poll_fn(move |context| match &answer.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(look(answer)),
        Poll::Pending => Poll::Pending,
    })
}
