//! Waiting for one of a store's connections: the M/M/c queue.
//!
//! Requests arrive at `rate` a second, each holds one of `servers` connections for an exponential
//! time of mean `service` seconds, and they wait in one line (Erlang, 1917).

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::simulation::{Chance, assert_agrees};

    /// The waits of requests to `servers` connections, the first of them left out.
    fn waits(chance: &mut Chance, rate: f64, service: f64, servers: usize) -> Vec<f64> {
        let mut free_at = vec![0.0_f64; servers];
        let arrivals = chance.events(rate, 9_000.0 / rate);
        let waits = arrivals.into_iter().map(|time| {
            let next = (0..servers).min_by(|&a, &b| free_at[a].total_cmp(&free_at[b])).unwrap();
            let start = free_at[next].max(time);
            free_at[next] = start + chance.exponential(1.0 / service);
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
