//! What a misspelt name was probably meant to be.

/// How alike two names must be for one to pass as a slip of the other. `write-back` is 0.58 like
/// `write-behind`; `memcached`, which is no slip, is 0.56 like `no-cache`.
const ALIKE: f64 = 0.57;

/// The one of `names` that is most like `given`, if any is like it at all.
pub fn nearest<'n>(given: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let given = given.to_lowercase().replace('_', "-");
    let mut best = None;
    for name in names {
        let likeness = likeness(&given, name);
        if likeness >= ALIKE && best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, name));
        }
    }
    best.map(|(_, name)| name)
}

/// From 0 to 1. A name cut short counts as close: `lru` may well be meant as `allkeys-lru`.
fn likeness(given: &str, name: &str) -> f64 {
    let edits = strsim::normalized_damerau_levenshtein(given, name);
    let part = given.len() >= 3 && name.split('-').any(|word| word == given);
    if part { edits.max(ALIKE) } else { edits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_name_and_a_stranger_finds_none() {
        let names = ["no-cache", "cache-aside", "write-through", "write-behind", "ttl"];
        assert_eq!(nearest("cache-asid", names), Some("cache-aside"));
        assert_eq!(nearest("write_back", names), Some("write-behind"));
        assert_eq!(nearest("TTL", names), Some("ttl"));
        assert_eq!(nearest("behind", names), Some("write-behind"));
        assert_eq!(nearest("memcached", names), None);
        assert_eq!(nearest("", names), None);
    }
}
