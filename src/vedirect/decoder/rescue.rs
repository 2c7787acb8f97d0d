//! A second look at the bytes of a block that failed.
//!
//! Damage outside a block can make it fail: the end of the block before was
//! lost, so both look like one; a lost checksum was replaced by the next CR; a
//! HEX frame without its LF ate a line end; junk stands between two blocks.
//! The block itself is whole then, and is found as the *end* of the raw bytes
//! that has exactly a known shape and a correct sum. Every search walks the
//! bytes since the last `Checksum` a fixed number of times, so junk costs no
//! more than its length.

use std::ops::Range;

use super::shape::{Outcome, Shapes};
use super::trust::Trust;
use super::{LABEL, TEXT_MAX, ends_with};
use crate::vedirect::hex;

/// What is taken for a HEX frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleaning {
    /// As the first reading did: digits, with CR LF as a terminator.
    AsRead,
    /// A line end belongs to the text, and all up to LF to a damaged frame.
    LineEndsKept,
    /// A frame ends where its checksum is right, for those that lost their LF.
    ByChecksum,
}

impl Cleaning {
    /// In the order to try.
    pub const ALL: [Self; 3] = [Self::AsRead, Self::LineEndsKept, Self::ByChecksum];
}

/// Copies `raw` to `out` without HEX frames. The last byte is a checksum and
/// stays as it is.
pub fn clean(raw: &[u8], cleaning: Cleaning, out: &mut Vec<u8>) {
    out.clear();
    let Some((checksum, mut rest)) = raw.split_last() else {
        return;
    };
    while let Some(colon) = memchr::memchr(b':', rest) {
        out.extend_from_slice(&rest[..colon]);
        rest = &rest[colon + 1..];
        rest = &rest[frame_length(rest, cleaning)..];
    }
    out.extend_from_slice(rest);
    out.push(*checksum);
}

/// The block of a known shape at the end of `text`, and what to do with it.
/// With so many places where it may begin, a right sum says little here.
pub fn known_block(
    text: &[u8],
    shapes: &mut Shapes,
    earlier: &mut Vec<u8>,
) -> Option<(Outcome, Range<usize>)> {
    let (end, mut sum) = body_end(text)?;
    let first = end.saturating_sub(TEXT_MAX);
    for start in (first..end).rev() {
        sum = sum.wrapping_add(text[start]);
        if sum == 0
            && text[start] == b'\r'
            && let Some(outcome) = shapes.recognise(&text[start..end], Trust::Damaged, earlier)
        {
            return Some((outcome, start..end));
        }
    }
    None
}

/// The block that begins at the first line end of `text`, if its sum is right:
/// at the start of a stream no shape is known, and junk may come first.
pub fn first_block(text: &[u8]) -> Option<Range<usize>> {
    let (end, _) = body_end(text)?;
    let start = memchr::memmem::find(text, b"\r\n")?;
    let sum = text[start..].iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    (sum == 0 && start > 0 && start < end).then_some(start..end)
}

/// Where the fields end, and the sum of what follows them.
fn body_end(text: &[u8]) -> Option<(usize, u8)> {
    let end = text.len().checked_sub(LABEL.len() + 2)?;
    let tail = &text[end..];
    let label = &tail[1..tail.len() - 1];
    let sum = tail.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    (tail[0] == b'\r' && ends_with(label, LABEL)).then_some((end, sum))
}

/// How many bytes behind a `:` belong to its frame.
fn frame_length(bytes: &[u8], cleaning: Cleaning) -> usize {
    let bound = &bytes[..bytes.len().min(hex::DIGITS_MAX + 2)];
    let digits = bound.iter().position(|b| hex::nibble(*b).is_none()).unwrap_or(bound.len());
    if cleaning == Cleaning::ByChecksum
        && let Some(length) = checked_length(&bound[..digits])
    {
        return length + usize::from(matches!(bound.get(length), Some(b'\n' | 0xFE)));
    }
    match &bound[digits..] {
        [b'\n' | 0xFE, ..] => digits + 1,
        [b'\r', b'\n', ..] if cleaning == Cleaning::AsRead => digits + 2,
        [b'\r', b'\n', ..] => digits,
        _ if cleaning == Cleaning::AsRead => digits,
        _ => damaged_length(bound).unwrap_or(digits),
    }
}

/// The shortest beginning of `digits` that is a frame.
fn checked_length(digits: &[u8]) -> Option<usize> {
    (3..=digits.len()).step_by(2).find(|length| hex::Raw::from_digits(&digits[..*length]).is_ok())
}

/// Up to and with the terminator of a frame that holds more than digits.
fn damaged_length(bytes: &[u8]) -> Option<usize> {
    let end = bytes.iter().position(|byte| matches!(byte, b'\n' | 0xFE | b'\r' | b'\t'))?;
    match bytes[end] {
        b'\r' => Some(end),
        b'\t' => None,
        _ => Some(end + 1),
    }
}
