//! Recordings of a port: what travelled, which way and when.
//!
//! Text, so that a recording can be read, cut and mailed: a header line, then
//! one line for each chunk of bytes.
//!
//! ```text
//! sunkeep recording 1
//! # SmartSolar on the roof
//! 0.000 < 0D0A504944093078
//! 0.512 > 3A3135340A
//! ```
//!
//! Times are seconds since the start with milliseconds; `<` came from the
//! device, `>` went to it; bytes are pairs of hex digits. Empty lines and lines
//! that begin with `#` are remarks. Nothing here opens a file.

use std::fmt::Write as _;
use std::time::Duration;

/// The first line, which names the format and its version.
pub const HEADER: &str = "sunkeep recording 1";

/// Longest line that is read; a writer splits chunks long before.
pub const LINE_MAX: usize = 16 * 1024;

/// Which way bytes travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The device said them.
    FromDevice,
    /// The host said them.
    ToDevice,
}

impl Direction {
    const fn sign(self) -> char {
        match self {
            Self::FromDevice => '<',
            Self::ToDevice => '>',
        }
    }
}

/// Bytes that travelled together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Since the start of the recording, in whole milliseconds.
    pub at: Duration,
    /// Which way.
    pub direction: Direction,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Why a line is no chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// The time is not of the form `12.345`.
    #[error("time is not seconds and milliseconds, such as 12.345")]
    Time,
    /// Neither `<` nor `>`.
    #[error("direction is neither `<` nor `>`")]
    Direction,
    /// Something else than pairs of hex digits.
    #[error("bytes are not pairs of hex digits")]
    Bytes,
}

/// Whether a file that begins with `start` is a recording.
#[must_use]
pub fn is_recording(start: &[u8]) -> bool {
    let rest = start.strip_prefix(HEADER.as_bytes());
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'\n' | b'\r')))
}

/// Reads one line behind the header; `None` for remarks and empty lines.
pub fn parse_line(line: &str) -> Result<Option<Chunk>, LineError> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (time, rest) = line.split_once(' ').ok_or(LineError::Time)?;
    let at = parse_time(time).ok_or(LineError::Time)?;
    let rest = rest.trim_start();
    let (direction, digits) = match rest.as_bytes() {
        [b'<', digits @ ..] => (Direction::FromDevice, digits),
        [b'>', digits @ ..] => (Direction::ToDevice, digits),
        _ => return Err(LineError::Direction),
    };
    let bytes = parse_bytes(digits).ok_or(LineError::Bytes)?;
    Ok(Some(Chunk { at, direction, bytes }))
}

/// The line of a chunk, LF included.
#[must_use]
pub fn format_line(chunk: &Chunk) -> String {
    let (seconds, millis) = (chunk.at.as_secs(), chunk.at.subsec_millis());
    let mut line = format!("{seconds}.{millis:03} {} ", chunk.direction.sign());
    for byte in &chunk.bytes {
        // Writing to a string cannot fail.
        let _ = write!(line, "{byte:02X}");
    }
    line.push('\n');
    line
}

fn parse_time(text: &str) -> Option<Duration> {
    let (seconds, millis) = text.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if millis.len() != 3 || !digits(seconds) || !digits(millis) {
        return None;
    }
    let millis = Duration::from_millis(millis.parse().ok()?);
    Duration::from_secs(seconds.parse().ok()?).checked_add(millis)
}

fn parse_bytes(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.iter().copied().filter(|byte| *byte != b' ').collect();
    let value = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(value(*high)? << 4 | value(*low)?),
        _ => None,
    };
    digits.chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(millis: u64, direction: Direction, bytes: &[u8]) -> Chunk {
        Chunk { at: Duration::from_millis(millis), direction, bytes: bytes.to_vec() }
    }

    #[track_caller]
    fn check(line: &str, expected: Result<Option<Chunk>, LineError>) {
        assert_eq!(parse_line(line), expected, "{line}");
        if let Ok(Some(chunk)) = expected {
            assert_eq!(parse_line(&format_line(&chunk)), Ok(Some(chunk)));
        }
    }

    #[test]
    fn lines_say_when_which_way_and_what() {
        check("0.000 < 0D0A", Ok(Some(chunk(0, Direction::FromDevice, b"\r\n"))));
        check("61.512 > 3A3135340A\r", Ok(Some(chunk(61_512, Direction::ToDevice, b":154\n"))));
        check("1.002 < 0d 0a", Ok(Some(chunk(1_002, Direction::FromDevice, b"\r\n"))));
        check("1.002 <", Ok(Some(chunk(1_002, Direction::FromDevice, b""))));
    }

    #[test]
    fn remarks_are_no_chunks() {
        check("", Ok(None));
        check("# on the roof", Ok(None));
    }

    #[test]
    fn damaged_lines_say_what_is_wrong() {
        check("0D0A", Err(LineError::Time));
        check("1.5 < 0D", Err(LineError::Time));
        check("-1.500 < 0D", Err(LineError::Time));
        check(
            "18446744073709551615.999 < 0D",
            Ok(Some(Chunk {
                at: Duration::new(u64::MAX, 999_000_000),
                direction: Direction::FromDevice,
                bytes: vec![0x0D],
            })),
        );
        check("1.500 = 0D", Err(LineError::Direction));
        check("1.500 < 0D0", Err(LineError::Bytes));
        check("1.500 < 0G", Err(LineError::Bytes));
    }

    #[test]
    fn header_is_recognised() {
        assert!(is_recording(b"sunkeep recording 1\n0.000 < 0D"));
        assert!(is_recording(b"sunkeep recording 1\r\n"));
        assert!(!is_recording(b"sunkeep recording 12\n"));
        assert!(!is_recording(b"\r\nPID\t0xA042"));
    }
}
