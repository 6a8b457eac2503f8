//! One request from its intended start to its answer.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::future::{AbortRegistration, Abortable};

use super::Node;
use crate::backend::{Ctx, Tap};
use crate::clock::Clock;
use crate::model::{Draft, Fault, Nanos, Op, Outcome, Sample, Touches, Value, Version, Writer};
use crate::strategy::Strategy;
use crate::workload::{Request, Rows};

/// The client of one request.
pub struct Client<'a> {
    /// The node that serves the client; none where all are down.
    pub node: Option<Arc<Node>>,
    pub rows: &'a Rows,
    pub clock: &'a dyn Clock,
    pub tap: &'a Tap,
    pub seed: u64,
    pub first_reads: &'a FirstReads,
}

/// Reads that a request of two parts began with, each put in as it ends, and so in that order.
#[derive(Default)]
pub struct FirstReads(Mutex<Vec<Sample>>);

/// What a read came to, and when.
#[derive(Clone, Copy)]
struct Seen {
    value: Outcome<(Version, Writer, bool)>,
    ended: Nanos,
}

impl FirstReads {
    /// Takes out all that have ended.
    pub fn take(&self) -> Vec<Sample> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, sample: Sample) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(sample);
    }
}

impl Client<'_> {
    /// Sends the request now and waits for its answer, or until `abort` says to give it up.
    pub async fn send(self, request: Request, intended: Nanos, abort: AbortRegistration) -> Sample {
        let Some(node) = &self.node else { return self.refused(request, intended) };
        let draft = self.draft(&request);
        let ctx = Ctx::request(
            &*node.cache,
            &*node.store,
            self.clock,
            self.tap,
            self.seed ^ request.number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15),
        );
        // What the read came to is known even if the client gives up later.
        let seen = OnceLock::new();
        let blank = Sample { node: node.id, ..self.blank(request, intended) };
        let asked = self.ask(&ctx, &*node.strategy, &blank, draft, &seen);
        let outcome = Abortable::new(asked, abort).await;
        let ended = self.clock.now();
        let (written, fault) = match outcome {
            Ok(Ok(written)) => (written, None),
            Ok(Err(fault)) => (None, Some(fault)),
            Err(_aborted) if node.was_killed() => (None, Some(Fault::NODE_DOWN)),
            Err(_aborted) => (None, Some(Fault::GAVE_UP)),
        };
        let wrote_from = if request.op.reads_first() {
            seen.get().filter(|seen| seen.value.is_ok()).map_or(Nanos::NEVER, |seen| seen.ended)
        } else {
            blank.started
        };
        let sample = Sample { wrote_from, ended, written, fault, touches: ctx.touches(), ..blank };
        with_seen(sample, seen.get().and_then(|seen| seen.value.ok()))
    }

    /// Nobody is there to ask: nothing was read, and nothing can have been written.
    fn refused(&self, request: Request, intended: Nanos) -> Sample {
        let blank = self.blank(request, intended);
        Sample { ended: blank.started, fault: Some(Fault::NODE_DOWN), ..blank }
    }

    /// What is known of a request as it starts.
    fn blank(&self, request: Request, intended: Nanos) -> Sample {
        Sample {
            request: request.number,
            key: request.key,
            op: request.op,
            node: request.node,
            client: request.client,
            intended,
            started: self.clock.now(),
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

    async fn ask(
        &self,
        ctx: &Ctx<'_>,
        strategy: &dyn Strategy,
        blank: &Sample,
        draft: Option<Draft>,
        seen: &OnceLock<Seen>,
    ) -> Outcome<Option<Version>> {
        if blank.op.reads_first() {
            let value = strategy.read(ctx, blank.key).await;
            let value = value.and_then(|value| self.check(blank, &value));
            let ended = self.clock.now();
            seen.get_or_init(|| Seen { value, ended });
            if !blank.op.is_read() {
                let fault = value.err();
                let read = Sample { op: Op::Read, ended, fault, touches: ctx.touches(), ..*blank };
                self.first_reads.add(with_seen(read, value.ok()));
            }
            value?;
        }
        match draft {
            Some(draft) => strategy.write(ctx, draft).await.map(Some),
            None => Ok(None),
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
    fn check(&self, asked: &Sample, value: &Value) -> Outcome<(Version, Writer, bool)> {
        let aggregate = self.rows.aggregate(asked.key).filter(|_| !value.is_absent());
        if !value.is_intact(asked.key) || value.aggregate != aggregate {
            return Err(Fault::CORRUPT_ANSWER);
        }
        Ok((value.version, value.writer, value.is_absent()))
    }
}

/// `sample` with what was read, if anything was.
fn with_seen(sample: Sample, seen: Option<(Version, Writer, bool)>) -> Sample {
    Sample {
        seen: seen.map(|(version, ..)| version),
        seen_writer: seen.map(|(_, writer, _)| writer),
        absent: seen.is_some_and(|(.., absent)| absent),
        ..sample
    }
}
