//! The plan: every request and, in an open loop, every intended start, before the first is sent.

use std::path::Path;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::arrival::Arrivals;
use super::census::{Census, Counting};
use super::chance::{Axis, Draws, below, unit};
use super::curve::Curve;
use super::error::Error;
use super::faults::PlannedFault;
use super::options::{Arrival, Closed, DatasetOptions, Popularity, WorkloadOptions};
use super::own_reads::OwnReading;
use super::popularity::{Drawn, Sampler};
use super::profile::Flaw;
use super::trace::Trace;
use crate::model::{ClientId, Key, Nanos, NodeId, Op, Share};

/// How many requests and intended starts go into a plan's hash.
const HASHED_REQUESTS: u64 = 10_000;

/// What will be asked, and when. Fixed by its options: request `i` is the same whoever asks for
/// it, in whatever order, on every machine.
#[derive(Debug)]
pub struct Plan {
    dataset: DatasetOptions,
    workload: WorkloadOptions,
    keys: u32,
    /// Keys below this one have a row when the run begins.
    loaded: u32,
    clients: u32,
    ops: Draws,
    /// Each operation that there are any of but the last one, and the draw up to which it is meant.
    op_limits: Vec<(Op, f64)>,
    last_op: Op,
    client_draws: Draws,
    own_reading: Option<OwnReading>,
    popularity: Sampler,
    /// The rate of an open loop.
    curve: Option<Curve>,
    faults: Vec<PlannedFault>,
    /// Counted when somebody asks, once for all runs of the plan.
    in_window: OnceLock<u64>,
}

/// One request of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its place in the plan, from 0.
    pub number: u64,
    pub key: Key,
    pub op: Op,
    pub client: ClientId,
    pub node: NodeId,
}

/// A request, and what chance made it from.
#[derive(Clone, Copy, Debug)]
pub struct DrawnRequest {
    pub request: Request,
    /// Before reads of own writes took the places of some.
    pub(super) op: Op,
    /// Before inserts took other keys.
    pub(super) rank: u32,
}

/// What a request asks, whoever does.
#[derive(Clone, Copy)]
struct Asked {
    op: Op,
    key: Key,
    /// The rank that was drawn, and led to the key.
    rank: u32,
}

impl Plan {
    /// Makes the plan that the options ask for. Trace files are read here, relative to `base_dir`.
    ///
    /// # Errors
    /// If an option is out of its range, or a trace cannot be used.
    pub fn new(
        dataset: &DatasetOptions,
        workload: &WorkloadOptions,
        base_dir: &Path,
    ) -> Result<Self, Error> {
        check(dataset, workload)?;
        let trace = match &workload.popularity {
            Popularity::Trace(trace) => Some(Trace::load(&trace.files, base_dir)?),
            _ => None,
        };
        let keys = count_keys(dataset, trace.as_ref())?;
        let loaded = dataset.loaded(u64::from(keys)) as u32;
        if loaded == keys && !workload.inserts.is_zero() {
            let expected = "large enough for a key without a row, or there is nothing to insert";
            return Err(Error::Option { option: "dataset.absent", expected });
        }
        let clients = match &workload.arrival {
            Arrival::Closed(closed) => closed.clients,
            Arrival::Even(_) | Arrival::Poisson(_) => workload.clients,
        };
        let own_reading = workload.own_reads.map(|own_reads| {
            let turn =
                if let Arrival::Closed(_) = workload.arrival { u64::from(clients) } else { 1 };
            OwnReading::new(own_reads, turn, workload.seed)
        });
        let (op_limits, last_op) = limits(&shares(workload));
        Ok(Self {
            keys,
            loaded,
            clients,
            own_reading,
            ops: Draws::new(workload.seed, Axis::Op),
            op_limits,
            last_op,
            client_draws: Draws::new(workload.seed, Axis::Client),
            popularity: Sampler::new(&workload.popularity, keys, workload.seed, trace)?,
            curve: workload.curve(),
            dataset: dataset.clone(),
            workload: workload.clone(),
            faults: Vec::new(),
            in_window: OnceLock::new(),
        })
    }

    /// The same plan, in whose course all this breaks.
    pub fn with_faults(self, faults: &[PlannedFault]) -> Self {
        Self { faults: faults.to_vec(), ..self }
    }

    /// What breaks, in the order in which it begins.
    pub fn faults(&self) -> Vec<PlannedFault> {
        let mut faults = self.faults.clone();
        faults.sort_by_key(|fault| fault.at);
        faults
    }

    /// Request `number`. A client stays with one node for the whole run. In a closed loop of `n`
    /// clients, client `c` asks for the requests `c`, `c + n`, `c + 2n` and so on.
    ///
    /// Where clients read their own writes, such a read takes the place of what was drawn.
    pub fn request(&self, number: u64) -> Request {
        self.draw(number).request
    }

    /// The same, and what was drawn for it.
    pub fn draw(&self, number: u64) -> DrawnRequest {
        let drawn = self.drawn(number);
        let (Asked { op, key, .. }, client) = match self.write_read_by(number) {
            Some(write) => (self.own_read(write), self.client(write)),
            None => (drawn, self.client(number)),
        };
        let node = NodeId(client.0 % self.workload.nodes);
        let request = Request { number, key, op, client, node };
        DrawnRequest { request, op: drawn.op, rank: drawn.rank }
    }

    /// The write that request `number` reads, if its client looks at its own.
    fn write_read_by(&self, number: u64) -> Option<u64> {
        let writes = |number| !self.op(number).is_read();
        self.own_reading.as_ref()?.write_read_by(number, writes)
    }

    /// What is asked by a client that looks at its own write of that number.
    fn own_read(&self, write: u64) -> Asked {
        Asked { op: Op::Read, ..self.drawn(write) }
    }

    /// What request `number` asks by its own draws.
    fn drawn(&self, number: u64) -> Asked {
        let op = self.op(number);
        let Drawn { key, rank } = self.popularity.draw(number);
        let key = if op == Op::Insert { self.to_insert(key) } else { key };
        Asked { op, key: Key(u64::from(key)), rank }
    }

    fn client(&self, number: u64) -> ClientId {
        let clients = u64::from(self.clients);
        let client = match self.workload.arrival {
            Arrival::Closed(_) => number % clients,
            Arrival::Even(_) | Arrival::Poisson(_) => below(self.client_draws.at(number), clients),
        };
        ClientId(client as u32)
    }

    /// The operation of request `number` by its own draw.
    fn op(&self, number: u64) -> Op {
        if self.op_limits.is_empty() {
            return self.last_op;
        }
        let draw = unit(self.ops.at(number));
        let limit = self.op_limits.iter().find(|(_, up_to)| draw < *up_to);
        limit.map_or(self.last_op, |(op, _)| *op)
    }

    /// What was asked of each operation.
    pub(super) fn shares(&self) -> [(Op, f64); 5] {
        shares(&self.workload)
    }

    /// The key that an insert takes where `key` was drawn: one that had no row when the run began.
    const fn to_insert(&self, key: u32) -> u32 {
        let absent = self.keys - self.loaded;
        if key >= self.loaded || absent == 0 { key } else { self.loaded + key % absent }
    }

    /// The intended start of each request in turn, from 0, without end. Empty in a closed loop.
    pub fn arrivals(&self) -> Arrivals {
        Arrivals::new(&self.workload.arrival, self.curve.as_ref(), self.workload.seed)
    }

    /// How many requests of an open loop are meant to start in the measured window.
    pub fn requests_in_window(&self) -> u64 {
        *self.in_window.get_or_init(|| self.requests_until(self.warm_up() + self.duration()))
    }

    /// How many requests of an open loop are meant to start from the end of the warm-up to before
    /// `closes`.
    pub fn requests_until(&self, closes: Nanos) -> u64 {
        let before = |moment| self.arrivals().count_before(moment);
        before(closes).saturating_sub(before(self.warm_up()))
    }

    pub const fn is_open(&self) -> bool {
        self.closed().is_none()
    }

    /// The clients and the think time of a closed loop; `None` for an open one.
    pub const fn closed(&self) -> Option<Closed> {
        match self.workload.arrival {
            Arrival::Closed(closed) => Some(closed),
            Arrival::Even(_) | Arrival::Poisson(_) => None,
        }
    }

    /// Requests a second that an open loop asks for; `None` for a closed one, and where the rate
    /// changes in the course of the run.
    pub fn rate(&self) -> Option<f64> {
        self.workload.steady_rate()
    }

    /// The highest rate that an open loop ever asks for; `None` for a closed one.
    pub fn peak_rate(&self) -> Option<f64> {
        self.workload.peak_rate()
    }

    pub const fn seed(&self) -> u64 {
        self.workload.seed
    }

    /// How many keys there are: `0 .. keys`.
    pub const fn keys(&self) -> u64 {
        self.keys as u64
    }

    /// How many keys have a row when the run begins: `0 .. loaded`.
    pub const fn loaded(&self) -> u64 {
        self.loaded as u64
    }

    pub const fn nodes(&self) -> u32 {
        self.workload.nodes
    }

    pub const fn clients(&self) -> u32 {
        self.clients
    }

    /// Whether every loaded key is read once before the load starts.
    pub const fn prefill(&self) -> bool {
        self.workload.prefill
    }

    /// How long the load runs before anything is measured.
    pub fn warm_up(&self) -> Nanos {
        self.workload.warm_up.nanos()
    }

    /// How long the measured window is; it starts where the warm-up ends.
    pub fn duration(&self) -> Nanos {
        self.workload.duration.nanos()
    }

    /// After this long a client gives a request up.
    pub fn timeout(&self) -> Nanos {
        self.workload.timeout.nanos()
    }

    /// The chance that a request asks for each key, by its number; the frequencies of a trace.
    /// `None` where popularity moves in the course of the run.
    pub fn probabilities(&self) -> Option<Vec<f64>> {
        self.popularity.probabilities(&self.workload.popularity)
    }

    /// What the first `requests` requests turn out to be.
    pub fn census(&self, requests: u64) -> Census {
        let (mut counting, mut arrivals) = (Counting::of(self), self.arrivals());
        (0..requests).for_each(|number| counting.count(&self.draw(number), arrivals.next()));
        counting.finish()
    }

    pub(super) const fn workload(&self) -> &WorkloadOptions {
        &self.workload
    }

    /// The rate of an open loop.
    pub(super) const fn curve(&self) -> Option<&Curve> {
        self.curve.as_ref()
    }

    /// SHA-256 in hexadecimal over all that decides the plan: the options, the content of its
    /// traces (wherever the files lie), and the first 10,000 requests with their intended starts.
    /// Two runs with equal hashes were asked the same things at the same times.
    pub fn hash(&self) -> String {
        let mut hasher = Sha256::new();
        let mut workload = self.workload.clone();
        if let Popularity::Trace(trace) = &mut workload.popularity {
            trace.files.clear();
        }
        let options = serde_json::to_vec(&(&self.dataset, &workload))
            .expect("options are plain data, which JSON can hold");
        hasher.update((options.len() as u64).to_le_bytes());
        hasher.update(options);
        // A plan in which nothing breaks is the plan that it was before anything could.
        if !self.faults.is_empty() {
            let faults = serde_json::to_vec(&self.faults());
            hasher.update(faults.expect("options are plain data, which JSON can hold"));
        }
        for key in self.popularity.trace().into_iter().flat_map(Trace::requests) {
            hasher.update(key.to_le_bytes());
        }
        let mut arrivals = self.arrivals();
        for number in 0..HASHED_REQUESTS {
            let request = self.request(number);
            hasher.update(request.key.0.to_le_bytes());
            hasher.update([op_byte(request.op)]);
            hasher.update(request.client.0.to_le_bytes());
            hasher.update(request.node.0.to_le_bytes());
            hasher.update(arrivals.next().unwrap_or(Nanos::NEVER).0.to_le_bytes());
        }
        format!("{:x}", hasher.finalize())
    }
}

/// What was asked of each operation. Reads come first, so that they stay where they are when the other
/// shares change.
fn shares(options: &WorkloadOptions) -> [(Op, f64); 5] {
    [
        (Op::Read, options.reads.0),
        (Op::Insert, options.inserts.0),
        (Op::Delete, options.deletes.0),
        (Op::ReadModifyWrite, options.read_modify_writes.0),
        (Op::Update, options.updates()),
    ]
}

/// Up to which draw in `[0, 1)` each operation is meant that has a share, and which is meant by all
/// others: the last one, for the sum of the shares may be below 1 by a last digit.
fn limits(shares: &[(Op, f64)]) -> (Vec<(Op, f64)>, Op) {
    let mut up_to = 0.0;
    let with_share = shares.iter().filter(|(_, share)| *share > 0.0);
    let limits = with_share.map(|(op, share)| {
        up_to += share;
        (*op, up_to)
    });
    let mut limits: Vec<_> = limits.collect();
    let last = limits.pop();
    (limits, last.map_or(Op::Read, |(op, _)| op))
}

/// What stands for an operation in a plan's hash.
const fn op_byte(op: Op) -> u8 {
    match op {
        Op::Update => 0,
        Op::Read => 1,
        Op::Insert => 2,
        Op::Delete => 3,
        Op::ReadModifyWrite => 4,
    }
}

/// Refuses what no plan can be made of, whether it came from a file or from code.
fn check(dataset: &DatasetOptions, workload: &WorkloadOptions) -> Result<(), Error> {
    let is_share = |share: Share| (0.0..=1.0).contains(&share.0);
    let rules = [
        ("dataset.namespace", "a template with `{id}` in it", {
            dataset.namespace().contains("{id}")
        }),
        ("dataset.size", "a range whose min is not above its max", {
            dataset.size.min() <= dataset.size.max()
        }),
        ("workload.reads", "a share from 0 to 1", is_share(workload.reads)),
        ("workload.inserts", "a share from 0 to 1", is_share(workload.inserts)),
        ("workload.deletes", "a share from 0 to 1", is_share(workload.deletes)),
        ("workload.read-modify-writes", "a share from 0 to 1", {
            is_share(workload.read_modify_writes)
        }),
        ("workload.reads", "at most 1 together with the other shares", workload.updates() >= 0.0),
        ("workload.own-reads.share", "a share from 0 to 1", {
            workload.own_reads.is_none_or(|own_reads| is_share(own_reads.share))
        }),
        ("workload.own-reads.after", "at least 1", {
            workload.own_reads.is_none_or(|own_reads| own_reads.after >= 1)
        }),
        ("dataset.absent", "a share from 0 to 1", is_share(dataset.absent)),
        ("workload.nodes", "at least 1", workload.nodes >= 1),
        ("workload.clients", "at least 1", workload.clients >= 1),
        ("workload.arrival.closed.clients", "at least 1", {
            !matches!(workload.arrival, Arrival::Closed(Closed { clients: 0, .. }))
        }),
    ];
    match rules.into_iter().find(|(.., holds)| !holds) {
        Some((option, expected, _)) => Err(Error::Option { option, expected }),
        None => check_rate(&workload.arrival),
    }
}

fn check_rate(arrival: &Arrival) -> Result<(), Error> {
    let (process, profile) = match arrival {
        Arrival::Even(profile) => ("even", profile),
        Arrival::Poisson(profile) => ("poisson", profile),
        Arrival::Closed(_) => return Ok(()),
    };
    match profile.flaws().into_iter().next() {
        Some(Flaw { key, expected, .. }) => Err(Error::Profile { process, key, expected }),
        None => Ok(()),
    }
}

/// A trace brings its own keys; a dataset may have more than it asks for, never fewer.
fn count_keys(dataset: &DatasetOptions, trace: Option<&Trace>) -> Result<u32, Error> {
    let needed = trace.map(|trace| u64::from(trace.distinct()));
    let given = dataset.keys.or(needed);
    let keys = given.and_then(|keys| u32::try_from(keys).ok()).filter(|&keys| keys > 0).ok_or(
        Error::Option {
            option: "dataset.keys",
            expected: "given, unless a trace brings its own, and from 1 to 4294967295",
        },
    )?;
    match needed {
        Some(needed) if needed > u64::from(keys) => {
            Err(Error::TooFewKeys { given: u64::from(keys), needed })
        }
        _ => Ok(keys),
    }
}

#[cfg(test)]
mod tests;
