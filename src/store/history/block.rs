//! Readings as the engine was fed, by columns.
//!
//! A frame is what arrived at one instant: some points with their readings.
//! Frames with the same points share a *stream*: the times once, then a column
//! for each point. A running number beside each time brings the frames of
//! several streams back into their order, to the last one. Pure: it knows
//! neither files nor clocks, and times count from a base its owner keeps.

use std::collections::BTreeMap;

use super::bits::{Damaged, Input, pack, put_bytes, put_varint, unpack, unzigzag, zigzag};
use super::column::{Column, READINGS_MAX};
use crate::snapshot::Quality;
use crate::units::Value;

/// Different sets of points that frames may have. Devices have two or three
/// each; a port that babbles gets a stream for each point instead.
pub const SHAPES_MAX: usize = 256;

/// All streams of a block, those of single points included: twelve bits in a row's number.
pub const STREAMS_MAX: usize = 4095;

/// One reading of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading<'a> {
    /// The point's number.
    pub point: u16,
    /// `None`: not available.
    pub value: Option<&'a Value>,
    /// How far it was believed.
    pub quality: Quality,
}

/// Frames with the same points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stream {
    /// Numbers of the points, in the order of the frame.
    pub points: Vec<u16>,
    /// When each frame came, in milliseconds from the base.
    pub times: Vec<i64>,
    /// Which frame of the block it was.
    pub order: Vec<i64>,
    /// The readings of each point.
    pub columns: Vec<Column>,
}

/// Frames in the order they came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// The streams, in the order of their first frames.
    pub streams: Vec<Stream>,
    shapes: BTreeMap<Vec<u16>, usize>,
    frames: i64,
    readings: usize,
}

impl Block {
    /// Appends a frame; returns how many of its readings found no room.
    pub fn push(&mut self, ms: i64, frame: &[Reading<'_>]) -> usize {
        let shape: Vec<u16> = frame.iter().map(|reading| reading.point).collect();
        let room = self.shapes.len() < SHAPES_MAX || self.shapes.contains_key(&shape);
        let parts = if room { 1 } else { frame.len() };
        let size = frame.len().div_ceil(parts.max(1)).max(1);
        frame.chunks(size).map(|part| self.push_to_stream(ms, part)).sum()
    }

    fn push_to_stream(&mut self, ms: i64, frame: &[Reading<'_>]) -> usize {
        let shape: Vec<u16> = frame.iter().map(|reading| reading.point).collect();
        if self.readings + frame.len() > READINGS_MAX {
            return frame.len();
        }
        let next = self.streams.len();
        let index = match self.shapes.get(&shape) {
            Some(index) => *index,
            None if next >= STREAMS_MAX => return frame.len(),
            None => {
                let columns = vec![Column::default(); shape.len()];
                self.streams.push(Stream { points: shape.clone(), columns, ..Stream::default() });
                self.shapes.insert(shape, next);
                next
            }
        };
        let stream = &mut self.streams[index];
        stream.times.push(ms);
        stream.order.push(self.frames);
        for (column, reading) in stream.columns.iter_mut().zip(frame) {
            column.push(reading.value, reading.quality);
        }
        self.frames += 1;
        self.readings += frame.len();
        0
    }

    /// How many readings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.readings
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.readings == 0
    }

    /// The time of the latest frame.
    #[must_use]
    pub fn end(&self) -> i64 {
        self.streams
            .iter()
            .filter_map(|stream| stream.times.iter().max())
            .max()
            .copied()
            .unwrap_or(0)
    }

    /// All of it in one piece, as it lies in the tail.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.streams.len() as u64);
        for stream in &self.streams {
            stream.encode_frames(&mut out);
            for column in &stream.columns {
                let mut packed = Vec::new();
                column.encode(&mut packed);
                put_bytes(&mut out, &packed);
            }
        }
        out
    }

    /// The block that [`Block::encode`] packed.
    ///
    /// # Errors
    /// The bytes are damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut input = Input(bytes);
        let mut block = Self::default();
        for _ in 0..input.count(STREAMS_MAX)? {
            let mut stream = Stream::decode_frames(&mut input)?;
            for _ in 0..stream.points.len() {
                stream.columns.push(Column::decode(input.bytes()?)?);
            }
            block.add(stream)?;
        }
        Ok(block)
    }

    /// Adds a stream that was read back.
    ///
    /// # Errors
    /// Its columns do not have as many readings as there are frames.
    pub fn add(&mut self, stream: Stream) -> Result<(), Damaged> {
        if stream.columns.iter().any(|column| column.count() != stream.times.len()) {
            return Err(Damaged);
        }
        self.readings += stream.columns.len() * stream.times.len();
        self.frames = self.frames.max(stream.order.last().map_or(0, |last| last + 1));
        self.shapes.insert(stream.points.clone(), self.streams.len());
        self.streams.push(stream);
        Ok(())
    }

    /// Hands `each` every reading in the order it came, with its frame's time.
    pub fn replay(&self, mut each: impl FnMut(i64, u16, Option<Value>, Quality)) {
        self.replay_frames(|_, ms, point, value, quality| {
            each(ms, point, value, quality);
            true
        });
    }

    /// As [`Block::replay`], with the number of the frame in front, until `each` says
    /// `false`; whether it never did.
    pub fn replay_frames(
        &self,
        mut each: impl FnMut(i64, i64, u16, Option<Value>, Quality) -> bool,
    ) -> bool {
        let mut frames: Vec<(i64, usize, usize)> = Vec::new();
        for (index, stream) in self.streams.iter().enumerate() {
            frames.extend(stream.order.iter().enumerate().map(|(n, order)| (*order, index, n)));
        }
        frames.sort_unstable();
        let mut columns: Vec<Vec<_>> = self
            .streams
            .iter()
            .map(|stream| stream.columns.iter().map(Column::readings).collect())
            .collect();
        for (order, index, n) in frames {
            let stream = &self.streams[index];
            for (column, point) in columns[index].iter_mut().zip(&stream.points) {
                let (value, quality) = column.next().unwrap_or((None, Quality::NotAvailable));
                if !each(order, stream.times[n], *point, value, quality) {
                    return false;
                }
            }
        }
        true
    }
}

impl Stream {
    /// Appends the points and times of the frames.
    pub fn encode_frames(&self, out: &mut Vec<u8>) {
        put_varint(out, self.points.len() as u64);
        self.points.iter().for_each(|point| put_varint(out, u64::from(*point)));
        put_varint(out, self.times.len() as u64);
        for numbers in [&self.times, &self.order] {
            let mut packed = Vec::new();
            encode_rising(numbers, &mut packed);
            put_bytes(out, &packed);
        }
    }

    /// Reads points and times; the columns are elsewhere.
    ///
    /// # Errors
    /// The bytes are damaged.
    pub fn decode_frames(input: &mut Input<'_>) -> Result<Self, Damaged> {
        let mut stream = Self::default();
        for _ in 0..input.count(input.0.len())? {
            stream.points.push(u16::try_from(input.varint()?).map_err(|_| Damaged)?);
        }
        let count = input.count(READINGS_MAX)?;
        stream.times = decode_rising(input.bytes()?, count)?;
        stream.order = decode_rising(input.bytes()?, count)?;
        Ok(stream)
    }

    /// Reads the times alone.
    ///
    /// # Errors
    /// The bytes are damaged.
    pub fn decode_times(bytes: &[u8]) -> Result<Vec<i64>, Damaged> {
        let mut input = Input(bytes);
        for _ in 0..input.count(bytes.len())? {
            input.varint()?;
        }
        let count = input.count(READINGS_MAX)?;
        decode_rising(input.bytes()?, count)
    }
}

/// Packs numbers that rise by about the same each time.
fn encode_rising(numbers: &[i64], out: &mut Vec<u8>) {
    let Some((first, last)) = numbers.first().zip(numbers.last()) else {
        return;
    };
    let gaps = i64::try_from(numbers.len() - 1).unwrap_or(i64::MAX).max(1);
    let usual = last.wrapping_sub(*first) / gaps;
    put_varint(out, zigzag(*first));
    put_varint(out, zigzag(usual));
    let odd = numbers.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]).wrapping_sub(usual));
    pack(out, &odd.map(zigzag).collect::<Vec<u64>>());
}

fn decode_rising(bytes: &[u8], count: usize) -> Result<Vec<i64>, Damaged> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut input = Input(bytes);
    let (mut number, usual) = (unzigzag(input.varint()?), unzigzag(input.varint()?));
    let mut numbers = Vec::with_capacity(count);
    numbers.push(number);
    unpack(input.0, count - 1, |odd| {
        number = number.wrapping_add(usual).wrapping_add(unzigzag(odd));
        numbers.push(number);
    })?;
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Flat = Vec<(i64, u16, Option<Value>, Quality)>;

    fn flat(block: &Block) -> Flat {
        let mut found = Vec::new();
        block.replay(|ms, point, value, quality| found.push((ms, point, value, quality)));
        found
    }

    /// A block of frames, each with readings `1.0` of its points.
    fn block(frames: &[(i64, Vec<u16>)]) -> (Block, Flat) {
        let (mut block, mut sent) = (Block::default(), Vec::new());
        for (ms, points) in frames {
            let values: Vec<_> =
                points.iter().map(|p| Value::number(f64::from(*p) / 8.0)).collect();
            let frame: Vec<Reading<'_>> = points
                .iter()
                .zip(&values)
                .map(|(point, value)| Reading {
                    point: *point,
                    value: value.as_ref(),
                    quality: Quality::Good,
                })
                .collect();
            assert_eq!(block.push(*ms, &frame), 0);
            sent.extend(
                points.iter().zip(&values).map(|(p, v)| (*ms, *p, v.clone(), Quality::Good)),
            );
        }
        (block, sent)
    }

    #[track_caller]
    fn check(frames: &[(i64, Vec<u16>)]) {
        let (block, sent) = block(frames);
        assert_eq!(flat(&block), sent);
        let found = Block::decode(&block.encode()).unwrap();
        assert_eq!(flat(&found), sent);
        assert_eq!((found.len(), found.end()), (block.len(), block.end()));
    }

    #[test]
    fn frames_of_several_devices_come_back_in_their_order() {
        check(&[
            (0, vec![1, 2]),
            (0, vec![3]),
            (0, vec![1, 2]),
            (5, vec![2, 1]),
            (1000, vec![3]),
            (900, vec![1, 2]),
        ]);
        check(&[]);
    }

    #[test]
    fn a_babbling_port_gets_a_stream_for_each_point() {
        let frames: Vec<_> = (0..600_u16).map(|n| (i64::from(n), vec![n, n + 1, n + 2])).collect();
        check(&frames);
        // The last shapes were split; of their points each has one stream.
        assert!(block(&frames).0.streams.len() <= SHAPES_MAX + 602);
    }

    proptest! {
        #[test]
        fn any_frames_come_back(
            frames: Vec<(i32, std::collections::BTreeSet<u8>)>
        ) {
            let frames: Vec<_> = frames
                .into_iter()
                .map(|(ms, points)| (i64::from(ms), points.into_iter().map(u16::from).collect()))
                .filter(|(_, points): &(_, Vec<u16>)| !points.is_empty())
                .collect();
            check(&frames);
        }

        #[test]
        fn damaged_blocks_never_panic(bytes: Vec<u8>) {
            if let Ok(block) = Block::decode(&bytes) {
                block.replay(|_, _, _, _| {});
            }
        }

        #[test]
        fn a_flipped_bit_never_panics(bit in 0_usize..8000) {
            let frames: Vec<_> = (0..50).map(|n| (n * 1000, vec![1, 2, 3])).collect();
            let mut bytes = block(&frames).0.encode();
            let length = bytes.len();
            bytes[bit / 8 % length] ^= 1 << (bit % 8);
            let _ = Block::decode(&bytes);
        }
    }
}
