//! The Pareto front: what nothing else beats in everything.

/// For each of several things whether it is on the front of them, by costs of which the lower is the
/// better: no other is as good in all of them and better in one.
pub fn on_front<const N: usize>(costs: &[[f64; N]]) -> Vec<bool> {
    let beats = |other: &[f64; N], one: &[f64; N]| {
        let mut pairs = std::iter::zip(other, one);
        let as_good = std::iter::zip(other, one).all(|(other, one)| other <= one);
        as_good && pairs.any(|(other, one)| other < one)
    };
    costs.iter().map(|one| !costs.iter().any(|other| beats(other, one))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beaten_in_one_and_no_better_in_any_is_not_on_the_front() {
        let costs = [[1.0, 5.0], [2.0, 4.0], [2.0, 5.0], [5.0, 1.0], [2.0, 4.0]];
        assert_eq!(on_front(&costs), [true, true, false, true, true], "equals stand both");
        assert!(on_front::<3>(&[]).is_empty());
    }
}
