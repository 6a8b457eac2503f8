//! The search for the highest rate that one strategy holds, as a state machine: it says which rate to
//! try next, and is told what came of it. It runs nothing by itself.
//!
//! It climbs by a factor until a rate does not hold, halves what is between (on a logarithmic scale)
//! until that is within the precision, and has the rate that it found confirmed. It takes holding to be
//! monotone: what holds at a rate holds at every lower one, but for noise.

use crate::record::ceilings::{Answer, Beyond, Outcome, Phase, Searched};

/// By how much the climb goes up.
const FACTOR: f64 = 2.0;
/// The same once a rate was in doubt: the ceiling is near.
const FACTOR_IN_DOUBT: f64 = std::f64::consts::SQRT_2;
/// A rate that does not hold at once is tried until so many tries agree.
const AGREEING: usize = 2;
/// More tries at one rate than there ever are: three things can come of one, and two have to agree.
const TRIES_MAX: u32 = 4;
/// How often a rate is put to a longer run, a lower one each time that it does not hold.
const CONFIRMATIONS_MAX: u32 = 3;

/// One run that a search asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// Requests a second.
    pub rate: f64,
    pub phase: Phase,
    /// Which try of the search at this rate it is, from 0; a confirmation has a number that no other
    /// step of its rate has.
    pub attempt: u32,
}

/// A search on its way.
#[derive(Clone, Debug)]
pub struct Search {
    bounds: Searched,
    phase: Phase,
    /// The rate on trial.
    rate: f64,
    /// What came of the tries at it so far.
    told: Vec<Outcome>,
    factor: f64,
    /// Rates that held in a step and were not refuted since, rising.
    held: Vec<f64>,
    /// The lowest rate that did not hold.
    beyond: Option<Beyond>,
    confirmations: u32,
    /// Whether the search is over, and if so, which rate was confirmed.
    done: Option<Option<f64>>,
}

impl Search {
    /// A search that has not tried anything. The bounds are taken as they are: `from` is above zero and
    /// not above `to`, and the precision is above zero.
    pub fn new(bounds: Searched) -> Self {
        Self {
            bounds,
            phase: Phase::Climb,
            rate: bounds.from,
            told: Vec::new(),
            factor: FACTOR,
            held: Vec::new(),
            beyond: None,
            confirmations: 0,
            done: None,
        }
    }

    /// What to try next; `None` when the search is over.
    pub fn next(&self) -> Option<Trial> {
        let attempt = match self.phase {
            Phase::Climb | Phase::Narrow => self.told.len() as u32,
            Phase::Confirm => TRIES_MAX + self.confirmations,
        };
        let trial = Trial { rate: self.rate, phase: self.phase, attempt };
        self.done.is_none().then_some(trial)
    }

    /// What [`next`](Self::next) asked for came to this. Without effect when the search is over.
    pub fn tell(&mut self, outcome: Outcome) {
        if self.done.is_some() {
            return;
        }
        match self.phase {
            Phase::Climb | Phase::Narrow => self.tried(outcome),
            Phase::Confirm => self.confirmed(outcome),
        }
    }

    /// What is known: the answer when the search is over, before that what it is so far.
    pub fn answer(&self) -> Answer {
        let confirmed = self.done.flatten();
        Answer {
            holds: confirmed.or(self.held.last().copied()),
            confirmed: confirmed.is_some(),
            finished: self.done.is_some(),
            beyond: self.beyond,
        }
    }

    /// A rate that holds at the first try holds. One that does not is tried again until two tries agree:
    /// noise of the machine is not the strategy's, and a generator that was outrun says nothing of it.
    fn tried(&mut self, outcome: Outcome) {
        self.told.push(outcome);
        let came_to =
            |kind: &[Outcome]| self.told.iter().filter(|told| kind.contains(told)).count();
        let held = came_to(&[Outcome::Held]);
        let failed = came_to(&[Outcome::Broke, Outcome::Invalid]);
        let outrun = came_to(&[Outcome::Outrun]);
        if held == AGREEING || held == self.told.len() {
            if held < self.told.len() {
                self.factor = FACTOR_IN_DOUBT;
            }
            self.held.push(self.rate);
        } else if failed == AGREEING {
            let why = self.told.iter().copied().max().unwrap_or(outcome);
            self.beyond = Some(Beyond { rate: self.rate, why });
        } else if outrun == AGREEING {
            self.beyond = Some(Beyond { rate: self.rate, why: Outcome::Outrun });
        } else {
            return;
        }
        self.told.clear();
        self.advance();
    }

    /// Chooses the next rate, when what comes of the last one is known.
    fn advance(&mut self) {
        let Some(low) = self.held.last().copied() else {
            // Not even the lowest.
            self.done = Some(None);
            return;
        };
        let Some(Beyond { rate: high, .. }) = self.beyond else {
            match low < self.bounds.to {
                true => self.rate = round(low * self.factor).min(self.bounds.to),
                false => self.confirm(low),
            }
            return;
        };
        let middle = round((low * high).sqrt());
        let is_close = high <= low * (1.0 + self.bounds.precision);
        // Rates of four digits may leave nothing between two that are near each other.
        if is_close || middle <= low || middle >= high {
            self.confirm(low);
        } else {
            (self.phase, self.rate) = (Phase::Narrow, middle);
        }
    }

    const fn confirm(&mut self, rate: f64) {
        (self.phase, self.rate) = (Phase::Confirm, rate);
    }

    fn confirmed(&mut self, outcome: Outcome) {
        self.confirmations += 1;
        match outcome {
            Outcome::Held => {
                self.done = Some(Some(self.rate));
                return;
            }
            // It says nothing of the rate.
            Outcome::Outrun => {}
            Outcome::Invalid | Outcome::Broke => {
                let refuted = self.rate;
                self.beyond = Some(Beyond { rate: refuted, why: outcome });
                self.held.retain(|rate| *rate < refuted);
                self.rate = round(refuted / (1.0 + self.bounds.precision));
            }
        }
        if self.confirmations == CONFIRMATIONS_MAX {
            self.done = Some(None);
        }
    }
}

/// To four digits: nobody asks for 1414.2136 requests a second.
fn round(rate: f64) -> f64 {
    format!("{rate:.3e}").parse().unwrap_or(rate)
}

#[cfg(test)]
mod tests;
