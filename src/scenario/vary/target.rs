//! What a varied option's name stands for: places in the scenario.

use serde_json::Value;

use super::known::{Kind, kind_of, paths, strategy_options};
use super::{SHORT_NAMES, Unvaried};
use crate::scenario::nearest::nearest;
use crate::scenario::{Contender, Scenario};
use crate::workload::{Arrival, Popularity, Profile};

/// Where the values go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Each the keys from the top of the file down.
    pub paths: Vec<Vec<String>>,
    /// Whether what is left of a whole is written: of writes, reads.
    pub is_rest: bool,
}

impl Target {
    fn at(path: &[&str]) -> Self {
        let path = path.iter().map(|&key| key.to_owned()).collect();
        Self { paths: vec![path], is_rest: false }
    }

    /// Whether only whole numbers go there.
    pub fn is_whole(&self) -> bool {
        self.paths.iter().all(|path| kind_of(path) == Some(Kind::Whole))
    }
}

/// The places that `option` names.
///
/// # Errors
/// If there is no such option in a scenario, or none in this one.
pub fn find(scenario: &Scenario, option: &str) -> Result<Target, Unvaried> {
    if let Some(target) = short(scenario, option)? {
        return Ok(target);
    }
    let path = split(option);
    match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["strategies", "*", option] => of_strategies(scenario, option),
        ["strategies", label, option] => of_strategy(scenario, label, option),
        // It may hold a password, and what is varied is told everywhere.
        [.., "server", "url"] => {
            Err(Unvaried::new("an address is named by --redis-url or --store-url, and not varied"))
        }
        _ if known(scenario, &path) => Ok(Target { paths: vec![path], is_rest: false }),
        _ => Err(unknown(scenario, option)),
    }
}

fn short(scenario: &Scenario, option: &str) -> Result<Option<Target>, Unvaried> {
    let workload = &scenario.workload;
    let target = match option {
        "ttl" | "jitter" | "stampede" => of_strategies(scenario, option)?,
        "reads" => Target::at(&["workload", "reads"]),
        "writes" => Target { is_rest: true, ..Target::at(&["workload", "reads"]) },
        "nodes" => Target::at(&["workload", "nodes"]),
        "keys" => Target::at(&["dataset", "keys"]),
        "maxmemory" => Target::at(&["cache", "maxmemory"]),
        "delay" => Target::at(&["store", "delay"]),
        "clients" => match workload.arrival {
            Arrival::Closed(_) => Target::at(&["workload", "arrival", "closed", "clients"]),
            _ => Target::at(&["workload", "clients"]),
        },
        "exponent" => match workload.popularity {
            Popularity::Zipf(_) => Target::at(&["workload", "popularity", "zipf", "exponent"]),
            Popularity::Latest(_) => Target::at(&["workload", "popularity", "latest", "exponent"]),
            _ => {
                return Err(Unvaried::new(
                    "the scenario's popularity has no exponent: expected \
                     `popularity = { zipf = { exponent = 0.99 } }` in [workload]",
                ));
            }
        },
        "rate" => match &workload.arrival {
            Arrival::Poisson(Profile::Rate(_)) => {
                Target::at(&["workload", "arrival", "poisson", "rate"])
            }
            Arrival::Even(Profile::Rate(_)) => Target::at(&["workload", "arrival", "even", "rate"]),
            Arrival::Closed(_) => {
                return Err(Unvaried::new(
                    "a closed loop has no rate, for its clients wait for their answers: vary \
                     `clients`, or give the scenario `arrival = { poisson = { rate = 600 } }`",
                ));
            }
            _ => {
                return Err(Unvaried::new(
                    "the scenario's rate changes in the course of a run: expected one that does \
                     not, as in `arrival = { poisson = { rate = 600 } }`",
                ));
            }
        },
        _ => return Ok(None),
    };
    Ok(Some(target))
}

/// The option of every strategy that has it. A preset takes the place of TTL and jitter, so that these
/// would change nothing.
fn of_strategies(scenario: &Scenario, option: &str) -> Result<Target, Unvaried> {
    let has = |one: &&Contender| {
        let is_preset = one.options().contains_key("preset") && ["ttl", "jitter"].contains(&option);
        !is_preset && strategy_options(one.spec.about().name).iter().any(|name| name == option)
    };
    let path = |one: &Contender| vec!["strategies".into(), one.label.clone(), option.into()];
    let paths: Vec<_> = scenario.strategies.0.iter().filter(has).map(path).collect();
    if !paths.is_empty() {
        return Ok(Target { paths, is_rest: false });
    }
    let contenders = scenario.strategies.0.iter();
    let names = contenders.flat_map(|one| strategy_options(one.spec.about().name));
    let mut names: Vec<_> = names.collect();
    names.sort();
    names.dedup();
    let nearest = nearest(option, names.iter().map(String::as_str));
    Err(Unvaried::new("no strategy of the scenario has this option").meant(nearest))
}

fn of_strategy(scenario: &Scenario, label: &str, option: &str) -> Result<Target, Unvaried> {
    let contenders = &scenario.strategies.0;
    let Some(found) = contenders.iter().find(|one| one.label == label) else {
        let labels: Vec<_> = contenders.iter().map(|one| one.label.as_str()).collect();
        let meant = nearest(label, labels.iter().copied());
        let labels = labels.join(", ");
        return Err(Unvaried::new(format!(
            "the scenario has no strategy `{label}`; it has {labels}"
        ))
        .meant(meant));
    };
    let names = strategy_options(found.spec.about().name);
    if names.iter().any(|name| name == option) {
        return Ok(Target::at(&["strategies", label, option]));
    }
    let meant = nearest(option, names.iter().map(String::as_str));
    Err(Unvaried::new(format!("{label} has no option `{option}`")).meant(meant))
}

/// Whether a scenario has an option there: by the schema, or by what this one says.
fn known(scenario: &Scenario, path: &[String]) -> bool {
    kind_of(path).is_some() || (path.len() > 1 && at(scenario, path).is_some())
}

fn at(scenario: &Scenario, path: &[String]) -> Option<Value> {
    let mut value = serde_json::to_value(scenario).ok()?;
    for key in path {
        value = match value {
            Value::Object(mut map) => map.remove(key)?,
            Value::Array(mut list) => {
                let place = key.parse::<usize>().ok().filter(|place| *place < list.len())?;
                list.swap_remove(place)
            }
            _ => return None,
        };
    }
    Some(value)
}

fn unknown(scenario: &Scenario, option: &str) -> Unvaried {
    let paths = paths(scenario);
    // The last key alone is what a person remembers of a long path.
    let by_last = |path: &&String| path.rsplit('.').next() == Some(option);
    let meant = nearest(option, SHORT_NAMES)
        .or_else(|| paths.iter().find(by_last).map(String::as_str))
        .or_else(|| nearest(option, paths.iter().map(String::as_str)));
    let short = SHORT_NAMES.join(", ");
    let text = format!(
        "there is no such option: expected one of {short}, or its path in the scenario, as in \
         `workload.nodes` or `strategies.*.ttl`"
    );
    Unvaried::new(text).meant(meant)
}

/// Splits at the points that are in no quotes.
fn split(option: &str) -> Vec<String> {
    let mut keys = vec![String::new()];
    let mut is_quoted = false;
    for sign in option.chars() {
        match sign {
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => keys.push(String::new()),
            _ => keys.last_mut().expect("there is always a key").push(sign),
        }
    }
    keys
}
