//! A comparison in plain English: one sentence a line, the verdict first.

use super::super::figure::{count, list, share};
use super::super::statistics::Spread;
use super::{Change, Comparison, Difference, Method};

impl Comparison {
    /// The verdict, then what brought it about.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = vec![self.headline()];
        for change in [Change::Regressed, Change::Improved] {
            let told = self.that(change).map(|(label, it)| format!("{}.", told(label, it)));
            sentences.extend(told);
        }
        sentences.extend(self.undecided());
        sentences.extend(self.notes.iter().map(|note| format!("{note}.")));
        sentences
    }

    /// The verdict in a sentence.
    pub fn headline(&self) -> String {
        let all = self.decided().count();
        let many = |change| self.that(change).count();
        let of_all = |some: usize| match (some, all) {
            (1, 1) => "the one figure that decides is".to_owned(),
            (1, all) => format!("1 of {all} figures that decide is"),
            (some, all) => format!("{some} of {all} figures that decide are"),
        };
        match self.change() {
            Change::Regressed => {
                format!("Regressed: {} worse than before.", of_all(many(Change::Regressed)))
            }
            Change::Changed => {
                format!("Changed: no figure is better or worse, but {}.", self.differing())
            }
            Change::Inconclusive => {
                let open = of_all(many(Change::Inconclusive));
                format!("Inconclusive: {open} not known to be as before.")
            }
            Change::Improved => {
                let better = of_all(many(Change::Improved));
                format!("Improved: {better} better than before, and none is worse.")
            }
            Change::Unchanged => match &self.method {
                Method::Exact { differing, .. } if differing.is_empty() => {
                    "Equal to the last count: nothing has changed.".into()
                }
                Method::Exact { .. } => {
                    format!("No figure that decides has changed, but {}.", self.differing())
                }
                Method::Paired | Method::Unpaired => {
                    "Unchanged: no figure that decides is worse than before.".into()
                }
            },
        }
    }

    /// That two simulations are not equal.
    fn differing(&self) -> String {
        let many = match &self.method {
            Method::Exact { differing, more } => differing.len() + more,
            Method::Paired | Method::Unpaired => 0,
        };
        format!("the two are not equal: {} values differ", count(many as u64))
    }

    /// How the two were compared.
    pub fn explained(&self) -> String {
        let correction = format!(
            "corrected for {} by Holm's method; a change counts when p is at most 0.05 and its 95 % \
             bootstrap interval lies beyond the smallest change that matters",
            match self.family {
                1 => "the one figure that decides".to_owned(),
                family => format!("the {family} figures that decide"),
            }
        );
        match self.method {
            Method::Exact { .. } if self.is_kept() => {
                "What was written down has to be equal to the last count, and every figure decides. If a \
                 change is meant, write it down by `cacheduel bless`."
                    .into()
            }
            Method::Exact { .. } => {
                "Both are simulations, and are compared exactly: whatever differs has changed."
                    .into()
            }
            Method::Paired => format!(
                "The two were measured in turn: a change is the mean over pairs of runs, and each pair \
                 a sample of a sign-flip permutation test, {correction}."
            ),
            Method::Unpaired => format!(
                "The two were measured one after the other: each run is a sample of Mann and \
                 Whitney's test, {correction}."
            ),
        }
    }

    /// What is not known, by why it is not.
    fn undecided(&self) -> Vec<String> {
        let mut by_reason: Vec<(String, Vec<String>)> = Vec::new();
        for (label, difference) in self.that(Change::Inconclusive) {
            let reason = difference.decision.as_ref().and_then(|it| it.reason.as_ref());
            let reason = reason.map_or_else(|| "not known".into(), ToString::to_string);
            let what = format!("{label} {}", difference.metric.name());
            match by_reason.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, whats)) => whats.push(what),
                None => by_reason.push((reason, vec![what])),
            }
        }
        let told = |(reason, whats): (String, Vec<String>)| match whats.as_slice() {
            all if all.len() == self.family && all.len() > 1 => {
                format!("Of all figures: {reason}.")
            }
            some => format!("Of {}: {reason}.", list(some)),
        };
        by_reason.into_iter().map(told).collect()
    }
}

/// `ttl: read p99 went from 4.10 ms to 4.62 ms: +12.7 % [+10.0 %, +15.2 %], p 0.002`
fn told(label: &str, difference: &Difference) -> String {
    let figure =
        |figure: Option<_>| figure.map_or("none".to_owned(), |it: super::Figure| it.to_string());
    let (from, to) = match (difference.baseline, difference.candidate) {
        (Some(from), Some(to)) => (from.apart_from(to), to.apart_from(from)),
        (from, to) => (figure(from), figure(to)),
    };
    let mut told = format!("{label}: {} went from {from} to {to}", difference.metric.name());
    if let Some(change) = difference.relative() {
        told += &format!(": {}", signed(change));
    }
    if let Some(spread) = difference.spread {
        told += &format!(" {}", bounds(spread));
    }
    if let Some(adjusted) = difference.decision.as_ref().and_then(|it| it.adjusted) {
        told += &format!(", p {}", probability(adjusted));
    }
    told
}

/// `+12.7 %`, `-3.1 %`, `0 %`; of what came from nothing, `from 0`.
pub fn signed(change: f64) -> String {
    if change.is_infinite() {
        return "from 0".into();
    }
    let text = share(change.abs());
    let sign = if change > 0.0 { "+" } else { "-" };
    match text.split_at_checked(1) {
        _ if change == 0.0 => text,
        Some((than @ ("<" | ">"), rest)) => format!("{than}{sign}{rest}"),
        _ => format!("{sign}{text}"),
    }
}

/// `[+10.0 %, +15.2 %]`
pub fn bounds(spread: Spread) -> String {
    format!("[{}, {}]", signed(spread.low), signed(spread.high))
}

/// Three digits, and never quite nothing.
pub fn probability(p: f64) -> String {
    if p < 0.0005 { "<0.0005".into() } else { format!("{p:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_written_with_its_sign() {
        let told = [0.127, -0.031, 0.0, 1e-9, -1e-9, f64::INFINITY].map(signed);
        assert_eq!(told, ["+12.7 %", "-3.1 %", "0 %", "<+0.0001 %", "<-0.0001 %", "from 0"]);
    }
}
