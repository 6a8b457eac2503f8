//! The sign-flip permutation test: of two that are alike, which is the larger of a pair is a toss of a
//! coin (R. A. Fisher, "The Design of Experiments", 1935, section 21).

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Up to so many pairs, every way in which the coins may fall is looked at.
const EXACT_MAX: usize = 16;
/// Beyond that, so many of them.
const DRAWS: u32 = 100_000;
const SEED: u64 = 0x7369_676e;

/// The probability of a mean difference at least as far from nothing as that of these pairs, on
/// either side, if the two of each pair are alike. 1 without pairs.
///
/// A difference is taken as a share of the mean of its pair, so that no single slow run outweighs the
/// others, and a swap of the two changes nothing but its sign.
pub fn sign_flip(pairs: &[(f64, f64)]) -> f64 {
    let differences: Vec<f64> = pairs.iter().map(|&(one, other)| share_apart(one, other)).collect();
    let observed = differences.iter().sum::<f64>().abs();
    // Sums of the same numbers in another order may differ in their last digits.
    let as_far = observed - 1e-9 * differences.iter().map(|it| it.abs()).sum::<f64>();
    if differences.iter().all(|difference| *difference == 0.0) {
        return 1.0;
    }
    match differences.len() {
        few if few <= EXACT_MAX => exact(&differences, as_far),
        _ => sampled(&differences, as_far),
    }
}

/// No `n` pairs have a smaller probability than this one.
pub fn smallest_of_pairs(n: usize) -> f64 {
    match i32::try_from(n) {
        Ok(few) if n <= EXACT_MAX => 2.0_f64.powi(1 - few).min(1.0),
        _ => 1.0 / f64::from(DRAWS + 1),
    }
}

/// The difference of two as a share of their mean, between -2 and 2; 0 where both are nothing.
pub(super) fn share_apart(one: f64, other: f64) -> f64 {
    let mean = f64::midpoint(one.abs(), other.abs());
    if mean > 0.0 { (other - one) / mean } else { 0.0 }
}

/// The sum of the differences with these signs, of which a set bit is a minus.
fn flipped(differences: &[f64], signs: u64) -> f64 {
    let signed = differences
        .iter()
        .enumerate()
        .map(|(place, difference)| if signs >> place & 1 == 1 { -difference } else { *difference });
    signed.sum()
}

/// All signs. Those of the first difference may stay: all signs the other way round are as far.
fn exact(differences: &[f64], as_far: f64) -> f64 {
    let ways = 1_u64 << (differences.len() - 1);
    let far = (0..ways).filter(|signs| flipped(differences, signs << 1).abs() >= as_far).count();
    far as f64 / ways as f64
}

/// Signs by chance. The observed ones count as one draw, so that nothing is ever impossible.
fn sampled(differences: &[f64], as_far: f64) -> f64 {
    let mut chance = ChaCha8Rng::seed_from_u64(SEED);
    let far = (0..DRAWS)
        .filter(|_| {
            let sum: f64 =
                differences.chunks(64).map(|part| flipped(part, chance.next_u64())).sum();
            sum.abs() >= as_far
        })
        .count();
    (far + 1) as f64 / f64::from(DRAWS + 1)
}
