//! Which key a request asks for.

mod alias;

use alias::AliasTable;

use super::chance::{Axis, Draws, below};
use super::error::Error;
use super::options::{Hotspot, Latest, Popularity};
use super::trace::Trace;

/// Draws keys as the options ask, each a function of the request's number.
#[derive(Debug)]
pub struct Sampler {
    keys: u32,
    draws: Draws,
    law: Law,
}

#[derive(Debug)]
enum Law {
    Uniform,
    /// Each key has a probability of its own that does not change.
    Weighted(AliasTable),
    /// The table draws how many keys ago a key was new.
    Latest {
        recency: AliasTable,
        every: u64,
    },
    Trace(Trace),
}

impl Sampler {
    /// `trace` holds the recorded requests where the popularity is a trace, and is ignored
    /// otherwise.
    ///
    /// # Errors
    /// If an option is out of its range.
    ///
    /// # Panics
    /// If the popularity is a trace and there is none.
    pub fn new(
        popularity: &Popularity,
        keys: u32,
        seed: u64,
        trace: Option<Trace>,
    ) -> Result<Self, Error> {
        let law = match popularity {
            Popularity::Uniform => Law::Uniform,
            Popularity::Zipf(zipf) => {
                let weights =
                    zipf_weights(zipf.exponent, "workload.popularity.zipf.exponent", keys)?;
                Law::Weighted(AliasTable::new(&weights, &shuffled(keys, seed)))
            }
            Popularity::Hotspot(hotspot) => {
                let weights = hotspot_weights(hotspot, keys);
                Law::Weighted(AliasTable::new(&weights, &shuffled(keys, seed)))
            }
            Popularity::Latest(latest) => latest_law(latest, keys)?,
            Popularity::Trace(_) => {
                Law::Trace(trace.expect("the plan reads its trace before it counts the keys"))
            }
        };
        Ok(Self { keys, draws: Draws::new(seed, Axis::Key), law })
    }

    /// The key that request `number` asks for.
    pub fn key(&self, number: u64) -> u32 {
        match &self.law {
            Law::Uniform => below(self.draws.at(number), u64::from(self.keys)) as u32,
            Law::Weighted(table) => table.pick(self.draws.at(number)),
            Law::Latest { recency, every } => {
                let keys = u64::from(self.keys);
                let ago = u64::from(recency.pick(self.draws.at(number)));
                ((number / every % keys + keys - ago) % keys) as u32
            }
            Law::Trace(trace) => trace.key(number),
        }
    }

    /// The chance of each key that a request asks for it; the frequencies of a trace. `None` where
    /// it changes in the course of the run.
    pub fn probabilities(&self) -> Option<Vec<f64>> {
        match &self.law {
            Law::Uniform => Some(vec![1.0 / f64::from(self.keys); self.keys as usize]),
            Law::Weighted(table) => Some(table.probabilities()),
            Law::Latest { .. } => None,
            Law::Trace(trace) => Some(trace.frequencies(self.keys)),
        }
    }

    /// The recorded requests, where there are such.
    pub fn trace(&self) -> Option<&Trace> {
        match &self.law {
            Law::Trace(trace) => Some(trace),
            _ => None,
        }
    }
}

/// Every key from the most popular one on, each with the probability that was asked for it; worked out
/// from the options, and not from the table that the sampler draws from. `None` where keys have no
/// probability of their own, or options are out of range.
pub fn ranked(popularity: &Popularity, keys: u32, seed: u64) -> Option<Vec<(u32, f64)>> {
    let weights = match popularity {
        Popularity::Uniform => {
            return Some((0..keys).map(|key| (key, 1.0 / f64::from(keys))).collect());
        }
        Popularity::Zipf(zipf) => zipf_weights(zipf.exponent, "", keys).ok()?,
        Popularity::Hotspot(hotspot) => hotspot_weights(hotspot, keys),
        Popularity::Latest(_) | Popularity::Trace(_) => return None,
    };
    let total: f64 = weights.iter().sum();
    let chances = weights.into_iter().map(|weight| weight / total);
    Some(shuffled(keys, seed).into_iter().zip(chances).collect())
}

/// The keys `0 .. keys` in a seeded random order (Fisher and Yates), so that popular keys do not
/// lie side by side in the store's pages.
fn shuffled(keys: u32, seed: u64) -> Vec<u32> {
    let draws = Draws::new(seed, Axis::Shuffle);
    let mut order: Vec<u32> = (0..keys).collect();
    for last in (1..order.len()).rev() {
        let other = below(draws.at(last as u64), last as u64 + 1);
        order.swap(last, other as usize);
    }
    order
}

fn zipf_weights(exponent: f64, option: &'static str, keys: u32) -> Result<Vec<f64>, Error> {
    if !(exponent.is_finite() && exponent >= 0.0) {
        return Err(Error::Option { option, expected: "a number from 0 upwards" });
    }
    Ok((1..=keys).map(|rank| libm::pow(f64::from(rank), -exponent)).collect())
}

/// At least one key is hot, however small its share; where all are, they are equals.
fn hotspot_weights(hotspot: &Hotspot, keys: u32) -> Vec<f64> {
    let hot = ((hotspot.keys.0 * f64::from(keys)).round() as u32).clamp(1, keys);
    if hot == keys {
        return vec![1.0; keys as usize];
    }
    let hot_weight = hotspot.requests.0 / f64::from(hot);
    let cold_weight = (1.0 - hotspot.requests.0) / f64::from(keys - hot);
    (0..keys).map(|rank| if rank < hot { hot_weight } else { cold_weight }).collect()
}

fn latest_law(latest: &Latest, keys: u32) -> Result<Law, Error> {
    let weights = zipf_weights(latest.exponent, "workload.popularity.latest.exponent", keys)?;
    if latest.every == 0 {
        let option = "workload.popularity.latest.every";
        return Err(Error::Option { option, expected: "at least 1" });
    }
    let ago: Vec<u32> = (0..keys).collect();
    Ok(Law::Latest { recency: AliasTable::new(&weights, &ago), every: latest.every })
}

#[cfg(test)]
mod tests;
