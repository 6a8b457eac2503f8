//! Forms of what no run of an experiment is held to by itself: what a plain delete leaves stale, what a
//! kill of the cache costs write-behind, and how long calls wait for the store.

use cacheduel::model::{Profile, Span, Spread, StoreTimes};
use cacheduel::record::{Record, Run};
use cacheduel::scenario;
use cacheduel::theory::{queue, write_behind};

use crate::simulated::{profile, simulate};

/// A mean over runs of different seeds, with its standard error.
struct Mean {
    mean: f64,
    error: f64,
}

impl Mean {
    fn of(figures: &[f64]) -> Self {
        let count = figures.len() as f64;
        let mean = figures.iter().sum::<f64>() / count;
        let squares: f64 = figures.iter().map(|figure| (figure - mean).powi(2)).sum();
        Self { mean, error: (squares / (count - 1.0) / count).sqrt() }
    }

    fn assert_agrees(&self, exact: f64, what: &str) {
        let Self { mean, error } = self;
        let off = (mean - exact) / error;
        assert!(off.abs() < 4.0, "{what}: {mean} instead of {exact}, {off} standard errors off");
        assert!(error / exact < 0.1, "{what}: {mean} with an error of {error} says too little");
    }
}

fn play(text: &str, profile: &Profile) -> Record {
    simulate(&scenario::parse("moments", text).unwrap_or_else(|error| panic!("{error}")), profile)
}

fn only_run(record: &Record) -> &Run {
    &record.contenders[0].runs[0]
}

/// Every event comes so many milliseconds late, and takes nothing beyond that. Keys are read so often that
/// what is deleted is there again at once.
fn stale_share(seed: u64, form: &str, keys: u32, writes: f64, lag: u32) -> f64 {
    let reads = 40.0;
    let text = format!(
        r#"
        question = "How much is stale until the event has come?"
        [dataset]
        entity = "counter"
        keys = {keys}
        [workload]
        seed = {seed}
        reads = {:?}
        popularity = "uniform"
        arrival = {{ poisson = {{ rate = {:?} }} }}
        warm-up = "2s"
        duration = "32s"
        [store]
        server = "embedded"
        [[faults]]
        at = "1ms"
        lasts = "31990ms"
        what = {{ events = {{ delayed = {{ by = "{lag}ms" }} }} }}
        [strategies.event-invalidation]
        ttl = "1h"
        form = "{form}"
        relay-interval = "1ms"
        "#,
        reads / (reads + writes),
        f64::from(keys) * (reads + writes),
    );
    let record = play(&text, &profile(0, 0, 0, 0));
    let run = only_run(&record);
    run.findings.definitely_stale as f64 / run.measures.requests.reads as f64
}

#[test]
fn what_a_plain_delete_leaves_stale_and_what_one_that_knows_versions_does() {
    for (keys, writes, lag) in [(6, 0.5, 250), (4, 2.0, 250), (4, 1.0, 600)] {
        let stale = |form| -> Mean {
            Mean::of(
                &(1..=5).map(|seed| stale_share(seed, form, keys, writes, lag)).collect::<Vec<_>>(),
            )
        };
        // A relay that looks every millisecond adds half of one.
        let wait = writes * (f64::from(lag) + 0.5) / 1e3;
        let what = format!("{writes}/s for {lag} ms");
        stale("delete").assert_agrees(-f64::exp_m1(-2.0 * wait) / 2.0, &what);
        stale("delete-if-older").assert_agrees(wait / (1.0 + wait), &what);
    }
}

/// Acknowledged writes that a kill of the cache loses, which comes so many milliseconds into the window.
fn lost_writes(seed: u64, writes: f64, interval: u32, at: u32) -> f64 {
    let text = format!(
        r#"
        question = "How many writes does a kill lose?"
        prefer = "store-load"
        [dataset]
        entity = "counter"
        keys = 500
        [workload]
        seed = {seed}
        reads = 0.0
        popularity = "uniform"
        arrival = {{ poisson = {{ rate = {writes:?} }} }}
        duration = "6s"
        [cache]
        server = "embedded"
        [store]
        server = "embedded"
        [[faults]]
        at = "{at}ms"
        lasts = "100ms"
        what = {{ cache = "killed" }}
        [strategies.write-behind]
        ttl = "1h"
        flush-interval = "{interval}ms"
        "#,
    );
    only_run(&play(&text, &profile(0, 0, 0, 0))).audit.lost_writes as f64
}

#[test]
fn what_a_kill_loses_of_write_behind_on_average_and_at_most() {
    const KILLS: u32 = 100;
    for (writes, interval) in [(100.0, 400), (40.0, 1_000)] {
        // Spread over a flush, wherever the first one began.
        let kills = (0..KILLS).map(|kill| 2_000 + interval * kill / KILLS);
        let lost: Vec<f64> =
            kills.map(|at| lost_writes(u64::from(at), writes, interval, at)).collect();
        let seconds = f64::from(interval) / 1e3;
        let mean = write_behind::lost_writes_mean(writes, seconds);
        Mean::of(&lost).assert_agrees(mean, "lost writes");
        let most = write_behind::lost_writes_max(writes, seconds);
        let worst = lost.iter().copied().fold(0.0, f64::max);
        assert!(worst < most + 4.0 * most.sqrt() && worst > mean, "{worst} of {most}");
    }
}

/// The mean wait for a connection, of which there are so many, in seconds, and what the Record predicts.
fn mean_wait(
    seed: u64,
    server: &str,
    reads: f64,
    rate: f64,
    connections: u32,
    times: StoreTimes,
) -> (f64, Option<f64>) {
    let text = format!(
        r#"
        question = "How long do calls wait for a connection?"
        prefer = "store-load"
        [dataset]
        entity = "counter"
        keys = 1000
        [workload]
        seed = {seed}
        reads = {reads:?}
        popularity = "uniform"
        arrival = {{ poisson = {{ rate = {rate:?} }} }}
        duration = "60s"
        [store]
        server = "{server}"
        connections = {connections}
        [strategies.no-cache]
        "#,
    );
    let record = play(&text, &Profile { store: times, ..Profile::instant() });
    let pool = only_run(&record).store_counters.pool;
    let predicted = record.contenders[0].predictions.iter();
    let predicted = predicted.clone().find(|found| found.quantity == "wait for the store, ms");
    let predicted = predicted.map(|found| found.predicted / 1e3);
    (pool.total.as_secs_f64() / pool.calls as f64, predicted)
}

/// The quantiles of the log-normal distribution whose p50 is 8 ms and whose variance is so many squares of
/// its mean.
fn varied(spread: f64) -> Spread {
    let sigma = f64::ln(1.0 + spread).sqrt();
    let p99 = 8e-3 * f64::exp(2.326_347_874_040_841 * sigma);
    let span = |seconds: f64| Span(std::time::Duration::from_secs_f64(seconds));
    Spread::log_normal(span(8e-3), span(p99))
}

#[test]
fn calls_wait_for_one_connection_as_pollaczek_and_khinchine_say() {
    for (spread, utilisation) in [(0.0, 0.7), (0.5, 0.6), (0.9, 0.5), (2.0, 0.4)] {
        let service = varied(spread);
        let rate = utilisation / service.mean();
        // W = r E[S^2] / (2 (1 - u)).
        let squares = service.variance() + service.mean().powi(2);
        let exact = rate * squares / (2.0 * (1.0 - utilisation));
        // Reads over PostgreSQL's only connection, and writes over SQLite's only writer.
        for (server, reads) in [("postgres", 1.0), ("sqlite", 0.0)] {
            let times = StoreTimes { read: service, commit: service, ..StoreTimes::default() };
            let (waits, predicted): (Vec<f64>, Vec<_>) =
                (1..=8).map(|seed| mean_wait(seed, server, reads, rate, 1, times)).unzip();
            let what = format!("{server}, {spread} at {utilisation}");
            Mean::of(&waits).assert_agrees(exact, &what);
            match predicted[0] {
                Some(predicted) => assert!((predicted / exact - 1.0).abs() < 1e-3, "{what}"),
                None => assert!(spread > 1.0, "{what}: the Record has a form for it"),
            }
        }
    }
}

#[test]
fn calls_wait_for_several_connections_as_erlang_says() {
    // Of times that vary as exponential ones do the mean wait is nearly Erlang's.
    for (spread, connections, utilisation) in
        [(1.0, 2, 0.7), (1.0, 4, 0.8), (0.0, 2, 0.8), (0.5, 3, 0.75)]
    {
        let service = varied(spread);
        let rate = utilisation * f64::from(connections) / service.mean();
        let near = queue::mean_wait_varied(rate, service.mean(), spread, connections).unwrap();
        let times = StoreTimes { read: service, ..StoreTimes::default() };
        let (waits, _): (Vec<f64>, Vec<_>) =
            (1..=8).map(|seed| mean_wait(seed, "postgres", 1.0, rate, connections, times)).unzip();
        let Mean { mean, error } = Mean::of(&waits);
        // It is within 5 % of itself for several connections.
        let off = (mean - near).abs();
        let what = format!("{mean} instead of {near}, {spread} over {connections}");
        assert!(off < 4.0 * error + 0.05 * near, "{what}, {error} the error");
    }
}
