//! The two directions of a device's line.
//!
//! [`Inbox`] gathers HEX frames out of whatever arrives. [`Outbox`] holds TEXT
//! blocks and HEX frames and releases their bytes as fast as the line carries
//! them. Firmware up to 1.52 puts HEX answers into the middle of a TEXT block;
//! later firmware lets the running block finish first. Both are bounded: a
//! real device forgets what it could not send.

use std::collections::VecDeque;
use std::time::Duration;

use crate::vedirect::hex::{self, HexError};

/// Longest line a device gathers: a frame with the longest payload, its colon
/// and its terminator.
const LINE_MAX: usize = hex::DIGITS_MAX + 3;

/// TEXT blocks waiting at most: one tick of a BMV has two.
const BLOCKS_MAX: usize = 4;

/// HEX frames waiting at most; real devices have room for a handful.
const FRAMES_MAX: usize = 32;

/// Bits on the line for each byte: start, eight, stop.
const BITS_PER_BYTE: u32 = 10;

/// Bytes that travel together, as a USB cable's chip collects them.
const TOGETHER: u32 = 8;

/// Gathers HEX frames from the bytes a device receives.
#[derive(Debug, Default)]
pub struct Inbox {
    line: Vec<u8>,
}

impl Inbox {
    /// Takes one byte; returns a frame, right or wrong, when it is complete.
    pub fn take(&mut self, byte: u8) -> Option<Result<hex::Raw, HexError>> {
        match byte {
            b':' => {
                self.line.clear();
                self.line.push(byte);
            }
            _ if self.line.is_empty() => {}
            b'\n' => {
                let frame = hex::Raw::parse(self.line.trim_ascii_end());
                self.line.clear();
                return Some(frame);
            }
            _ if self.line.len() < LINE_MAX => self.line.push(byte),
            // Too long for any frame: forgotten until the next colon.
            _ => self.line.clear(),
        }
        None
    }

    /// Forgets a frame that has begun.
    pub fn clear(&mut self) {
        self.line.clear();
    }
}

/// Bytes on their way out, with the place reached.
#[derive(Debug, Default)]
struct Chunk {
    bytes: Vec<u8>,
    sent: usize,
}

/// Blocks and frames that wait for the line.
#[derive(Debug)]
pub struct Outbox {
    blocks: VecDeque<Chunk>,
    frames: VecDeque<Chunk>,
    /// HEX goes first, even inside a block.
    interrupts: bool,
    byte_time: Option<Duration>,
    /// Until when the line is taken by bytes already released.
    free_at: Duration,
}

impl Outbox {
    /// A line of `baud` bits a second, or one of unlimited speed.
    #[must_use]
    pub fn new(baud: Option<u32>, interrupts: bool) -> Self {
        Self {
            blocks: VecDeque::new(),
            frames: VecDeque::new(),
            interrupts,
            byte_time: baud.map(|baud| Duration::from_secs(1) * BITS_PER_BYTE / baud.max(1)),
            free_at: Duration::ZERO,
        }
    }

    /// Queues a TEXT block; a line too slow for the blocks loses some.
    pub fn block(&mut self, now: Duration, bytes: Vec<u8>) {
        self.begin(now);
        if self.blocks.len() < BLOCKS_MAX {
            self.blocks.push_back(Chunk { bytes, sent: 0 });
        }
    }

    /// Queues a HEX frame.
    pub fn frame(&mut self, now: Duration, bytes: Vec<u8>) {
        self.begin(now);
        if self.frames.len() < FRAMES_MAX {
            self.frames.push_back(Chunk { bytes, sent: 0 });
        }
    }

    /// Forgets everything, as a restart does.
    pub fn clear(&mut self) {
        self.blocks.clear();
        self.frames.clear();
    }

    /// Nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.frames.is_empty()
    }

    /// When the next bytes can be released; `None` while nothing waits.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        let ahead = self.byte_time.unwrap_or_default() * TOGETHER;
        (!self.is_empty()).then(|| self.free_at + ahead)
    }

    /// The bytes the line has carried by `now`.
    pub fn release(&mut self, now: Duration) -> Vec<u8> {
        let mut out = Vec::new();
        let mut allowance = self.allowance(now);
        while allowance > 0
            && let Some(queue) = self.next_queue()
            && let Some(chunk) = queue.front_mut()
        {
            let count = allowance.min(chunk.bytes.len() - chunk.sent);
            out.extend(&chunk.bytes[chunk.sent..chunk.sent + count]);
            chunk.sent += count;
            allowance -= count;
            if chunk.sent == chunk.bytes.len() {
                queue.pop_front();
            }
        }
        if let Some(byte_time) = self.byte_time {
            self.free_at += byte_time * u32::try_from(out.len()).unwrap_or(u32::MAX);
        }
        out
    }

    fn begin(&mut self, now: Duration) {
        if self.is_empty() {
            self.free_at = self.free_at.max(now);
        }
    }

    fn allowance(&self, now: Duration) -> usize {
        match self.byte_time {
            None => usize::MAX,
            Some(byte_time) => {
                let passed = now.saturating_sub(self.free_at).as_nanos();
                usize::try_from(passed / byte_time.as_nanos().max(1)).unwrap_or(usize::MAX)
            }
        }
    }

    /// A frame once begun is finished; a block is, unless HEX may interrupt.
    fn next_queue(&mut self) -> Option<&mut VecDeque<Chunk>> {
        let begun = |queue: &VecDeque<Chunk>| queue.front().is_some_and(|chunk| chunk.sent > 0);
        let hex_first = self.interrupts || begun(&self.frames) || !begun(&self.blocks);
        let queue = if hex_first && !self.frames.is_empty() || self.blocks.is_empty() {
            &mut self.frames
        } else {
            &mut self.blocks
        };
        (!queue.is_empty()).then_some(queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A block of 192 bytes (100 ms) with a frame queued after 50 ms.
    #[track_caller]
    fn check(interrupts: bool, frame_position: usize) {
        let mut outbox = Outbox::new(Some(19200), interrupts);
        outbox.block(at(0), vec![b'T'; 192]);
        let mut sent = outbox.release(at(50));
        assert_eq!(sent.len(), 96);
        outbox.frame(at(50), b":51641F9\n".to_vec());
        sent.extend(outbox.release(at(1000)));
        assert!(outbox.is_empty());
        assert_eq!(sent.iter().position(|b| *b == b':'), Some(frame_position));
        assert_eq!(sent.len(), 192 + 9);
    }

    #[test]
    fn old_firmware_interrupts_a_running_block() {
        check(true, 96);
    }

    #[test]
    fn new_firmware_finishes_a_running_block() {
        check(false, 192);
    }

    #[test]
    fn an_idle_line_saves_up_no_time() {
        let mut outbox = Outbox::new(Some(19200), false);
        outbox.block(at(5000), vec![b'T'; 192]);
        assert!(outbox.release(at(5000)).is_empty());
        assert_eq!(outbox.release(at(5050)).len(), 96);
        assert!(outbox.next_wake() > Some(at(5050)));
    }

    #[test]
    fn a_line_without_speed_releases_all_at_once() {
        let mut outbox = Outbox::new(None, false);
        outbox.block(at(0), vec![b'T'; 500]);
        assert_eq!(outbox.next_wake(), Some(at(0)));
        assert_eq!(outbox.release(at(0)).len(), 500);
        assert_eq!(outbox.next_wake(), None);
    }

    #[test]
    fn an_endless_line_is_forgotten() {
        let mut inbox = Inbox::default();
        let mut frames = 0;
        for byte in std::iter::once(b':').chain([b'0'; 1000]).chain(*b"\n:154\n") {
            frames += usize::from(inbox.take(byte).is_some());
        }
        assert_eq!(frames, 1);
    }

    #[test]
    fn noise_before_a_colon_belongs_to_no_frame() {
        let mut inbox = Inbox::default();
        let frames: Vec<_> = b"xx\r\n:15:154\r\n".iter().filter_map(|b| inbox.take(*b)).collect();
        assert_eq!(frames.len(), 1);
        assert!(frames[0].is_ok());
    }
}
