//! `cacheduel sweep`: one option of a scenario over a range, strategies as lines.

use std::io::Write;

use clap::Args;

use super::run::Run;
use super::steps::{Swept, take, takes, warnings};
use super::{Exit, Usage, warn};
use crate::compare::sweep;
use crate::record::Standing;
use crate::record::sweep::Varied;
use crate::scenario::vary::{Variation, vary};

/// Runs a scenario with one option over a range: where which strategy is best, and where that changes
///
/// Every value is an experiment of its own, with the same seed; all are checked before the first runs.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Sweep {
    #[command(flatten)]
    run: Run,
    /// The option and its values: OPTION=FROM..TO[:STEPS][:log], or OPTION=A,B,C
    #[arg(long, value_name = "OPTION=VALUES")]
    vary: String,
}

const EXAMPLES: &str = "\
Options:
  ttl, jitter and stampede of every strategy that has it; writes, reads, exponent, nodes, clients,
  rate, keys, maxmemory, delay; or a path in the scenario, as strategies.*.ttl,
  strategies.cache-aside.ttl, workload.timeout

Examples:
  cacheduel sweep quickstart --vary ttl=100ms..10s:7:log --simulate
  cacheduel sweep quickstart --vary writes=1%..50% --repeats 3
  cacheduel sweep eviction --vary maxmemory=4MiB,8MiB,16MiB
  cacheduel sweep hot-key-stampede --vary stampede=none,coalesce,lock";

impl Sweep {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let base = self.run.plain()?;
        let variation =
            vary(&base, &self.vary).map_err(|unvaried| Usage(format!("--vary {unvaried}")))?;
        let takes = takes(&self.run, &variation)
            .map_err(|Usage(refused)| Usage(format!("--vary {refused}")))?;
        tell_warnings(&variation);
        let varied = self.varied(&variation);
        let measure = || {
            let (made, ended) = take(&self.run, &variation.option, &takes, |_| false);
            let sweep = sweep::of(&varied, self.run.is_simulated(), &made);
            Ok((sweep.map(|sweep| Swept::new(sweep, made, &ended)), ended))
        };
        self.run.measuring().carry_out(&base, out, measure, |swept| self.exit(swept))
    }

    fn varied(&self, variation: &Variation) -> Varied {
        let planned = variation.variants.iter().map(|variant| variant.value.written.clone());
        Varied {
            option: variation.option.clone(),
            argument: self.vary.clone(),
            unit: variation.unit,
            scale: variation.scale,
            planned: planned.collect(),
        }
    }

    /// As `run` ends, over all points: a strategy that holds at one of them will do.
    fn exit(&self, swept: &Swept) -> Exit {
        if self.run.is_strict() && swept.sweep.standing() == Standing::Invalid {
            return Exit::Unsure;
        }
        let mut exits = swept.records.iter().map(|(_, record)| self.run.exit(record));
        if exits.all(|exit| exit == Exit::Missed) { Exit::Missed } else { Exit::Pass }
    }
}

/// Each once, with the first value that it is about.
fn tell_warnings(variation: &Variation) {
    let mut told: Vec<String> = Vec::new();
    for variant in &variation.variants {
        for text in warnings(&variant.loaded) {
            if !told.contains(&text) {
                warn(&format!("{} = {}: {text}", variation.option, variant.value.written));
                told.push(text);
            }
        }
    }
}
