//! A rate over time and what it adds up to: how many requests are due by a moment, and by which moment
//! so many are. Both are closed forms of each stretch, so nothing is added up from request to request.

use crate::model::Nanos;

/// A stretch of time that no run sees the end of: 146 years.
const FOREVER: Nanos = Nanos(1 << 62);

/// A stretch of time in which the rate goes evenly from one figure to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// Requests a second at its start, and at its end.
    pub from: f64,
    pub to: f64,
    pub lasts: Nanos,
}

/// Requests a second as a function of the time since the start of a plan: some legs once, and then
/// others over and over again.
#[derive(Clone, Debug)]
pub struct Curve {
    once: Legs,
    again: Legs,
}

/// Legs one after the other.
#[derive(Clone, Debug, Default)]
struct Legs {
    legs: Vec<Placed>,
    lasts: Nanos,
    /// Requests in all of them.
    count: f64,
}

#[derive(Clone, Copy, Debug)]
struct Placed {
    leg: Leg,
    begins: Nanos,
    /// Requests in all legs before it.
    before: f64,
}

impl Leg {
    pub const fn flat(rate: f64, lasts: Nanos) -> Self {
        Self { from: rate, to: rate, lasts }
    }

    /// Requests in the first `span` of it.
    fn count(&self, span: Nanos) -> f64 {
        let nanos = span.0 as f64;
        // In nanoseconds, so that whole rates and times give whole counts.
        let flat = self.from * nanos / 1e9;
        if self.from == self.to {
            return flat;
        }
        flat + (self.to - self.from) * nanos * (nanos / self.lasts.0 as f64) / 2e9
    }

    /// How long it takes until `count` requests have come in it.
    fn span(&self, count: f64) -> Nanos {
        let nanos = if self.from == self.to {
            count * 1e9 / self.from
        } else {
            // The root of count = from t + slope t^2 / 2, in the form that does not cancel.
            let slope = (self.to - self.from) / self.lasts.as_secs_f64();
            let rate = libm::sqrt((self.from * self.from + 2.0 * slope * count).max(0.0));
            2e9 * count / (self.from + rate)
        };
        Nanos::rounded(nanos).min(self.lasts)
    }
}

impl Legs {
    fn new(legs: &[Leg]) -> Self {
        let mut all = Self::default();
        for leg in legs.iter().filter(|leg| leg.lasts > Nanos::ZERO) {
            all.legs.push(Placed { leg: *leg, begins: all.lasts, before: all.count });
            all.lasts += leg.lasts;
            all.count += leg.count(leg.lasts);
        }
        all
    }

    fn count(&self, until: Nanos) -> f64 {
        let place = self.legs.partition_point(|leg| leg.begins < until);
        match self.legs[..place].last() {
            Some(Placed { leg, begins, before }) => {
                before + leg.count(until.since(*begins).min(leg.lasts))
            }
            None => 0.0,
        }
    }

    /// When more than `count` requests begin to have come.
    fn when(&self, count: f64) -> Nanos {
        // The last one, for legs without requests have as many before them as the leg after. Most
        // curves come to stay in their last leg, and many have no other.
        let begun = |leg: &&Placed| leg.before <= count;
        let in_leg = self.legs.last().filter(begun).or_else(|| {
            let place = self.legs.partition_point(|leg| begun(&leg));
            self.legs[..place].last()
        });
        match in_leg {
            Some(Placed { leg, begins, before }) => *begins + leg.span(count - before),
            None => Nanos::ZERO,
        }
    }
}

impl Curve {
    /// These legs, and then one rate for ever.
    pub(super) fn holding(legs: &[Leg], rate: f64) -> Self {
        Self::repeating(legs, &[Leg::flat(rate, FOREVER)])
    }

    /// Some legs once, and then the others again and again.
    pub(super) fn repeating(once: &[Leg], again: &[Leg]) -> Self {
        Self { once: Legs::new(once), again: Legs::new(again) }
    }

    /// Requests that are due before `until`: the integral of the rate, which need not be whole.
    pub fn count(&self, until: Nanos) -> f64 {
        if until <= self.once.lasts || self.again.lasts == Nanos::ZERO {
            return self.once.count(until);
        }
        let since = until - self.once.lasts;
        if since < self.again.lasts {
            return self.once.count + self.again.count(since);
        }
        let rounds = since.0 / self.again.lasts.0;
        let left = Nanos(since.0 % self.again.lasts.0);
        self.once.count + (rounds as f64 * self.again.count + self.again.count(left))
    }

    /// Requests a second from one moment to a later one, on average.
    pub fn mean_rate(&self, from: Nanos, to: Nanos) -> f64 {
        (self.count(to) - self.count(from)) / (to - from).as_secs_f64()
    }

    /// When `count` requests have come and the next one begins to be due, to the nanosecond. Never
    /// earlier for a larger count. [`Nanos::NEVER`] where so many never come.
    pub fn when(&self, count: f64) -> Nanos {
        let (begins, legs, left) = if count < self.once.count {
            (Nanos::ZERO, &self.once, count)
        } else {
            match self.round(count - self.once.count) {
                Some((begins, left)) => (begins, &self.again, left),
                None => return Nanos::NEVER,
            }
        };
        Nanos(begins.0.saturating_add(legs.when(left).0))
    }

    /// Of `count` requests after all that come once: when the round begins in which the next one is due,
    /// and how many of them come in it. `None` where so many never come.
    fn round(&self, count: f64) -> Option<(Nanos, f64)> {
        if count < self.again.count {
            return Some((self.once.lasts, count));
        }
        (self.again.count > 0.0).then(|| self.any_round(count))
    }

    /// The same where it may be any round.
    fn any_round(&self, count: f64) -> (Nanos, f64) {
        let mut rounds = libm::floor(count / self.again.count);
        let mut left = (count - rounds * self.again.count).max(0.0);
        // The division may have been rounded down past a whole number.
        if left >= self.again.count {
            (rounds, left) = (rounds + 1.0, 0.0);
        }
        let before = (rounds as u64).saturating_mul(self.again.lasts.0);
        (Nanos(self.once.lasts.0.saturating_add(before)), left)
    }

    /// The highest rate that it ever comes to.
    pub fn peak(&self) -> f64 {
        let legs = self.once.legs.iter().chain(&self.again.legs);
        legs.map(|placed| placed.leg.from.max(placed.leg.to)).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests;
