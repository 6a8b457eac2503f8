//! A simulation's profile: the same kind of file as a scenario, with the same kind of errors.

use std::path::Path;

use super::error::{Error, Rejected};
use super::finding;
use super::problem::{Located, Problem};
use super::reading;
use super::tree::Tree;
use crate::model::{Profile, Spread};

/// Reads and checks the profile at `path`.
///
/// # Errors
/// [`Error`], with everything that is wrong and where.
pub fn profile(path: &Path) -> Result<Profile, Error> {
    let text = finding::read(path)?;
    parse_profile(&path.display().to_string(), &text)
}

/// Checks the text of a profile, which goes by `origin` in messages.
///
/// # Errors
/// [`Error::Rejected`], with everything that is wrong and where.
pub fn parse_profile(origin: &str, text: &str) -> Result<Profile, Error> {
    examine(text)
        .map_err(|problems| Error::Rejected(Rejected::new(origin.into(), text.into(), problems)))
}

fn examine(text: &str) -> Result<Profile, Vec<Located>> {
    let tree = Tree::parse(text).map_err(|error| vec![reading::syntax(&error, text)])?;
    let profile: Profile =
        reading::read("profile", text, &tree).map_err(|problem| vec![problem])?;
    let problems: Vec<_> = spreads(&profile)
        .into_iter()
        .filter_map(|(path, spread)| check(path, &spread))
        .map(|problem| tree.locate(problem))
        .collect();
    if problems.is_empty() { Ok(profile) } else { Err(problems) }
}

fn spreads(profile: &Profile) -> Vec<(&'static [&'static str], Spread)> {
    let Profile { client, cache, store, .. } = profile;
    let mut spreads: Vec<(&[&str], _)> = vec![
        (&["client"], *client),
        (&["cache", "round-trip"], cache.round_trip),
        (&["store", "read"], store.read),
        (&["store", "aggregation"], store.aggregation),
        (&["store", "version"], store.version),
        (&["store", "commit"], store.commit),
    ];
    spreads.extend(store.unsynced.map(|unsynced| (["store", "unsynced"].as_slice(), unsynced)));
    spreads.extend(store.replication_lag.map(|lag| (["store", "replication-lag"].as_slice(), lag)));
    spreads
}

fn check(path: &[&str], spread: &Spread) -> Option<Problem> {
    let at = |quantile| [path, &[quantile]].concat();
    if spread.p99 < spread.p50 {
        return Some(
            Problem::error(&at("p99"), "the p99 is below the p50")
                .expected(format!("expected {} or more", spread.p50)),
        );
    }
    if let Some(p90) = spread.p90.filter(|p90| !(spread.p50..=spread.p99).contains(p90)) {
        return Some(
            Problem::error(
                &at("p90"),
                format!("the p90, {p90}, is not between the p50 and the p99"),
            )
            .expected(format!("expected {} to {}", spread.p50, spread.p99)),
        );
    }
    if spread.p50.0.is_zero() && !spread.is_zero() {
        return Some(
            Problem::error(&at("p50"), "a log-normal distribution has no p50 of zero")
                .expected("expected more than zero, or a p99 of zero as well"),
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> String {
        toml::to_string(&Profile::default()).unwrap()
    }

    fn refused(from: &str, to: &str) -> String {
        let text = text();
        assert!(text.contains(from), "{text}");
        parse_profile("host.toml", &text.replacen(from, to, 1)).unwrap_err().to_string()
    }

    #[test]
    fn a_profile_reads_back_as_it_is_written() {
        assert_eq!(parse_profile("host.toml", &text()).unwrap(), Profile::default());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_with_what_was_expected() {
        let misspelt = refused("round-trip", "round-tripp");
        assert!(misspelt.contains("host.toml:") && misspelt.contains("`round-trip`"), "{misspelt}");
        let missing = refused("[store.commit]", "[store.replication-lag]");
        assert!(missing.contains("missing key `commit`"), "{missing}");
        let no_cache = parse_profile("host.toml", "source = \"me\"").unwrap_err().to_string();
        assert!(no_cache.contains("the profile needs `cache`"), "{no_cache}");
        assert!(no_cache.contains("[cache]"), "{no_cache}");
        let number = refused("service = \"5us\"", "service = 5");
        assert!(number.contains("`service` is not a span of time"), "{number}");
        assert!(refused("p99 = \"200us\"", "p99 = \"20us\"").contains("the p99 is below the p50"));
        let between = refused("p99 = \"200us\"", "p90 = \"70us\"\np99 = \"200us\"");
        assert!(between.contains("70us, is not between the p50 and the p99"), "{between}");
        assert!(refused("p50 = \"80us\"", "p50 = \"0s\"").contains("no p50 of zero"));
    }
}
