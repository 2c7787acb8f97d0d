//! HEX messages: what the host may ask, what a device answers.
//!
//! A frame is `:`, one command digit, the payload as pairs of hex digits, two
//! digits of checksum and LF; command, payload and checksum add up to 0x55.
//! The bootloader command (0) cannot be expressed here at all, and a restart
//! (6) only through [`restart_frame`], which the command line alone may call.
//! This file turns bytes into [`Raw`] frames; `message` gives them a meaning.

mod message;

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Deref;

pub use message::{Answer, Asked, Flags, RegisterValue, Request, Version, restart_frame};

/// Longest payload in bytes: a 64-character text with register id and flags
/// needs 67, a history record 39.
pub const PAYLOAD_MAX: usize = 72;

/// Most digits between `:` and the terminator: command, payload, checksum.
pub const DIGITS_MAX: usize = 1 + 2 * PAYLOAD_MAX + 2;

/// What command, payload and checksum of a frame add up to.
const TARGET: u8 = 0x55;

/// The bootloader command: recognised when seen, never sent.
const BOOTLOADER: u8 = 0;

/// The restart command: sent by [`restart_frame`] and nothing else.
const RESTART: u8 = 6;

/// Payload bytes without allocation.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u8>", into = "Vec<u8>")]
pub struct Payload {
    len: u8,
    bytes: [u8; PAYLOAD_MAX],
}

impl Payload {
    /// Copies `bytes`; `None` if there are more than [`PAYLOAD_MAX`].
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut payload = Self::default();
        payload.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        payload.len = u8::try_from(bytes.len()).ok()?;
        Some(payload)
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl TryFrom<Vec<u8>> for Payload {
    type Error = &'static str;

    fn try_from(bytes: Vec<u8>) -> Result<Self, Self::Error> {
        Self::new(&bytes).ok_or("longer than any payload")
    }
}

impl From<Payload> for Vec<u8> {
    fn from(payload: Payload) -> Self {
        payload.as_slice().to_vec()
    }
}

impl Default for Payload {
    /// The empty payload.
    fn default() -> Self {
        Self { len: 0, bytes: [0; PAYLOAD_MAX] }
    }
}

impl Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}

/// A frame with a correct checksum, not interpreted yet: the same bytes mean
/// different things from host and from device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw {
    /// The command digit, 0 to 15.
    pub command: u8,
    /// The bytes after it, without the checksum.
    pub payload: Payload,
}

impl Raw {
    /// Reads one frame, `:7F0ED0071`, with or without its terminator (LF,
    /// CR LF, or the 0xFE some firmware sends). Digits of either case pass.
    pub fn parse(frame: &[u8]) -> Result<Self, HexError> {
        let digits = frame.strip_prefix(b":").ok_or(HexError::NoColon)?;
        Self::from_digits(without_terminator(digits))
    }

    /// Reads what stands between `:` and the terminator.
    pub(crate) fn from_digits(digits: &[u8]) -> Result<Self, HexError> {
        if digits.len() > DIGITS_MAX {
            return Err(HexError::TooLong(digits.len()));
        }
        let (&first, pairs) = digits.split_first().ok_or(HexError::TooShort)?;
        let command = nibble(first).ok_or(HexError::NotADigit(first))?;
        let mut payload = Payload::default();
        let mut sum = command;
        let mut count = 0;
        let mut last = 0;
        for pair in pairs.chunks(2) {
            let &[high, low] = pair else {
                return Err(HexError::HalfByte);
            };
            let high = nibble(high).ok_or(HexError::NotADigit(high))?;
            let low = nibble(low).ok_or(HexError::NotADigit(low))?;
            last = high << 4 | low;
            sum = sum.wrapping_add(last);
            if let Some(slot) = payload.bytes.get_mut(count) {
                *slot = last;
            }
            count += 1;
        }
        let length = count.checked_sub(1).ok_or(HexError::TooShort)?;
        if sum != TARGET {
            let expected = TARGET.wrapping_sub(sum.wrapping_sub(last));
            return Err(HexError::Checksum { expected, found: last });
        }
        // The checksum was stored behind the payload as long as it fitted;
        // equality of payloads needs the unused bytes to be zero.
        if let Some(slot) = payload.bytes.get_mut(length) {
            *slot = 0;
        }
        payload.len = u8::try_from(length).map_err(|_| HexError::TooLong(digits.len()))?;
        Ok(Self { command, payload })
    }

    /// The bytes that travel, LF included.
    ///
    /// Empty for the bootloader command, which nothing may send, and for a
    /// restart, which [`restart_frame`] alone can. [`Display`](fmt::Display)
    /// shows these too.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        frame(self.command, &[&self.payload])
    }
}

impl fmt::Display for Raw {
    /// The frame as it travelled, in upper case, without its terminator.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ":{:X}", self.command)?;
        for byte in self.payload.as_slice() {
            write!(f, "{byte:02X}")?;
        }
        write!(f, "{:02X}", checksum(self.command, &[&self.payload]))
    }
}

/// Why bytes are no HEX frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    /// The first byte is no `:`.
    #[error("frame does not begin with `:`")]
    NoColon,
    /// A byte that is no hex digit.
    #[error("byte 0x{0:02X} is no hex digit")]
    NotADigit(u8),
    /// An odd number of digits after the command.
    #[error("frame ends in half a byte")]
    HalfByte,
    /// No room for command and checksum.
    #[error("frame is too short for a command and a checksum")]
    TooShort,
    /// More digits than [`DIGITS_MAX`].
    #[error("frame of {0} digits is longer than any register needs")]
    TooLong(usize),
    /// Command, payload and checksum do not add up to 0x55.
    #[error("checksum is 0x{found:02X}, should be 0x{expected:02X}")]
    Checksum {
        /// The checksum the frame should have.
        expected: u8,
        /// The checksum it has.
        found: u8,
    },
}

/// Value of one hex digit.
pub(crate) const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn without_terminator(bytes: &[u8]) -> &[u8] {
    match bytes {
        [head @ .., b'\r', b'\n'] | [head @ .., b'\n' | 0xFE] => head,
        _ => bytes,
    }
}

fn checksum(command: u8, parts: &[&[u8]]) -> u8 {
    let sum = parts.iter().flat_map(|part| part.iter()).fold(command, |s, b| s.wrapping_add(*b));
    TARGET.wrapping_sub(sum)
}

/// A frame of any command that may be sent without a human's word for it.
fn frame(command: u8, parts: &[&[u8]]) -> Vec<u8> {
    if command == BOOTLOADER || command == RESTART { Vec::new() } else { spell(command, parts) }
}

/// The bytes of a frame. Private, so that [`frame`] and [`restart_frame`]
/// remain the only ways to obtain bytes for a device.
fn spell(command: u8, parts: &[&[u8]]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let mut out = Vec::with_capacity(2 * length + 5);
    out.extend([b':', DIGITS[usize::from(command & 15)]]);
    let check = checksum(command & 15, parts);
    for byte in parts.iter().flat_map(|part| part.iter()).chain([&check]) {
        out.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    out.push(b'\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(frame: &[u8], expected: Result<(u8, &[u8]), HexError>) {
        let raw = Raw::parse(frame);
        assert_eq!(
            raw.map(|raw| (raw.command, raw.payload.to_vec())),
            expected.map(|(c, p)| (c, p.to_vec()))
        );
        if let Ok(raw) = raw {
            assert_eq!(Raw::parse(raw.to_string().as_bytes()), Ok(raw));
        }
    }

    #[test]
    fn every_terminator_and_none_is_read() {
        let float = Ok((7, &[0xF6, 0xED, 0x00, 0xEA, 0x15][..]));
        for end in [&b""[..], b"\n", b"\r\n", b"\xFE"] {
            check(&[b":7F6ED00EA156C", end].concat(), float);
        }
        check(b":7f6ed00ea156c", float);
    }

    #[test]
    fn damaged_frames_say_what_is_wrong() {
        check(b"7F0ED0071", Err(HexError::NoColon));
        check(b"", Err(HexError::NoColon));
        check(b":", Err(HexError::TooShort));
        check(b":7", Err(HexError::TooShort));
        check(b":7F0ED007", Err(HexError::HalfByte));
        check(b":7F0ED00G1", Err(HexError::NotADigit(b'G')));
        check(b":7F0ED0072", Err(HexError::Checksum { expected: 0x71, found: 0x72 }));
        check(&[b':'; 4], Err(HexError::NotADigit(b':')));
        let long = [b"7".as_slice(), &[b'0'; 147]].concat();
        check(&[b":", long.as_slice()].concat(), Err(HexError::TooLong(148)));
    }

    #[test]
    fn longest_payload_makes_the_round() {
        let payload = Payload::new(&[0xA5; PAYLOAD_MAX]).unwrap();
        let raw = Raw { command: 7, payload };
        assert_eq!(Raw::parse(&raw.encode()), Ok(raw));
        assert_eq!(Payload::new(&[0; PAYLOAD_MAX + 1]), None);
    }

    #[test]
    fn bootloader_and_restart_have_no_bytes() {
        for frame in [&b":055"[..], b":64F"] {
            let raw = Raw::parse(frame).unwrap();
            assert_eq!(raw.encode(), b"");
            assert_eq!(raw.to_string().as_bytes(), frame);
            assert_eq!(Answer::Other(raw).encode(), b"");
        }
        assert_eq!(restart_frame(), b":64F\n");
    }
}
