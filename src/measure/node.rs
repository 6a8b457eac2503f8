//! Folds what happens in the nodes' own processes: lookups in their tiers, and coding.

use super::measures::{Coded, Coding, NodeTier};
use crate::model::{Answer, Call, Purpose, Verb};

#[derive(Default)]
pub struct NodeMeter {
    tier: NodeTier,
    coding: Coding,
}

impl NodeMeter {
    pub fn count(&mut self, call: &Call) {
        match call.verb {
            Verb::Get if call.purpose == Purpose::Lookup => match call.answer {
                Answer::Hit => self.tier.hits += 1,
                _ => self.tier.misses += 1,
            },
            Verb::Encode => add(&mut self.coding.encoded, call),
            Verb::Decode => add(&mut self.coding.decoded, call),
            _ => {}
        }
    }

    pub const fn finish(self) -> (NodeTier, Coding) {
        (self.tier, self.coding)
    }
}

fn add(coded: &mut Coded, call: &Call) {
    coded.count += 1;
    coded.plain_bytes += u64::from(call.plain_bytes);
    coded.kept_bytes += u64::from(call.bytes);
    coded.busy += call.ended - call.started;
}
