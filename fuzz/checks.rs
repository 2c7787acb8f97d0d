//! What must hold for any bytes; run by the fuzz targets and, on the corpus,
//! by `cargo test --test fuzz_corpus`.

use sunkeep::vedirect::decoder::{Counters, Decoder, Frame};
use sunkeep::vedirect::hex::{Answer, Asked, Raw};

/// A stream of TEXT and HEX: one read, single bytes and reads of seven give
/// the same frames, and every frame is well-formed.
pub fn stream(bytes: &[u8]) {
    let whole = decode(bytes, bytes.len().max(1));
    assert_eq!(decode(bytes, 1), whole);
    assert_eq!(decode(bytes, 7), whole);
}

/// One HEX message: what is read is written again unchanged.
pub fn hex_message(bytes: &[u8]) {
    let Ok(raw) = Raw::parse(bytes) else { return };
    assert_eq!(Raw::parse(raw.to_string().as_bytes()), Ok(raw));
    let sent = match Asked::parse(&raw) {
        Asked::Request(request) => request.encode(),
        _ => Vec::new(),
    };
    for encoded in [sent, raw.encode(), Answer::parse(&raw).encode()] {
        assert!(!encoded.starts_with(b":0") && !encoded.starts_with(b":6"));
        assert!(encoded.is_empty() || Raw::parse(&encoded).is_ok());
    }
}

fn decode(bytes: &[u8], step: usize) -> (Vec<String>, Counters) {
    let mut decoder = Decoder::new();
    let mut frames = Vec::new();
    for mut piece in bytes.chunks(step) {
        while let Some(frame) = decoder.next(&mut piece) {
            frames.push(spell(&frame));
        }
        assert!(piece.is_empty());
    }
    while let Some(frame) = decoder.finish() {
        frames.push(spell(&frame));
    }
    let counters = decoder.counters();
    assert_eq!(counters.bytes, bytes.len() as u64);
    assert_eq!(counters.text_accepted + counters.hex_accepted, frames.len() as u64);
    (frames, counters)
}

fn spell(frame: &Frame<'_>) -> String {
    let block = match frame {
        Frame::Hex(raw) => return raw.to_string(),
        Frame::Text(block) => block,
    };
    assert!(block.fields().next().is_some(), "a block has fields");
    let mut text = String::new();
    for (label, value) in block.fields() {
        assert!((1..=8).contains(&label.len()) && value.len() <= 32);
        assert!(!label.iter().chain(value).any(u8::is_ascii_control));
        text += &format!("{}={} ", label.escape_ascii(), value.escape_ascii());
    }
    text
}
