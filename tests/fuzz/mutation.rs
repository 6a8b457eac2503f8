//! Valid inputs, broken.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// One thing that is done to the bytes of an input. Places are shares of its length.
#[derive(Clone, Debug)]
pub enum Edit {
    Flip(Index, u8),
    Truncate(Index),
    Remove(Index, Index),
    /// A part of it stands again somewhere else.
    Repeat(Index, Index, Index),
    /// A part of another valid input stands there.
    Splice(Index, Index, Index, Index),
    Insert(Index, Vec<u8>),
    /// The number whose digits come next becomes another one.
    Number(Index, &'static str),
    /// Four or eight bytes become a number as it is written in binary.
    Binary(Index, u64, bool),
}

/// Numbers that people, attackers and overflows make.
const NUMBERS: [&str; 16] = [
    "0",
    "-1",
    "1e308",
    "-1e308",
    "1e-320",
    "nan",
    "inf",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "340282366920938463463374607431768211456",
    "0.30000000000000004",
];

/// The same as they stand in headers.
const BINARY: [u64; 8] =
    [0, 1, 0x7fff_ffff, 0xffff_ffff, 1 << 40, u64::MAX >> 1, u64::MAX - 1, u64::MAX];

/// One of the `seeds` with some edits.
pub fn mutated(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (any::<Index>(), vec(edit(), 1..6)).prop_map(move |(seed, edits)| {
        let start = seed.get(&seeds).clone();
        edits.iter().fold(start, |bytes, edit| apply(bytes, edit, &seeds))
    })
}

/// The same for texts. What is no UTF-8 any more becomes the sign for that.
pub fn mutated_text(seeds: Vec<String>) -> impl Strategy<Value = String> {
    let seeds = seeds.into_iter().map(String::into_bytes).collect();
    mutated(seeds).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    prop_oneof![
        3 => (at(), any::<u8>()).prop_map(|(at, mask)| Edit::Flip(at, mask)),
        1 => at().prop_map(Edit::Truncate),
        1 => (at(), at()).prop_map(|(from, to)| Edit::Remove(from, to)),
        1 => (at(), at(), at()).prop_map(|(from, to, at)| Edit::Repeat(from, to, at)),
        2 => (at(), at(), at(), at())
            .prop_map(|(seed, from, to, at)| Edit::Splice(seed, from, to, at)),
        2 => (at(), vec(any::<u8>(), 1..12)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        4 => (at(), prop::sample::select(&NUMBERS[..]))
            .prop_map(|(at, number)| Edit::Number(at, number)),
        2 => (at(), prop::sample::select(&BINARY[..]), any::<bool>())
            .prop_map(|(at, number, is_wide)| Edit::Binary(at, number, is_wide)),
    ]
}

fn apply(mut bytes: Vec<u8>, edit: &Edit, seeds: &[Vec<u8>]) -> Vec<u8> {
    match edit {
        _ if bytes.is_empty() => {}
        Edit::Flip(at, mask) => {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
        Edit::Truncate(at) => bytes.truncate(at.index(bytes.len())),
        Edit::Remove(from, to) => drop(bytes.drain(range(&bytes, from, to))),
        Edit::Repeat(from, to, at) => {
            let part = bytes[range(&bytes, from, to)].to_vec();
            insert(&mut bytes, at, &part);
        }
        Edit::Splice(seed, from, to, at) => {
            let other = seed.get(seeds);
            if !other.is_empty() {
                insert(&mut bytes, at, &other[range(other, from, to)]);
            }
        }
        Edit::Insert(at, part) => insert(&mut bytes, at, part),
        Edit::Number(at, number) => {
            let at = at.index(bytes.len());
            if let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit) {
                let start = at + start;
                let is_part = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
                let length = bytes[start..].iter().take_while(|byte| is_part(byte)).count();
                bytes.splice(start..start + length, number.bytes());
            }
        }
        Edit::Binary(at, number, is_wide) => {
            let at = at.index(bytes.len());
            let number = number.to_be_bytes();
            let number = if *is_wide { &number[..] } else { &number[4..] };
            let length = number.len().min(bytes.len() - at);
            bytes[at..at + length].copy_from_slice(&number[..length]);
        }
    }
    bytes
}

fn range(bytes: &[u8], from: &Index, to: &Index) -> std::ops::Range<usize> {
    let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
    from.min(to)..from.max(to)
}

fn insert(bytes: &mut Vec<u8>, at: &Index, part: &[u8]) {
    let at = at.index(bytes.len() + 1);
    bytes.splice(at..at, part.iter().copied());
}
