//! That the exact gate bites: regressions that are planted in code, under committed scenarios, are found in
//! the committed figures. The scenarios stay as they are, for a change of those would be refused or meant:
//! what is planted is a strategy that does not do what its options say, asks the store once more, or
//! takes its time.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use async_trait::async_trait;
use cacheduel::backend::Ctx;
use cacheduel::clock::SimClock;
use cacheduel::compare::{Change, Comparison, Metric, compare};
use cacheduel::experiment::{self, Environment, Silent, Stop, simulate};
use cacheduel::model::{Draft, Key, Nanos, Outcome, Profile, ServedBy, Span, Value, Version};
use cacheduel::record::{Baseline, Record};
use cacheduel::scenario::{self, Contender, Loaded};
use cacheduel::strategy::{Spec, Strategy};
use futures_util::future::BoxFuture;

/// What has gone wrong in the code of a strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Planted {
    Nothing,
    /// Entries live for half as long as the options say.
    HalvedTtl,
    /// Each read of the store is made twice.
    ReadTwice,
    /// Every request takes a tenth longer.
    Slower,
}

/// A strategy with that in it.
struct Wrong {
    inner: Box<dyn Strategy>,
    planted: Planted,
}

impl Wrong {
    /// Lets a tenth more of the time pass that has passed since `start`.
    async fn linger(&self, ctx: &Ctx<'_>, start: Nanos) {
        if self.planted == Planted::Slower {
            let taken = ctx.clock().now().since(start);
            ctx.clock().sleep(Nanos(taken.0 / 10)).await;
        }
    }
}

#[async_trait]
impl Strategy for Wrong {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        Box::pin(async move {
            let start = ctx.clock().now();
            let value = self.inner.read(ctx, key).await;
            if self.planted == Planted::ReadTwice && ctx.touches().served_by() == ServedBy::Store {
                let _ = ctx.fill().store().read(key).await;
            }
            self.linger(ctx, start).await;
            value
        })
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        let start = ctx.clock().now();
        let version = self.inner.write(ctx, draft).await;
        self.linger(ctx, start).await;
        version
    }

    async fn maintain(&self, ctx: &Ctx<'_>) {
        self.inner.maintain(ctx).await;
    }

    async fn background(&self, ctx: &Ctx<'_>) {
        self.inner.background(ctx).await;
    }

    async fn drain(&self, ctx: &Ctx<'_>) -> Outcome<()> {
        self.inner.drain(ctx).await
    }
}

/// The strategy as its options say, but for the TTL; `None` of one that has none.
fn with_half_the_ttl(contender: &Contender) -> Option<Spec> {
    let mut options = contender.options();
    let ttl: Span = serde_json::from_value(options.get("ttl")?.clone()).ok()?;
    let half = Span::from_micros(ttl.nanos().0 / 2_000);
    options.insert("ttl".into(), serde_json::to_value(half).unwrap());
    let read = Spec::read_options(contender.spec.about().name, serde_json::Value::Object(options));
    Some(read.unwrap().unwrap())
}

/// A committed scenario with one of its strategies, and what was committed of that.
struct Committed {
    /// With the one strategy alone.
    loaded: Loaded,
    /// The place of its run among those of all strategies.
    position: u32,
    baseline: Baseline,
    /// What the strategy comes to with nothing planted in it, its runs aside.
    record: Record,
}

impl Committed {
    fn of(scenario: &str, label: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut loaded = scenario::load(&root.join(format!("scenarios/{scenario}.toml"))).unwrap();
        let file = root.join(format!("reports/baseline/{scenario}.json"));
        let mut baseline: Baseline =
            serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        baseline.runs.retain(|run| run.label == label);
        let contenders = &mut loaded.scenario.strategies.0;
        let position = contenders.iter().position(|one| one.label == label).unwrap() as u32;
        contenders.retain(|one| one.label == label);
        let (profile, threads) = (Profile::default(), NonZeroUsize::MIN);
        let record = simulate(&loaded, &profile, threads, &Silent, &Stop::new()).unwrap();
        Self { loaded, position, baseline, record }
    }

    /// The committed figures, against those of the same scenario with this in the strategy's code.
    fn against(&self, planted: Planted) -> Comparison {
        let contender = &self.loaded.scenario.strategies.0[0];
        let spec = match planted {
            Planted::HalvedTtl => with_half_the_ttl(contender).unwrap(),
            _ => contender.spec.clone(),
        };
        let build = || Box::new(Wrong { inner: spec.build(), planted }) as Box<dyn Strategy>;
        let clock = SimClock::new();
        let environment =
            Environment::simulated(&self.loaded.scenario, &clock, &Profile::default());
        let running = experiment::run_strategy(&self.loaded, &environment, &build);
        let mut run = clock.block_on(running).unwrap();
        run.position = self.position;
        let mut record = self.record.clone();
        record.contenders[0].runs = vec![run];
        compare(&self.baseline, &record).unwrap()
    }
}

/// What has become of one figure.
fn change(comparison: &Comparison, metric: Metric) -> Change {
    let (_, found) = comparison.decided().find(|(_, it)| it.metric == metric).unwrap();
    found.decision.as_ref().unwrap().change
}

fn bites(scenario: &str, label: &str) {
    let committed = Committed::of(scenario, label);
    let told = |comparison: &Comparison| format!("{label}: {:#?}", comparison.sentences());
    let honest = committed.against(Planted::Nothing);
    assert_eq!(honest.is_equal(), Some(true), "{}", told(&honest));
    assert_eq!(honest.change(), Change::Unchanged);
    for (planted, metric) in [
        (Planted::HalvedTtl, Metric::HitRatio),
        (Planted::ReadTwice, Metric::StoreReads),
        (Planted::Slower, Metric::ReadP50),
    ] {
        let found = committed.against(planted);
        assert_eq!(found.change(), Change::Regressed, "{planted:?}, {}", told(&found));
        assert_eq!(change(&found, metric), Change::Regressed, "{planted:?}, {}", told(&found));
    }
}

#[test]
fn regressions_in_the_code_of_cache_aside_are_found_under_quickstart() {
    bites("quickstart", "cache-aside");
}

#[test]
fn regressions_in_the_code_of_ttl_are_found_under_smoke() {
    bites("smoke", "ttl");
}

#[test]
fn regressions_in_the_code_of_write_through_are_found_under_user_profiles() {
    bites("user-profiles", "write-through");
}
