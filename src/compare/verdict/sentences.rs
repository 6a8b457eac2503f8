//! A verdict in plain English: one sentence a line, the most important first.

use super::super::figure::{list, share};
use super::super::{Metric, noise};
use super::{Best, Ground, Held, Judged, Peer, Verdict, located_checks, ranking};
use crate::record::{Contender, Record, Standing};

/// What is compared where no thresholds were given.
const WITHOUT_THRESHOLDS: [Metric; 7] = [
    Metric::ReadP99,
    Metric::UpdateP99,
    Metric::HitRatio,
    Metric::StoreReads,
    Metric::StaleShare,
    Metric::LostWrites,
    Metric::Errors,
];

pub fn of(record: &Record, verdict: &Verdict) -> Vec<String> {
    if record.contenders.is_empty() {
        return vec!["No verdict: the record has no strategies.".into()];
    }
    if verdict.standing == Standing::Invalid {
        return invalid(record);
    }
    let mut sentences = if verdict.has_thresholds() {
        against_thresholds(verdict)
    } else {
        by_each_measure(record)
    };
    if record.is_simulated() && matches!(verdict.by, Metric::ReadP99 | Metric::UpdateP99) {
        sentences
            .push("This was simulated: a latency here is what the profile makes of it.".into());
    }
    if record.is_embedded() && matches!(verdict.by, Metric::ReadP99 | Metric::UpdateP99) {
        sentences.push("The cache was embedded: a latency here is not Redis's.".into());
    }
    if verdict.standing == Standing::Warn {
        sentences.push("Some checks ended as WARN: read them before relying on this.".into());
    }
    sentences
}

fn invalid(record: &Record) -> Vec<String> {
    let found = located_checks(record);
    let broken = found.iter().filter(|(_, check)| check.standing == Standing::Invalid);
    let reasons = broken.map(|(place, check)| format!("{place}: {}: {}", check.name, check.detail));
    std::iter::once(
        "No verdict: the record is INVALID, and its figures are worse than none.".into(),
    )
    .chain(reasons)
    .collect()
}

fn against_thresholds(verdict: &Verdict) -> Vec<String> {
    let mut sentences = vec![holding(verdict)];
    let holders = verdict.competing().filter(|judged| judged.holds_all()).count();
    if let Some(best) = verdict.best.as_ref().filter(|best| !alike(best, holders)) {
        sentences.extend(best.as_good.iter().map(peer));
    }
    let missing = |held: Held| {
        let failing = verdict.competing().filter_map(move |judged| failing(judged, held));
        failing.collect::<Vec<_>>()
    };
    sentences.extend(missing(Held::Missed));
    sentences.extend(missing(Held::Unknown));
    sentences
}

/// "a and b hold every threshold; b has the lowest read p99 (1.92 ms)."
fn holding(verdict: &Verdict) -> String {
    let competing = verdict.competing().count();
    let holders: Vec<&str> = verdict
        .competing()
        .filter(|judged| judged.holds_all())
        .map(|judged| judged.label.as_str())
        .collect();
    let who = match holders.len() {
        0 => return "No strategy holds every threshold.".into(),
        1 if competing > 1 => format!("Only {} holds every threshold", holders[0]),
        1 => format!("{} holds every threshold", holders[0]),
        all if all == competing && all > 2 => {
            format!("All {all} strategies hold every threshold")
        }
        _ => format!("{} hold every threshold", list(&holders)),
    };
    match &verdict.best {
        None => format!("{who}; too few samples to rank by {}.", verdict.by.name()),
        Some(best) if holders.len() == 1 => {
            format!("{who}; its {} is {}.", verdict.by.name(), best.figure)
        }
        Some(best) if alike(best, holders.len()) => {
            format!("{who}, all with the same {} ({}).", verdict.by.name(), best.figure)
        }
        Some(best) => {
            format!("{who}; {} has {} ({}).", best.label, verdict.by.superlative(), best.figure)
        }
    }
}

/// "b (1.20 ms) is as good: the figures are equal."
pub fn peer(peer: &Peer) -> String {
    let why = match peer.ground {
        Ground::Equal => "the figures are equal".to_owned(),
        Ground::Intervals(repeats) => format!("the 95 % intervals over {repeats} repeats overlap"),
        Ground::Noise(floor) => {
            format!("the same strategy twice differs by up to {}", share(floor))
        }
        Ground::FewRepeats(1) => "not distinguished by one repeat".to_owned(),
        Ground::FewRepeats(repeats) => format!("not distinguished by {repeats} repeats"),
    };
    format!("{} ({}) is as good: {why}.", peer.label, peer.figure)
}

/// "ttl misses: stale share 3.1 % (at most 1 %)."
fn failing(judged: &Judged, held: Held) -> Option<String> {
    let failing: Vec<String> = judged
        .thresholds
        .iter()
        .filter(|threshold| threshold.held == held)
        .map(|threshold| {
            let bound = threshold.metric.bound(threshold.asked);
            match threshold.measured {
                Some(_) => {
                    format!("{} {} ({bound})", threshold.metric.name(), threshold.measured_text())
                }
                None => format!("{} ({bound})", threshold.metric.name()),
            }
        })
        .collect();
    let verb = if held == Held::Missed { "misses" } else { "is not known to hold" };
    (!failing.is_empty()).then(|| format!("{} {verb}: {}.", judged.label, failing.join(", ")))
}

fn by_each_measure(record: &Record) -> Vec<String> {
    let contenders: Vec<&Contender> =
        record.contenders.iter().filter(|contender| contender.twin_of.is_none()).collect();
    let mut sentences = vec![match contenders.as_slice() {
        [only] => format!("No thresholds were given, and {} ran alone.", only.label),
        _ => "No thresholds were given; this is what was best by each measure.".to_owned(),
    }];
    for metric in WITHOUT_THRESHOLDS {
        let Some(best) = ranking::best(metric, &contenders, noise::floor(metric, record)) else {
            sentences.push(format!("Too few samples to compare {}.", metric.name()));
            continue;
        };
        sentences.push(if contenders.len() == 1 {
            format!("{}: {}.", metric.name(), best.figure)
        } else if alike(&best, contenders.len()) {
            format!("All have the same {} ({}).", metric.name(), best.figure)
        } else {
            let peers: Vec<_> = best
                .as_good
                .iter()
                .map(|peer| format!("{} ({})", peer.label, peer.figure))
                .collect();
            let tail = match peers.is_empty() {
                true => String::new(),
                false => format!("; as good: {}", list(&peers)),
            };
            format!("{} has {} ({}){tail}.", best.label, metric.superlative(), best.figure)
        });
    }
    sentences
}

/// Whether all of `among` contenders have the same figure to the last digit.
fn alike(best: &Best, among: usize) -> bool {
    best.as_good.len() + 1 == among && best.as_good.iter().all(|peer| peer.ground == Ground::Equal)
}
