//! Whether the draws of the plan are such as the scenario asks for.

use crate::record::{Check, Fit, Standing};
use crate::theory::goodness;
use crate::workload::Tally;

/// The test of each tally that has enough in it.
pub fn of(tallies: &[Tally]) -> Vec<Fit> {
    let fit = |tally: &Tally| {
        let fit = goodness::chi_squared(&tally.classes)?;
        Some(Fit {
            of: tally.of.into(),
            statistic: fit.statistic,
            degrees_of_freedom: fit.degrees_of_freedom,
            p_value: portable(fit.p_value),
        })
    };
    tallies.iter().filter_map(fit).collect()
}

/// Rounded to six digits: the last ones come from the machine's own mathematics, and simulated Records
/// are the same on every machine.
fn portable(p_value: f64) -> f64 {
    format!("{p_value:.5e}").parse().unwrap_or(p_value)
}

/// Whether each of them is believable.
pub fn check(fits: &[Fit]) -> Check {
    let standing = match fits {
        [] => Standing::NotApplicable,
        _ if fits.iter().any(Fit::is_bad) => Standing::Warn,
        _ => Standing::Ok,
    };
    let told: Vec<_> = fits.iter().map(Fit::told).collect();
    let detail = match fits {
        [] => "there is too little that chance decided".to_owned(),
        _ => format!("{}; at least {}", told.join(", "), Fit::P_MIN),
    };
    Check { name: "realised mix".into(), standing, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_that_are_not_what_was_asked_for_are_a_warning() {
        let tally = |of, classes: &[(u64, f64)]| Tally { of, classes: classes.to_vec() };
        let good = tally("operations", &[(905, 0.9), (95, 0.1)]);
        let biased = tally("popularity", &[(560, 0.5), (440, 0.5)]);
        assert_eq!(check(&of(&[])).standing, Standing::NotApplicable);
        assert_eq!(check(&of(std::slice::from_ref(&good))).standing, Standing::Ok);
        let found = check(&of(&[good, biased]));
        assert_eq!(found.standing, Standing::Warn);
        // Chi-squared is 14.4 with one degree of freedom.
        assert_eq!(found.detail, "operations p 0.598, popularity p 1e-4; at least 0.001");
    }
}
