//! Bytes of a VE.Direct port to TEXT blocks and HEX messages.
//!
//! ```text
//! bytes ─┬─► text without HEX frames ─► "\nChecksum\t" + 1 byte ─► sum, shape ─► Block
//!        ├─► HEX frame ─► hex::Raw                        │ fails
//!        └─► raw bytes since the last block ◄─────────────┘ searched once more
//! ```
//!
//! A block is delivered whole or not at all. Its checksum has only 8 bits, so
//! its *shape* (labels and classes of values) must agree as well: a shape seen
//! before passes at once, a new one is held until a second block has it. While
//! blocks are damaged again and again, so is a text or a constant number that
//! a block of a known shape never had. On a stream without damage, nothing of
//! a known shape is held or lost.
//! Nothing here knows what a label or register means, and the result does not
//! depend on how the stream was cut into reads.

mod content;
mod frame;
mod interruption;
mod rescue;
mod shape;
mod trust;
mod value;
mod window;

use std::ops::Range;

use super::hex;
pub use frame::{Block, Counters, Frame};
use rescue::Cleaning;
use shape::{Flaw, Outcome, Shapes};
use trust::{Noise, Trust};
use window::Window;

/// Longest text of a block in bytes, `Checksum` included: 22 fields (the most
/// a device sends) of 2 + 8 + 1 + 32 bytes are 946.
pub const TEXT_MAX: usize = 1024;

/// What ends a block; the byte behind it is the checksum, whatever it is.
const LABEL: &[u8] = b"\nChecksum\t";

/// How much of [`LABEL`] is checked at once when its rarest letter turns up.
const LABEL_HEAD: &[u8] = b"\nCheck";

/// Where in a stream the decoder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// In TEXT, or in junk.
    Text,
    /// The next byte is a checksum.
    Checksum,
    /// Behind the `:` of a HEX frame.
    Hex,
    /// Behind the CR of a HEX frame that may end in CR LF.
    HexReturn,
}

/// What [`Decoder::advance`] came upon; the block itself stays in the decoder.
enum Found {
    Hex(hex::Raw),
    /// The block in `done`.
    Text,
    /// The block in `earlier`; the one in `done` follows if `pending` is set.
    Earlier,
}

/// The streaming decoder of one port.
#[derive(Debug)]
pub struct Decoder {
    mode: Mode,
    /// How many bytes of [`LABEL`] the text ends with; 0 while looking for it.
    label: usize,
    digits: [u8; hex::DIGITS_MAX],
    digit_count: usize,
    /// The running block without HEX frames; only its end once `overflowed`.
    text: Vec<u8>,
    overflowed: bool,
    /// The bytes as read since the last block.
    raw: Window,
    /// Where a failed block is searched once more.
    scratch: Vec<u8>,
    shapes: Shapes,
    noise: Noise,
    /// No `Checksum` was seen yet.
    fresh: bool,
    done: Vec<u8>,
    done_fields: Range<usize>,
    earlier: Vec<u8>,
    pending: bool,
    counters: Counters,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder at the start of a stream. Allocates its buffers now and,
    /// later, only for shapes it has not seen and blocks it holds.
    #[must_use]
    pub fn new() -> Self {
        Self {
            mode: Mode::Text,
            label: 0,
            digits: [0; hex::DIGITS_MAX],
            digit_count: 0,
            text: Vec::with_capacity(window::SIZE),
            overflowed: false,
            raw: Window::new(),
            scratch: Vec::with_capacity(window::SIZE),
            shapes: Shapes::default(),
            noise: Noise::default(),
            fresh: true,
            done: Vec::with_capacity(window::SIZE),
            done_fields: 0..0,
            earlier: Vec::with_capacity(TEXT_MAX),
            pending: false,
            counters: Counters::default(),
        }
    }

    /// The next frame; takes from `input` what it read. `None`: `input` is
    /// used up and more bytes are needed.
    pub fn next<'a>(&'a mut self, input: &mut &[u8]) -> Option<Frame<'a>> {
        let found = self.advance(input)?;
        Some(self.deliver(found))
    }

    /// At the end of a recording: hands out the blocks still held, oldest
    /// first, as far as they are credible. Call until `None`.
    pub fn finish(&mut self) -> Option<Frame<'_>> {
        if std::mem::take(&mut self.pending) {
            return Some(self.deliver(Found::Text));
        }
        self.counters.text_damaged += self.shapes.sift(self.counters.text_damaged);
        self.shapes.release(&mut self.earlier).then(|| self.deliver(Found::Earlier))
    }

    /// What became of the bytes so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters { text_held: self.shapes.held(), ..self.counters }
    }

    fn deliver(&mut self, found: Found) -> Frame<'_> {
        let bytes = match found {
            Found::Hex(raw) => {
                self.counters.hex_accepted += 1;
                return Frame::Hex(raw);
            }
            Found::Text => &self.done[self.done_fields.clone()],
            Found::Earlier => &self.earlier,
        };
        self.counters.text_accepted += 1;
        Frame::Text(Block::new(bytes))
    }

    fn advance(&mut self, input: &mut &[u8]) -> Option<Found> {
        if std::mem::take(&mut self.pending) {
            return Some(Found::Text);
        }
        while let Some(&byte) = input.first() {
            let found = match self.mode {
                Mode::Text if self.label > 0 => self.read_label(byte, input),
                Mode::Text => self.read_text(input),
                Mode::Checksum => self.read_checksum(byte, input),
                Mode::Hex => self.read_hex(byte, input),
                Mode::HexReturn => self.read_hex_return(byte, input),
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Text up to the next `:`, or up to a letter that may belong to `Checksum`.
    ///
    /// `k` is rare in blocks: looking for it instead of line ends makes one
    /// search a block out of twenty.
    fn read_text(&mut self, input: &mut &[u8]) -> Option<Found> {
        let stop = memchr::memchr3(b':', b'k', b'K', input);
        let is_frame = stop.is_some_and(|stop| input[stop] == b':');
        let run = stop.map_or(input.len(), |stop| stop + usize::from(!is_frame));
        let text = self.consume(input, run);
        self.push_text(text);
        if is_frame {
            self.begin_frame(input);
        } else if stop.is_some() && ends_with(&self.text, LABEL_HEAD) {
            self.label = LABEL_HEAD.len();
        }
        None
    }

    /// One more byte of the `Checksum` label, or of something else.
    fn read_label(&mut self, byte: u8, input: &mut &[u8]) -> Option<Found> {
        let rest = &LABEL[self.label..];
        if input.starts_with(rest) {
            self.label = LABEL.len();
            let text = self.consume(input, rest.len());
            self.push_text(text);
        } else if byte == b':' {
            self.begin_frame(input);
        } else if byte.eq_ignore_ascii_case(&rest[0]) {
            self.label += 1;
            let text = self.consume(input, 1);
            self.push_text(text);
        } else {
            self.label = 0;
        }
        if self.label == LABEL.len() {
            self.mode = Mode::Checksum;
        }
        None
    }

    fn read_checksum(&mut self, byte: u8, input: &mut &[u8]) -> Option<Found> {
        self.consume(input, 1);
        let found = self.end_block(byte);
        self.fresh = false;
        self.mode = Mode::Text;
        self.label = 0;
        self.text.clear();
        self.overflowed = false;
        // If the checksum got lost, this byte is the CR of the next block.
        self.raw.restart(byte);
        found
    }

    /// Takes `count` bytes from `input` and remembers them as read.
    fn consume<'i>(&mut self, input: &mut &'i [u8], count: usize) -> &'i [u8] {
        let (taken, rest) = input.split_at(count);
        *input = rest;
        self.counters.bytes += count as u64;
        self.raw.push(taken);
        taken
    }

    /// Adds to the running block. One that grows too long is given up; only as
    /// much is kept as it takes to see its end.
    fn push_text(&mut self, bytes: &[u8]) {
        if self.text.len() + bytes.len() <= TEXT_MAX {
            self.text.extend_from_slice(bytes);
            return;
        }
        self.counters.oversized += u64::from(!self.overflowed);
        self.overflowed = true;
        let keep = LABEL_HEAD.len();
        self.text.drain(..self.text.len().saturating_sub(keep));
        self.text.extend_from_slice(&bytes[bytes.len().saturating_sub(keep)..]);
    }

    /// Judges the block whose checksum is `byte`.
    fn end_block(&mut self, byte: u8) -> Option<Found> {
        let sum = self.text.iter().fold(byte, |sum, byte| sum.wrapping_add(*byte));
        let mut flaw = Flaw::Damaged;
        let fields = 0..self.text.len().saturating_sub(LABEL.len() + 1);
        if sum == 0 && !self.overflowed && self.text.get(fields.end) == Some(&b'\r') {
            let trust = self.noise.trust();
            match self.shapes.judge(&self.text[fields.clone()], trust, &mut self.earlier) {
                Ok(outcome) => {
                    self.noise.good();
                    std::mem::swap(&mut self.text, &mut self.done);
                    return self.accept(outcome, fields);
                }
                Err(found) => flaw = found,
            }
        }
        // The first block of a stream has no beginning: that is no damage.
        if !self.fresh {
            self.noise.damaged();
        }
        let rescued = self.rescue();
        if rescued.is_none() && !self.overflowed {
            match flaw {
                Flaw::Damaged => self.counters.text_damaged += 1,
                Flaw::TooLong => self.counters.oversized += 1,
            }
        }
        let (outcome, fields) = rescued?;
        std::mem::swap(&mut self.scratch, &mut self.done);
        self.accept(outcome, fields)
    }

    /// Searches the bytes since the last block for one that ends here.
    fn rescue(&mut self) -> Option<(Outcome, Range<usize>)> {
        let raw = self.raw.view();
        let cleanings: &[Cleaning] =
            if memchr::memchr(b':', raw).is_some() { &Cleaning::ALL } else { &[Cleaning::AsRead] };
        for cleaning in cleanings {
            rescue::clean(raw, *cleaning, &mut self.scratch);
            let found = rescue::known_block(&self.scratch, &mut self.shapes, &mut self.earlier);
            if found.is_some() {
                return found;
            }
        }
        if !self.fresh {
            return None;
        }
        rescue::clean(raw, Cleaning::AsRead, &mut self.scratch);
        let fields = rescue::first_block(&self.scratch)?;
        let fields_found = &self.scratch[fields.clone()];
        let outcome = self.shapes.judge(fields_found, Trust::Clean, &mut self.earlier).ok()?;
        Some((outcome, fields))
    }

    fn accept(&mut self, outcome: Outcome, fields: Range<usize>) -> Option<Found> {
        self.done_fields = fields;
        match outcome {
            Outcome::Known => Some(Found::Text),
            Outcome::Confirms => {
                self.pending = true;
                Some(Found::Earlier)
            }
            Outcome::Held { dropped } => {
                self.counters.text_damaged += u64::from(dropped);
                None
            }
        }
    }
}

fn ends_with(text: &[u8], tail: &[u8]) -> bool {
    let start = text.len().saturating_sub(tail.len());
    text[start..].eq_ignore_ascii_case(tail)
}
