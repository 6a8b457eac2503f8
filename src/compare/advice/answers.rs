//! The answers to each question, in sentences that name what they stand on.

use super::super::verdict::{Best, Judged, best, peer};
use super::super::{Metric, noise};
use super::{Answer, Claim, Seen, Traffic, bounds, invalid};
use crate::record::ceilings::{Bound, Held};
use crate::record::{Contender, Standing, Thresholds};

/// Which strategies meet the thresholds.
pub fn meeting(seen: &Seen<'_>) -> Answer {
    let mut claims = Vec::new();
    if is_invalid(seen) {
        claims.push(claim(seen, not_to_believe(seen)));
    } else if !seen.verdict.has_thresholds() {
        claims.push(claim(
            seen,
            "The scenario has no thresholds, so there is nothing to meet.".into(),
        ));
    } else {
        let mut judged: Vec<_> = seen.verdict.competing().collect();
        judged.sort_by_key(|judged| !judged.holds_all());
        claims.extend(judged.into_iter().map(|judged| met(seen, judged)));
    }
    Answer { question: "Which strategies meet the thresholds?".into(), claims }
}

fn met(seen: &Seen<'_>, judged: &Judged) -> Claim {
    let bounds = bounds(judged);
    let of = |held: Held| bounds.iter().filter(|bound| bound.held == held).map(told).collect();
    let (missed, unknown): (Vec<String>, Vec<String>) = (of(Held::Missed), of(Held::Unknown));
    let label = &judged.label;
    let text = match (missed.as_slice(), unknown.as_slice()) {
        ([], []) => {
            let all: Vec<_> = bounds.iter().map(told).collect();
            format!("{label} meets all of them: {}.", all.join("; "))
        }
        ([], unknown) => format!("{label} is not known to meet them: {}.", unknown.join("; ")),
        (missed, []) => format!("{label} does not: {}.", missed.join("; ")),
        (missed, unknown) => {
            format!("{label} does not: {}; unknown: {}.", missed.join("; "), unknown.join("; "))
        }
    };
    about(seen, judged, text, bounds)
}

/// Of those that meet them, which is cheapest: by what the scenario prefers, and by store reads.
pub fn cheapest(seen: &Seen<'_>) -> Answer {
    let record = &seen.source.record;
    let mut claims = Vec::new();
    let preferred = seen.verdict.by;
    let metrics = match preferred {
        Metric::StoreReads => vec![preferred],
        _ => vec![preferred, Metric::StoreReads],
    };
    let holders: Vec<&Contender> = std::iter::zip(&record.contenders, &seen.verdict.contenders)
        .filter(|(_, judged)| judged.twin_of.is_none() && judged.holds_all())
        .map(|(contender, _)| contender)
        .collect();
    if is_invalid(seen) {
        claims.push(claim(seen, not_to_believe(seen)));
    } else if holders.is_empty() {
        claims.push(claim(seen, "No strategy meets them, so none is cheapest.".into()));
    } else {
        for metric in metrics {
            let by = match metric == preferred {
                true => format!("By {}, which the scenario prefers", metric.name()),
                false => format!("By {}", metric.name()),
            };
            match best(metric, &holders, noise::floor(metric, record)) {
                Some(best) => claims.push(cheapest_by(seen, &by, &best)),
                None => claims.push(claim(seen, format!("{by}: unknown, for too few samples."))),
            }
        }
    }
    Answer { question: "Which of these is cheapest?".into(), claims }
}

fn cheapest_by(seen: &Seen<'_>, by: &str, best: &Best) -> Claim {
    let peers = best.as_good.iter().map(|one| format!(" {}", peer(one)));
    let text = format!("{by}: {} ({}).{}", best.label, best.figure, peers.collect::<String>());
    Claim { strategy: Some(best.label.clone()), ..claim(seen, text) }
}

/// What breaks first if traffic doubles.
pub fn breaking(traffic: Traffic, all: &[Seen<'_>]) -> Answer {
    let question = match traffic {
        Traffic::Rate | Traffic::Changing => "What breaks first if traffic doubles?",
        Traffic::Clients => "What breaks first if there are twice as many clients?",
    };
    let (first, more) = (&all[0], &all[1..]);
    let mut claims = Vec::new();
    let holding = || first.verdict.competing().filter(|judged| judged.holds_all());
    if is_invalid(first) || !first.verdict.has_thresholds() || holding().next().is_none() {
        let why =
            "Nothing: no strategy is known to meet thresholds now, so that none can break them.";
        claims.push(claim(first, why.into()));
        return Answer { question: question.into(), claims };
    }
    let mut left: Vec<&str> = holding().map(|judged| judged.label.as_str()).collect();
    for seen in more.iter().take_while(|seen| !is_invalid(seen)) {
        let at = format!(
            "at {} times the traffic ({})",
            seen.source.times,
            traffic.told(seen.source.amount)
        );
        let judged =
            seen.verdict.competing().filter(|judged| left.contains(&judged.label.as_str()));
        let broken: Vec<&Judged> = judged.filter(|judged| !judged.holds_all()).collect();
        let is_first = claims.is_empty();
        claims.extend(broken.iter().map(|judged| broke(seen, judged, &at, is_first)));
        left.retain(|label| broken.iter().all(|judged| judged.label != *label));
    }
    let last = all.iter().take_while(|seen| !is_invalid(seen)).last();
    if let Some(last) = last.filter(|last| last.source.times > 1.0) {
        let still = last.verdict.competing().filter(|one| left.contains(&one.label.as_str()));
        claims.extend(still.map(|judged| still_meets(traffic, last, judged)));
    }
    Answer { question: question.into(), claims }
}

fn still_meets(traffic: Traffic, seen: &Seen<'_>, judged: &Judged) -> Claim {
    let bounds = bounds(judged);
    let all: Vec<_> = bounds.iter().map(told).collect();
    let text = format!(
        "{} still meets all of them at {} times the traffic ({}), the most that is known: {}.",
        judged.label,
        seen.source.times,
        traffic.told(seen.source.amount),
        all.join("; ")
    );
    about(seen, judged, text, bounds)
}

/// "First, at 2 times the traffic (1,200 requests a second): read p99 of ttl, 7 ms (at most 5 ms)."
fn broke(seen: &Seen<'_>, judged: &Judged, at: &str, is_first: bool) -> Claim {
    let bounds: Vec<Bound> =
        bounds(judged).into_iter().filter(|bound| bound.held != Held::Held).collect();
    let told: Vec<_> = bounds.iter().map(told).collect();
    let is_missed = bounds.iter().any(|bound| bound.held == Held::Missed);
    let verb = if is_missed { "misses" } else { "is no longer known to hold" };
    let when = if is_first { "First, " } else { "Then, " };
    let text = format!("{when}{at}, {} {verb} {}.", judged.label, told.join("; "));
    about(seen, judged, text, bounds)
}

/// What none of it says.
pub fn unknown(traffic: Traffic, all: &[Seen<'_>], most: f64) -> Vec<String> {
    let mut unknown = Vec::new();
    let first = &all[0];
    let thresholds = &first.source.record.scenario.thresholds;
    if *thresholds == Thresholds::default() {
        unknown.push(
            "What breaks: the scenario has no [thresholds], so nothing is asked of a strategy."
                .into(),
        );
    } else {
        let Thresholds { read_p50, read_p99, update_p99, errors, .. } = thresholds;
        if read_p50.is_none() && read_p99.is_none() && update_p99.is_none() {
            unknown.push("Whether latency suffers: no threshold asks anything of it.".into());
        }
        if errors.is_none() {
            unknown.push("Whether requests fail: no threshold asks anything of them.".into());
        }
    }
    match traffic {
        Traffic::Clients => unknown.push(
            "What happens at twice the requests a second: in a closed loop clients wait for their \
             answers, so that more of them make more requests only as far as the servers allow."
                .into(),
        ),
        Traffic::Changing => unknown.push(
            "What happens when traffic doubles: the scenario's rate changes in the course of a run, \
             and only one that does not is doubled."
                .into(),
        ),
        Traffic::Rate => {}
    }
    if let Some(seen) = all.iter().find(|seen| is_invalid(seen)) {
        unknown.push(format!(
            "Anything from {} on: the run there is INVALID ({}). [{}]",
            traffic.told(seen.source.amount),
            invalid(&seen.source.record).join("; "),
            seen.source.file
        ));
    }
    let last = &all[all.len() - 1];
    let still_open =
        last.verdict.competing().any(Judged::holds_all) && first.verdict.has_thresholds();
    if still_open && !is_invalid(last) && traffic != Traffic::Changing {
        unknown.push(format!(
            "What breaks beyond {} times the traffic{}.",
            last.source.times,
            if last.source.times >= most { ": no more was to be tried" } else { "" }
        ));
    }
    if last.source.record.scenario.repeats == 1 && last.source.record.calibration.is_some() {
        unknown.push("How much of this is noise: each was run once.".into());
    }
    unknown
}

fn is_invalid(seen: &Seen<'_>) -> bool {
    seen.verdict.standing == Standing::Invalid
}

fn not_to_believe(seen: &Seen<'_>) -> String {
    let why = invalid(&seen.source.record).join("; ");
    format!("Unknown: the run is INVALID, and its figures are worse than none ({why}).")
}

/// `read p99 7.31 ms (at most 5 ms)`
fn told(bound: &Bound) -> String {
    format!("{} {} ({})", bound.what, bound.found, bound.asked)
}

fn claim(seen: &Seen<'_>, text: String) -> Claim {
    Claim { text, record: seen.source.file.clone(), strategy: None, bounds: Vec::new() }
}

fn about(seen: &Seen<'_>, judged: &Judged, text: String, bounds: Vec<Bound>) -> Claim {
    Claim { strategy: Some(judged.label.clone()), bounds, ..claim(seen, text) }
}
