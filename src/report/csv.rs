//! `timeline.csv`: one line for each interval of each run, for spreadsheets and notebooks.

use std::fmt::Write as _;

use crate::record::{Bucket, Contender, Distribution, Nanos, Record, Run, StalenessBucket};

/// The first line. Times are in seconds and microseconds as the names say; a figure with too few
/// samples is empty. The last field has the faults that the interval saw any of.
pub const HEADER: &str = "contender,repeat,start_s,requests,failed,hits,misses,hit_ratio,\
    store_reads,store_burst,store_writes,read_p50_us,read_p99_us,write_p99_us,reads_judged,stale_definite,\
    stale_possible,faults";

/// The whole file, ending in a newline.
pub fn render(record: &Record) -> String {
    let mut text = format!("{HEADER}\n");
    for contender in &record.contenders {
        for run in &contender.runs {
            append_run(&mut text, contender, run);
        }
    }
    text
}

fn append_run(text: &mut String, contender: &Contender, run: &Run) {
    let label = quoted(&contender.label);
    for (index, bucket) in run.measures.timeline.iter().enumerate() {
        let start = Nanos(run.measures.bucket.0 * index as u64).as_secs_f64();
        let judged = run.findings.timeline.get(index).copied().unwrap_or_default();
        let Bucket { requests, failed, hits, misses, .. } = bucket;
        let Bucket { store_reads, store_burst, store_writes, .. } = bucket;
        let StalenessBucket { reads, definitely_stale, possibly_stale } = judged;
        let hit_ratio = match hits + misses {
            0 => String::new(),
            all => format!("{:.6}", *hits as f64 / all as f64),
        };
        let read_p50 = micros(&bucket.reads, 0.5);
        let read_p99 = micros(&bucket.reads, 0.99);
        let write_p99 = micros(&bucket.writes, 0.99);
        let faults = quoted(&faults(run, index));
        writeln!(
            text,
            "{label},{},{start},{requests},{failed},{hits},{misses},{hit_ratio},{store_reads},\
             {store_burst},{store_writes},{read_p50},{read_p99},{write_p99},{reads},\
             {definitely_stale},{possibly_stale},{faults}",
            run.repeat + 1,
        )
        .expect("writing to a string does not fail");
    }
}

/// What was broken at some time of an interval, as it happened in this run.
fn faults(run: &Run, index: usize) -> String {
    let here =
        run.faults.iter().filter(|fault| fault.injected.is_felt_in(run.measures.bucket, index));
    here.map(|fault| fault.injected.what.to_string()).collect::<Vec<_>>().join("; ")
}

fn micros(distribution: &Distribution, q: f64) -> String {
    let certified = distribution.certified(q);
    certified.map(|span| format!("{:.1}", span.0 as f64 / 1e3)).unwrap_or_default()
}

/// A field as RFC 4180 wants it.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
