//! What write-behind saves the store, and what it puts at stake.

/// Rows that one flush writes where flushes come every `interval` seconds:
/// `sum(1 - e^(-w p tau))`, the expected number of keys that were written since the last one.
/// `writes` is the rate over all keys, `popularity` each key's share of it.
pub fn rows_per_flush(popularity: &[f64], writes: f64, interval: f64) -> f64 {
    popularity.iter().map(|chance| -libm::expm1(-writes * chance * interval)).sum()
}

/// Acknowledged writes that are lost, on average, when the cache loses its memory at a random
/// moment: `w tau / 2`, those since the last flush. Counts writes, of which some had superseded
/// others.
pub const fn lost_writes_mean(writes: f64, interval: f64) -> f64 {
    writes * interval / 2.0
}

/// The expected number of acknowledged writes at stake right before a flush: `w tau`.
pub const fn lost_writes_max(writes: f64, interval: f64) -> f64 {
    writes * interval
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::simulation::assert_agrees;

    #[test]
    fn rows_per_flush_agree_with_simulation() {
        let popularity = [0.5, 0.2, 0.1, 0.1, 0.06, 0.04];
        assert_agrees(rows_per_flush(&popularity, 20.0, 0.3), |chance| {
            let mut rows = 0;
            for _ in 0..500 {
                rows += popularity
                    .iter()
                    .filter(|&&share| !chance.events(20.0 * share, 0.3).is_empty())
                    .count();
            }
            (rows as f64, 500.0)
        });
    }

    #[test]
    fn lost_writes_agree_with_simulation() {
        assert_agrees(lost_writes_mean(20.0, 0.5), |chance| {
            let mut lost = 0;
            for _ in 0..500 {
                let since_flush = chance.unit() * 0.5;
                lost += chance.events(20.0, since_flush).len();
            }
            (lost as f64, 500.0)
        });
        assert_eq!(lost_writes_max(20.0, 0.5), 10.0);
    }

    #[test]
    fn a_flush_writes_no_more_rows_than_there_are_keys_or_writes() {
        let popularity = [0.25; 4];
        assert!((rows_per_flush(&popularity, 1e9, 1.0) - 4.0).abs() < 1e-9);
        assert!((rows_per_flush(&popularity, 1e-6, 1.0) / 1e-6 - 1.0).abs() < 1e-6);
        assert_eq!(rows_per_flush(&popularity, 5.0, 0.0), 0.0);
    }
}
