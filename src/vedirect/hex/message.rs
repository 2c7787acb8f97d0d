//! The meaning of HEX frames, apart for the two directions.
//!
//! The same digits ask in one direction and answer in the other: `:451` asks
//! for the product id, `:4AAAAFD` complains about a damaged frame. The caller
//! knows which way a frame travelled; nothing here guesses.

use std::cmp::Ordering;
use std::fmt;

use super::{Payload, RESTART, Raw, frame, spell};

/// What a device answers to a frame it could not read (HEX protocol, rev 16).
const FRAME_ERROR: [u8; 2] = [0xAA, 0xAA];

/// What sunkeep may send to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Is anybody there?
    Ping,
    /// Application version.
    Version,
    /// Product id.
    ProductId,
    /// Read a register.
    Get {
        /// Register id.
        register: u16,
    },
    /// Write a register.
    Set {
        /// Register id.
        register: u16,
        /// The value's bytes, little endian.
        value: Payload,
    },
}

impl Request {
    /// The bytes that travel, LF included. The flags byte, always sent, is zero.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Ping => frame(1, &[]),
            Self::Version => frame(3, &[]),
            Self::ProductId => frame(4, &[]),
            Self::Get { register } => frame(7, &[&register.to_le_bytes(), &[0]]),
            Self::Set { register, value } => frame(8, &[&register.to_le_bytes(), &[0], value]),
        }
    }
}

/// The frame that restarts a device; it is not answered. For a human at the
/// command line only.
#[must_use]
pub fn restart_frame() -> Vec<u8> {
    spell(RESTART, &[])
}

/// What a device received, as simulators see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A request.
    Request(Request),
    /// Command 6.
    Restart,
    /// Any other command, or one of the known with a payload that is not its own.
    Unknown(u8),
}

impl Asked {
    /// Reads a frame on its way to a device.
    #[must_use]
    pub fn parse(raw: &Raw) -> Self {
        let request = match (raw.command, raw.payload.as_slice()) {
            (1, []) => Request::Ping,
            (3, []) => Request::Version,
            (4, []) => Request::ProductId,
            (RESTART, []) => return Self::Restart,
            (7, &[low, high, _flags]) => Request::Get { register: u16::from_le_bytes([low, high]) },
            (8, &[low, high, _flags, ref value @ ..]) => Request::Set {
                register: u16::from_le_bytes([low, high]),
                // A part of a payload always fits into one.
                value: Payload::new(value).unwrap_or_default(),
            },
            _ => return Self::Unknown(raw.command),
        };
        Self::Request(request)
    }
}

/// What a device says, in answer or on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Answer to [`Request::Version`] and [`Request::ProductId`]; the payload tells.
    Done(Payload),
    /// The device does not know this command.
    UnknownCommand(u8),
    /// The device received a damaged frame (`:4AAAAFD`).
    FrameError,
    /// Answer to [`Request::Ping`].
    Ping(Version),
    /// Answer to [`Request::Get`].
    Get(RegisterValue),
    /// Answer to [`Request::Set`].
    Set(RegisterValue),
    /// A register that changed, sent unasked.
    Async(RegisterValue),
    /// A frame of no known form.
    Other(Raw),
}

impl Answer {
    /// Reads a frame that came from a device.
    #[must_use]
    pub fn parse(raw: &Raw) -> Self {
        let register = || RegisterValue::parse(&raw.payload);
        match (raw.command, raw.payload.as_slice()) {
            (1, _) => Self::Done(raw.payload),
            (3, &[command, 0] | &[command]) => Self::UnknownCommand(command),
            (4, payload) if payload == FRAME_ERROR => Self::FrameError,
            (5, &[low, high]) => Self::Ping(Version(u16::from_le_bytes([low, high]))),
            (7, _) => register().map_or(Self::Other(*raw), Self::Get),
            (8, _) => register().map_or(Self::Other(*raw), Self::Set),
            (10, _) => register().map_or(Self::Other(*raw), Self::Async),
            _ => Self::Other(*raw),
        }
    }

    /// The bytes that travel, LF included, as simulators send them.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Done(payload) => frame(1, &[payload]),
            Self::UnknownCommand(command) => frame(3, &[&[*command, 0]]),
            Self::FrameError => frame(4, &[&FRAME_ERROR]),
            Self::Ping(version) => frame(5, &[&version.0.to_le_bytes()]),
            Self::Get(value) => value.encode(7),
            Self::Set(value) => value.encode(8),
            Self::Async(value) => value.encode(10),
            Self::Other(raw) => raw.encode(),
        }
    }
}

/// A register, as answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterValue {
    /// Register id.
    pub register: u16,
    /// Zero when all is well.
    pub flags: Flags,
    /// The value's bytes, little endian; empty when the flags say why.
    pub value: Payload,
}

impl RegisterValue {
    fn parse(payload: &[u8]) -> Option<Self> {
        let &[low, high, flags, ref value @ ..] = payload else {
            return None;
        };
        let register = u16::from_le_bytes([low, high]);
        Some(Self { register, flags: Flags(flags), value: Payload::new(value)? })
    }

    fn encode(&self, command: u8) -> Vec<u8> {
        frame(command, &[&self.register.to_le_bytes(), &[self.flags.0], &self.value])
    }
}

/// The flags byte of a register answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Flags(pub u8);

impl Flags {
    /// The register does not exist in this device.
    pub const UNKNOWN_ID: Self = Self(0x01);
    /// The register does not support this: a write to a read-only one, say.
    pub const NOT_SUPPORTED: Self = Self(0x02);
    /// The value is out of range or inconsistent. BMVs then answer with the
    /// nearest value they accept (BMV HEX protocol, rev 6).
    pub const PARAMETER_ERROR: Self = Self(0x04);

    /// No flag is set.
    #[must_use]
    pub const fn is_ok(self) -> bool {
        self.0 == 0
    }

    /// All flags of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(Flags, &str); 3] = [
            (Flags::UNKNOWN_ID, "unknown register"),
            (Flags::NOT_SUPPORTED, "not supported"),
            (Flags::PARAMETER_ERROR, "parameter error"),
        ];
        if self.is_ok() {
            return f.write_str("ok");
        }
        let mut separator = "";
        let mut rest = self.0;
        for (flag, name) in NAMES.into_iter().filter(|(flag, _)| self.contains(*flag)) {
            write!(f, "{separator}{name}")?;
            separator = ", ";
            rest &= !flag.0;
        }
        if rest != 0 {
            write!(f, "{separator}flags 0x{rest:02X}")?;
        }
        Ok(())
    }
}

/// Firmware version as ping and version answers carry it: two bits of kind,
/// then the version in binary coded decimals, 0x4116 for application 1.16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u16);

impl Version {
    /// Major × 100 + minor: 116 for version 1.16.
    #[must_use]
    pub const fn number(self) -> u16 {
        let digits = self.0 & 0x3FFF;
        (digits >> 12) * 1000 + (digits >> 8 & 15) * 100 + (digits >> 4 & 15) * 10 + (digits & 15)
    }

    /// The firmware is a release candidate (kind bits 11).
    #[must_use]
    pub const fn is_release_candidate(self) -> bool {
        self.0 >> 14 == 3
    }
}

impl Ord for Version {
    /// By version number; a release candidate follows the release of the same
    /// number only to keep the order total.
    fn cmp(&self, other: &Self) -> Ordering {
        (self.number(), self.0).cmp(&(other.number(), other.0))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.number();
        f.pad(&format!("{}.{:02}", number / 100, number % 100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_flags(flags: u8, expected: &str) {
        assert_eq!(Flags(flags).to_string(), expected);
    }

    #[test]
    fn flags_are_told_in_words() {
        check_flags(0x00, "ok");
        check_flags(0x01, "unknown register");
        check_flags(0x06, "not supported, parameter error");
        check_flags(0x84, "parameter error, flags 0x80");
        check_flags(0x40, "flags 0x40");
    }

    #[track_caller]
    fn check_version(raw: u16, number: u16, text: &str) {
        assert_eq!(Version(raw).number(), number);
        assert_eq!(Version(raw).to_string(), text);
    }

    #[test]
    fn versions_are_binary_coded_decimals() {
        check_version(0x4116, 116, "1.16");
        check_version(0x4401, 401, "4.01");
        check_version(0xC208, 208, "2.08");
        assert!(Version(0xC208).is_release_candidate());
        assert!(!Version(0x4116).is_release_candidate());
        assert!(Version(0xC116) < Version(0x4153));
    }

    #[test]
    fn digits_that_ask_do_not_answer() {
        let raw = Raw::parse(b":451").unwrap();
        assert_eq!(Asked::parse(&raw), Asked::Request(Request::ProductId));
        assert_eq!(Answer::parse(&raw), Answer::Other(raw));
        let raw = Raw::parse(b":4AAAAFD").unwrap();
        assert_eq!(Asked::parse(&raw), Asked::Unknown(4));
        assert_eq!(Answer::parse(&raw), Answer::FrameError);
    }

    #[test]
    fn get_without_its_flags_byte_is_no_request() {
        let raw = Raw { command: 7, payload: Payload::new(&[0xF0, 0xED]).unwrap() };
        assert_eq!(Asked::parse(&raw), Asked::Unknown(7));
        assert_eq!(Answer::parse(&raw), Answer::Other(raw));
    }
}
