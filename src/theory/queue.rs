//! Waiting for one of a store's connections: the M/M/c queue, and what is like it.
//!
//! Requests arrive at `rate` a second, each holds one of `servers` connections for an exponential
//! time of mean `service` seconds, and they wait in one line (Erlang, 1917). Of service times that are
//! not exponential only the mean wait is known.

/// The chance that a request has to wait (Erlang C), or `None` where the connections cannot keep
/// up and the line grows without end.
pub fn wait_probability(rate: f64, service: f64, servers: u32) -> Option<f64> {
    let load = rate * service;
    let servers_f64 = f64::from(servers);
    if load >= servers_f64 {
        return None;
    }
    // Erlang B by its recursion, which stays within (0, 1] where factorials overflow.
    let mut blocked = 1.0;
    for server in 1..=servers {
        blocked = load * blocked / (f64::from(server) + load * blocked);
    }
    Some(blocked / (1.0 - load / servers_f64 * (1.0 - blocked)))
}

/// The mean wait in seconds, over all requests, before the service starts:
/// `C / (c / s - r)`. `None` where the connections cannot keep up.
pub fn mean_wait(rate: f64, service: f64, servers: u32) -> Option<f64> {
    let waits = wait_probability(rate, service, servers)?;
    Some(waits / (f64::from(servers) / service - rate))
}

/// The chance that a request waits longer than `wait` seconds: `C e^(-(c / s - r) t)`. `None` where
/// the connections cannot keep up.
pub fn wait_exceeds(rate: f64, service: f64, servers: u32, wait: f64) -> Option<f64> {
    let waits = wait_probability(rate, service, servers)?;
    Some(waits * libm::exp(-(f64::from(servers) / service - rate) * wait))
}

/// About how many seconds the queue takes to forget how long it was: `S / (c (1 - sqrt(u))^2)` at the
/// utilisation `u`. `None` where the connections cannot keep up.
pub fn relaxation(rate: f64, service: f64, servers: u32) -> Option<f64> {
    let servers = f64::from(servers);
    let utilisation = rate * service / servers;
    let left = 1.0 - utilisation.sqrt();
    (utilisation < 1.0).then(|| service / (servers * left * left))
}

/// The mean wait in seconds where service times vary less than exponential ones do: `spread` is their
/// variance over the square of their mean, at most 1. `None` where it is more, or where the connections
/// cannot keep up.
///
/// `v W + (1 - v) W_D`, between the waits for exponential times and for constant ones. This is exact for
/// one connection (Pollaczek and Khinchine) and for exponential times, and otherwise within 5 % of itself
/// where half of the connections or more are busy. `W_D` is Cosmetatos's, "Some approximate equilibrium
/// results for the multi-server queue M/G/r", 1976; both as in T. Kimura, "Approximations for multi-server
/// queues: system interpolations", 1994.
pub fn mean_wait_varied(rate: f64, service: f64, spread: f64, servers: u32) -> Option<f64> {
    let exponential = mean_wait(rate, service, servers)?;
    let (count, utilisation) = (f64::from(servers), rate * service / f64::from(servers));
    let constant = if rate > 0.0 {
        let idle = (1.0 - utilisation) * (count - 1.0) * ((4.0 + 5.0 * count).sqrt() - 2.0);
        // Where hardly any are busy, no more than of whoever comes first among those in service.
        (0.5 * (1.0 + idle / (16.0 * utilisation * count))).min(count / (count + 1.0))
    } else {
        0.5
    };
    (spread <= 1.0).then_some(exponential * (spread + (1.0 - spread) * constant))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::simulation::{Chance, assert_agrees};

    /// The waits of requests to `servers` connections, the first of them left out.
    fn waits(chance: &mut Chance, rate: f64, service: f64, servers: usize) -> Vec<f64> {
        waits_for(chance, rate, servers, |chance| chance.exponential(1.0 / service))
    }

    /// The same for service times that are drawn by `service`.
    fn waits_for(
        chance: &mut Chance,
        rate: f64,
        servers: usize,
        service: impl Fn(&mut Chance) -> f64,
    ) -> Vec<f64> {
        let mut free_at = vec![0.0_f64; servers];
        let arrivals = chance.events(rate, 9_000.0 / rate);
        let waits = arrivals.into_iter().map(|time| {
            let next = (0..servers).min_by(|&a, &b| free_at[a].total_cmp(&free_at[b])).unwrap();
            let start = free_at[next].max(time);
            free_at[next] = start + service(chance);
            start - time
        });
        waits.skip(1_000).collect()
    }

    #[test]
    fn waiting_agrees_with_simulation() {
        let (rate, service, servers) = (700.0, 0.004, 4);
        let share = |waits: &[f64], longer: f64| {
            let count = waits.iter().filter(|&&wait| wait > longer).count();
            (count as f64, waits.len() as f64)
        };
        assert_agrees(wait_probability(rate, service, servers).unwrap(), |chance| {
            share(&waits(chance, rate, service, servers as usize), 0.0)
        });
        assert_agrees(wait_exceeds(rate, service, servers, 0.002).unwrap(), |chance| {
            share(&waits(chance, rate, service, servers as usize), 0.002)
        });
        assert_agrees(mean_wait(rate, service, servers).unwrap() / service, |chance| {
            let waits = waits(chance, rate, service, servers as usize);
            (waits.iter().sum::<f64>() / service, waits.len() as f64)
        });
    }

    #[test]
    fn waiting_for_one_connection_is_as_its_service_times_vary() {
        let (rate, service) = (150.0, 0.004);
        // Constant ones, and uniform ones between none and twice the mean.
        for (spread, share) in [(0.0, 0.0), (1.0 / 3.0, 1.0)] {
            let draw = |chance: &mut Chance| service * (1.0 + share * (2.0 * chance.unit() - 1.0));
            let exact = mean_wait_varied(rate, service, spread, 1).unwrap();
            assert_agrees(exact / service, |chance| {
                let waits = waits_for(chance, rate, 1, draw);
                (waits.iter().sum::<f64>() / service, waits.len() as f64)
            });
        }
        let exponential = mean_wait_varied(rate, service, 1.0, 3);
        assert_eq!(exponential, mean_wait(rate, service, 3));
        assert_eq!(mean_wait_varied(rate, service, 1.1, 3), None, "they vary too much");
    }

    #[test]
    fn waiting_for_several_connections_is_nearly_so() {
        let service = 0.004;
        for (servers, utilisation) in [(2, 0.5), (2, 0.8), (4, 0.6), (4, 0.85), (8, 0.8)] {
            let rate = utilisation * f64::from(servers) / service;
            for (spread, share) in [(0.0, 0.0), (1.0 / 3.0, 1.0)] {
                let draw =
                    |chance: &mut Chance| service * (1.0 + share * (2.0 * chance.unit() - 1.0));
                let (mut sum, mut count) = (0.0, 0.0);
                for seed in 0..60 {
                    let waits = waits_for(&mut Chance::seeded(seed), rate, servers as usize, draw);
                    sum += waits.iter().sum::<f64>();
                    count += waits.len() as f64;
                }
                let near = mean_wait_varied(rate, service, spread, servers).unwrap();
                let off = near / (sum / count) - 1.0;
                assert!(off.abs() < 0.05, "{servers} at {utilisation}, {spread}: {off}");
            }
        }
    }

    #[test]
    fn one_connection_is_the_simple_queue() {
        assert!((wait_probability(30.0, 0.02, 1).unwrap() - 0.6).abs() < 1e-12);
        assert!((mean_wait(30.0, 0.02, 1).unwrap() - 0.03).abs() < 1e-12);
    }

    #[test]
    fn an_overloaded_pool_has_no_answer() {
        assert_eq!(wait_probability(100.0, 0.04, 4), None);
        assert_eq!(mean_wait(500.0, 0.04, 4), None);
        assert_eq!(wait_probability(0.0, 0.04, 4), Some(0.0));
        assert!(wait_probability(900.0, 1.0, 1_000).is_some_and(|waits| waits < 0.01));
    }

    #[test]
    fn a_tabled_value_comes_out() {
        // Three servers at a load of two erlangs: 4/9.
        assert!((wait_probability(2.0, 1.0, 3).unwrap() - 4.0 / 9.0).abs() < 1e-12);
    }
}
