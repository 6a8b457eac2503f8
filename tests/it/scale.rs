//! What a simulated run takes of memory, and runs of more nodes than any machine has.

use cacheduel::clock::SimClock;
use cacheduel::experiment::{self, Environment, Footprint, Silent};
use cacheduel::record::Record;
use cacheduel::scenario::{self, Loaded};

use crate::simulated::profile;

fn loaded(keys: u64, rate: u32, nodes: u32, more: &str) -> Loaded {
    let text = format!(
        r#"
question = "How large may it be?"
[dataset]
entity = "product"
keys = {keys}
size = "1KiB"
[workload]
arrival = {{ poisson = {{ rate = {rate} }} }}
warm-up = "0s"
duration = "2s"
nodes = {nodes}
{more}
[strategies]
cache-aside = {{ ttl = "1h" }}
"#
    );
    scenario::parse("scale", &text).unwrap()
}

fn simulate(loaded: &Loaded) -> Record {
    let clock = SimClock::new();
    let profile = profile(200, 1_000, 300, 2_000);
    let environment = Environment::simulated(&loaded.scenario, &clock, &profile);
    clock.block_on(experiment::run(loaded, &environment, &Silent)).unwrap()
}

/// Against the bytes that the allocator was asked for, at their peak.
#[test]
fn a_run_takes_no_more_memory_than_was_said_and_no_less_than_half_of_it() {
    for (keys, rate, more) in [
        (60_000, 2_000, "reads = 1.0\nprefill = true\npopularity = { zipf = { exponent = 1.0 } }"),
        (120_000, 2_000, "reads = 1.0\nprefill = true\npopularity = \"uniform\""),
        (60_000, 30_000, "reads = 0.5\nprefill = true\npopularity = \"uniform\""),
    ] {
        let loaded = loaded(keys, rate, 2, more);
        let said = Footprint::of(&loaded.scenario, keys);
        let taken = allocation_counter::measure(|| drop(simulate(&loaded))).bytes_max;
        let told = said.told();
        assert!(taken <= said.total().0, "{keys} keys took {taken} bytes: {told}");
        // What is there however small the run is does not count.
        let least = (said.total().0 - said.figures.0) / 2;
        assert!(taken >= least, "{keys} keys took {taken} bytes: {told}");
    }
}

#[test]
fn two_thousand_nodes_serve_their_clients_as_four_do() {
    let run_of = |nodes| {
        let loaded = loaded(
            2_000,
            5_000,
            nodes,
            "reads = 0.9\nclients = 4000\npopularity = { zipf = { exponent = 0.9 } }",
        );
        let record = simulate(&loaded);
        record.contenders[0].runs[0].clone()
    };
    let (few, many) = (run_of(4), run_of(2_000));
    assert_eq!(few.requests, many.requests);
    assert_eq!(many.measures.requests.answered, few.measures.requests.answered);
    // Nothing of this strategy is in a node: how many there are makes no difference.
    assert_eq!(many.measures.lookups, few.measures.lookups);
    assert_eq!(many.findings, few.findings);
}
