//! The tap's count of cache calls against the cache server's own.
//!
//! A server counts commands, and the tap calls. They are the same thing where a call is one command:
//! a lookup, a set, a deletion, a broadcast, a script. A script makes commands of its own, which the
//! server counts too and which the tap cannot see: at most one GET, one SET and two DEL. So where
//! there were scripts, these counts are held to a range. What goes through streams is as many
//! commands as there were items and retries, and is not compared.

use super::{Check, Evidence, Standing};
use crate::model::CacheCounters;

/// The most commands of a kind that one script makes.
const GETS_IN_SCRIPT: u64 = 1;
const SETS_IN_SCRIPT: u64 = 1;
const DELETES_IN_SCRIPT: u64 = 2;

/// Commands that look no key up as the server counts it: it counts what reads, and SET and DEL only
/// write. The part before a `|` is the command that what follows is a form of.
const LOOK_NOTHING_UP: [&str; 20] = [
    "auth",
    "client",
    "command",
    "config",
    "dbsize",
    "del",
    "flushall",
    "function",
    "hello",
    "info",
    "module",
    "ping",
    "publish",
    "quit",
    "script",
    "select",
    "set",
    "subscribe",
    "unlink",
    "unsubscribe",
];

/// A count that both sides have.
struct Pair {
    what: &'static str,
    tap: u64,
    server: u64,
    /// How many more than the tap the server may have counted; `None` if any number.
    unseen: Option<u64>,
}

pub fn server_counters(evidence: &Evidence<'_>) -> Check {
    const NAME: &str = "server counters";
    let counters = match comparable(evidence) {
        Ok(counters) => counters,
        Err(why) => return Check::not_applicable(NAME, why),
    };
    let totals = evidence.totals;
    let pairs = pairs(evidence, counters);
    let mut notes = Vec::new();
    if totals.cache_scripts + totals.cache_batches > 0 {
        notes.push("but for what scripts do inside");
    }
    if totals.cache_streams > 0 {
        notes.push("and but for streams, where a call is any number of commands");
    }
    conclude(NAME, &pairs, "calls", &notes)
}

/// What lookups found, where nothing but GET has looked anything up.
pub fn keyspace_hits(evidence: &Evidence<'_>) -> Check {
    const NAME: &str = "keyspace hits";
    let counters = match comparable(evidence) {
        Ok(counters) => counters,
        Err(why) => return Check::not_applicable(NAME, why),
    };
    let others: Vec<&str> = counters
        .commands
        .iter()
        .filter(|(command, calls)| **calls > 0 && looks_up(command))
        .map(|(command, _)| command.as_str())
        .collect();
    if !others.is_empty() {
        let why = format!("{} may look keys up too, inside of scripts or not", others.join(", "));
        return Check::not_applicable(NAME, why);
    }
    let totals = evidence.totals;
    let pair = |what, tap, server| Pair { what, tap, server, unseen: Some(evidence.given_up) };
    let pairs = [
        pair("hits", totals.cache_hits, counters.keyspace_hits),
        pair("misses", totals.cache_misses, counters.keyspace_misses),
    ];
    conclude(NAME, &pairs, "lookups", &[])
}

/// The server's counters, or why they say nothing about the tap's.
fn comparable<'a>(evidence: &Evidence<'a>) -> Result<&'a CacheCounters, &'static str> {
    let counters = evidence.counters.filter(|counters| !counters.commands.is_empty());
    let counters = counters.ok_or("the cache keeps no counters of its own")?;
    if counters.restarted {
        return Err("the server was started anew, and began to count from zero");
    }
    if !evidence.is_private {
        return Err("others may use the server too");
    }
    if evidence.totals.cache_failed > 0 {
        return Err("calls failed, and may or may not have reached the server");
    }
    Ok(counters)
}

fn pairs(evidence: &Evidence<'_>, counters: &CacheCounters) -> Vec<Pair> {
    let totals = evidence.totals;
    let server = |command: &str| counters.commands.get(command).copied().unwrap_or_default();
    // Where a caller was gone before the answer, the call may or may not have come to the server.
    let given_up = evidence.given_up;
    let scripts = totals.cache_scripts;
    let unseen = |in_script: u64| match scripts {
        0 => Some(given_up),
        _ => Some(in_script * scripts + in_script.max(1) * given_up),
    };
    let mut pairs = vec![
        Pair {
            what: "get",
            tap: totals.cache_gets,
            server: server("get"),
            unseen: unseen(GETS_IN_SCRIPT),
        },
        Pair {
            what: "set",
            tap: totals.cache_sets,
            server: server("set"),
            unseen: unseen(SETS_IN_SCRIPT),
        },
        Pair {
            what: "del",
            tap: totals.cache_deletes,
            server: server("del"),
            unseen: unseen(DELETES_IN_SCRIPT),
        },
        Pair {
            what: "evalsha",
            tap: scripts + totals.cache_batches,
            server: server("evalsha"),
            // A large batch takes more than one.
            unseen: (totals.cache_batches == 0).then_some(given_up),
        },
    ];
    // A notice that is lost on purpose is not sent at all.
    if !evidence.is_through_fault() {
        pairs.push(Pair {
            what: "publish",
            tap: totals.cache_broadcasts,
            server: server("publish"),
            unseen: Some(given_up),
        });
    }
    pairs
}

fn conclude(name: &str, pairs: &[Pair], counted: &str, notes: &[&str]) -> Check {
    let wrong: Vec<_> = pairs
        .iter()
        .filter(|pair| !pair.agrees())
        .map(|pair| format!("{}: tap {}, server {}", pair.what, pair.tap, pair.server))
        .collect();
    if !wrong.is_empty() {
        return Check::new(name, Standing::Invalid, wrong.join("; "));
    }
    let calls: u64 = pairs.iter().map(|pair| pair.tap).sum();
    let mut detail = format!("tap and server agree on {calls} {counted}");
    for note in notes {
        detail.push_str(", ");
        detail.push_str(note);
    }
    Check::new(name, Standing::Ok, detail)
}

impl Pair {
    fn agrees(&self) -> bool {
        let most = self.unseen.map_or(u64::MAX, |unseen| self.tap.saturating_add(unseen));
        (self.tap..=most).contains(&self.server)
    }
}

/// Whether the server may count what the command looks up, other than for a GET of ours.
fn looks_up(command: &str) -> bool {
    let command = command.split('|').next().unwrap_or(command);
    command != "get" && !LOOK_NOTHING_UP.contains(&command)
}

#[cfg(test)]
mod tests {
    use super::super::tests::Scene;
    use super::*;
    use crate::measure::Totals;

    fn scene(totals: Totals, commands: &[(&str, u64)]) -> Scene {
        let commands = commands.iter().map(|&(name, calls)| (name.to_owned(), calls)).collect();
        Scene {
            totals,
            counters: Some(CacheCounters { commands, ..CacheCounters::default() }),
            ..Scene::default()
        }
    }

    fn standing(totals: Totals, commands: &[(&str, u64)]) -> Standing {
        server_counters(&scene(totals, commands).evidence()).standing
    }

    #[test]
    fn a_count_that_the_server_does_not_share_is_caught() {
        let totals = Totals { cache_gets: 10, cache_sets: 4, ..Totals::default() };
        assert_eq!(standing(totals, &[("get", 10), ("set", 4)]), Standing::Ok);
        assert_eq!(standing(totals, &[("get", 11), ("set", 4)]), Standing::Invalid, "a get unseen");
        assert_eq!(standing(totals, &[("get", 9), ("set", 4)]), Standing::Invalid, "one invented");
        assert_eq!(standing(totals, &[("get", 10), ("set", 5)]), Standing::Invalid, "a set unseen");
        let more = &[("get", 10), ("set", 4), ("del", 1)];
        assert_eq!(standing(totals, more), Standing::Invalid, "a deletion unseen");
    }

    #[test]
    fn a_call_that_was_given_up_may_have_come_to_the_server() {
        let totals = Totals { cache_gets: 10, ..Totals::default() };
        let with = |gets| {
            let scene = Scene { given_up: 1, ..scene(totals, &[("get", gets)]) };
            server_counters(&scene.evidence()).standing
        };
        assert_eq!((with(10), with(11)), (Standing::Ok, Standing::Ok));
        assert_eq!((with(9), with(12)), (Standing::Invalid, Standing::Invalid));
    }

    #[test]
    fn streams_do_not_hide_a_miscount() {
        let totals =
            Totals { cache_gets: 10, cache_deletes: 3, cache_streams: 50, ..Totals::default() };
        let streams = ("xreadgroup", 700);
        assert_eq!(standing(totals, &[("get", 10), ("del", 3), streams]), Standing::Ok);
        assert_eq!(standing(totals, &[("get", 11), ("del", 3), streams]), Standing::Invalid);
        assert_eq!(standing(totals, &[("get", 10), ("del", 2), streams]), Standing::Invalid);
    }

    #[test]
    fn scripts_are_counted_one_by_one_and_what_is_inside_of_them_by_its_range() {
        let totals = Totals { cache_gets: 10, cache_scripts: 5, ..Totals::default() };
        let with = |gets, dels, scripts| {
            standing(totals, &[("get", gets), ("del", dels), ("evalsha", scripts)])
        };
        assert_eq!(with(10, 0, 5), Standing::Ok);
        assert_eq!(with(15, 10, 5), Standing::Ok);
        assert_eq!(with(10, 0, 6), Standing::Invalid, "a script unseen");
        assert_eq!(with(10, 0, 4), Standing::Invalid, "a script invented");
        assert_eq!(with(9, 0, 5), Standing::Invalid, "a get invented");
        assert_eq!(with(16, 0, 5), Standing::Invalid, "more than scripts can account for");
        assert_eq!(with(10, 11, 5), Standing::Invalid);
    }

    #[test]
    fn a_batch_may_take_more_scripts_than_one_but_never_less() {
        let totals = Totals { cache_scripts: 5, cache_batches: 2, ..Totals::default() };
        assert_eq!(standing(totals, &[("evalsha", 7)]), Standing::Ok);
        assert_eq!(standing(totals, &[("evalsha", 9)]), Standing::Ok);
        assert_eq!(standing(totals, &[("evalsha", 6)]), Standing::Invalid);
    }

    #[test]
    fn a_broadcast_is_one_publish() {
        let totals = Totals { cache_broadcasts: 3, ..Totals::default() };
        assert_eq!(standing(totals, &[("publish", 3)]), Standing::Ok);
        assert_eq!(standing(totals, &[("publish", 2)]), Standing::Invalid);
        let lossy = Scene { planned_faults: 1, ..scene(totals, &[("publish", 2)]) };
        assert_eq!(server_counters(&lossy.evidence()).standing, Standing::Ok, "lost on purpose");
    }

    #[test]
    fn hits_and_misses_are_compared_where_only_get_looks_anything_up() {
        let totals = Totals { cache_hits: 7, cache_misses: 3, ..Totals::default() };
        let standing = |hits, misses, commands: &[(&str, u64)]| {
            let mut scene = scene(totals, commands);
            let counters = scene.counters.as_mut().unwrap();
            (counters.keyspace_hits, counters.keyspace_misses) = (hits, misses);
            keyspace_hits(&scene.evidence()).standing
        };
        let plain = &[("get", 10), ("set", 3), ("del", 1), ("client|setinfo", 2), ("exists", 0)];
        assert_eq!(standing(7, 3, plain), Standing::Ok);
        assert_eq!(standing(8, 2, plain), Standing::Invalid);
        assert_eq!(standing(7, 4, plain), Standing::Invalid);
        for other in ["evalsha", "xreadgroup", "exists", "getrange"] {
            let standing = standing(90, 90, &[("get", 10), (other, 1)]);
            assert_eq!(standing, Standing::NotApplicable, "{other}");
        }
    }

    #[test]
    fn where_the_server_cannot_be_asked_the_check_says_why() {
        let totals = Totals { cache_gets: 10, ..Totals::default() };
        let wrong = || scene(totals, &[("get", 99)]);
        let mut anew = wrong();
        anew.counters.as_mut().unwrap().restarted = true;
        let scenes = [
            (Scene { counters: None, ..wrong() }, "no counters"),
            (anew, "anew"),
            (Scene { is_private: false, ..wrong() }, "others"),
            (scene(Totals { cache_failed: 1, ..totals }, &[("get", 99)]), "failed"),
        ];
        for (scene, word) in scenes {
            for check in [server_counters(&scene.evidence()), keyspace_hits(&scene.evidence())] {
                assert_eq!(check.standing, Standing::NotApplicable, "{}", check.detail);
                assert!(check.detail.contains(word), "{}", check.detail);
            }
        }
    }
}
