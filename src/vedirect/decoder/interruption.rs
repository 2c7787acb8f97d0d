//! HEX frames as they interrupt the text.
//!
//! A frame begins at `:` and ends at LF, CR LF or 0xFE. Anything else than a
//! digit gives it up: what follows is text again, and another `:` begins
//! another frame. Its bytes never reach the block around it.

use super::{Decoder, Found, Mode, hex};

impl Decoder {
    pub(super) fn read_hex(&mut self, byte: u8, input: &mut &[u8]) -> Option<Found> {
        let room = self.digits.len() - self.digit_count;
        let run = input.iter().take(room).take_while(|byte| hex::nibble(**byte).is_some()).count();
        if run > 0 {
            let digits = self.consume(input, run);
            self.digits[self.digit_count..self.digit_count + run].copy_from_slice(digits);
            self.digit_count += run;
            return None;
        }
        match byte {
            b'\n' | 0xFE => {
                self.consume(input, 1);
                self.end_frame()
            }
            b'\r' => {
                self.consume(input, 1);
                self.mode = Mode::HexReturn;
                None
            }
            // A `:` is left to the text, where it begins the next frame.
            _ => self.abort_frame(),
        }
    }

    pub(super) fn read_hex_return(&mut self, byte: u8, input: &mut &[u8]) -> Option<Found> {
        if byte == b'\n' {
            self.consume(input, 1);
            return self.end_frame();
        }
        self.push_text(b"\r");
        self.abort_frame()
    }

    pub(super) fn begin_frame(&mut self, input: &mut &[u8]) {
        self.consume(input, 1);
        self.digit_count = 0;
        self.mode = Mode::Hex;
    }

    fn end_frame(&mut self) -> Option<Found> {
        let raw = hex::Raw::from_digits(&self.digits[..self.digit_count]);
        self.mode = Mode::Text;
        self.counters.hex_damaged += u64::from(raw.is_err());
        raw.ok().map(Found::Hex)
    }

    fn abort_frame(&mut self) -> Option<Found> {
        self.mode = Mode::Text;
        self.counters.hex_damaged += 1;
        None
    }
}
