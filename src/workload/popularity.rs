//! Which key a request asks for. Nothing here keeps memory for a key, except a trace.

mod shuffle;
mod zipf;

use self::shuffle::Shuffle;
use self::zipf::ZipfRanks;
use super::chance::{Axis, Draws, below, unit};
use super::error::Error;
use super::options::{Hotspot, Latest, Popularity};
use super::trace::Trace;

/// Draws keys as the options ask, each a function of the request's number.
#[derive(Debug)]
pub struct Sampler {
    keys: u32,
    draws: Draws,
    law: Law,
    /// Which key is the most popular one, and so on, where some are by law.
    order: Shuffle,
}

#[derive(Debug)]
enum Law {
    Uniform,
    Zipf(ZipfRanks),
    /// The first so many ranks get a share of the requests, the others the rest.
    Hotspot {
        hot: u32,
        requests: f64,
    },
    /// The rank is how many keys ago a key was new.
    Latest {
        recency: ZipfRanks,
        every: u64,
    },
    Trace(Trace),
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    pub key: u32,
    /// Its place among the keys from the most popular one on, where it has one by law.
    pub rank: u32,
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
                check_exponent(zipf.exponent, "workload.popularity.zipf.exponent")?;
                Law::Zipf(ZipfRanks::new(keys, zipf.exponent))
            }
            Popularity::Hotspot(hotspot) => match hot_keys(hotspot, keys) {
                hot if hot == keys => Law::Uniform,
                hot => Law::Hotspot { hot, requests: hotspot.requests.0 },
            },
            Popularity::Latest(latest) => latest_law(latest, keys)?,
            Popularity::Trace(_) => {
                Law::Trace(trace.expect("the plan reads its trace before it counts the keys"))
            }
        };
        let (draws, order) = (Draws::new(seed, Axis::Key), Shuffle::new(keys, seed));
        Ok(Self { keys, draws, law, order })
    }

    #[cfg(test)]
    pub fn key(&self, number: u64) -> u32 {
        self.draw(number).key
    }

    /// The key that request `number` asks for, and its rank.
    pub fn draw(&self, number: u64) -> Drawn {
        let keys = u64::from(self.keys);
        let rank = match &self.law {
            Law::Uniform => {
                let key = below(self.draws.at(number), keys) as u32;
                return Drawn { key, rank: key };
            }
            Law::Zipf(ranks) => ranks.draw(self.draws.stream(number)),
            Law::Hotspot { hot, requests } => {
                let mut chance = self.draws.stream(number);
                match unit(chance.next()) < *requests {
                    true => chance.below(u64::from(*hot)) as u32,
                    false => hot + chance.below(u64::from(self.keys - hot)) as u32,
                }
            }
            Law::Latest { recency, every } => {
                let rank = recency.draw(self.draws.stream(number));
                let key = ((number / every % keys + keys - u64::from(rank)) % keys) as u32;
                return Drawn { key, rank };
            }
            Law::Trace(trace) => {
                let key = trace.key(number);
                return Drawn { key, rank: key };
            }
        };
        Drawn { key: self.order.key(rank), rank }
    }

    /// The chance of each key that a request asks for it; the frequencies of a trace. `None` where
    /// it changes in the course of the run.
    pub fn probabilities(&self, popularity: &Popularity) -> Option<Vec<f64>> {
        let by_rank = match &self.law {
            Law::Latest { .. } => return None,
            Law::Trace(trace) => return Some(trace.frequencies(self.keys)),
            Law::Uniform => return chances(popularity, self.keys).map(Iterator::collect),
            Law::Zipf(_) | Law::Hotspot { .. } => chances(popularity, self.keys)?,
        };
        let mut by_key = vec![0.0; self.keys as usize];
        for (rank, chance) in (0..).zip(by_rank) {
            by_key[self.order.key(rank) as usize] = chance;
        }
        Some(by_key)
    }

    /// The recorded requests, where there are such.
    pub fn trace(&self) -> Option<&Trace> {
        match &self.law {
            Law::Trace(trace) => Some(trace),
            _ => None,
        }
    }
}

/// The probability that was asked for each rank, worked out from the options and not from what the
/// sampler draws by. `None` where keys have no probability of their own.
pub fn chances(popularity: &Popularity, keys: u32) -> Option<Box<dyn Iterator<Item = f64> + Send>> {
    Some(match popularity {
        Popularity::Uniform => Box::new((0..keys).map(move |_| 1.0 / f64::from(keys))),
        Popularity::Zipf(zipf) => {
            // Eight bytes a key for a moment, for a power of each takes as long as to draw it twice.
            let weights = weights(keys, zipf.exponent);
            let total: f64 = weights.iter().sum();
            Box::new(weights.into_iter().map(move |weight| weight / total))
        }
        Popularity::Hotspot(hotspot) => {
            let (hot, requests) = (hot_keys(hotspot, keys), hotspot.requests.0);
            if hot == keys {
                return chances(&Popularity::Uniform, keys);
            }
            let (of_hot, of_cold) = (requests / f64::from(hot), f64::from(keys - hot));
            let of_cold = (1.0 - requests) / of_cold;
            Box::new((0..keys).map(move |rank| if rank < hot { of_hot } else { of_cold }))
        }
        Popularity::Latest(_) | Popularity::Trace(_) => return None,
    })
}

/// `rank^-exponent` of each rank, from 1 on. That of a product is the product of those of its factors, so
/// that three ranks in four, which have one of the first primes, need no power of their own.
fn weights(keys: u32, exponent: f64) -> Vec<f64> {
    let mut weights: Vec<f64> = Vec::with_capacity(keys as usize);
    let of = |weights: &[f64], rank: u32| weights[rank as usize - 1];
    for rank in 1..=keys {
        let factor = [2, 3, 5, 7].into_iter().find(|factor| rank % factor == 0 && rank > *factor);
        weights.push(match factor {
            Some(factor) => of(&weights, factor) * of(&weights, rank / factor),
            None => libm::pow(f64::from(rank), -exponent),
        });
    }
    weights
}

/// At least one key is hot, however small its share; where all are, they are equals.
fn hot_keys(hotspot: &Hotspot, keys: u32) -> u32 {
    ((hotspot.keys.0 * f64::from(keys)).round() as u32).clamp(1, keys)
}

fn check_exponent(exponent: f64, option: &'static str) -> Result<(), Error> {
    match exponent.is_finite() && exponent >= 0.0 {
        true => Ok(()),
        false => Err(Error::Option { option, expected: "a number from 0 upwards" }),
    }
}

fn latest_law(latest: &Latest, keys: u32) -> Result<Law, Error> {
    check_exponent(latest.exponent, "workload.popularity.latest.exponent")?;
    if latest.every == 0 {
        let option = "workload.popularity.latest.every";
        return Err(Error::Option { option, expected: "at least 1" });
    }
    Ok(Law::Latest { recency: ZipfRanks::new(keys, latest.exponent), every: latest.every })
}

#[cfg(test)]
mod tests;
