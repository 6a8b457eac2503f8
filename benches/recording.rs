//! What making requests and recording answers costs: everything that the load thread does for a
//! request besides the strategy and the judge.

mod support {
    pub mod dataset;
    pub mod recorded;
}

use std::hint::black_box;
use std::path::Path;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use cacheduel::measure::{Meter, Timeline};
use cacheduel::model::{Distribution, Key, Nanos, Share, Size, Span, Version, Writer};
use cacheduel::strategy::parts::entry::{self, Stamp};
use cacheduel::strategy::parts::format::{Codec, Compression, Format};
use cacheduel::workload::{Arrival, Plan, Popularity, Profile, Rows, WorkloadOptions, Zipf};

use support::dataset::products;
use support::recorded::{WINDOW, run_of};

const KEYS: u64 = 100_000;
const CODECS: [Codec; 3] = [Codec::Json, Codec::JsonParsed, Codec::Messagepack];
const COMPRESSIONS: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Zlib, Compression::Zstd, Compression::Lz4];

fn meter(criterion: &mut Criterion) {
    let run = run_of("cache-aside", serde_json::json!({}));
    let new = || Meter::new(Nanos::ZERO, WINDOW, Timeline::Usual);
    let mut group = criterion.benchmark_group("meter");
    group.throughput(Throughput::Elements(run.samples.len() as u64));
    group.bench_function("sample", |bencher| {
        let fold = |mut meter: Meter| {
            run.samples.iter().for_each(|(sample, _)| meter.sample(sample));
            meter
        };
        bencher.iter_batched(new, fold, BatchSize::PerIteration);
    });
    group.throughput(Throughput::Elements(run.calls.len() as u64));
    group.bench_function("call", |bencher| {
        let fold = |mut meter: Meter| {
            // As a cache hit's or a miss's calls come: a few at a time.
            run.calls.chunks(2).for_each(|calls| meter.calls(calls));
            meter
        };
        bencher.iter_batched(new, fold, BatchSize::PerIteration);
    });
    group.finish();
}

fn distribution(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("distribution");
    group.throughput(Throughput::Elements(1));
    group.bench_function("record", |bencher| {
        let (mut distribution, mut micros) = (Distribution::new(), 0);
        bencher.iter(|| {
            micros = (micros + 7_919) % 100_000;
            distribution.record(Nanos::from_micros(micros));
        });
        black_box(distribution.len());
    });
    group.finish();
}

fn plan(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan");
    group.throughput(Throughput::Elements(1));
    for (name, popularity) in
        [("uniform", Popularity::Uniform), ("zipf", Popularity::Zipf(Zipf { exponent: 0.99 }))]
    {
        let workload = WorkloadOptions {
            seed: 3,
            reads: Share(0.9),
            inserts: Share(0.0),
            deletes: Share(0.0),
            read_modify_writes: Share(0.0),
            own_reads: None,
            prefill: false,
            popularity,
            arrival: Arrival::Poisson(Profile::Rate(2_000.0)),
            warm_up: Span::default(),
            duration: Span::from_secs(1),
            nodes: 2,
            clients: 100,
            timeout: Span::from_secs(5),
        };
        let plan = Plan::new(&products(KEYS), &workload, Path::new(""));
        let plan = plan.expect("the options are sound");
        group.bench_function(BenchmarkId::new("request", name), |bencher| {
            let mut numbers = 0..;
            bencher.iter(|| plan.request(numbers.next().expect("a range without an end")));
        });
        if name == "uniform" {
            let mut arrivals = plan.arrivals();
            group.bench_function("arrival", |bencher| bencher.iter(|| arrivals.next()));
        }
    }
    group.finish();
}

fn rows(criterion: &mut Criterion) {
    let rows = Rows::new(&products(KEYS), 3, 0, KEYS);
    let mut group = criterion.benchmark_group("rows");
    group.throughput(Throughput::Bytes(1024));
    group.bench_function("body/1KiB", |bencher| {
        let mut writers = 1..;
        bencher.iter(|| {
            let writer = writers.next().expect("a range without an end");
            rows.body(Key(writer % KEYS), Writer(writer))
        });
    });
    group.finish();
}

/// An option as a scenario has it.
fn as_written(option: impl serde::Serialize) -> String {
    let value = serde_json::to_value(option).expect("options are plain data");
    value.as_str().expect("a codec or a compression is a word").to_owned()
}

fn envelope(criterion: &mut Criterion) {
    let rows = Rows::new(&products(KEYS), 3, 0, KEYS);
    let value = rows.initial(Key(7)).at(Version(1));
    let mut group = criterion.benchmark_group("entry");
    group.throughput(Throughput::Bytes(value.size() as u64));
    for (codec, compression) in
        CODECS.into_iter().flat_map(|codec| COMPRESSIONS.map(|it| (codec, it)))
    {
        let format = Format::new(codec, compression, None, Size(0));
        let encoded = entry::write(&value, Stamp::NONE, &format);
        let name = format!("{}-{}", as_written(codec), as_written(compression));
        group.bench_function(BenchmarkId::new("encode", &name), |bencher| {
            bencher.iter(|| entry::write(black_box(&value), Stamp::NONE, &format));
        });
        group.bench_function(BenchmarkId::new("decode", &name), |bencher| {
            bencher.iter(|| entry::read(Key(7), black_box(&encoded).clone()));
        });
    }
    group.bench_function("is-intact/1KiB", |bencher| {
        bencher.iter(|| black_box(&value).is_intact(Key(7)));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = support::dataset::criterion();
    targets = meter, distribution, plan, rows, envelope
}
criterion_main!(benches);
