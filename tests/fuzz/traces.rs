//! Trace files.

use std::fs;
use std::io::Write;
use std::path::Path;

use cacheduel::workload::trace::{Trace, read};
use flate2::write::GzEncoder;
use proptest::prelude::*;

use crate::memory::{MIB, taken};
use crate::mutation::mutated;

const NAMES: [&str; 4] = ["t.trc.bin", "t.trc.bin.gz", "t.txt", "t.txt.gz"];

proptest! {
    #[test]
    fn a_broken_trace_is_read_or_refused(name in 0_usize..4, bytes in mutated(seeds())) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAMES[name]);
        fs::write(&path, bytes).unwrap();
        let taken = read_all(&path).1;
        prop_assert!(taken < 16 * MIB, "{taken} bytes");
    }

    #[test]
    fn any_bytes_are_a_trace_or_none(name in 0_usize..4, bytes: Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAMES[name]);
        fs::write(&path, bytes).unwrap();
        let taken = read_all(&path).1;
        prop_assert!(taken < 16 * MIB, "{taken} bytes");
    }
}

#[test]
fn a_bomb_does_not_go_off() {
    let folder = tempfile::tempdir().unwrap();
    for (name, unit) in [("bomb.trc.bin.gz", "\0"), ("bomb.txt.gz", "a\n")] {
        let path = folder.path().join(name);
        let mut encoder =
            GzEncoder::new(fs::File::create(&path).unwrap(), flate2::Compression::fast());
        let megabyte = unit.repeat(MIB / unit.len());
        for _ in 0..300 {
            encoder.write_all(megabyte.as_bytes()).unwrap();
        }
        encoder.finish().unwrap();
        let (outcome, taken) = read_all(&path);
        let error = outcome.unwrap_err();
        assert!(error.contains("larger than 256 MiB"), "{error}");
        assert!(taken < 800 * MIB, "{taken} bytes");
    }
}

#[test]
fn more_requests_than_fit_are_refused_before_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for (name, unit) in [("many.trc.bin", "\0\0\0\0"), ("many.txt", "a\n")] {
        fs::write(folder.path().join(name), unit.repeat((16 << 20) + 1)).unwrap();
        let (outcome, taken) = read_all(&folder.path().join(name));
        let error = outcome.unwrap_err();
        assert!(error.contains("more than 16777216 requests"), "{error}");
        assert!(taken < 256 * MIB, "{taken} bytes");
    }
    // No file has too many, and all of them together do.
    fs::write(folder.path().join("half.trc.bin"), vec![0; 36 << 20]).unwrap();
    let files = ["half.trc.bin".into(), "half.trc.bin".into()];
    let error = Trace::load(&files, folder.path()).unwrap_err().to_string();
    assert!(error.contains("more than 16777216 requests"), "{error}");
}

fn read_all(path: &Path) -> (Result<usize, String>, usize) {
    taken(|| read(path).map(|ids| ids.len()).map_err(|error| error.to_string()))
}

fn seeds() -> Vec<Vec<u8>> {
    let numbers: Vec<u8> = (0..200_i32).flat_map(|n| (n * 77 % 31).to_be_bytes()).collect();
    let lines = "/home\n/cart\r\n\n  /item/7 \n".repeat(20).into_bytes();
    let mut seeds = vec![numbers.clone(), lines.clone()];
    for plain in [numbers, lines] {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&plain).unwrap();
        seeds.push(encoder.finish().unwrap());
    }
    seeds
}
