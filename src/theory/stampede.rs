//! How many store reads one expiry of a popular key causes.

/// Without a guard: `1 + rD`, the first miss and every read until its load of `load` seconds has
/// filled the entry. `reads` is the key's rate.
pub fn unguarded(reads: f64, load: f64) -> f64 {
    1.0 + reads * load
}

/// With one load at a time in each of `nodes` nodes, among which reads are spread evenly:
/// `1 + (n - 1)(1 - e^(-rD / n))`, the first node's load and one of each node that has a read
/// before the entry is filled.
pub fn coalesced(reads: f64, load: f64, nodes: u32) -> f64 {
    let nodes = f64::from(nodes);
    1.0 + (nodes - 1.0) * -libm::expm1(-reads * load / nodes)
}

/// With early recomputation (XFetch; Vattani, Chierichetti and Lowenstein, "Optimal probabilistic
/// cache stampede prevention", 2015): `e^(1 / beta)` store reads for one refresh, whatever the
/// load takes, for keys with `r beta D` well above 1.
///
/// A read that comes `s` before the expiry recomputes with chance `e^(-s / (beta D))`. What is
/// expected to come after the first recomputation is exponential with mean 1, and the load, during
/// which others start, lengthens it by the factor `e^(1 / beta)`.
pub fn early(beta: f64) -> f64 {
    libm::exp(1.0 / beta)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::simulation::assert_agrees;

    #[test]
    fn an_unguarded_stampede_agrees_with_simulation() {
        let (reads, load) = (200.0, 0.05);
        assert_agrees(unguarded(reads, load), |chance| {
            let loads: usize = (0..200).map(|_| 1 + chance.events(reads, load).len()).sum();
            (loads as f64, 200.0)
        });
    }

    #[test]
    fn coalescing_agrees_with_simulation() {
        let (reads, load, nodes) = (100.0, 0.05, 8);
        assert_agrees(coalesced(reads, load, nodes), |chance| {
            let mut loads = 0.0;
            for _ in 0..300 {
                let mut loading = [false; 8];
                loading[0] = true;
                for _ in chance.events(reads, load) {
                    loading[(chance.unit() * 8.0) as usize % 8] = true;
                }
                loads += loading.iter().filter(|&&loads| loads).count() as f64;
            }
            (loads, 300.0)
        });
    }

    #[test]
    fn early_recomputation_agrees_with_simulation() {
        for beta in [0.7, 1.0, 2.0] {
            let (reads, load, ttl) = (400.0, 0.1, 2.0);
            assert_agrees(early(beta), |chance| {
                let (mut loads, mut refreshes) = (0.0, 0.0);
                for _ in 0..80 {
                    let mut first = f64::INFINITY;
                    for time in chance.events(reads, ttl) {
                        if time > first + load {
                            break;
                        }
                        if time - load * beta * chance.unit().ln() >= ttl {
                            first = first.min(time);
                            loads += 1.0;
                        }
                    }
                    refreshes += 1.0;
                }
                (loads, refreshes)
            });
        }
    }

    #[test]
    fn limits_are_what_they_must_be() {
        assert_eq!(unguarded(100.0, 0.0), 1.0);
        assert_eq!(coalesced(100.0, 1.0, 1), 1.0);
        assert!((coalesced(1e9, 1.0, 7) - 7.0).abs() < 1e-9);
        // With a node for every read, coalescing helps nobody.
        assert!((coalesced(50.0, 1.0, u32::MAX) - unguarded(50.0, 1.0)).abs() < 1e-5);
        assert!((early(1e9) - 1.0).abs() < 1e-8);
    }
}
