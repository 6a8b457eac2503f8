//! Runs that must not be believed, and that the checks say so: each rule provoked in a whole run.

mod miscounted;
mod miscounted_store;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use cacheduel::backend::{CacheOptions, Ctx};
use cacheduel::experiment::{self, Environment, Silent};
use cacheduel::model::{Draft, Key, Nanos, Outcome, Size, Value, Version};
use cacheduel::record::{Check, Record, Run, Standing};
use cacheduel::scenario;
use cacheduel::strategy::{Spec, Strategy};
use futures_util::future::BoxFuture;

use crate::private_servers::World;

/// On the twins: what is measured there has no server to wait for.
const TWINS: &str = r#"
question = "Can it be believed?"
[dataset]
entity = "counter"
keys = 50
[workload]
reads = 1.0
popularity = "uniform"
arrival = { poisson = { rate = 500 } }
warm-up = "300ms"
duration = "700ms"
[cache]
server = "embedded"
[store]
server = "embedded"
[strategies.no-cache]
"#;

/// One run of a strategy under the wall clock.
async fn run_by(
    text: &str,
    folder: Option<&Path>,
    build: &(dyn Fn() -> Box<dyn Strategy> + Sync),
) -> Run {
    let loaded = scenario::parse("trust", text).unwrap();
    let environment = Environment::real(&loaded.scenario, folder).await.unwrap();
    experiment::run_strategy(&loaded, &environment, build).await.unwrap()
}

/// All that a scenario asks for, under the wall clock.
async fn record_of(text: &str) -> Record {
    let loaded = scenario::parse("trust", text).unwrap();
    let environment = Environment::real(&loaded.scenario, None).await.unwrap();
    experiment::run(&loaded, &environment, &Silent).await.unwrap()
}

fn check<'a>(run: &'a Run, name: &str) -> &'a Check {
    run.checks.iter().find(|check| check.name == name).expect("the check is made")
}

/// A strategy from the registry.
fn strategy(name: &str, options: &str) -> Box<dyn Strategy> {
    let options: toml::Table = options.parse().unwrap();
    Spec::read_options(name, options).unwrap().unwrap().build()
}

/// Keeps the one thread that makes all requests from doing so: 5 ms for a read, of which 500 a second
/// are due.
struct Hogging(Box<dyn Strategy>);

#[async_trait]
impl Strategy for Hogging {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        Box::pin(async move {
            let until = ctx.clock().now() + Nanos::from_millis(5);
            while ctx.clock().now() < until {
                std::hint::spin_loop();
            }
            self.0.read(ctx, key).await
        })
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        self.0.write(ctx, draft).await
    }
}

fn hogging() -> Box<dyn Strategy> {
    Box::new(Hogging(strategy("no-cache", "")))
}

#[tokio::test]
async fn a_generator_that_cannot_keep_up_makes_an_open_loop_invalid() {
    let run = run_by(TWINS, None, &hogging).await;
    for name in ["dispatch lag", "achieved rate"] {
        let check = check(&run, name);
        assert_eq!(check.standing, Standing::Invalid, "{name}: {}", check.detail);
    }
}

#[tokio::test]
async fn a_closed_loop_asks_for_no_rate_and_no_time() {
    let closed = "arrival = { closed = { clients = 2 } }";
    let text = TWINS.replace("arrival = { poisson = { rate = 500 } }", closed);
    let run = run_by(&text, None, &hogging).await;
    for name in ["dispatch lag", "achieved rate"] {
        assert_eq!(check(&run, name).standing, Standing::NotApplicable, "{name}");
    }
}

#[tokio::test]
async fn through_a_fault_a_rate_that_fell_short_is_a_warning() {
    let fault = "\n[[faults]]\nat = \"200ms\"\nlasts = \"100ms\"\nwhat = { cache = \"paused\" }\n";
    let run = run_by(&format!("{TWINS}{fault}"), None, &hogging).await;
    assert_eq!(check(&run, "achieved rate").standing, Standing::Warn);
}

/// A server of others that holds fewer entries than live at once, which the scenario does not say.
#[tokio::test]
async fn a_hit_ratio_that_is_not_the_closed_forms_is_a_warning() {
    let world = World::new();
    let options = CacheOptions {
        maxmemory: Some(Size(4 << 20)),
        eviction: cacheduel::backend::Eviction::AllkeysRandom,
        ..CacheOptions::default()
    };
    let server = Arc::new(world.server(&options).await);
    let text = |url: &str| {
        format!(
            r#"
question = "Is anything amiss?"
[dataset]
entity = "counter"
keys = 2000
size = "10KB"
[workload]
reads = 1.0
popularity = "uniform"
arrival = {{ poisson = {{ rate = 1000 }} }}
warm-up = "3s"
duration = "3s"
[cache]
server = {{ url = "{url}" }}
[store]
server = "embedded"
[strategies.ttl]
ttl = "3s"
"#
        )
    };
    let record = record_of(&text(&server.url())).await;
    let check = record.checks.iter().find(|check| check.name == "closed forms").unwrap();
    assert_eq!(check.standing, Standing::Warn, "{}", check.detail);
    assert!(check.detail.contains("ttl: hit ratio 0."), "{}", check.detail);
    assert!(check.detail.contains("standard errors off"), "{}", check.detail);
    let run = &record.contenders[0].runs[0];
    let counters = run.checks.iter().find(|check| check.name == "server counters").unwrap();
    assert_eq!(counters.standing, Standing::NotApplicable, "others may use it too");
}
