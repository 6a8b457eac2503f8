//! What things are called in the server.

use crate::model::Key;

/// A pattern that SCAN matches the names of all runs with.
pub(super) const ALL_RUNS: &str = "cacheduel:*";

/// The run that a thing of this name belongs to; `None` where it is no run's.
pub(super) fn run_of(name: &str) -> Option<&str> {
    let (run, _) = name.strip_prefix("cacheduel:")?.split_once(':')?;
    Some(run)
}

/// The names under which one run keeps its things, all below a prefix of its own.
///
/// A key of the dataset is named by a template such as `product:{id}`, as an application would name
/// it: the run `a1` keeps product 7 as `cacheduel:a1:product:7`. None of the names can be another's:
/// that of an entry has a number in it where the template says so, and those of what belongs to the
/// entry go on after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    prefix: String,
    /// The prefix, and the template up to the key's number.
    before_number: String,
    after_number: String,
}

impl Naming {
    /// The names of the run `run`. A template without `{id}` gets `:{id}` at its end.
    pub fn new(run: &str, template: &str) -> Self {
        let prefix = format!("cacheduel:{run}:");
        let (before, after) = match template.split_once("{id}") {
            Some((before, after)) => (before.to_owned(), after.to_owned()),
            None => (format!("{template}:"), String::new()),
        };
        Self { before_number: format!("{prefix}{before}"), after_number: after, prefix }
    }

    /// What all names of the run begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The key's entry.
    pub fn entry(&self, key: Key) -> String {
        self.numbered(key, "")
    }

    /// The key's version counter, for writes that the cache acknowledges.
    pub fn counter(&self, key: Key) -> String {
        self.numbered(key, ":version")
    }

    /// The key's lock.
    pub fn lock(&self, key: Key) -> String {
        self.numbered(key, ":lock")
    }

    /// The key's lease.
    pub fn lease(&self, key: Key) -> String {
        self.numbered(key, ":lease")
    }

    /// The key whose entry has that name; `None` where it is no entry's.
    pub fn key(&self, name: &[u8]) -> Option<Key> {
        let number = name.strip_prefix(self.before_number.as_bytes())?;
        let number = number.strip_suffix(self.after_number.as_bytes())?;
        // Rust would read `+7` and `07` too, which no entry is called.
        let is_number = number.iter().all(u8::is_ascii_digit);
        let is_plain = number == b"0" || !number.starts_with(b"0");
        let number = str::from_utf8(number).ok().filter(|_| is_number && is_plain)?;
        number.parse().ok().map(Key)
    }

    /// The stream of writes on their way to the store.
    pub fn queue(&self) -> String {
        format!("{}queue", self.prefix)
    }

    /// The stream of events on their way to the consumers.
    pub fn events(&self) -> String {
        format!("{}events", self.prefix)
    }

    /// The channel on which nodes tell each other of changed keys.
    pub fn bus(&self) -> String {
        format!("{}bus", self.prefix)
    }

    /// A pattern that SCAN matches the run's names with, and no others.
    pub fn pattern(&self) -> String {
        let mut pattern = String::with_capacity(self.prefix.len() + 1);
        for letter in self.prefix.chars() {
            if matches!(letter, '*' | '?' | '[' | ']' | '\\') {
                pattern.push('\\');
            }
            pattern.push(letter);
        }
        pattern.push('*');
        pattern
    }

    fn numbered(&self, key: Key, ending: &str) -> String {
        /// As many digits as a key's number can have.
        const DIGITS: usize = 20;
        let length = self.before_number.len() + DIGITS + self.after_number.len() + ending.len();
        let mut name = String::with_capacity(length);
        name.push_str(&self.before_number);
        push_number(&mut name, key.0);
        name.push_str(&self.after_number);
        name.push_str(ending);
        name
    }
}

/// One name is made for every call: the formatting machinery would cost it ten times as much.
fn push_number(name: &mut String, mut number: u64) {
    let mut digits = [0_u8; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    name.push_str(str::from_utf8(&digits[first..]).expect("digits are ASCII"));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_what_an_application_would_call_them() {
        let naming = Naming::new("a1", "product:{id}:reviews");
        assert_eq!(naming.entry(Key(456)), "cacheduel:a1:product:456:reviews");
        assert_eq!(naming.counter(Key(0)), "cacheduel:a1:product:0:reviews:version");
        assert_eq!(
            Naming::new("a1", "user").entry(Key(u64::MAX)),
            format!("cacheduel:a1:user:{}", u64::MAX)
        );
    }

    #[test]
    fn a_run_whose_name_looks_like_a_pattern_matches_only_itself() {
        assert_eq!(Naming::new("[*]", "user").pattern(), r"cacheduel:\[\*\]:*");
    }

    #[test]
    fn only_an_entrys_own_name_leads_back_to_its_key() {
        let naming = Naming::new("a1", "product:{id}:reviews");
        assert_eq!(naming.key(b"cacheduel:a1:product:456:reviews"), Some(Key(456)));
        assert_eq!(naming.key(b"cacheduel:a1:product:0:reviews"), Some(Key(0)));
        for name in [
            "cacheduel:a1:product::reviews",
            "cacheduel:a1:product:07:reviews",
            "cacheduel:a1:product:+7:reviews",
            "cacheduel:a1:product:18446744073709551616:reviews",
            "cacheduel:a1:product:7:reviews:lock",
            "cacheduel:a1:product:7",
            "cacheduel:b2:product:7:reviews",
        ] {
            assert_eq!(naming.key(name.as_bytes()), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_name_is_anothers(
            template in "[a-z0-9:{]{0,6}(\\{id\\})?[0-9:a-z]{0,4}(:lock|:lease)?",
            a: u64,
            b: u64,
        ) {
            prop_assume!(a != b);
            let naming = Naming::new("a1", &template);
            let keys = BTreeSet::from([a, b, 0, 1, 10, 100].map(Key));
            let single = [naming.queue(), naming.events(), naming.bus()];
            let mut names = BTreeSet::from(single.clone());
            for &key in &keys {
                let entry = naming.entry(key);
                prop_assert_eq!(naming.key(entry.as_bytes()), Some(key));
                names.insert(entry);
                names.extend([naming.counter(key), naming.lock(key), naming.lease(key)]);
            }
            prop_assert_eq!(names.len(), single.len() + 4 * keys.len());
            prop_assert!(names.iter().all(|name| name.starts_with(naming.prefix())));
            let entries = names.iter().filter(|name| naming.key(name.as_bytes()).is_some());
            prop_assert_eq!(entries.count(), keys.len());
        }
    }
}
