//! Real recordings decode to the counts their index gives.
//!
//! The recordings are not part of the repository. They are looked for in
//! `../shared/captures` beside the crate, or in `SUNKEEP_CAPTURES`; without
//! them the test passes with a note, unless `SUNKEEP_REQUIRE_CAPTURES=1`.

use std::path::{Path, PathBuf};

use sunkeep::vedirect::decoder::{Decoder, Frame};

/// Blocks and HEX frames of one recording, for reads of `step` bytes.
fn count(bytes: &[u8], step: usize) -> (u64, u64) {
    let mut decoder = Decoder::new();
    let (mut text, mut hex) = (0, 0);
    let mut tally = |frame: Frame<'_>| match frame {
        Frame::Text(_) => text += 1,
        Frame::Hex(_) => hex += 1,
    };
    for mut chunk in bytes.chunks(step) {
        while let Some(frame) = decoder.next(&mut chunk) {
            tally(frame);
        }
    }
    while let Some(frame) = decoder.finish() {
        tally(frame);
    }
    let counters = decoder.counters();
    assert_eq!((counters.text_accepted, counters.hex_accepted), (text, hex));
    assert_eq!(counters.bytes, bytes.len() as u64);
    (text, hex)
}

/// The rows of `INDEX.csv` that have counts: file, blocks, HEX frames.
fn rows(folder: &Path) -> Vec<(String, u64, u64)> {
    let index = std::fs::read_to_string(folder.join("INDEX.csv")).expect("captures have an index");
    let mut rows = Vec::new();
    for line in index.lines().skip(1) {
        let cells = split_csv(line);
        let kind = cells[5].as_str();
        if kind == "text(logical)" || kind.starts_with("source") {
            continue;
        }
        if let (Ok(text), Ok(hex)) = (cells[7].parse(), cells[9].parse()) {
            rows.push((cells[0].clone(), text, hex));
        }
    }
    rows
}

fn split_csv(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            _ => cells.last_mut().expect("never empty").push(letter),
        }
    }
    cells
}

#[test]
fn every_recording_decodes_to_its_count() {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/captures");
    let folder = std::env::var_os("SUNKEEP_CAPTURES").map_or_else(|| beside.into(), PathBuf::from);
    if !folder.is_dir() {
        let required = std::env::var("SUNKEEP_REQUIRE_CAPTURES").is_ok_and(|value| value == "1");
        assert!(!required, "no recordings in {}", folder.display());
        eprintln!("note: no recordings in {}: nothing was checked", folder.display());
        return;
    }
    let mut wrong = Vec::new();
    let rows = rows(&folder);
    assert!(!rows.is_empty(), "the index names no recordings");
    for (file, text, hex) in &rows {
        let bytes = std::fs::read(folder.join(file)).expect("a recording of the index exists");
        let found = count(&bytes, usize::MAX);
        assert_eq!(found, count(&bytes, 1), "{file}: reads of one byte change the result");
        let partial_start = !bytes.starts_with(b"\r\n");
        let text_ok = found.0 == *text || (partial_start && found.0 == text + 1);
        println!("{file}: {found:?}, index {text} {hex}");
        if !text_ok || found.1 != *hex {
            wrong.push(format!("{file}: {found:?}, index says ({text}, {hex})"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
