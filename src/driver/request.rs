//! One request from its intended start to its answer.

use futures_util::future::{AbortRegistration, Abortable};

use super::Node;
use crate::backend::{Ctx, Tap};
use crate::clock::Clock;
use crate::model::{Draft, Fault, Nanos, Op, Outcome, Sample, Value, Version, Writer};
use crate::workload::{Request, Rows};

/// The client of one request.
pub struct Client<'a> {
    pub node: &'a Node,
    pub rows: &'a Rows,
    pub clock: &'a dyn Clock,
    pub tap: &'a Tap,
    pub seed: u64,
}

/// What came back.
#[derive(Default)]
struct Answer {
    seen: Option<Version>,
    seen_writer: Option<Writer>,
    absent: bool,
    written: Option<Version>,
}

impl Client<'_> {
    /// Sends the request now and waits for its answer, or until `abort` says to give it up.
    pub async fn send(self, request: Request, intended: Nanos, abort: AbortRegistration) -> Sample {
        let draft = (request.op == Op::Update)
            .then(|| self.rows.draft(request.key, Writer::of_request(request.number)));
        let ctx = Ctx::request(
            &*self.node.cache,
            &*self.node.store,
            self.clock,
            self.tap,
            self.seed ^ request.number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15),
        );
        let started = self.clock.now();
        let outcome = Abortable::new(self.ask(&ctx, &request, draft), abort).await;
        let ended = self.clock.now();
        let (answer, fault) = match outcome {
            Ok(Ok(answer)) => (answer, None),
            Ok(Err(fault)) => (Answer::default(), Some(fault)),
            Err(_aborted) => (Answer::default(), Some(Fault::GAVE_UP)),
        };
        Sample {
            request: request.number,
            key: request.key,
            op: request.op,
            node: request.node,
            client: request.client,
            intended,
            started,
            wrote_from: started,
            ended,
            seen: answer.seen,
            seen_writer: answer.seen_writer,
            absent: answer.absent,
            written: answer.written,
            fault,
            touches: ctx.touches(),
        }
    }

    async fn ask(&self, ctx: &Ctx<'_>, request: &Request, draft: Option<Draft>) -> Outcome<Answer> {
        match draft {
            None => {
                let value = self.node.strategy.read(ctx, request.key).await?;
                self.check(request, value)
            }
            Some(draft) => {
                let version = self.node.strategy.write(ctx, draft).await?;
                Ok(Answer { written: Some(version), ..Answer::default() })
            }
        }
    }

    /// Takes a read's answer for what it is, if it is what some writer wrote and the origin says.
    fn check(&self, request: &Request, value: Value) -> Outcome<Answer> {
        let aggregate = self.rows.aggregate(request.key).filter(|_| !value.is_absent());
        if !value.is_intact(request.key) || value.aggregate != aggregate {
            return Err(Fault::CORRUPT_ANSWER);
        }
        Ok(Answer {
            seen: Some(value.version),
            seen_writer: Some(value.writer),
            absent: value.is_absent(),
            ..Answer::default()
        })
    }
}
