//! What the decoder delivers, and what it counts.
//!
//! A block borrows the decoder's buffer and is gone with the next call; it
//! knows labels and values as bytes, never their meaning.

use crate::vedirect::hex;

/// One thing a device said.
#[derive(Clone, Copy, Debug)]
pub enum Frame<'a> {
    /// A whole TEXT block with a correct checksum.
    Text(Block<'a>),
    /// A HEX frame with a correct checksum.
    Hex(hex::Raw),
}

/// A TEXT block: its fields in the order sent, `Checksum` left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// CR LF label TAB value, again and again.
    bytes: &'a [u8],
}

impl<'a> Block<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Labels and values as sent.
    pub fn fields(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        self.bytes.split(|byte| *byte == b'\n').skip(1).filter_map(|line| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let tab = memchr::memchr(b'\t', line)?;
            Some((&line[..tab], &line[tab + 1..]))
        })
    }

    /// The value of `label`, compared without case.
    #[must_use]
    pub fn get(&self, label: &str) -> Option<&'a [u8]> {
        let wanted = label.as_bytes();
        self.fields().find(|(label, _)| label.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
    }
}

/// What became of the bytes so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Blocks delivered.
    pub text_accepted: u64,
    /// Blocks with a wrong checksum or form, and held ones that nothing confirmed.
    pub text_damaged: u64,
    /// Blocks of a new shape or content that wait for a second one, now.
    pub text_held: u64,
    /// Labels, values and blocks longer than the protocol allows.
    pub oversized: u64,
    /// HEX frames delivered.
    pub hex_accepted: u64,
    /// HEX frames that were cut short, too long or had a wrong checksum.
    pub hex_damaged: u64,
    /// Bytes read.
    pub bytes: u64,
}
