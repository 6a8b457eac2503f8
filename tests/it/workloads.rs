//! What a workload asks for beside reads and updates, through whole runs under virtual time.

use async_trait::async_trait;
use cacheduel::backend::Ctx;
use cacheduel::clock::SimClock;
use cacheduel::experiment::{self, Environment};
use cacheduel::model::{Draft, Key, Nanos, Op, Outcome, Value, Version};
use cacheduel::record::{Record, Run, Standing};
use cacheduel::scenario;
use cacheduel::strategy::Strategy;
use cacheduel::strategy::parts::entry::{self, Held, Stamp};
use cacheduel::strategy::parts::format::Format;
use futures_util::future::BoxFuture;

use crate::simulated::{USUAL, simulate};

/// A scenario over 128 keys with more lines of its own.
fn scenario_of(dataset: &str, workload: &str, rest: &str) -> String {
    format!(
        r#"
        question = "What comes of it?"
        [dataset]
        entity = "counter"
        keys = 128
        size = "130B"
        {dataset}
        [workload]
        popularity = "uniform"
        arrival = {{ poisson = {{ rate = 500 }} }}
        clients = 10
        nodes = 2
        {workload}
        {rest}
        "#
    )
}

fn run(dataset: &str, workload: &str, rest: &str) -> Record {
    simulate(&scenario::parse("workload", &scenario_of(dataset, workload, rest)).unwrap(), &USUAL)
}

fn run_strategy(text: &str, build: &(dyn Fn() -> Box<dyn Strategy> + Sync)) -> Run {
    let loaded = scenario::parse("workload", text).unwrap();
    let clock = SimClock::new();
    let environment = Environment::simulated(&loaded.scenario, &clock, &USUAL);
    clock.block_on(experiment::run_strategy(&loaded, &environment, build)).unwrap()
}

const ALL_KINDS: &str = r#"
    reads = 0.6
    inserts = 0.1
    deletes = 0.1
    read-modify-writes = 0.1
    duration = "20s"
"#;
const STRATEGIES: &str = r#"
    [strategies]
    no-cache = {}
    cache-aside = { ttl = "3s" }
    write-through = { ttl = "3s" }
    write-behind = { ttl = "3s" }
    ttl = { ttl = "3s" }
    event-invalidation = { ttl = "3s" }
"#;

#[test]
fn every_operation_is_asked_for_answered_and_told_in_the_plan() {
    let record = run("absent = 0.25", ALL_KINDS, "[strategies]\nno-cache = {}");
    let plan = &record.plan;
    assert_eq!((plan.keys, plan.loaded_keys), (128, 96));
    for (share, asked) in [
        (plan.read_share, 0.6),
        (plan.update_share, 0.1),
        (plan.insert_share, 0.1),
        (plan.delete_share, 0.1),
        (plan.read_modify_write_share, 0.1),
    ] {
        // About 10,000 requests: four standard deviations are 0.02.
        assert!((share - asked).abs() < 0.02, "{share} for {asked}");
    }
    let control = &record.contenders[0];
    let run = &control.runs[0];
    assert_eq!(run.measures.requests.failed, []);
    for op in Op::ALL {
        // A tenth of the requests at least, each of which took its time at the store: a read 1 ms,
        // a write 2 ms, and both one after the other 3 ms.
        let service = control.service(op);
        assert!(service.len() > 900, "{op:?}");
        let expected = match op {
            Op::Read => 1,
            Op::Update | Op::Insert | Op::Delete => 2,
            Op::ReadModifyWrite => 3,
        };
        let micros = service.quantile(0.5).0 / 1_000;
        assert!(micros.abs_diff(expected * 1_000) < 10, "{op:?}: {micros} us");
    }
    let findings = &run.findings;
    let first_reads = control.service(Op::ReadModifyWrite).len();
    assert_eq!(
        findings.reads,
        run.measures.requests.reads + first_reads,
        "they are judged as reads"
    );
    assert_eq!(findings.definitely_stale + findings.dirty_reads + findings.order_violations, 0);
    assert!(control.predictions.is_empty(), "no closed form is about this");
}

#[test]
fn no_strategy_answers_with_phantoms_or_loses_writes() {
    for origin in ["", "[store]\norigin = { aggregation = { rows = 5 } }"] {
        let record = run("absent = 0.25", ALL_KINDS, &format!("{origin}\n{STRATEGIES}"));
        for contender in &record.contenders {
            let run = &contender.runs[0];
            let findings = &run.findings;
            assert_eq!(
                findings.phantom_absent + findings.phantom_present,
                0,
                "{}",
                contender.label
            );
            assert_eq!(findings.dirty_reads + findings.order_violations, 0, "{}", contender.label);
            assert_eq!(findings.corrupt, 0, "{}", contender.label);
            let audit = &run.audit;
            assert_eq!((audit.lost_writes, audit.phantom, audit.corrupt), (0, 0, 0));
            assert_eq!(run.measures.requests.failed, [], "{}", contender.label);
        }
    }
}

#[test]
fn clients_that_look_at_their_writes_see_more_broken_sessions() {
    let violations = |more: &str| {
        let workload = format!("reads = 0.8\nduration = \"20s\"\n{more}");
        let record = run("", &workload, "[strategies]\nttl = { ttl = \"3s\" }");
        record.contenders[0].runs[0].findings.read_your_writes_violations
    };
    let looking = violations("own-reads = { share = 0.5, after = 10 }");
    let chance = violations("");
    assert!(looking > chance + 500, "{looking} where {chance} come by chance");
}

#[test]
fn a_prefilled_cache_misses_nothing_until_its_entries_expire_together() {
    let workload = "reads = 1.0\nprefill = true\nduration = \"5s\"";
    let record = run("", workload, "[strategies]\nttl = { ttl = \"3s\" }");
    let run = &record.contenders[0].runs[0];
    let misses: Vec<u64> = run.measures.timeline.iter().map(|bucket| bucket.misses).collect();
    let width = run.measures.bucket;
    let buckets = |seconds: u64| (Nanos::from_secs(seconds).0 / width.0) as usize;
    // They were filled a few milliseconds before the plan began.
    assert_eq!(misses[..buckets(3) - 1].iter().sum::<u64>(), 0, "{misses:?}");
    // Uniform requests come to nearly every key within the second after.
    let after: u64 = misses[buckets(3) - 1..buckets(4)].iter().sum();
    assert!((110..=128).contains(&after), "{misses:?}");
    assert_eq!(
        run.measures.requests.intended, run.requests,
        "what was read before is not measured"
    );
    assert_eq!(run.findings.reads, run.measures.requests.reads);
    let check = run.checks.iter().find(|check| check.name == "prefill").unwrap();
    assert_eq!(check.standing, Standing::Ok);
}

/// Keeps for three seconds by what the entry itself says of its expiry, on the run's clock.
struct LogicalExpiry;

#[async_trait]
impl Strategy for LogicalExpiry {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        Box::pin(async move {
            if let Some(held) = ctx.lookup().cache().get(key).await?
                && let Held::Value(value, stamp) = entry::decode(ctx.lookup(), key, held)?
                && ctx.clock().now() < stamp.expiry
            {
                return Ok(value);
            }
            let value = ctx.fill().store().read(key).await?.value;
            let expiry = ctx.clock().now() + Nanos::from_secs(3);
            let stamp = Stamp { expiry, ..Stamp::NONE };
            let entry = entry::encode(ctx.fill(), &value, stamp, &Format::default());
            ctx.fill().cache().set(key, entry, None).await?;
            Ok(value)
        })
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        ctx.write().store().write(&draft).await
    }
}

#[test]
fn an_expiry_that_an_entry_got_before_the_plan_began_stays_right() {
    // Reads of a second each: 64 keys are filled after one second, the other 64 after two, and then
    // the plan begins. The first half expires two seconds into the plan.
    let workload = "reads = 1.0\nprefill = true\nduration = \"5s\"";
    let rest = "[store]\ndelay = \"1s\"\n[strategies]\nno-cache = {}";
    let run = run_strategy(&scenario_of("", workload, rest), &|| Box::new(LogicalExpiry));
    let first = run.measures.timeline.iter().position(|bucket| bucket.misses > 0).unwrap();
    let since = Nanos(first as u64 * run.measures.bucket.0);
    assert!(since >= Nanos::from_millis(1_900) && since < Nanos::from_millis(2_100), "{since}");
}

#[test]
fn a_request_whose_read_fails_writes_nothing() {
    // A read takes half a millisecond longer than the client waits: nobody comes to write.
    let workload = "reads = 0.0\nread-modify-writes = 1.0\nduration = \"5s\"\ntimeout = \"1s\"";
    let rest = "[store]\ndelay = \"999500us\"\n[strategies]\nno-cache = {}";
    let text = scenario_of("", workload, rest);
    let text = format!("prefer = \"store-load\"\n{text}");
    let record = simulate(&scenario::parse("workload", &text).unwrap(), &USUAL);
    let run = &record.contenders[0].runs[0];
    assert_eq!(run.measures.requests.answered, 0);
    assert_eq!((run.findings.writes, run.findings.unknown_writes, run.findings.reads), (0, 0, 0));
}
