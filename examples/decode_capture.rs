//! Bytes of a VE.Direct port to blocks and frames, through the library alone.
//!
//! `cargo run --example decode_capture [FILE]`; without a file it decodes the
//! few worked bytes below. Bytes may arrive in any portions: the decoder keeps
//! what is unfinished. It opens no port and knows no recording format; for
//! those there is `sunkeep decode`.

use std::io::Write;

use sunkeep::vedirect::Measurement;
use sunkeep::vedirect::decoder::{Block, Decoder, Frame};
use sunkeep::vedirect::hex::{Answer, Raw};
use sunkeep::vedirect::register::{self, Decoded, Family};
use sunkeep::vedirect::text;

/// A charger says its TEXT twice. In the first block a HEX frame cuts in, as on
/// a real cable: it is not part of the block's checksum.
pub const WORKED: &[u8] = b"\r\nPID\t0xA053\r\nV\t13260\r\nI\t1500\r\n\
    :7F7ED008C05D9\nVPV\t33180\r\nPPV\t21\r\nCS\t3\r\nChecksum\t\x11\
    \r\nPID\t0xA053\r\nV\t13270\r\nI\t1600\r\nVPV\t33050\r\nPPV\t22\r\nCS\t3\r\nChecksum\t\x12";

fn main() -> anyhow::Result<()> {
    let bytes = match std::env::args().nth(1) {
        Some(file) => std::fs::read(file)?,
        None => WORKED.to_vec(),
    };
    run(&bytes, &mut std::io::stdout())
}

/// Decodes `bytes` and prints one line for each block and frame.
pub fn run(bytes: &[u8], out: &mut dyn Write) -> anyhow::Result<()> {
    let mut decoder = Decoder::new();
    // A serial port hands over some bytes at a time; so do we.
    for mut portion in bytes.chunks(16) {
        while let Some(frame) = decoder.next(&mut portion) {
            print(frame, out)?;
        }
    }
    // A kind of block that came only once is still held: nothing has confirmed it.
    while let Some(frame) = decoder.finish() {
        print(frame, out)?;
    }
    let seen = decoder.counters();
    writeln!(
        out,
        "{} blocks and {} frames in {} bytes, {} damaged",
        seen.text_accepted,
        seen.hex_accepted,
        seen.bytes,
        seen.text_damaged + seen.hex_damaged
    )?;
    Ok(())
}

fn print(frame: Frame<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    match frame {
        Frame::Text(block) => writeln!(out, "TEXT  {}", in_units(&block))?,
        Frame::Hex(raw) => writeln!(out, "HEX   {}", in_words(&raw))?,
    }
    Ok(())
}

/// Labels become points with units: `V` in millivolts is `battery_voltage` in V.
fn in_units(block: &Block<'_>) -> String {
    let mut measured = Vec::new();
    text::measure(block, &mut measured);
    let points: Vec<String> = measured.iter().map(shown).collect();
    points.join(", ")
}

/// A state has a name, a quantity a unit, and what a device does not know neither.
fn shown(point: &Measurement) -> String {
    let Some(value) = &point.value else {
        return format!("{} not available", point.name);
    };
    match value.as_number().and_then(|number| point.meaning.describe(number)) {
        Some(name) => format!("{} {name}", point.name),
        None => format!("{} {value} {}", point.name, point.unit.symbol()).trim_end().to_owned(),
    }
}

/// An answer with a register is looked up in the catalogue of chargers.
fn in_words(raw: &Raw) -> String {
    let (Answer::Get(got) | Answer::Set(got) | Answer::Async(got)) = Answer::parse(raw) else {
        return format!("{:?}", Answer::parse(raw));
    };
    let Some(row) = register::find(Family::Mppt, got.register) else {
        return format!("0x{:04X} is not in the catalogue", got.register);
    };
    match row.decode(&got.value) {
        Ok(Decoded::Value(value)) => format!("{} is {value} {}", row.name, row.unit.symbol()),
        Ok(other) => format!("{} is {other:?}", row.name),
        Err(error) => format!("{}: {error}", row.name),
    }
}
