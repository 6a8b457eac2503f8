//! The context of one request: through it, and only through it, a strategy reaches the backends.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::entry::Entry;
use super::flights::{Flights, Flown};
use super::layer::{Described, Layer, Layered, Step};
use super::local::Local;
use super::touched::Touched;
use super::{Cache, Store, Tap, Token};
use crate::clock::Clock;
use crate::model::{Answer, Call, Key, Nanos, Outcome, Purpose, Side, Touches, Value, Verb};

/// One request's (or one worker's) way to the backends, the clock and chance.
pub struct Ctx<'a> {
    cache: &'a dyn Cache,
    store: &'a dyn Store,
    clock: &'a Clock,
    tap: &'a Tap,
    background: bool,
    leaves_events: AtomicBool,
    seed: u64,
    draws: AtomicU64,
    touched: Touched,
}

impl<'a> Ctx<'a> {
    /// The context of a client's request. `seed` decides every chance it takes.
    pub fn request(
        cache: &'a dyn Cache,
        store: &'a dyn Store,
        clock: &'a Clock,
        tap: &'a Tap,
        seed: u64,
    ) -> Self {
        Self {
            cache,
            store,
            clock,
            tap,
            background: false,
            leaves_events: AtomicBool::new(false),
            seed,
            draws: AtomicU64::new(0),
            touched: Touched::default(),
        }
    }

    /// The context of work that no client waits for.
    pub fn worker(
        cache: &'a dyn Cache,
        store: &'a dyn Store,
        clock: &'a Clock,
        tap: &'a Tap,
        seed: u64,
    ) -> Self {
        Self { background: true, ..Self::request(cache, store, clock, tap, seed) }
    }

    pub fn clock(&self) -> &'a Clock {
        self.clock
    }

    /// A number in `[0, 1)`, the same for the same request and draw in every run of the plan.
    pub fn uniform(&self) -> f64 {
        self.chance().random()
    }

    /// A token that nobody else draws.
    pub fn token(&self) -> Token {
        Token(self.chance().random())
    }

    pub fn lookup(&self) -> Purposed<'_> {
        self.purposed(Purpose::Lookup)
    }

    pub fn fill(&self) -> Purposed<'_> {
        self.purposed(Purpose::Fill)
    }

    pub fn write(&self) -> Purposed<'_> {
        self.purposed(Purpose::Write)
    }

    pub fn refresh(&self) -> Purposed<'_> {
        self.purposed(Purpose::Refresh)
    }

    pub fn flush(&self) -> Purposed<'_> {
        self.purposed(Purpose::Flush)
    }

    pub fn relay(&self) -> Purposed<'_> {
        self.purposed(Purpose::Relay)
    }

    pub fn lock(&self) -> Purposed<'_> {
        self.purposed(Purpose::Lock)
    }

    /// From here on every single write of this request to the store leaves an event about itself in
    /// the store's outbox, in the same transaction.
    pub fn leave_events(&self) {
        self.leaves_events.store(true, Ordering::Relaxed);
    }

    /// Notes that the cache was never told of a write that the store has committed.
    pub fn count_undelivered(&self) {
        self.touched.undelivered();
    }

    /// Notes that an entry past its logical expiry was handed out.
    pub fn count_stale_served(&self) {
        self.touched.stale_served();
    }

    /// What has been touched so far.
    pub fn touches(&self) -> Touches {
        self.touched.so_far()
    }

    fn purposed(&self, purpose: Purpose) -> Purposed<'_> {
        Purposed { ctx: self, purpose }
    }

    fn chance(&self) -> ChaCha8Rng {
        let mut chance = ChaCha8Rng::seed_from_u64(self.seed);
        chance.set_stream(self.draws.fetch_add(1, Ordering::Relaxed));
        chance
    }

    fn count(&self, call: &Call) {
        // A worker answers no request; over a long run it makes more calls than the counts of one hold.
        if !self.background {
            self.touched.call(call);
        }
    }

    fn record(&self, call: Call) {
        self.count(&call);
        self.tap.record(call);
    }
}

/// The backends, to be called for one stated purpose.
#[derive(Clone, Copy)]
pub struct Purposed<'a> {
    ctx: &'a Ctx<'a>,
    purpose: Purpose,
}

impl<'a> Purposed<'a> {
    pub const fn cache(self) -> TappedCache<'a> {
        Layered::new(self.ctx.cache, self)
    }

    pub const fn store(self) -> TappedStore<'a> {
        Layered::new(self.ctx.store, self)
    }

    /// The node's own tier.
    pub const fn local(self, local: &'a Local) -> TappedLocal<'a> {
        TappedLocal { purposed: self, local }
    }

    /// Makes `load`, or shares the result of the one that is in flight for the same key.
    pub async fn join(
        self,
        flights: &Flights,
        key: Key,
        load: impl Future<Output = Outcome<Value>> + Send,
    ) -> Outcome<Value> {
        let (outcome, flown) = flights.join(key, load).await;
        if flown == Flown::Along {
            self.ctx.touched.coalesced();
        }
        outcome
    }

    /// Does the `work` of encoding a value of `plain` bytes.
    pub fn encode(self, key: Key, plain: usize, work: impl FnOnce() -> Entry) -> Entry {
        let started = self.ctx.clock.now();
        let entry = work();
        self.coded(Verb::Encode, key, started, (plain, entry.len()));
        entry
    }

    /// Does the `work` of decoding an entry of `bytes` bytes.
    pub fn decode(
        self,
        key: Key,
        bytes: usize,
        work: impl FnOnce() -> Outcome<Value>,
    ) -> Outcome<Value> {
        let started = self.ctx.clock.now();
        let outcome = work();
        let plain = outcome.as_ref().map_or(0, Value::size);
        self.coded(Verb::Decode, key, started, (plain, bytes));
        outcome
    }

    fn coded(self, verb: Verb, key: Key, started: Nanos, (plain, bytes): (usize, usize)) {
        self.ctx.record(Call {
            plain_bytes: count(plain),
            bytes: count(bytes),
            ..self.call(Side::Node, verb, Some(key), started)
        });
    }

    /// A call that has just ended, about which nothing else is known.
    fn call(self, side: Side, verb: Verb, key: Option<Key>, started: Nanos) -> Call {
        Call {
            side,
            purpose: self.purpose,
            verb,
            key,
            started,
            ended: self.ctx.clock.now(),
            answer: Answer::Done,
            rows: 0,
            bytes: 0,
            plain_bytes: 0,
            concurrent: 0,
            duplicate: false,
            background: self.ctx.background,
        }
    }
}

/// The tap: makes the call, and records it with what its result says of itself.
impl Layer for Purposed<'_> {
    fn leaves_events(&self) -> bool {
        self.ctx.leaves_events.load(Ordering::Relaxed)
    }

    fn around<T: Described>(
        &self,
        step: Step,
        call: impl Future<Output = Outcome<T>> + Send,
    ) -> impl Future<Output = Outcome<T>> + Send {
        Tapped { purposed: *self, step, begun: None, call }
    }
}

pin_project! {
    /// A call as the tap sees it. Written by hand: an `async` function would keep the call twice, once as it
    /// was handed over and once as it waits for it, and most of a request's memory is this.
    struct Tapped<'a, C> {
        purposed: Purposed<'a>,
        step: Step,
        // While it is in progress.
        begun: Option<Begun>,
        #[pin]
        call: C,
    }

    // A cancelled call is over, too.
    impl<C> PinnedDrop for Tapped<'_, C> {
        fn drop(this: Pin<&mut Self>) {
            let tapped = this.project();
            if let Some(begun) = tapped.begun {
                tapped.purposed.give_up(tapped.step, begun);
            }
        }
    }
}

/// A call that has begun. Whole words: see `Fault`.
struct Begun {
    started: Nanos,
    /// Calls to the same side in progress then, itself included.
    concurrent: u32,
    load: Load,
}

/// Whether a call is a fill's read of the store.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum Load {
    None,
    First,
    /// It began while another fill of the same key was reading it.
    Duplicate,
}

impl<T: Described, C: Future<Output = Outcome<T>>> Future for Tapped<'_, C> {
    type Output = Outcome<T>;

    // In place: see `Asking`.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        let tapped = self.project();
        if tapped.begun.is_none() {
            *tapped.begun = Some(tapped.purposed.begin(tapped.step));
        }
        // Looked at where it is handed on from: an entry is large, and would be moved.
        let polled = tapped.call.poll(context);
        if let Poll::Ready(outcome) = &polled
            && let Some(begun) = tapped.begun.take()
        {
            tapped.purposed.end(tapped.step, &begun, outcome);
        }
        polled
    }
}

impl Purposed<'_> {
    fn begin(self, step: &Step) -> Begun {
        let tap = self.ctx.tap;
        let is_load = step.side == Side::Store && step.verb == Verb::Read && self.purpose.loads();
        let load = match step.key.filter(|_| is_load) {
            None => Load::None,
            Some(key) if tap.begin_load(key) == 0 => Load::First,
            Some(_) => Load::Duplicate,
        };
        let concurrent = tap.begin_call(step.side);
        Begun { started: self.ctx.clock.now(), concurrent, load }
    }

    fn end<T: Described>(self, step: &Step, begun: &Begun, outcome: &Outcome<T>) {
        let answer = match outcome {
            Ok(result) => match result.found() {
                Some(true) => Answer::Hit,
                Some(false) => Answer::Miss,
                None => Answer::Done,
            },
            Err(fault) => Answer::Failed(*fault),
        };
        let came_back = outcome.as_ref().ok();
        let call = Call {
            answer,
            rows: count(came_back.map_or(0, Described::rows)),
            bytes: count(step.bytes + came_back.map_or(0, Described::bytes)),
            concurrent: begun.concurrent,
            duplicate: begun.load == Load::Duplicate,
            ..self.call(step.side, step.verb, step.key, begun.started)
        };
        self.end_load(step, begun);
        self.ctx.count(&call);
        self.ctx.tap.end_call(step.side, call);
    }

    /// Its caller is gone before the answer came.
    fn give_up(self, step: &Step, begun: &Begun) {
        self.ctx.tap.give_up_call(step.side);
        self.end_load(step, begun);
    }

    fn end_load(self, step: &Step, begun: &Begun) {
        if let Some(key) = step.key.filter(|_| begun.load != Load::None) {
            self.ctx.tap.end_load(key);
        }
    }
}

fn count(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// The node's cache, with every call counted.
pub type TappedCache<'a> = Layered<&'a dyn Cache, Purposed<'a>>;

/// The node's store, with every call counted.
pub type TappedStore<'a> = Layered<&'a dyn Store, Purposed<'a>>;

/// The node's own tier, with every lookup counted.
#[derive(Clone, Copy)]
pub struct TappedLocal<'a> {
    purposed: Purposed<'a>,
    local: &'a Local,
}

impl TappedLocal<'_> {
    /// The value, if there is one and it has not expired.
    pub fn get(self, key: Key) -> Option<Value> {
        let started = self.purposed.ctx.clock.now();
        let found = self.local.get(key, started);
        self.purposed.ctx.record(Call {
            answer: if found.is_some() { Answer::Hit } else { Answer::Miss },
            bytes: count(found.as_ref().map_or(0, Value::size)),
            ..self.purposed.call(Side::Node, Verb::Get, Some(key), started)
        });
        found
    }
}
