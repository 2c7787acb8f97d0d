//! The colors of a picture, and what each of them says.

/// A color.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink(pub u8, pub u8, pub u8);

/// Told apart by everyone, after Okabe and Ito.
pub const COLORS: [Ink; 7] = [
    Ink(0x00, 0x72, 0xB2),
    Ink(0xD5, 0x5E, 0x00),
    Ink(0x00, 0x9E, 0x73),
    Ink(0xB0, 0x5C, 0x93),
    Ink(0x56, 0xB4, 0xE9),
    Ink(0xC4, 0x8A, 0x00),
    Ink(0x5A, 0x5A, 0x5A),
];
/// What everything is drawn on.
pub const PAPER: Ink = Ink(0xFF, 0xFF, 0xFF);
/// What must be read.
pub const TEXT: Ink = Ink(0x22, 0x26, 0x2B);
/// What may be read.
pub const FAINT: Ink = Ink(0x6B, 0x72, 0x7B);
/// Lines that help the eye.
pub const GRID: Ink = Ink(0xD5, 0xD9, 0xDE);
/// When the sun was down.
pub const NIGHT: Ink = Ink(0xE9, 0xEC, 0xF2);
/// An output that was on.
pub const ON: Ink = Ink(0xE6, 0x9F, 0x00);
/// An output that was off, and frames.
pub const OFF: Ink = Ink(0xB4, 0xBA, 0xC2);
/// What a person must look at.
pub const ALARM: Ink = Ink(0xC0, 0x1C, 0x28);

/// The color of a line by its place in the legend.
pub fn color(line: usize) -> Ink {
    COLORS[line % COLORS.len()]
}
