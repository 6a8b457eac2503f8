//! What judging costs: per sample while a run goes on, and once at its end.

mod support {
    pub mod dataset;
    pub mod recorded;
    pub mod stream;
}

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::json;

use cacheduel::judge::{EndState, Judge, Rules};
use cacheduel::measure::Timeline;
use cacheduel::model::{Nanos, Sample};

use support::recorded::{KEYS, WINDOW, run_of};
use support::stream;

fn judge_of(keys: u64) -> Judge {
    let (window, bucket) = ((Nanos::ZERO, WINDOW), Timeline::Usual.bucket(WINDOW));
    Judge::new(Rules { keys, loaded: keys, ring: Rules::RING, window, bucket })
}

fn told(mut judge: Judge, samples: &[(Sample, Nanos)]) -> Judge {
    for (sample, watermark) in samples {
        judge.observe(sample);
        judge.advance(*watermark);
    }
    judge
}

/// The stream of a strategy that is hardly ever stale, and that of one that often is.
fn judging(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("judge");
    for (strategy, options) in [("cache-aside", json!({})), ("ttl", json!({ "ttl": "10s" }))] {
        let samples = run_of(strategy, options).samples;
        let judge = || judge_of(KEYS);
        group.throughput(Throughput::Elements(samples.len() as u64));
        group.bench_function(BenchmarkId::new("sample", strategy), |bencher| {
            bencher.iter_batched(judge, |judge| told(judge, &samples), BatchSize::PerIteration);
        });
        let end = EndState::default();
        group.bench_function(BenchmarkId::new("finish", strategy), |bencher| {
            bencher.iter_batched(
                || told(judge(), &samples),
                |judge| judge.finish(&end),
                BatchSize::PerIteration,
            );
        });
    }
    for (name, mix) in stream::MIXES {
        let samples = stream::of(mix);
        group.throughput(Throughput::Elements(samples.len() as u64));
        group.bench_function(BenchmarkId::new("stream", name), |bencher| {
            bencher.iter_batched(
                || judge_of(stream::KEYS),
                |judge| told(judge, &samples),
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
