//! When requests come, as a person would say it.

use crate::cli::text::{counted, number};
use crate::workload::{Arrival, Burst, Profile, Ramp, SquareWave, WorkloadOptions};

/// The steps of a staircase that are told one by one.
const STEPS_MAX: usize = 12;

pub fn arrivals(workload: &WorkloadOptions) -> String {
    let nodes = counted(workload.nodes.into(), "node");
    let (profile, process) = match &workload.arrival {
        Arrival::Even(profile) => (profile, "evenly spaced"),
        Arrival::Poisson(profile) => (profile, "independent of each other"),
        Arrival::Closed(load) => {
            let think = match load.think.0.is_zero() {
                true => "at once".to_owned(),
                false => format!("{} after", load.think),
            };
            let clients = counted(load.clients.into(), "client");
            return format!(
                "{clients} on {nodes}, each asking again {think} it has its answer (a closed loop)."
            );
        }
    };
    let users = counted(workload.clients.into(), "user");
    let average = match workload.arrival {
        Arrival::Poisson(_) => " on average",
        _ => "",
    };
    let rate = rate(profile, workload, average);
    let told = format!("{rate}, {process} (an open loop), from {users} on {nodes}.");
    if profile.steady().is_some() || workload.warm_up.0.is_zero() {
        return told;
    }
    format!("{told} All this from the opening of the window; the warm-up is at the first rate.")
}

/// `on_average` is said where chance decides how many requests it really are.
fn rate(profile: &Profile, workload: &WorkloadOptions, on_average: &str) -> String {
    let requests = format!("requests a second{on_average}");
    match profile {
        Profile::Rate(rate) => format!("{} {requests}", number(*rate)),
        Profile::Ramp(Ramp { from, to, over }) => {
            let over = over.unwrap_or(workload.duration);
            let way = if to < from { "falling" } else { "rising" };
            let (from, to) = (number(*from), number(*to));
            format!("{from} {requests}, {way} to {to} within {over}")
        }
        Profile::Burst(Burst { base, peak, every, lasts }) => {
            let (base, peak) = (number(*base), number(*peak));
            format!("{base} {requests}, with bursts of {peak} for {lasts} every {every}")
        }
        Profile::SquareWave(wave @ SquareWave { low, high, .. }) => {
            let (low, high) = (number(*low), number(*high));
            let (low_for, high_for) = wave.halves();
            format!("{low} {requests} for {low_for} and {high} for {high_for}, in turn")
        }
        Profile::Staircase(_) => {
            let steps = workload.steps();
            let mut rates: Vec<_> = steps.iter().map(|step| number(step.rate)).collect();
            if rates.len() > STEPS_MAX {
                rates.truncate(STEPS_MAX);
                rates.push("and so on".into());
            }
            let each = steps.first().map(|step| step.to - step.from).unwrap_or_default();
            format!("{} {requests}, each for {each}", rates.join(", then "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse;

    fn told(arrival: &str) -> String {
        let text = format!(
            r#"
            question = "Which?"
            [dataset]
            entity = "product"
            keys = 9
            [workload]
            reads = 1.0
            popularity = "uniform"
            arrival = {arrival}
            warm-up = "1s"
            duration = "12s"
            [strategies.no-cache]
            "#
        );
        arrivals(&parse("told", &text).unwrap_or_else(|error| panic!("{error}")).scenario.workload)
    }

    #[test]
    fn each_kind_of_rate_is_said_in_words() {
        const REST: &str = "evenly spaced (an open loop), from 100 users on 1 node. All this from the \
                            opening of the window; the warm-up is at the first rate.";
        for (arrival, rate) in [
            (
                "{ ramp = { from = 100, to = 1000 } }",
                "100 requests a second, rising to 1,000 within 12s",
            ),
            (
                "{ ramp = { from = 900, to = 90, over = \"5s\" } }",
                "900 requests a second, falling to 90 within 5s",
            ),
            (
                "{ burst = { base = 50, peak = 500, every = \"4s\", lasts = \"500ms\" } }",
                "50 requests a second, with bursts of 500 for 500ms every 4s",
            ),
            (
                "{ square-wave = { low = 50, high = 500, period = \"4s\", duty = 0.25 } }",
                "50 requests a second for 3s and 500 for 1s, in turn",
            ),
            (
                "{ staircase = { rates = [50, 70, 60], each = \"2s\", order = \"as-given\" } }",
                "50, then 70, then 60, then 50, then 70, then 60 requests a second, each for 2s",
            ),
        ] {
            assert_eq!(told(&format!("{{ even = {arrival} }}")), format!("{rate}, {REST}"));
        }
        assert_eq!(
            told("{ poisson = { rate = 500 } }"),
            "500 requests a second on average, independent of each other (an open loop), from 100 users \
             on 1 node."
        );
    }
}
