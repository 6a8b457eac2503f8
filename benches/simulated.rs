//! A whole simulated run, from the plan to the judge's findings: virtual time, twins, two strategies.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

use cacheduel::clock::SimClock;
use cacheduel::experiment::{self, Environment, Silent};
use cacheduel::model::Profile;
use cacheduel::scenario;

/// Requests of one strategy, on average.
const REQUESTS: u64 = 20_000;

const SCENARIO: &str = r#"
question = "How fast is a simulated run?"
[dataset]
entity = "product"
keys = 10000
[workload]
reads = 0.95
popularity = { zipf = { exponent = 0.99 } }
arrival = { poisson = { rate = 2000 } }
duration = "10s"
nodes = 2
[store]
delay = "3ms"
[strategies.cache-aside]
[strategies.write-through]
"#;

fn simulated(criterion: &mut Criterion) {
    let loaded = scenario::parse("bench", SCENARIO).expect("the scenario is right");
    let mut group = criterion.benchmark_group("simulated");
    group.sample_size(10).throughput(Throughput::Elements(2 * REQUESTS));
    group.bench_function("two-strategies", |bencher| {
        bencher.iter_batched(
            SimClock::new,
            |clock| {
                let profile = Profile::instant();
                let environment = Environment::simulated(&loaded.scenario, &clock, &profile);
                let record = clock.block_on(experiment::run(&loaded, &environment, &Silent));
                record.expect("twins cannot fail")
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, simulated);
criterion_main!(benches);
