//! One request from its intended start to its answer.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;

use super::Node;
use super::seat::Seat;
use crate::backend::{Ctx, Tap};
use crate::clock::Clock;
use crate::model::{
    Draft, Fault, Key, Nanos, Op, Outcome, Sample, Touches, Value, Version, Writer,
};
use crate::strategy::Strategy;
use crate::workload::{Request, Rows};

/// The client of one request.
pub struct Client<'a> {
    /// The node that serves the client; none where all are down.
    pub node: Option<Rc<Node>>,
    pub rows: &'a Rows,
    pub clock: &'a Clock,
    pub tap: &'a Tap,
    pub seed: u64,
    pub ended: &'a Ended,
}

/// What has ended and is still to be told, in the order in which it did.
#[derive(Default)]
pub struct Ended(RefCell<Vec<(Part, Sample)>>);

/// What a sample is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Request,
    /// The read that a request of two parts began with.
    FirstRead,
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
    value: Outcome<(Version, Writer, bool)>,
    ended: Nanos,
}

impl Ended {
    /// Adds what has ended just now. Returns how many there are.
    fn add(&self, part: Part, sample: &Sample) -> usize {
        let mut ended = self.0.borrow_mut();
        ended.push((part, *sample));
        ended.len()
    }

    /// The keys of all that have ended.
    pub fn each_key(&self, mut look: impl FnMut(Key)) {
        self.0.borrow().iter().for_each(|(_, sample)| look(sample.key));
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
    /// Sends the request, which starts now, waits for its answer, or until the seat's request is given
    /// up, and adds it to those that have ended.
    pub async fn send(
        &self,
        request: &Request,
        intended: Nanos,
        started: Nanos,
        seat: &Seat,
    ) -> Answered {
        let mut sample = blank(request, intended, started);
        let Some(node) = &self.node else {
            // Nobody is there to ask: nothing was read, and nothing can have been written.
            (sample.ended, sample.fault) = (started, Some(Fault::NODE_DOWN));
            return self.answered(&sample, false);
        };
        sample.node = node.id;
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
            let asked = pin!(self.ask(&ctx, &*node.strategy, &sample, &seen));
            seat.wait_for(asked).await
        };
        let seen: Option<Seen> = seen.get();
        sample.ended = match seen {
            Some(seen) if request.op.is_read() && outcome.is_some() => seen.ended,
            _ => self.clock.now(),
        };
        (sample.written, sample.fault) = match outcome {
            Some(Ok(written)) => (written, None),
            Some(Err(fault)) => (None, Some(fault)),
            None if node.was_killed() => (None, Some(Fault::NODE_DOWN)),
            None => (None, Some(Fault::GAVE_UP)),
        };
        sample.wrote_from = if request.op.reads_first() {
            seen.filter(|seen| seen.value.is_ok()).map_or(Nanos::NEVER, |seen| seen.ended)
        } else {
            started
        };
        sample.touches = ctx.touches();
        note(&mut sample, seen.and_then(|seen| seen.value.ok()));
        self.answered(&sample, waited)
    }

    fn answered(&self, sample: &Sample, waited: bool) -> Answered {
        let untold = self.ended.add(Part::Request, sample);
        Answered { request: sample.request, ended: sample.ended, waited, untold }
    }

    async fn ask(
        &self,
        ctx: &Ctx<'_>,
        strategy: &dyn Strategy,
        blank: &Sample,
        seen: &Cell<Option<Seen>>,
    ) -> Outcome<Option<Version>> {
        if blank.op.reads_first() {
            // Looked at where it lies: it is large, and would be moved.
            let value = match &strategy.read(ctx, blank.key).await {
                Ok(value) => self.check(blank, value),
                Err(fault) => Err(*fault),
            };
            let ended = self.clock.now();
            seen.set(Some(Seen { value, ended }));
            if !blank.op.is_read() {
                let fault = value.err();
                let touches = ctx.touches();
                let mut read = Sample { op: Op::Read, ended, fault, touches, ..*blank };
                note(&mut read, value.ok());
                self.ended.add(Part::FirstRead, &read);
            }
            value?;
        }
        match self.draft(blank) {
            Some(draft) => strategy.write(ctx, draft).await.map(Some),
            None => Ok(None),
        }
    }

    /// What the request writes; `None` where it only reads.
    fn draft(&self, asked: &Sample) -> Option<Draft> {
        let writer = Writer::of_request(asked.request);
        match asked.op {
            Op::Read => None,
            Op::Update | Op::Insert | Op::ReadModifyWrite => {
                Some(self.rows.draft(asked.key, writer))
            }
            Op::Delete => Some(Draft::deletion(asked.key, writer)),
        }
    }

    /// Takes a read's answer for what it is, if it is what some writer wrote and the origin says.
    fn check(&self, asked: &Sample, value: &Value) -> Outcome<(Version, Writer, bool)> {
        let aggregate = self.rows.aggregate(asked.key).filter(|_| !value.is_absent());
        if !value.is_intact(asked.key) || value.aggregate != aggregate {
            return Err(Fault::CORRUPT_ANSWER);
        }
        Ok((value.version, value.writer, value.is_absent()))
    }
}

/// What is known of a request as it starts.
fn blank(request: &Request, intended: Nanos, started: Nanos) -> Sample {
    Sample {
        request: request.number,
        key: request.key,
        op: request.op,
        node: request.node,
        client: request.client,
        intended,
        started,
        wrote_from: Nanos::NEVER,
        ended: Nanos::NEVER,
        seen: None,
        seen_writer: None,
        absent: false,
        written: None,
        fault: None,
        touches: Touches::default(),
    }
}

/// Notes in `sample` what was read, if anything was.
fn note(sample: &mut Sample, seen: Option<(Version, Writer, bool)>) {
    sample.seen = seen.map(|(version, ..)| version);
    sample.seen_writer = seen.map(|(_, writer, _)| writer);
    sample.absent = seen.is_some_and(|(.., absent)| absent);
}
