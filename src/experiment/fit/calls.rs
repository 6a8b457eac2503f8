//! What a light load shows of single calls, and of what of a request is none of them.

use std::collections::HashMap;

use crate::driver::Observer;
use crate::model::{Call, Distribution, Key, Nanos, Sample, Side, Span, Spread, Verb};

/// Everything that was seen, to be looked at afterwards: a light load is little.
#[derive(Default)]
pub struct Seen {
    samples: Vec<Sample>,
    calls: Vec<Call>,
}

/// How long each kind took.
#[derive(Default)]
pub struct Times {
    /// What of a request was no call to a server.
    pub client: Sampled,
    pub cache: Sampled,
    pub read: Sampled,
}

/// Times of one kind.
#[derive(Default)]
pub struct Sampled(Distribution);

impl Observer for Seen {
    fn sample(&mut self, sample: &Sample) {
        self.samples.push(*sample);
    }

    fn first_read(&mut self, _: &Sample) {}

    fn calls(&mut self, calls: &[Call]) {
        let of_clients = calls.iter().filter(|call| !call.background);
        self.calls.extend(of_clients.filter(|call| call.side != Side::Node).copied());
    }

    fn watermark(&mut self, _: Nanos) {}
}

impl Seen {
    /// Of what began from `opens` on.
    pub fn times(&self, opens: Nanos) -> Times {
        let mut times = Times::default();
        let mut by_key: HashMap<Key, Vec<&Call>> = HashMap::new();
        for call in self.calls.iter().filter(|call| call.started >= opens) {
            let took = call.ended - call.started;
            match (call.side, call.verb) {
                (Side::Cache, _) => times.cache.add(took),
                (_, Verb::Read) if call.purpose.asks_for_a_value() => times.read.add(took),
                _ => {}
            }
            if let Some(key) = call.key {
                by_key.entry(key).or_default().push(call);
            }
        }
        for sample in &self.samples {
            if sample.intended < opens || sample.fault.is_some() {
                continue;
            }
            let calls = by_key.get(&sample.key).map_or(&[][..], Vec::as_slice);
            let within = calls
                .iter()
                .filter(|call| call.started >= sample.started && call.ended <= sample.ended);
            let called = within.fold(Nanos::ZERO, |sum, call| sum + (call.ended - call.started));
            times.client.add(sample.response() - called);
        }
        times
    }
}

impl Sampled {
    pub fn add(&mut self, time: Nanos) {
        self.0.record(time);
    }

    pub fn len(&self) -> u64 {
        self.0.len()
    }

    pub fn median(&self) -> Nanos {
        self.0.quantile(0.5)
    }

    pub fn spread(&self) -> Spread {
        let of = |q| Span::from_nanos(self.0.quantile(q).0);
        Spread { p50: of(0.5), p90: Some(of(0.9)), p99: of(0.99) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Answer, ClientId, NodeId, Op, Purpose, Touches};

    const fn micros(micros: u64) -> Nanos {
        Nanos::from_micros(micros)
    }

    fn call(side: Side, verb: Verb, started: u64, ended: u64) -> Call {
        Call {
            side,
            purpose: Purpose::Lookup,
            verb,
            key: Some(Key(1)),
            started: micros(started),
            ended: micros(ended),
            answer: Answer::Hit,
            rows: 0,
            bytes: 0,
            plain_bytes: 0,
            concurrent: 1,
            duplicate: false,
            background: false,
        }
    }

    fn read(intended: u64, started: u64, ended: u64) -> Sample {
        Sample {
            request: 0,
            key: Key(1),
            op: Op::Read,
            node: NodeId(0),
            client: ClientId(0),
            intended: micros(intended),
            started: micros(started),
            wrote_from: Nanos::NEVER,
            ended: micros(ended),
            seen: None,
            seen_writer: None,
            absent: false,
            written: None,
            fault: None,
            touches: Touches::default(),
        }
    }

    #[test]
    fn what_of_a_request_is_no_call_is_the_clients() {
        let mut seen = Seen::default();
        seen.calls(&[
            // Before the window.
            call(Side::Cache, Verb::Get, 10, 20),
            call(Side::Cache, Verb::Get, 1_060, 1_160),
            // In the node's own process: the client's time.
            call(Side::Node, Verb::Decode, 1_160, 1_170),
            call(Side::Store, Verb::Read, 1_170, 1_470),
        ]);
        seen.sample(&read(0, 5, 25));
        seen.sample(&read(1_000, 1_050, 1_500));
        let times = seen.times(micros(1_000));
        let of = |sampled: &Sampled| (sampled.len(), sampled.spread().p50.0.as_micros());
        assert_eq!(of(&times.cache), (1, 100));
        assert_eq!(of(&times.read), (1, 300));
        assert_eq!(of(&times.client), (1, 100));
    }
}
