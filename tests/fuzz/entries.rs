//! Entries found in the cache.

use std::io::Write;

use bytes::{BufMut, BytesMut};
use cacheduel::backend::Entry;
use cacheduel::model::{Aggregate, BODY_MAX, Draft, FaultKind, Key, Nanos, Size, Version, Writer};
use cacheduel::strategy::parts::entry::{self, Held, Stamp};
use cacheduel::strategy::parts::format::{Codec, Compression, Format};
use flate2::write::GzEncoder;
use proptest::prelude::*;

use crate::memory::{MIB, taken};
use crate::mutation::mutated;

const CODECS: [Codec; 3] = [Codec::Json, Codec::JsonParsed, Codec::Messagepack];
const COMPRESSIONS: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Zlib, Compression::Zstd, Compression::Lz4];
/// Where an entry names its codec; its compression and its packed body follow.
const CODEC_AT: usize = 21;
const BODY_AT: usize = 51;
/// Room for what a length may promise, which is believed before anything is unpacked.
const MOST: usize = 4 * LARGEST;
const LARGEST: usize = BODY_MAX.0 as usize;

proptest! {
    #[test]
    fn a_broken_entry_is_read_or_corrupt(bytes in mutated(seeds())) {
        let taken = read(bytes).1;
        prop_assert!(taken < MOST, "{taken} bytes");
    }

    #[test]
    fn any_body_is_read_or_corrupt(
        codec in 0_usize..3,
        compression in 0_usize..5,
        length: Option<u32>,
        body: Vec<u8>,
    ) {
        let mut entry = plain_entry()[..BODY_AT].to_vec();
        entry[CODEC_AT] = CODECS[codec] as u8;
        entry[CODEC_AT + 1] = COMPRESSIONS[compression] as u8;
        entry.extend(length.unwrap_or(body.len() as u32).to_be_bytes());
        entry.extend(body);
        let taken = read(entry).1;
        prop_assert!(taken < MOST, "{taken} bytes");
    }
}

#[test]
fn a_bomb_does_not_go_off() {
    // A quarter of a gigabyte of nothing, and what it claims to be.
    let nothing = vec![0; 1 << 20];
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    let mut other = zstd::Encoder::new(Vec::new(), 1).unwrap();
    for _ in 0..256 {
        encoder.write_all(&nothing).unwrap();
        other.write_all(&nothing).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    for length in [0, 1_000, 1 << 20, 1 << 28, u32::MAX] {
        let (outcome, taken) = read(packed(Codec::Json, Compression::Gzip, length, &bomb));
        assert!(outcome.is_err() && taken < MOST, "{taken} bytes");
    }
    let bomb = other.finish().unwrap();
    for length in [1_000, 1 << 28, u32::MAX] {
        let (outcome, taken) = read(packed(Codec::Json, Compression::Zstd, length, &bomb));
        assert!(outcome.is_err() && taken < MOST, "{taken} bytes");
    }
}

#[test]
fn a_length_that_lies_costs_what_the_largest_entry_may_and_no_more() {
    for compression in COMPRESSIONS {
        for length in [LARGEST as u32, LARGEST as u32 + 1, u32::MAX] {
            let (outcome, taken) = read(packed(Codec::Json, compression, length, &[1, 2, 3]));
            assert!(taken < MOST, "{compression:?}: {taken} bytes");
            assert!(outcome.is_err() || compression == Compression::None);
        }
    }
}

#[test]
fn what_is_parsed_is_bounded_by_what_may_be_unpacked() {
    // Each element of two bytes, or of one, becomes a value of some thirty.
    let text = format!("[0{}]", ",0".repeat(LARGEST / 2 - 2));
    let mut list = vec![0xdd];
    list.extend((LARGEST as u32 - 5).to_be_bytes());
    list.resize(LARGEST, 0xc0);
    for (codec, body) in [(Codec::JsonParsed, text.into_bytes()), (Codec::Messagepack, list)] {
        let packed =
            packed(codec, Compression::Lz4, body.len() as u32, &lz4_flex::block::compress(&body));
        assert!(packed.len() < MIB);
        let (outcome, taken) = read(packed);
        assert!(outcome.is_ok(), "it is one that could have been written");
        assert!(taken < 128 * LARGEST, "{codec:?}: {taken} bytes");
    }
}

#[test]
fn what_is_nested_without_end_is_corrupt() {
    for (codec, opening) in [
        (Codec::JsonParsed, &b"["[..]),
        (Codec::JsonParsed, b"{\"a\":"),
        (Codec::Messagepack, b"\x91"),
    ] {
        let body = opening.repeat(1_000_000);
        let mut entry = plain_entry()[..BODY_AT].to_vec();
        entry[CODEC_AT] = codec as u8;
        entry.extend(body);
        assert!(read(entry).0.is_err());
    }
}

/// What the entry holds, read in both ways that there are, and how much memory that took.
fn read(bytes: Vec<u8>) -> (Result<Held, FaultKind>, usize) {
    let entry = Entry::from(bytes);
    taken(|| {
        let _ = entry::read_draft(Key(7), entry.clone());
        entry::read(Key(7), entry).map_err(|fault| fault.kind)
    })
}

fn seeds() -> Vec<Vec<u8>> {
    let items: Vec<_> = (0..40).map(|n| format!(r#"{{"n":{n},"half":{n}.5}}"#)).collect();
    let body = format!(r#"{{"name":"naïve","none":null,"items":[{}]}}"#, items.join(","));
    let aggregate = Some(Aggregate { rows: 5, total: -7 });
    let value = Draft::new(Key(7), Writer(3), body.into()).with_aggregate(aggregate).at(Version(4));
    let stamp = Stamp { expiry: Nanos::from_secs(60), load: Nanos::from_millis(3) };
    let mut seeds = vec![bytes_of(entry::tombstone(Version(9)))];
    let deletion = Draft::deletion(Key(7), Writer(3)).at(Version(5));
    seeds.push(bytes_of(entry::write(&deletion, stamp, &Format::default())));
    for codec in CODECS {
        for compression in COMPRESSIONS {
            let format = Format::new(codec, compression, None, Size(0));
            seeds.push(bytes_of(entry::write(&value, stamp, &format)));
        }
    }
    seeds
}

fn plain_entry() -> Vec<u8> {
    let value = Draft::new(Key(7), Writer(3), "{}".into()).at(Version(4));
    bytes_of(entry::write(&value, Stamp::NONE, &Format::default()))
}

fn bytes_of(entry: Entry) -> Vec<u8> {
    entry.into_bytes().to_vec()
}

/// An entry whose body says that it is `length` bytes of something.
fn packed(codec: Codec, compression: Compression, length: u32, body: &[u8]) -> Vec<u8> {
    let mut entry = BytesMut::from(&plain_entry()[..BODY_AT]);
    entry[CODEC_AT] = codec as u8;
    entry[CODEC_AT + 1] = compression as u8;
    entry.put_u32(length);
    entry.put_slice(body);
    entry.to_vec()
}
