//! The last bytes of a stream, exactly as they were read.
//!
//! Only a block that failed is looked up here, so writing must be cheap:
//! a plain buffer of twice the size, moved down when it is full. What is seen
//! depends on the bytes alone, never on how many came at once.

/// Bytes remembered: a block of the greatest length and as much HEX in it.
pub const SIZE: usize = 2 * super::TEXT_MAX;

/// See the module.
#[derive(Debug)]
pub struct Window {
    bytes: Vec<u8>,
}

impl Window {
    /// Remembers nothing yet.
    pub fn new() -> Self {
        Self { bytes: Vec::with_capacity(2 * SIZE) }
    }

    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(SIZE)..];
        if self.bytes.len() + bytes.len() > 2 * SIZE {
            self.bytes.drain(..self.bytes.len() - SIZE);
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Forgets everything but `byte`.
    pub fn restart(&mut self, byte: u8) {
        self.bytes.clear();
        self.bytes.push(byte);
    }

    /// The last bytes, at most [`SIZE`].
    pub fn view(&self) -> &[u8] {
        &self.bytes[self.bytes.len().saturating_sub(SIZE)..]
    }
}
