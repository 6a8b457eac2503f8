//! Two Records as two builds might leave them on real servers, with what is planted and the noise of a
//! machine that is busy with other things too.

use cacheduel::model::{Op, ServedBy};
use cacheduel::record::{Contender, Latency, Record, Run};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::reports::fixture::{distribution, with_contenders};

/// What is planted in the candidate, and how the two were measured.
pub struct Plan {
    pub seed: u64,
    pub runs: u32,
    pub paired: bool,
    /// How many times as long the candidate takes.
    pub slower: f64,
    /// How many times as often it reads the store.
    pub store_reads: f64,
}

impl Default for Plan {
    fn default() -> Self {
        Self { seed: 1, runs: 12, paired: false, slower: 1.0, store_reads: 1.0 }
    }
}

impl Plan {
    /// The baseline, and the candidate.
    pub fn records(&self) -> (Record, Record) {
        let mut chance = ChaCha8Rng::seed_from_u64(self.seed);
        let mut baseline = with_contenders(&["cache-aside", "ttl"]);
        baseline.pairing = self.paired.then(|| format!("experiment {}", self.seed));
        let mut candidate = baseline.clone();
        candidate.started = "2026-11-21T09:30:00Z".into();
        for place in 0..baseline.contenders.len() {
            let model = baseline.contenders[place].runs[0].clone();
            let (mut before, mut now) = (Vec::new(), Vec::new());
            for repeat in 0..self.runs {
                // What both of a pair meet, and half as much again on each side alone.
                let speed = 1.0 + 0.06 * noise(&mut chance);
                before.push(run(&model, repeat, speed, 1.0, &mut chance));
                // Without pairs the other side meets another time of the day.
                let speed = if self.paired { speed } else { 1.0 + 0.06 * noise(&mut chance) };
                now.push(run(&model, repeat, speed * self.slower, self.store_reads, &mut chance));
            }
            baseline.contenders[place].runs = before;
            candidate.contenders[place].runs = now;
        }
        (baseline, candidate)
    }
}

/// The Record with each strategy run against itself too, the second time so many times as slowly.
pub fn twinned(mut record: Record, slower: f64) -> Record {
    let twin = |one: &Contender| {
        let mut twin = one.clone();
        twin.label = format!("{}@again", one.label);
        twin.twin_of = Some(one.label.clone());
        for latency in twin.runs.iter_mut().flat_map(|run| &mut run.measures.latency) {
            let p50 = latency.response.quantile(0.5).0 as f64 / 1e3;
            latency.response = distribution(latency.response.len(), p50 * slower, 0.2);
        }
        twin
    };
    let twins: Vec<Contender> = record.contenders.iter().map(twin).collect();
    record.contenders.extend(twins);
    record
}

fn run(model: &Run, repeat: u32, speed: f64, reads: f64, chance: &mut ChaCha8Rng) -> Run {
    let mut run = model.clone();
    let mut vary = |by: f64| 1.0 + by * noise(chance);
    run.repeat = repeat;
    run.position = 2 * repeat;
    run.measures.latency = latency(190.0 * speed * vary(0.02), 2_500.0 * speed * vary(0.02));
    let moved = (60.0 * (vary(0.5) - 1.0)) as i64;
    let lookups = &mut run.measures.lookups;
    lookups.hits = lookups.hits.saturating_add_signed(moved);
    lookups.misses = lookups.misses.saturating_add_signed(-moved);
    let more = reads * vary(0.01);
    for cause in &mut run.measures.store.causes {
        cause.reads = (cause.reads as f64 * more) as u64;
    }
    let findings = &mut run.findings;
    findings.definitely_stale = (findings.definitely_stale as f64 * vary(0.2)) as u64;
    run
}

/// Reads and updates with these medians, in microseconds.
fn latency(read: f64, update: f64) -> Vec<Latency> {
    let of = |op, served_by, samples, micros| Latency {
        op,
        served_by,
        response: distribution(samples, micros, 0.2),
        service: distribution(10, micros, 0.2),
    };
    vec![of(Op::Read, ServedBy::Cache, 1_500, read), of(Op::Update, ServedBy::Store, 700, update)]
}

/// About normal, with a mean of nothing and a deviation of one: twelve uniform draws.
fn noise(chance: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| chance.random::<f64>()).sum::<f64>() - 6.0
}
