//! Recorded requests: one key after the other, without times, sizes or operations.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::error::Error;

/// The most requests that a trace may have. Each takes tens of bytes while it is read.
const REQUESTS_MAX: usize = 16 << 20;
/// The most bytes of a file, as they are when nothing is compressed any more.
const BYTES_MAX: u64 = 256 << 20;

/// The requests of one or more recorded files, their keys renumbered densely in the order in which
/// each first appears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    requests: Vec<u32>,
    distinct: u32,
}

/// A key as a file names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Id {
    Number(i32),
    Text(String),
}

impl Trace {
    /// Reads the files in order; a relative path starts from `base_dir`.
    ///
    /// # Errors
    /// If there is no file, or one of them cannot be read, is empty, or is not what its name says.
    pub fn load(files: &[PathBuf], base_dir: &Path) -> Result<Self, Error> {
        if files.is_empty() {
            let option = "workload.popularity.trace.files";
            return Err(Error::Option { option, expected: "at least one file" });
        }
        let mut numbers = HashMap::new();
        let mut requests = Vec::new();
        for file in files {
            let path = base_dir.join(file);
            let ids = read(&path)?;
            if requests.len() + ids.len() > REQUESTS_MAX {
                return Err(bad(&path, too_many()));
            }
            for id in ids {
                let next = numbers.len() as u32;
                requests.push(*numbers.entry(id).or_insert(next));
            }
        }
        Ok(Self { requests, distinct: numbers.len() as u32 })
    }

    /// The key that request `number` asks for; after the last request comes the first.
    pub fn key(&self, number: u64) -> u32 {
        self.requests[(number % self.requests.len() as u64) as usize]
    }

    /// How many keys the trace asks for: `0 .. distinct`.
    pub const fn distinct(&self) -> u32 {
        self.distinct
    }

    /// The keys in the order in which they are asked for.
    pub fn requests(&self) -> &[u32] {
        &self.requests
    }

    /// The share of all requests that ask for each key of `0 .. keys`.
    pub fn frequencies(&self, keys: u32) -> Vec<f64> {
        let mut counts = vec![0_u64; keys.max(self.distinct) as usize];
        for &key in &self.requests {
            counts[key as usize] += 1;
        }
        let total = self.requests.len() as f64;
        counts.into_iter().map(|count| count as f64 / total).collect()
    }
}

/// Reads one file. `.trc.bin` holds signed 32-bit big-endian numbers, `.txt` one key a line, blank
/// lines aside; either may be compressed with gzip, and then ends in `.gz`.
///
/// # Errors
/// If the file cannot be read, is empty, or is not what its name says.
pub fn read(path: &Path) -> Result<Vec<Id>, Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (plain, compressed) = match name.strip_suffix(".gz") {
        Some(plain) => (plain, true),
        None => (name.as_ref(), false),
    };
    let decode = if plain.ends_with(".trc.bin") {
        decode_numbers
    } else if plain.ends_with(".txt") {
        decode_lines
    } else {
        return Err(bad(path, "its name must end in `.trc.bin` or `.txt`, and may add `.gz`"));
    };
    let unreadable = |source| Error::Unreadable { path: path.to_path_buf(), source };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = read_within(file).map_err(unreadable)?;
    if compressed {
        bytes = decompress(&bytes).map_err(|reason| bad(path, reason))?;
    }
    if bytes.len() as u64 > BYTES_MAX {
        return Err(bad(path, format!("it is larger than {} MiB", BYTES_MAX >> 20)));
    }
    let ids = decode(&bytes).map_err(|reason| bad(path, reason))?;
    if ids.is_empty() {
        return Err(bad(path, "it holds no request"));
    }
    Ok(ids)
}

fn decompress(bytes: &[u8]) -> Result<Vec<u8>, String> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Err("its name ends in `.gz`, but it is not compressed with gzip".into());
    }
    match read_within(MultiGzDecoder::new(bytes)) {
        Ok(plain) => Ok(plain),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err("its compressed data is cut short".into())
        }
        Err(error) => Err(format!("its compressed data is damaged: {error}")),
    }
}

/// Reads no further than is needed to see that there is too much: it may have no end.
fn read_within(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn decode_numbers(bytes: &[u8]) -> Result<Vec<Id>, String> {
    let (records, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(format!(
            "the last record is cut short: {} bytes are not a multiple of 4",
            bytes.len()
        ));
    }
    if records.len() > REQUESTS_MAX {
        return Err(too_many());
    }
    Ok(records.iter().map(|&record| Id::Number(i32::from_be_bytes(record))).collect())
}

fn decode_lines(bytes: &[u8]) -> Result<Vec<Id>, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("it is not UTF-8 text from byte {} on", error.valid_up_to()))?;
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    if lines().nth(REQUESTS_MAX).is_some() {
        return Err(too_many());
    }
    Ok(lines().map(|line| Id::Text(line.to_owned())).collect())
}

fn too_many() -> String {
    format!("there are more than {REQUESTS_MAX} requests")
}

fn bad(path: &Path, reason: impl Into<String>) -> Error {
    Error::BadTrace { path: path.to_path_buf(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn write(directory: &Path, name: &str, bytes: &[u8]) -> PathBuf {
        let path = directory.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn big_endian(numbers: &[i32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    #[test]
    fn files_follow_each_other_and_share_their_keys() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), "a.trc.bin.gz", &gzip(&big_endian(&[70, -5, 70, 9])));
        write(directory.path(), "b.trc.bin", &big_endian(&[9, 8, -5]));
        let files = [PathBuf::from("a.trc.bin.gz"), PathBuf::from("b.trc.bin")];
        let trace = Trace::load(&files, directory.path()).unwrap();
        assert_eq!(trace.requests(), [0, 1, 0, 2, 2, 3, 1]);
        assert_eq!(trace.distinct(), 4);
        assert_eq!(trace.key(7), 0, "the trace starts again");
        assert_eq!(trace.frequencies(5), [2.0 / 7.0, 2.0 / 7.0, 2.0 / 7.0, 1.0 / 7.0, 0.0]);
    }

    #[test]
    fn text_traces_name_keys_as_they_like() {
        let directory = tempfile::tempdir().unwrap();
        let lines = b"/home\r\n/cart\n\n  /home \n42";
        for name in ["a.txt", "a.txt.gz"] {
            let bytes = if name.ends_with("gz") { gzip(lines) } else { lines.to_vec() };
            let path = write(directory.path(), name, &bytes);
            assert_eq!(Trace::load(&[path], directory.path()).unwrap().requests(), [0, 1, 0, 2]);
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let mut cut = gzip(&big_endian(&[1, 2, 3, 4]));
        cut.truncate(cut.len() - 9);
        let cases: [(&str, &[u8], &str); 7] = [
            ("short.trc.bin", &[0, 0, 0, 1, 0, 0], "6 bytes are not a multiple of 4"),
            ("empty.trc.bin", &[], "holds no request"),
            ("blank.txt", b"\n\n", "holds no request"),
            ("plain.trc.bin.gz", &[0, 0, 0, 1], "not compressed with gzip"),
            ("cut.trc.bin.gz", &cut, "cut short"),
            ("latin.txt", b"caf\xe9\n", "not UTF-8 text from byte 3 on"),
            ("trace.csv", b"1,2", "must end in `.trc.bin` or `.txt`"),
        ];
        for (name, bytes, expected) in cases {
            let path = write(directory.path(), name, bytes);
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains(name), "{error}");
        }
        let missing = read(&directory.path().join("none.txt")).unwrap_err();
        assert!(matches!(missing, Error::Unreadable { .. }), "{missing}");
        assert!(Trace::load(&[], directory.path()).is_err());
    }
}
