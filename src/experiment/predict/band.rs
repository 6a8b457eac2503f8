//! Whether a run came to what theory says that it must.
//!
//! One look at many figures finds one that is off by chance. So a figure has to be far off in two
//! ways: beyond what chance makes of it, and by so much that it would matter.

use crate::measure::{Check, Standing};
use crate::record::{Contender, Prediction};
use crate::scenario::Scenario;

/// Beyond so many standard errors it is not chance. The error comes from 16 batches of a run, so by
/// Student's t with 15 degrees of freedom one in 6,000 correct figures is: of thirty in a report, one in
/// two hundred reports.
const ERRORS_MAX: f64 = 5.0;

/// By less than this share of the predicted figure (of a share, of the smaller part) it does not
/// matter: the forms leave out that loads do not all take the same time.
const DIFFERENCE_MAX: f64 = 0.05;

/// Measured figures against their closed forms, those with a caveat left out.
pub fn check(contenders: &[Contender], scenario: &Scenario, is_open: bool) -> Check {
    let found =
        || contenders.iter().flat_map(|one| one.predictions.iter().map(move |it| (one, it)));
    let held = || found().filter(|(_, prediction)| prediction.caveat.is_none());
    let off: Vec<String> = held()
        .filter(|(_, prediction)| is_off(prediction))
        .map(|(contender, prediction)| told(contender, prediction))
        .collect();
    let (of_all, of_held) = (found().count(), held().count());
    let (standing, detail) = if !off.is_empty() {
        (Standing::Warn, off.join("; "))
    } else if of_held > 0 {
        (Standing::Ok, format!("{of_held} figures are as their closed forms have them"))
    } else {
        (Standing::NotApplicable, why_none(scenario, is_open, of_all).to_owned())
    };
    Check { name: "closed forms".into(), standing, detail }
}

fn is_off(prediction: &Prediction) -> bool {
    let difference = (prediction.measured - prediction.predicted).abs();
    let size = match prediction.is_share() {
        true => prediction.predicted.min(1.0 - prediction.predicted),
        false => prediction.predicted,
    };
    prediction.deviation().abs() > ERRORS_MAX && difference > size * DIFFERENCE_MAX
}

fn told(contender: &Contender, prediction: &Prediction) -> String {
    let Prediction { quantity, predicted, measured, .. } = prediction;
    let deviation = prediction.deviation();
    format!(
        "{}: {quantity} {measured:.4} instead of {predicted:.4}, {deviation:+.1} standard errors off",
        contender.label
    )
}

fn why_none(scenario: &Scenario, is_open: bool, with_caveat: usize) -> &'static str {
    if !is_open {
        "requests of a closed loop follow answers, and come at no rate of their own"
    } else if !scenario.faults.is_empty() {
        "they are of runs in which nothing breaks"
    } else if with_caveat > 0 {
        "those that there are assume what is not so here"
    } else {
        "none is known for what ran"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(quantity: &str, predicted: f64, measured: f64, error: f64) -> Prediction {
        Prediction {
            quantity: quantity.into(),
            formula: "1".into(),
            predicted,
            measured,
            standard_error: error,
            caveat: None,
        }
    }

    #[test]
    fn a_figure_is_off_only_beyond_chance_and_by_what_matters() {
        let off = |predicted, measured, error| {
            is_off(&prediction("hit ratio", predicted, measured, error))
        };
        assert!(!off(0.90, 0.89, 0.0025), "four standard errors");
        assert!(off(0.90, 0.89, 0.0019), "more than five, and a tenth more misses");
        assert!(!off(0.90, 0.897, 0.0001), "three hundredths more misses");
        assert!(off(0.0, 1e-3, 0.0), "what cannot be at all");
        assert!(!off(0.0, 0.0, 0.0));
        assert!(off(0.01, 0.012, 1e-4), "a small share is measured by itself");
        assert!(is_off(&prediction("rows per flush", 100.0, 106.0, 1.0)));
        assert!(!is_off(&prediction("rows per flush", 100.0, 104.0, 0.5)));
    }

    #[test]
    fn what_is_not_as_assumed_is_not_held_to_agree() {
        let mut contender = Contender {
            label: "ttl".into(),
            strategy: "ttl".into(),
            summary: String::new(),
            risk: String::new(),
            when: String::new(),
            twin_of: None,
            runs: Vec::new(),
            predictions: vec![prediction("hit ratio", 0.9, 0.5, 0.001)],
        };
        let scenario: Scenario = toml::from_str(
            "question = \"?\"\n[dataset]\nentity = \"counter\"\nkeys = 1\n[workload]\nreads = 1.0\n\
             popularity = \"uniform\"\narrival = { poisson = { rate = 1 } }\nduration = \"1s\"\n\
             [strategies.ttl]",
        )
        .unwrap();
        let of = |contender: &Contender, is_open| {
            check(std::slice::from_ref(contender), &scenario, is_open)
        };
        let warned = of(&contender, true);
        assert_eq!(warned.standing, Standing::Warn);
        assert!(warned.detail.contains("ttl: hit ratio 0.5000 instead of 0.9000, -400.0"));
        contender.predictions[0].caveat = Some("requests come evenly spaced".into());
        assert_eq!(of(&contender, true).standing, Standing::NotApplicable);
        contender.predictions[0] = prediction("hit ratio", 0.9, 0.9, 0.001);
        assert_eq!(of(&contender, true).standing, Standing::Ok);
        contender.predictions.clear();
        let closed = of(&contender, false);
        assert_eq!(closed.standing, Standing::NotApplicable);
        assert!(closed.detail.contains("closed loop"));
    }
}
