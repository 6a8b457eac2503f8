//! What things are called in the server.

use crate::model::Key;

/// The names under which one run keeps its things, all below a prefix of its own.
///
/// A key of the dataset is named by a template such as `product:{id}`, as an application would name
/// it: the run `a1` keeps product 7 as `cacheduel:a1:product:7`. None of the names can be another's:
/// that of an entry has a number in it where the template says so, and a counter's goes on after it.
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

    /// The stream of writes on their way to the store.
    pub fn queue(&self) -> String {
        format!("{}queue", self.prefix)
    }

    /// The stream of events on their way to the consumers.
    pub fn events(&self) -> String {
        format!("{}events", self.prefix)
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
    name.extend(digits[first..].iter().map(|&digit| char::from(digit)));
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

    proptest! {
        #[test]
        fn no_name_is_anothers(template in "[a-z0-9:{]{0,6}(\\{id\\})?[0-9:a-z]{0,4}", a: u64, b: u64) {
            prop_assume!(a != b);
            let naming = Naming::new("a1", &template);
            let mut names = BTreeSet::from([naming.queue(), naming.events()]);
            for key in [a, b, 0, 1, 10, 100].map(Key) {
                names.insert(naming.entry(key));
                names.insert(naming.counter(key));
            }
            let keys = BTreeSet::from([a, b, 0, 1, 10, 100]).len();
            prop_assert_eq!(names.len(), 2 + 2 * keys);
            prop_assert!(names.iter().all(|name| name.starts_with(naming.prefix())));
        }
    }
}
