//! Whole searches against oracles, which say at once what a run would take minutes to show.

use proptest::prelude::*;

use super::*;
use crate::model::Nanos;

const TO: f64 = 1e6;
/// What rounding to four digits adds to a precision.
const ROUNDING: f64 = 1.002;

fn bounds(from: f64, precision: f64) -> Searched {
    Searched { from, to: TO, precision, step: Nanos::from_secs(10), confirmation: 3 }
}

/// More steps than a search within these bounds can take.
fn steps_max(bounds: Searched) -> usize {
    let climb = (bounds.to / bounds.from).log(FACTOR_IN_DOUBT).ceil() + 2.0;
    let narrow = (FACTOR.ln() / bounds.precision.ln_1p()).log2().ceil().max(0.0) + 2.0;
    TRIES_MAX as usize * (climb + narrow) as usize + CONFIRMATIONS_MAX as usize
}

/// Runs a search to its end, and returns its answer with all that was tried.
fn run(
    bounds: Searched,
    mut oracle: impl FnMut(Trial) -> Outcome,
) -> (Answer, Vec<(Trial, Outcome)>) {
    let mut search = Search::new(bounds);
    let mut tried = Vec::new();
    while let Some(trial) = search.next() {
        assert!(!search.answer().finished);
        assert!(tried.len() < steps_max(bounds), "it does not end: {tried:?}");
        let outcome = oracle(trial);
        tried.push((trial, outcome));
        search.tell(outcome);
    }
    assert!(search.answer().finished);
    (search.answer(), tried)
}

/// Holds up to a rate, and is something else above it.
fn step(ceiling: f64, above: Outcome) -> impl Fn(Trial) -> Outcome {
    move |trial| if trial.rate <= ceiling { Outcome::Held } else { above }
}

#[test]
fn a_search_by_hand() {
    let (answer, tried) = run(bounds(100.0, 0.1), step(530.0, Outcome::Broke));
    let tried: Vec<_> =
        tried.iter().map(|(trial, _)| (trial.rate, trial.phase, trial.attempt)).collect();
    use Phase::{Climb, Confirm, Narrow};
    let expected = [
        (100.0, Climb, 0),
        (200.0, Climb, 0),
        (400.0, Climb, 0),
        (800.0, Climb, 0),
        (800.0, Climb, 1),
        (565.7, Narrow, 0),
        (565.7, Narrow, 1),
        (475.7, Narrow, 0),
        (518.8, Narrow, 0),
        (518.8, Confirm, 4),
    ];
    assert_eq!(tried, expected);
    let beyond = Some(Beyond { rate: 565.7, why: Outcome::Broke });
    let expected = Answer { holds: Some(518.8), confirmed: true, finished: true, beyond };
    assert_eq!(answer, expected);
}

#[test]
fn a_strategy_that_fails_at_the_lowest_rate_holds_nothing() {
    let (answer, tried) = run(bounds(100.0, 0.05), step(99.0, Outcome::Broke));
    assert_eq!((answer.holds, answer.confirmed), (None, false));
    assert_eq!(answer.beyond, Some(Beyond { rate: 100.0, why: Outcome::Broke }));
    assert_eq!(tried.len(), 2);
}

#[test]
fn a_generator_that_is_outrun_at_once_says_nothing_of_the_strategy() {
    let (answer, _) = run(bounds(100.0, 0.05), step(99.0, Outcome::Outrun));
    assert_eq!(answer.holds, None);
    assert_eq!(answer.beyond, Some(Beyond { rate: 100.0, why: Outcome::Outrun }));
}

#[test]
fn a_strategy_that_nothing_breaks_holds_the_highest_rate_there_is() {
    let (answer, _) = run(bounds(100.0, 0.05), |_| Outcome::Held);
    let expected = Answer { holds: Some(TO), confirmed: true, finished: true, beyond: None };
    assert_eq!(answer, expected);
}

#[test]
fn two_tries_have_to_agree_on_why_a_rate_does_not_hold() {
    use Outcome::{Broke, Held, Invalid, Outrun};
    let cases: [(&[Outcome], Option<Outcome>); 9] = [
        (&[Held], None),
        (&[Broke, Held, Held], None),
        (&[Broke, Broke], Some(Broke)),
        (&[Broke, Held, Broke], Some(Broke)),
        (&[Invalid, Broke], Some(Broke)),
        (&[Invalid, Invalid], Some(Invalid)),
        (&[Broke, Outrun, Outrun], Some(Outrun)),
        (&[Outrun, Broke, Held, Held], None),
        (&[Outrun, Held, Broke, Broke], Some(Broke)),
    ];
    for (outcomes, expected) in cases {
        let mut search = Search::new(bounds(100.0, 0.05));
        for outcome in outcomes {
            assert_eq!(search.next().map(|trial| trial.rate), Some(100.0), "{outcomes:?}");
            search.tell(*outcome);
        }
        assert_ne!(search.next().map(|trial| trial.rate), Some(100.0), "{outcomes:?}");
        assert_eq!(search.answer().beyond.map(|beyond| beyond.why), expected, "{outcomes:?}");
    }
}

#[test]
fn after_a_doubt_the_climb_is_slower() {
    let (_, tried) = run(bounds(100.0, 0.05), |trial| match (trial.rate, trial.attempt) {
        (200.0, 0) => Outcome::Broke,
        _ => step(1_000.0, Outcome::Broke)(trial),
    });
    let climbed: Vec<_> = tried.iter().map(|(trial, _)| trial.rate).take(6).collect();
    assert_eq!(climbed, [100.0, 200.0, 200.0, 200.0, 282.8, 399.9]);
}

#[test]
fn a_confirmation_that_fails_steps_down_until_one_holds() {
    let (answer, tried) = run(bounds(100.0, 0.05), |trial| match trial.phase {
        Phase::Confirm => step(950.0, Outcome::Broke)(trial),
        _ => step(1_000.0, Outcome::Broke)(trial),
    });
    let confirmations: Vec<_> =
        tried.iter().filter(|(trial, _)| trial.phase == Phase::Confirm).collect();
    assert_eq!(confirmations.len(), 2, "{confirmations:?}");
    assert!(answer.confirmed && answer.holds < Some(950.0), "{answer:?}");
    assert_eq!(answer.beyond.map(|beyond| beyond.rate), Some(confirmations[0].0.rate));
}

#[test]
fn confirmations_that_all_fail_leave_a_lower_rate_that_is_not_confirmed() {
    let (answer, tried) = run(bounds(100.0, 0.05), |trial| match trial.phase {
        Phase::Confirm => Outcome::Broke,
        _ => step(1_000.0, Outcome::Broke)(trial),
    });
    let refuted = tried.iter().filter(|(trial, _)| trial.phase == Phase::Confirm);
    let lowest = refuted.map(|(trial, _)| trial.rate).fold(f64::MAX, f64::min);
    assert_eq!((answer.holds, answer.confirmed), (Some(800.0), false));
    assert_eq!(answer.beyond, Some(Beyond { rate: lowest, why: Outcome::Broke }));
}

#[test]
fn a_confirmation_that_outruns_the_generator_refutes_nothing() {
    let (answer, tried) = run(bounds(100.0, 0.05), |trial| match trial.phase {
        Phase::Confirm => Outcome::Outrun,
        _ => step(1_000.0, Outcome::Broke)(trial),
    });
    let rates: Vec<_> = tried.iter().rev().take(3).map(|(trial, _)| Some(trial.rate)).collect();
    assert_eq!(rates, [answer.holds; 3]);
    assert!(!answer.confirmed && answer.finished);
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Held),
        2 => Just(Outcome::Broke),
        1 => Just(Outcome::Outrun),
        1 => Just(Outcome::Invalid),
    ]
}

proptest! {
    #[test]
    fn any_ceiling_is_found_within_the_precision(
        from in 0.5..500.0_f64,
        factor in 1.0..1_000.0_f64,
        precision in 0.005..0.5_f64,
    ) {
        let ceiling = from * factor;
        let (answer, _) = run(bounds(from, precision), step(ceiling, Outcome::Broke));
        let holds = answer.holds.unwrap();
        prop_assert!(holds <= ceiling && ceiling <= holds * (1.0 + precision) * ROUNDING);
        prop_assert!(answer.confirmed);
        let beyond = answer.beyond.unwrap();
        prop_assert!(beyond.rate > ceiling && beyond.why == Outcome::Broke);
    }

    #[test]
    fn one_wrong_word_at_every_rate_changes_nothing_of_the_answer(
        ceiling in 10.0..100_000.0_f64,
        precision in 0.01..0.2_f64,
    ) {
        // Of a rate that holds the first try breaks; of one that does not, the second holds.
        let (answer, _) = run(bounds(10.0, precision), |trial| {
            let truth = step(ceiling, Outcome::Broke)(trial);
            match (truth, trial.attempt) {
                (Outcome::Held, 0) => Outcome::Broke,
                (Outcome::Broke, 1) => Outcome::Held,
                _ => truth,
            }
        });
        let holds = answer.holds.unwrap();
        prop_assert!(holds <= ceiling && ceiling <= holds * (1.0 + precision) * ROUNDING);
    }

    #[test]
    fn the_generators_ceiling_is_told_from_the_strategys(
        ceiling in 20.0..100_000.0_f64,
        generator in 20.0..100_000.0_f64,
    ) {
        let precision = 0.05;
        let (answer, _) = run(bounds(10.0, precision), |trial| {
            if trial.rate > generator { Outcome::Outrun } else { step(ceiling, Outcome::Broke)(trial) }
        });
        let (holds, least) = (answer.holds.unwrap(), ceiling.min(generator));
        prop_assert!(holds <= least && least <= holds * (1.0 + precision) * ROUNDING);
        let beyond = answer.beyond.unwrap();
        let why = if beyond.rate > generator { Outcome::Outrun } else { Outcome::Broke };
        prop_assert_eq!(beyond.why, why);
        // Where the two are further apart than the precision, the nearer one is named.
        if generator > ceiling * (1.0 + precision) * ROUNDING {
            prop_assert_eq!(beyond.why, Outcome::Broke);
        } else if generator < ceiling {
            prop_assert_eq!(beyond.why, Outcome::Outrun);
        }
    }

    /// However the machine behaves: it ends within its bound (`run` asserts that), and says nothing that
    /// a longer run has refuted, nor that anything is confirmed that was not.
    #[test]
    fn whatever_comes_of_the_steps_no_refuted_rate_is_reported(
        from in 1.0..1_000.0_f64,
        precision in 0.005..0.5_f64,
        told in proptest::collection::vec(outcomes(), 1..60),
    ) {
        let mut told = told.into_iter().cycle();
        let (answer, tried) = run(bounds(from, precision), |_| told.next().unwrap());
        let refuted = tried.iter().filter(|(trial, outcome)| {
            trial.phase == Phase::Confirm && matches!(outcome, Outcome::Broke | Outcome::Invalid)
        });
        let lowest = refuted.map(|(trial, _)| trial.rate).fold(f64::MAX, f64::min);
        let holds = answer.holds;
        prop_assert!(holds.is_none_or(|holds| holds < lowest));
        let held = |rate| {
            tried.iter().any(|(trial, outcome)| trial.rate == rate && *outcome == Outcome::Held)
        };
        prop_assert!(holds.is_none_or(held), "a rate that was never seen to hold");
        let (last, outcome) = tried.last().unwrap();
        let is_confirmed = last.phase == Phase::Confirm && *outcome == Outcome::Held;
        prop_assert_eq!(answer.confirmed, is_confirmed);
        prop_assert!(!is_confirmed || holds == Some(last.rate));
        prop_assert!(answer.beyond.is_none_or(|beyond| Some(beyond.rate) > holds));
        prop_assert!(answer.beyond.is_none_or(|beyond| beyond.why != Outcome::Held));
        // No two tries draw the same plan.
        for (index, (one, _)) in tried.iter().enumerate() {
            let same = |other: &Trial| (other.rate, other.attempt) == (one.rate, one.attempt);
            prop_assert!(!tried[index + 1..].iter().any(|(other, _)| same(other)));
        }
    }
}
