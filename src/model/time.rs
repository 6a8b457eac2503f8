//! Time on the run's own clock.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Nanoseconds: an instant counted from the start of the run's clock, or a span between two.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Nanos(pub u64);

impl Nanos {
    pub const ZERO: Self = Self(0);
    /// Later than any instant of a run: the acknowledgement of an operation that never had one.
    pub const NEVER: Self = Self(u64::MAX);

    pub const fn from_micros(micros: u64) -> Self {
        Self(micros * 1_000)
    }

    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * 1_000_000_000)
    }

    /// The nearest whole number of nanoseconds, a half upwards; zero for what is negative or no number.
    pub fn rounded(nanos: f64) -> Self {
        if nanos >= 0.0 && nanos < (1_u64 << 62) as f64 {
            // Signed, which a processor converts in one step; and to round by itself takes a call.
            let whole = nanos as i64;
            return Self(whole as u64 + u64::from(nanos - whole as f64 >= 0.5));
        }
        Self(nanos.round() as u64)
    }

    /// As [`rounded`](Self::rounded), of a figure in seconds.
    pub fn from_secs_f64(secs: f64) -> Self {
        Self::rounded(secs * 1e9)
    }

    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The span from `earlier` to `self`, or zero where `earlier` is the later of the two.
    pub fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

impl Add for Nanos {
    type Output = Self;

    /// Saturates, so that an instant after `NEVER` is still `NEVER`.
    fn add(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl AddAssign for Nanos {
    fn add_assign(&mut self, span: Self) {
        *self = *self + span;
    }
}

impl Sub for Nanos {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        self.since(earlier)
    }
}

impl From<Duration> for Nanos {
    fn from(span: Duration) -> Self {
        Self(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<Nanos> for Duration {
    fn from(span: Nanos) -> Self {
        Self::from_nanos(span.0)
    }
}

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", Duration::from(*self))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nanoseconds_are_rounded_to_the_nearest(whole: u64, shift in 0_u32..64, steps in -2_i64..3) {
            for half in [0.0, 0.5, 1.0] {
                let near = ((whole >> shift) as f64 + half).to_bits() as i64 + steps;
                let nanos = f64::from_bits(near.max(0) as u64);
                prop_assert_eq!(Nanos::rounded(nanos).0, nanos.round() as u64, "{}", nanos);
                prop_assert_eq!(Nanos::rounded(-nanos), Nanos::ZERO);
            }
        }
    }

    #[test]
    fn what_is_no_time_is_none_and_what_is_too_long_is_never() {
        assert_eq!(Nanos::rounded(f64::NAN), Nanos::ZERO);
        assert_eq!(Nanos::rounded(f64::INFINITY), Nanos::NEVER);
        assert_eq!(Nanos::rounded(1e30), Nanos::NEVER);
    }
}
