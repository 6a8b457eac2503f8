//! Histograms, as they stand in Records.

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cacheduel::model::{Distribution, Nanos};
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::memory::{MIB, taken};
use crate::mutation::{mutated, mutated_text};

/// What the largest of ours takes, and some room to unpack it.
const MOST: usize = 4 * MIB;
/// Cookie and length, before what is compressed.
const HEADER: usize = 8;
/// What stands before the counts: its length at 4, the highest value at 24.
const PLAIN_HEADER: usize = 40;

proptest! {
    #[test]
    fn a_broken_text_is_read_or_refused(text in mutated_text(seeds())) {
        let taken = read(&text);
        prop_assert!(taken < MOST, "{taken} bytes");
    }

    #[test]
    fn broken_bytes_are_read_or_refused(bytes in mutated(packed())) {
        let taken = read(&STANDARD.encode(bytes));
        prop_assert!(taken < MOST, "{taken} bytes");
    }

    /// Breaks what is compressed, where most of what could be believed stands.
    #[test]
    fn a_broken_histogram_is_read_or_refused(plain in mutated(plain())) {
        let taken = read(&STANDARD.encode(pack(&plain)));
        prop_assert!(taken < MOST, "{taken} bytes");
    }

    /// Whatever it counts, in a header that fits.
    #[test]
    fn any_counts_are_read_or_refused(
        highest in prop_oneof![Just(u64::MAX), Just(2_047), any::<u64>()],
        payload in vec(prop_oneof![4 => Just(0xff), 1 => Just(0x80), 1 => any::<u8>()], 0..40),
    ) {
        let mut plain = plain().remove(0)[..PLAIN_HEADER].to_vec();
        plain[4..8].copy_from_slice(&(payload.len() as u32).to_be_bytes());
        plain[24..32].copy_from_slice(&highest.to_be_bytes());
        plain.extend(payload);
        let taken = read(&STANDARD.encode(pack(&plain)));
        prop_assert!(taken < MOST, "{taken} bytes");
    }
}

#[test]
fn a_bomb_does_not_go_off() {
    let mut plain = plain().remove(0);
    plain.resize(64 * MIB, 0);
    let bomb = STANDARD.encode(pack(&plain));
    drop(plain);
    assert!(bomb.len() < MIB);
    let taken = read(&bomb);
    assert!(taken < MOST, "{taken} bytes");
}

/// Reads it and uses it, as a report would.
fn read(text: &str) -> usize {
    let json = serde_json::to_string(text).unwrap();
    taken(|| {
        if let Ok(read) = serde_json::from_str::<Distribution>(&json) {
            let mut merged = Distribution::new();
            for _ in 0..3 {
                merged.merge(&read);
            }
            let _ = (merged.mean(), merged.max(), merged.quantile(0.99), merged.certified(0.999));
            let _ = merged.share_up_to(1_000);
            serde_json::to_string(&merged).unwrap();
        }
    })
    .1
}

fn seeds() -> Vec<String> {
    let mut few = Distribution::new();
    let mut many = Distribution::new();
    let mut wide = Distribution::new();
    for number in 0..2_000_u64 {
        many.record(Nanos::from_micros(number * number % 9_973));
        if number % 400 == 0 {
            few.record(Nanos(number));
        }
    }
    (0..64).for_each(|bit| wide.record_count(1 << bit));
    let json = |distribution| serde_json::to_string(distribution).unwrap();
    let seeds = [&few, &many, &wide, &Distribution::new()].map(json);
    seeds.map(|json| json.trim_matches('"').to_owned()).to_vec()
}

fn packed() -> Vec<Vec<u8>> {
    seeds().iter().map(|text| STANDARD.decode(text).unwrap()).collect()
}

fn plain() -> Vec<Vec<u8>> {
    let unpack = |packed: Vec<u8>| {
        let mut plain = Vec::new();
        ZlibDecoder::new(&packed[HEADER..]).read_to_end(&mut plain).unwrap();
        plain
    };
    packed().into_iter().map(unpack).collect()
}

fn pack(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain).unwrap();
    let compressed = encoder.finish().unwrap();
    let mut packed = 0x1c84_9314_u32.to_be_bytes().to_vec();
    packed.extend((compressed.len() as u32).to_be_bytes());
    packed.extend(compressed);
    packed
}
