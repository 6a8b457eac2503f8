//! Chance as a function: the draw for request `i` on one axis depends on the seed, the axis and
//! `i` alone, so it is the same whichever thread asks for it and in whatever order.
//!
//! The generator is SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
//! generators", 2014), whose n-th output is a mix of `start + n * GAMMA` and so can be had
//! directly. It costs a few nanoseconds, where seeking in a ChaCha stream costs a whole block.

/// The odd constant nearest to 2^64 divided by the golden ratio.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// What a draw decides. Each axis has a stream of its own, so that changing one option of a
/// scenario leaves the draws of the others as they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    Op = 1,
    Key,
    Client,
    Gap,
    Shuffle,
    Size,
    Row,
    Revision,
    Child,
    Text,
    OwnRead,
    Step,
}

/// One axis' draws, by their number.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    start: u64,
}

impl Draws {
    pub fn new(seed: u64, axis: Axis) -> Self {
        Self { start: mix(mix(seed.wrapping_add(GAMMA)) ^ axis as u64) }
    }

    /// The `number`-th draw: 64 uniform bits.
    pub fn at(self, number: u64) -> u64 {
        mix(self.start.wrapping_add(number.wrapping_add(1).wrapping_mul(GAMMA)))
    }

    /// A stream of further draws that belongs to `number` alone.
    pub fn stream(self, number: u64) -> Stream {
        Stream { state: self.at(number) }
    }
}

/// Draws one after the other, for whoever needs a number of them that is not known beforehand.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    state: u64,
}

impl Stream {
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        mix(self.state)
    }

    /// A uniform number in `0 .. end`.
    pub fn below(&mut self, end: u64) -> u64 {
        below(self.next(), end)
    }
}

/// Turns a draw into a uniform number in `0 .. end`. Multiplying favours some numbers by at most
/// `end / 2^64`, which no run is long enough to show.
pub fn below(draw: u64, end: u64) -> u64 {
    ((u128::from(draw) * u128::from(end)) >> 64) as u64
}

/// Turns a draw into a uniform number in `[0, 1)`.
pub fn unit(draw: u64) -> f64 {
    (draw >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

/// Turns a draw into a uniform number in `(0, 1]`, whose logarithm is finite.
pub fn positive_unit(draw: u64) -> f64 {
    ((draw >> 11) + 1) as f64 * (1.0 / (1_u64 << 53) as f64)
}

fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_published_generator() {
        let mut stream = Stream { state: 1_234_567 };
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!([stream.next(), stream.next()], expected);
    }

    #[test]
    fn axes_do_not_share_their_draws() {
        let (ops, keys) = (Draws::new(1, Axis::Op), Draws::new(1, Axis::Key));
        let agreeing = (0..10_000).filter(|&i| (ops.at(i) ^ keys.at(i)) >> 63 == 0).count();
        // Half of the top bits agree by chance; 5,000 with a standard deviation of 50.
        assert!((4_800..5_200).contains(&agreeing), "{agreeing}");
    }

    #[test]
    fn units_stay_within_their_bounds() {
        assert_eq!(unit(0), 0.0);
        assert!(unit(u64::MAX) < 1.0);
        assert!(positive_unit(0) > 0.0);
        assert_eq!(positive_unit(u64::MAX), 1.0);
        assert_eq!(below(u64::MAX, 10), 9);
    }
}
