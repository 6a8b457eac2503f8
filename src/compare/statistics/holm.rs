//! Holm's correction: with many figures to look at, one of them differs by chance (S. Holm, "A simple
//! sequentially rejective multiple test procedure", 1979).

/// Each probability as it is to be read beside all the others: below a level, at most that share of
/// experiments in which nothing differs would show any.
pub fn holm(probabilities: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
    let mut adjusted = vec![1.0; probabilities.len()];
    let mut highest = 0.0_f64;
    for (place, &index) in order.iter().enumerate() {
        let left = (probabilities.len() - place) as f64;
        highest = highest.max((probabilities[index] * left).min(1.0));
        adjusted[index] = highest;
    }
    adjusted
}
