//! What judging costs: per sample while a run goes on, and once at its end.

mod support {
    pub mod dataset;
    pub mod recorded;
}

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::json;

use cacheduel::judge::{EndState, Judge, Rules};
use cacheduel::measure::Timeline;
use cacheduel::model::Nanos;

use support::recorded::{KEYS, Recorded, WINDOW, run_of};

fn judge() -> Judge {
    let (window, bucket) = ((Nanos::ZERO, WINDOW), Timeline::Usual.bucket(WINDOW));
    Judge::new(Rules { keys: KEYS, loaded: KEYS, ring: Rules::RING, window, bucket })
}

fn told(mut judge: Judge, run: &Recorded) -> Judge {
    for (sample, watermark) in &run.samples {
        judge.observe(sample);
        judge.advance(*watermark);
    }
    judge
}

/// The stream of a strategy that is hardly ever stale, and that of one that often is.
fn judging(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("judge");
    for (strategy, options) in [("cache-aside", json!({})), ("ttl", json!({ "ttl": "10s" }))] {
        let run = run_of(strategy, options);
        group.throughput(Throughput::Elements(run.samples.len() as u64));
        group.bench_function(BenchmarkId::new("sample", strategy), |bencher| {
            bencher.iter_batched(judge, |judge| told(judge, &run), BatchSize::PerIteration);
        });
        let end = EndState::default();
        group.bench_function(BenchmarkId::new("finish", strategy), |bencher| {
            bencher.iter_batched(
                || told(judge(), &run),
                |judge| judge.finish(&end),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = support::dataset::criterion();
    targets = judging
}
criterion_main!(benches);
