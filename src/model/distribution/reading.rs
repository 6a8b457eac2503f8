//! Reads a histogram that may have been written by anybody. The library would believe what it says of its
//! own size, and take gigabytes for a few bytes; so it is looked through first.

use std::cell::Cell;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;

/// What a histogram of any of ours has at most: three digits over all of u64.
const COUNTS_MAX: usize = 64 << 10;
/// A number of the histogram's takes at most so many bytes.
const NUMBER_MAX: usize = 9;
/// Cookie and payload length, and what the payload is packed with.
const PACKED_HEADER: usize = 8;
const PACKED_COOKIE: u32 = 0x1c84_9314;
/// Cookie, payload length, normalizing offset, digits, lowest, highest, ratio.
const HEADER: usize = 40;
/// More samples than any run has, and few enough to be added up over many.
const SAMPLES_MAX: u64 = 1 << 53;

thread_local! {
    /// Bytes that histograms may still take on this thread.
    static ALLOWANCE: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Does `read`, in which all histograms together may take so many `bytes` of memory.
pub fn within<T>(bytes: usize, read: impl FnOnce() -> T) -> T {
    let before = ALLOWANCE.replace(bytes);
    let result = read();
    ALLOWANCE.set(before);
    result
}

/// The histogram that the base64 `text` holds.
///
/// # Errors
/// What is wrong with it.
pub fn histogram(text: &str) -> Result<Histogram<u64>, String> {
    let packed = STANDARD.decode(text).map_err(|error| error.to_string())?;
    let plain = unpack(&packed).ok_or("not a packed HdrHistogram")?;
    let payload = plain.get(HEADER..).ok_or("an HdrHistogram without its header")?;
    let field = |at: usize| {
        plain[at..].first_chunk().map_or(0, |bytes: &[u8; 8]| u64::from_be_bytes(*bytes))
    };
    let (length, digits) = ((field(4) >> 32) as usize, field(12) >> 32);
    if length != payload.len() {
        return Err("an HdrHistogram of another length than it says".into());
    }
    let (lowest, highest) = (field(16), field(24));
    let first_bucket = match digits {
        2 => 256,
        3 => 2_048,
        _ => return Err("an HdrHistogram of another precision".into()),
    };
    if lowest != 1 || highest < 2 {
        return Err("an HdrHistogram of another precision".into());
    }
    counts(payload).ok_or("an HdrHistogram with impossible counts")?;
    // What it takes is decided by the header alone; a count takes 8 bytes.
    let takes = 8 * counts_up_to(highest, first_bucket);
    match ALLOWANCE.get().checked_sub(takes) {
        None => return Err("the histograms would take too much memory".into()),
        Some(left) => ALLOWANCE.set(left),
    }
    let mut histogram = Deserializer::new()
        .deserialize(&mut &plain[..])
        .map_err(|error| format!("not an HdrHistogram: {error:?}"))?;
    // As read, it holds what it was written with and nothing larger.
    histogram.auto(true);
    Ok(histogram)
}

/// The V2 form that is within the compressed one, if that is what it is and it is not too long.
fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let (header, packed) = packed.split_first_chunk::<PACKED_HEADER>()?;
    if header[..4] != PACKED_COOKIE.to_be_bytes() {
        return None;
    }
    let most = HEADER + NUMBER_MAX * COUNTS_MAX;
    let mut plain = Vec::new();
    ZlibDecoder::new(packed).take(most as u64 + 1).read_to_end(&mut plain).ok()?;
    (plain.len() <= most).then_some(plain)
}

/// Looks through the counts: how often each value, or for how many values nothing, as zigzag numbers of
/// variable length. `None` if no histogram can have them.
fn counts(mut payload: &[u8]) -> Option<()> {
    let (mut places, mut samples) = (0_u64, 0_u64);
    while !payload.is_empty() {
        let number = number(&mut payload)?;
        if number & 1 == 1 {
            // Not negated as a signed number: the lowest has no opposite.
            places = places.checked_add((number >> 1) + 1)?;
        } else {
            places += 1;
            samples = samples.checked_add(number >> 1)?;
        }
        if places > COUNTS_MAX as u64 || samples > SAMPLES_MAX {
            return None;
        }
    }
    Some(())
}

/// The next number as it is written: seven bits a byte from the lowest on, and eight in the ninth.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in 0..NUMBER_MAX {
        let byte = bytes.split_off_first()?;
        if place == NUMBER_MAX - 1 {
            return Some(number | u64::from(*byte) << (7 * place));
        }
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    Some(number)
}

/// How many counts a histogram has for values up to `highest`: a power of two for the first bucket, as
/// many as its digits need, and half as many for each doubling.
fn counts_up_to(highest: u64, first_bucket: u64) -> usize {
    let significant = 64 - (highest | (first_bucket - 1)).leading_zeros();
    let doublings = significant - first_bucket.ilog2();
    (doublings as usize + 2) * (first_bucket / 2) as usize
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;
    use crate::model::{Distribution, Nanos};

    /// The base64 of the packed form of a histogram with that header and those counts.
    fn packed(digits: u32, highest: u64, length: u32, payload: &[u8]) -> String {
        let mut plain = 0x1c84_9313_u32.to_be_bytes().to_vec();
        plain.extend(length.to_be_bytes());
        plain.extend(0_u32.to_be_bytes());
        plain.extend(digits.to_be_bytes());
        plain.extend(1_u64.to_be_bytes());
        plain.extend(highest.to_be_bytes());
        plain.extend(1.0_f64.to_be_bytes());
        plain.extend(payload);
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&plain).unwrap();
        let compressed = encoder.finish().unwrap();
        let mut bytes = PACKED_COOKIE.to_be_bytes().to_vec();
        bytes.extend((compressed.len() as u32).to_be_bytes());
        bytes.extend(compressed);
        STANDARD.encode(bytes)
    }

    #[test]
    fn a_histogram_made_by_hand_is_read() {
        // Nothing at 0, and two at 1.
        let read = histogram(&packed(3, 2_047, 2, &[0, 4])).unwrap();
        assert_eq!((read.len(), read.max()), (2, 1));
    }

    #[test]
    fn what_would_take_more_than_any_of_ours_is_refused() {
        for (text, reason) in [
            (packed(5, u64::MAX, 2, &[0, 4]), "precision"),
            (packed(3, 0, 2, &[0, 4]), "precision"),
            (packed(3, 2_047, u32::MAX, &[0, 4]), "length"),
            (packed(3, 2_047, 9, &[0xff; 9]), "impossible"),
            (packed(3, 2_047, 3, &[0, 4, 0x80]), "impossible"),
            (packed(3, 2_047, 70_000, &[0; 70_000]), "impossible"),
            (packed(3, 2_047, 8 << 20, &vec![0; 8 << 20]), "not a packed"),
            ("AAAA".into(), "not a packed"),
            ("nonsense!".into(), "nvalid"),
        ] {
            let error = histogram(&text).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn what_all_take_together_is_bounded() {
        let one = packed(3, u64::MAX, 2, &[0, 4]);
        let bytes = 8 * counts_up_to(u64::MAX, 2_048);
        let read = |count| within(bytes * 3, || (0..count).all(|_| histogram(&one).is_ok()));
        assert!(read(3) && !read(4));
        assert!(histogram(&one).is_ok(), "that was the other one's bound");
    }

    #[test]
    fn what_a_histogram_takes_is_known_beforehand() {
        for highest in [2, 255, 256, 511, 2_047, 2_048, 4_095, 4_096, 1 << 40, u64::MAX] {
            for (digits, first_bucket) in [(2, 256), (3, 2_048)] {
                let histogram = Histogram::<u64>::new_with_bounds(1, highest, digits).unwrap();
                let counts = counts_up_to(highest, first_bucket);
                assert_eq!(counts, histogram.distinct_values(), "{highest}, {digits} digits");
            }
        }
    }

    #[test]
    fn the_largest_of_ours_is_read() {
        let mut largest = Distribution::new();
        for bit in 0..64 {
            largest.record_count(1 << bit);
            largest.record(Nanos((1 << bit) + (1 << bit >> 2)));
        }
        largest.record(Nanos::NEVER);
        let json = serde_json::to_string(&largest).unwrap();
        let read = serde_json::from_str::<Distribution>(&json).unwrap();
        assert_eq!(read.len(), largest.len());
        for q in [0.0, 0.3, 0.5, 0.99, 1.0] {
            assert_eq!(read.quantile(q), largest.quantile(q));
        }
    }
}
