//! How many requests a second an open loop asks for, as the run goes on.
//!
//! A profile is counted from the opening of the measured window, as faults are; the warm-up runs at
//! the first rate. So what is measured does not depend on how long the warm-up is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chance::{Axis, Draws};
use super::curve::{Curve, Leg};
use crate::model::{Nanos, Share, Span};

/// More requests a second than one machine can start.
const RATE_MAX: f64 = 10_000_000.0;
/// Steps that are shorter no timeline tells apart.
const STEP_MIN: Span = Span::from_millis(100);

/// Requests a second over all nodes, in the course of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// The same all the time.
    Rate(f64),
    /// From one rate to another, a little more or less all the time; then it stays there.
    Ramp(Ramp),
    /// A base rate, and now and then a much higher one for a short time.
    Burst(Burst),
    /// Two rates in turn.
    SquareWave(SquareWave),
    /// Several rates, each held for a time.
    Staircase(Staircase),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ramp {
    pub from: f64,
    pub to: f64,
    /// How long it takes from the opening of the window; all of the window if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<Span>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Burst {
    /// The rate between bursts.
    pub base: f64,
    /// The rate in a burst.
    pub peak: f64,
    /// From the start of a burst to that of the next; the first starts so long after the opening of
    /// the window.
    pub every: Span,
    /// How long each burst is.
    pub lasts: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SquareWave {
    /// The rate with which each period begins.
    pub low: f64,
    pub high: f64,
    pub period: Span,
    /// The share of each period, at its end, in which the rate is high.
    #[serde(default = "half")]
    pub duty: Share,
}

const fn half() -> Share {
    Share(0.5)
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Staircase {
    pub rates: Vec<f64>,
    /// How long each rate is held. If it is left out, each is held once, all for the same time. Where
    /// the window is longer than all of them take, another round begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<Span>,
    #[serde(default)]
    pub order: StepOrder,
}

/// In which order the steps of a staircase come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepOrder {
    /// Each round in an order of its own that the seed decides, so that a drift of the machine, or a
    /// cache that still fills, does not look like an effect of the rate.
    #[default]
    Shuffled,
    AsGiven,
}

/// One step of a staircase, in time since the opening of the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Requests a second.
    pub rate: f64,
    pub from: Nanos,
    pub to: Nanos,
}

/// What makes a profile one with which nothing can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The key below the process: `ramp.to`.
    pub key: String,
    pub why: &'static str,
    /// What was expected there, as in "must be ...".
    pub expected: &'static str,
}

impl Profile {
    /// The rate, where it never changes.
    pub const fn steady(&self) -> Option<f64> {
        match self {
            Self::Rate(rate) => Some(*rate),
            _ => None,
        }
    }

    /// The highest rate that it ever has.
    pub fn peak(&self) -> f64 {
        self.rates().into_iter().map(|(_, rate, _)| rate).fold(0.0, f64::max)
    }

    /// The rate from the start of the plan on.
    pub fn curve(&self, warm_up: Nanos, duration: Nanos, seed: u64) -> Curve {
        match self {
            Self::Rate(rate) => Curve::holding(&[], *rate),
            Self::Ramp(Ramp { from, to, over }) => {
                let over = over.map_or(duration, Span::nanos);
                let rising = Leg { from: *from, to: *to, lasts: over };
                Curve::holding(&[Leg::flat(*from, warm_up), rising], *to)
            }
            Self::Burst(Burst { base, peak, every, lasts }) => {
                let (every, lasts) = (every.nanos(), lasts.nanos());
                let between = Leg::flat(*base, Nanos(every.0.saturating_sub(lasts.0)));
                let before = Leg::flat(*base, warm_up + every);
                Curve::repeating(&[before], &[Leg::flat(*peak, lasts), between])
            }
            Self::SquareWave(wave) => {
                let (low, high) = wave.halves();
                let period = [Leg::flat(wave.low, low), Leg::flat(wave.high, high)];
                Curve::repeating(&[Leg::flat(wave.low, warm_up)], &period)
            }
            Self::Staircase(staircase) => {
                let steps = staircase.steps(duration, seed);
                let rate_at = |step: Option<&Step>| step.map_or(0.0, |step| step.rate);
                let mut legs = vec![Leg::flat(rate_at(steps.first()), warm_up)];
                legs.extend(steps.iter().map(|step| Leg::flat(step.rate, step.to - step.from)));
                Curve::holding(&legs, rate_at(steps.last()))
            }
        }
    }

    /// Every rate that it ever has, with its key; whether it may be zero comes third.
    fn rates(&self) -> Vec<(String, f64, bool)> {
        let one = |key: &str, rate: f64, may_be_zero| (key.to_owned(), rate, may_be_zero);
        match self {
            Self::Rate(rate) => vec![one("rate", *rate, false)],
            Self::Ramp(ramp) => {
                vec![one("ramp.from", ramp.from, true), one("ramp.to", ramp.to, false)]
            }
            Self::Burst(burst) => {
                vec![one("burst.base", burst.base, true), one("burst.peak", burst.peak, false)]
            }
            Self::SquareWave(wave) => {
                vec![
                    one("square-wave.low", wave.low, true),
                    one("square-wave.high", wave.high, false),
                ]
            }
            Self::Staircase(Staircase { rates, .. }) => {
                let places = rates.iter().enumerate();
                let key = |place: usize| format!("staircase.rates.{place}");
                places.map(|(place, rate)| (key(place), *rate, false)).collect()
            }
        }
    }

    /// Everything that makes it one with which nothing can run.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws: Vec<_> = self
            .rates()
            .into_iter()
            .filter_map(|(key, rate, zero)| flaw_of(key, rate, zero))
            .collect();
        let rules = match self {
            Self::Rate(_) => Vec::new(),
            Self::Ramp(ramp) => ramp.rules(),
            Self::Burst(burst) => burst.rules(),
            Self::SquareWave(wave) => wave.rules(),
            Self::Staircase(staircase) => staircase.rules(),
        };
        let broken = rules.into_iter().filter(|(.., holds)| !holds);
        flaws.extend(broken.map(|(key, why, expected, _)| Flaw { key: key.into(), why, expected }));
        flaws
    }
}

fn flaw_of(key: String, rate: f64, may_be_zero: bool) -> Option<Flaw> {
    let is_sound = rate.is_finite() && (rate > 0.0 || may_be_zero && rate == 0.0);
    let (why, expected) = match (is_sound, may_be_zero) {
        (true, _) if rate <= RATE_MAX => return None,
        (true, _) => ("more requests than one machine can start", "at most 10000000 a second"),
        (false, false) => ("no request would ever come", "requests a second, more than zero"),
        (false, true) => ("there is no such rate", "requests a second, zero or more"),
    };
    Some(Flaw { key, why, expected })
}

/// A key, what is wrong if its rule does not hold, what is expected, and whether it holds.
type Rule = (&'static str, &'static str, &'static str, bool);

fn lasts(span: Span) -> bool {
    span > Span::default()
}

impl Ramp {
    fn rules(&self) -> Vec<Rule> {
        let takes_time = self.over.is_none_or(lasts);
        vec![("ramp.over", "a ramp takes time", "more than zero", takes_time)]
    }
}

impl Burst {
    fn rules(&self) -> Vec<Rule> {
        let base = "a burst has more requests than the time between";
        let apart = "the bursts would run into each other";
        vec![
            ("burst.peak", base, "more than `base`", self.peak > self.base),
            ("burst.lasts", "a burst takes time", "more than zero", lasts(self.lasts)),
            ("burst.every", apart, "more than `lasts`", self.every > self.lasts),
        ]
    }
}

impl SquareWave {
    /// How long each period is low, and then high.
    pub fn halves(&self) -> (Nanos, Nanos) {
        let period = self.period.nanos();
        let high = Nanos(((period.0 as f64 * self.duty.0).round() as u64).min(period.0));
        (period - high, high)
    }

    fn rules(&self) -> Vec<Rule> {
        let (low, high) = self.halves();
        let alternates = low > Nanos::ZERO && high > Nanos::ZERO;
        let period = lasts(self.period);
        vec![
            ("square-wave.high", "the high rate is not the higher one", "more than `low`", {
                self.high > self.low
            }),
            ("square-wave.period", "a period takes time", "more than zero", period),
            ("square-wave.duty", "the rate would never change", "more than 0 and less than 1", {
                alternates || !period
            }),
        ]
    }
}

impl Staircase {
    /// How long each step of a window is.
    fn each(&self, window: Nanos) -> Nanos {
        let share = window.0.checked_div(self.rates.len() as u64).unwrap_or_default();
        self.each.map_or(Nanos(share), Span::nanos)
    }

    /// The steps of a window that long, in the order in which they come: as many rounds as begin in
    /// it. The last step ends with the window.
    pub fn steps(&self, window: Nanos, seed: u64) -> Vec<Step> {
        let each = self.each(window);
        if self.rates.is_empty() || each == Nanos::ZERO {
            return Vec::new();
        }
        let draws = Draws::new(seed, Axis::Step);
        // What division leaves over belongs to the last step.
        let count =
            if self.each.is_some() { window.0.div_ceil(each.0) } else { self.rates.len() as u64 };
        let mut steps = Vec::new();
        for round in 0..count.div_ceil(self.rates.len() as u64) {
            let mut rates = self.rates.clone();
            if self.order == StepOrder::Shuffled {
                let mut stream = draws.stream(round);
                for last in (1..rates.len()).rev() {
                    rates.swap(last, stream.below(last as u64 + 1) as usize);
                }
            }
            for rate in rates {
                let from = Nanos(steps.len() as u64 * each.0);
                steps.push(Step { rate, from, to: from + each });
            }
        }
        steps.truncate(count as usize);
        if let Some(last) = steps.last_mut() {
            last.to = window;
        }
        steps
    }

    fn rules(&self) -> Vec<Rule> {
        let long_enough = self.each.is_none_or(|each| each >= STEP_MIN);
        vec![
            ("staircase.rates", "a staircase has more than one step", "two rates or more", {
                self.rates.len() > 1
            }),
            (
                "staircase.each",
                "no timeline would tell such steps apart",
                "at least 100ms",
                long_enough,
            ),
        ]
    }
}

#[cfg(test)]
mod tests;
