//! The recorder's log as Rust values.

use std::path::Path;

/// What was done to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Opened to be made if it was not there.
    Make,
    /// Made empty.
    Empty,
    /// Written at an offset.
    Write(usize, Vec<u8>),
    /// Cut or extended to a length.
    Resize(usize),
    /// Extended to a length if it was shorter.
    Extend(usize),
    /// Synced.
    Sync,
    /// Removed.
    Remove,
    /// Renamed.
    Rename(String),
    /// So many calls had been counted.
    Calls(u64),
}

/// One call that changed something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The file within the folder.
    pub file: String,
    /// What was done.
    pub deed: Deed,
}

/// Reads a whole log.
pub fn read(log: &Path) -> Vec<Record> {
    let bytes = std::fs::read(log).unwrap();
    let mut rest = bytes.as_slice();
    let mut records = Vec::new();
    while let Some((head, tail)) = rest.split_first_chunk::<15>() {
        let number = |bytes: &[u8]| {
            bytes.iter().rev().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte))
        };
        let (name, offset, length) =
            (number(&head[1..3]), number(&head[3..11]), number(&head[11..]));
        let (file, tail) = tail.split_at(name);
        let (data, tail) = tail.split_at(length);
        rest = tail;
        let text = |bytes| String::from_utf8_lossy(bytes).trim_start_matches('/').to_owned();
        let deed = match head[0] {
            b'C' => Deed::Make,
            b'T' => Deed::Empty,
            b'W' => Deed::Write(offset, data.to_vec()),
            b'L' => Deed::Resize(offset),
            b'E' => Deed::Extend(offset),
            b'S' => Deed::Sync,
            b'U' => Deed::Remove,
            b'R' => Deed::Rename(text(data)),
            b'N' => Deed::Calls(offset as u64),
            other => panic!("no record begins with {other}"),
        };
        records.push(Record { file: text(file), deed });
    }
    records
}
