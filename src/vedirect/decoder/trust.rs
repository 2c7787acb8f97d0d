//! How far a right checksum is trusted at the moment.
//!
//! On a clean stream a right checksum is proof, and every block passes at
//! once. Where blocks are damaged again and again, one in 256 of those has a
//! right checksum too, and its content must be known or confirmed. It counts
//! damaged blocks, not time, and says nothing about any single block.

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// No damage, or a single block of it.
    Clean,
    /// Damage is about.
    Damaged,
}

/// Good blocks that make one damaged block forgotten.
const FORGET: u16 = 64;

/// At most as many damaged blocks are remembered as a cable that is mended
/// again pays for with 256 blocks.
const MOST: u16 = 4 * FORGET;

/// How much damage a stream had of late.
#[derive(Clone, Copy, Debug, Default)]
pub struct Noise(u16);

impl Noise {
    /// One block was damaged.
    pub fn damaged(&mut self) {
        self.0 = (self.0 + FORGET).min(MOST);
    }

    /// One block was not.
    pub fn good(&mut self) {
        self.0 = self.0.saturating_sub(1);
    }

    /// One damaged block alone is a glitch: only another makes it a bad cable.
    pub fn trust(self) -> Trust {
        if self.0 > FORGET { Trust::Damaged } else { Trust::Clean }
    }
}
