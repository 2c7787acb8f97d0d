//! Counts what the decoder makes of a damaged stream: blocks lost, blocks false.
//!
//! A block is lost if it is undamaged and not delivered; it is false if it was
//! delivered and equals no block sent (each may be delivered once).
#![allow(dead_code)]

use std::collections::BTreeMap;

use sunkeep::vedirect::decoder::{Block, Decoder, Frame};

use crate::stream::{self, Device, Hex, Random};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    pub sent: usize,
    pub delivered: usize,
    /// No byte between the first CR and the checksum damaged, HEX included.
    pub undamaged: usize,
    pub lost: usize,
    /// No byte of text damaged, whatever happened to a HEX frame inside.
    pub text_undamaged: usize,
    pub text_lost: usize,
    pub false_blocks: usize,
    pub false_at_end: usize,
}

impl Score {
    pub fn lost_percent(&self) -> f64 {
        100.0 * self.lost as f64 / self.undamaged.max(1) as f64
    }

    pub fn text_lost_percent(&self) -> f64 {
        100.0 * self.text_lost as f64 / self.text_undamaged.max(1) as f64
    }

    pub fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.delivered += other.delivered;
        self.undamaged += other.undamaged;
        self.lost += other.lost;
        self.text_undamaged += other.text_undamaged;
        self.text_lost += other.text_lost;
        self.false_blocks += other.false_blocks;
        self.false_at_end += other.false_at_end;
    }
}

/// The fields of a block as they travelled.
pub fn spelled(block: &Block<'_>) -> Vec<u8> {
    let parts = block.fields().map(|(label, value)| [b"\r\n", label, b"\t", value].concat());
    parts.collect::<Vec<_>>().concat()
}

pub fn run(device: Device, hex: Hex, count: usize, probability: f64, seed: u64) -> Score {
    let mut random = Random::new(seed);
    let stream = stream::stream(device, hex, count, &mut random);
    let damaged = stream::damage(&stream.bytes, probability, &mut random);
    let mut open = BTreeMap::<&[u8], Vec<usize>>::new();
    for (index, sent) in stream.blocks.iter().enumerate().rev() {
        open.entry(&sent.fields).or_default().push(index);
    }
    let mut score = Score { sent: count, ..Score::default() };
    let mut delivered = vec![false; count];
    let mut check = |frame: Frame<'_>| {
        let Frame::Text(block) = frame else {
            return true;
        };
        score.delivered += 1;
        let index = open.get_mut(spelled(&block).as_slice()).and_then(Vec::pop);
        index.map(|index| delivered[index] = true).is_some()
    };
    let mut decoder = Decoder::new();
    let mut input = damaged.bytes.as_slice();
    let (mut false_blocks, mut false_at_end) = (0, 0);
    while let Some(frame) = decoder.next(&mut input) {
        false_blocks += usize::from(!check(frame));
    }
    while let Some(frame) = decoder.finish() {
        false_at_end += usize::from(!check(frame));
    }
    score.false_blocks = false_blocks;
    score.false_at_end = false_at_end;
    // A block may come twice with the same values: then any of them will do.
    let missing = |index: usize| !delivered[index];
    for (index, sent) in stream.blocks.iter().enumerate() {
        let text_ok = !damaged.touches_text(sent);
        let all_ok = text_ok && !damaged.touches(&sent.place);
        score.undamaged += usize::from(all_ok);
        score.lost += usize::from(all_ok && missing(index));
        score.text_undamaged += usize::from(text_ok);
        score.text_lost += usize::from(text_ok && missing(index));
    }
    score
}
