//! Streams as devices send them, from a seed, and the damage of a bad cable.
//!
//! Shared by the decoder's tests, the robustness example and the bench, so
//! that a seed means the same stream in each. Values vary from block to block
//! as on a day at a site; nothing here is a recording.
#![allow(dead_code)]

use std::ops::Range;

/// Marsaglia's xorshift: small, and the same on every machine.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        (0..8).for_each(|_| _ = random.next());
        random
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1) as u64) as i64
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        (self.next() as f64) < probability * (1_u64 << 48) as f64
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    Mppt,
    /// Two blocks that take turns.
    Bmv,
}

/// Where HEX frames stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hex {
    None,
    AfterBlock,
    InsideBlock,
}

#[derive(Clone, Debug)]
pub struct Sent {
    /// CR LF label TAB value, again and again, as the decoder delivers them.
    pub fields: Vec<u8>,
    /// From its CR to its checksum byte, HEX frames inside included.
    pub place: Range<usize>,
    /// Places of the HEX frames inside.
    pub frames: Vec<Range<usize>>,
}

#[derive(Default)]
pub struct Stream {
    pub bytes: Vec<u8>,
    pub blocks: Vec<Sent>,
    pub frames: usize,
}

/// `count` blocks of a device.
pub fn stream(device: Device, hex: Hex, count: usize, random: &mut Random) -> Stream {
    let mut stream = Stream::default();
    for index in 0..count {
        let fields = match device {
            Device::Mppt => mppt_fields(index, random),
            Device::Bmv if index % 2 == 0 => bmv_fields(index, random),
            Device::Bmv => bmv_history(index, random),
        };
        let inside = (hex == Hex::InsideBlock).then(|| frame(random));
        stream.push(&fields, inside.as_deref(), random);
        if hex == Hex::AfterBlock {
            let frame = frame(random);
            stream.bytes.extend(frame);
            stream.frames += 1;
        }
    }
    stream
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.bytes.escape_ascii().to_string())
    }
}

impl Stream {
    /// Adds a block, with a HEX frame at some place inside.
    pub fn push(&mut self, fields: &[u8], inside: Option<&[u8]>, random: &mut Random) {
        let start = self.bytes.len();
        let text = block(fields);
        let at = 1 + random.below(text.len() - 2);
        let mut frames = Vec::new();
        self.bytes.extend(&text[..at]);
        if let Some(frame) = inside {
            frames.push(start + at..start + at + frame.len());
            self.bytes.extend(frame);
            self.frames += 1;
        }
        self.bytes.extend(&text[at..]);
        let place = start..self.bytes.len();
        self.blocks.push(Sent { fields: fields.to_vec(), place, frames });
    }
}

/// Fields with their `Checksum`.
pub fn block(fields: &[u8]) -> Vec<u8> {
    let mut text = [fields, b"\r\nChecksum\t"].concat();
    let sum = text.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    text.push(0_u8.wrapping_sub(sum));
    text
}

/// Joins labels and values.
pub fn fields(pairs: &[(&str, String)]) -> Vec<u8> {
    let lines = pairs.iter().map(|(label, value)| format!("\r\n{label}\t{value}"));
    lines.collect::<String>().into_bytes()
}

/// A register answer or an async frame, LF included.
pub fn frame(random: &mut Random) -> Vec<u8> {
    let commands = [0x7, 0xA];
    let length = [4, 5, 5, 5, 7, 7, 19][random.below(7)];
    let payload: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
    frame_of(commands[random.below(2)], &payload)
}

pub fn frame_of(command: u8, payload: &[u8]) -> Vec<u8> {
    let sum = payload.iter().fold(command, |sum, byte| sum.wrapping_add(*byte));
    let mut text = format!(":{command:X}");
    for byte in payload.iter().chain([&0x55_u8.wrapping_sub(sum)]) {
        text += &format!("{byte:02X}");
    }
    text.push('\n');
    text.into_bytes()
}

fn mppt_fields(index: usize, random: &mut Random) -> Vec<u8> {
    let states = [0, 3, 3, 4, 5];
    let load = if random.chance(0.9) { "ON" } else { "OFF" };
    let hour = index / 3600;
    fields(&[
        ("PID", "0xA042".into()),
        ("FW", "159".into()),
        ("SER#", "HQ1949ZZTEST".into()),
        ("V", random.between(11_800, 14_400).to_string()),
        ("I", random.between(-900, 9_900).to_string()),
        ("VPV", random.between(10, 48_000).to_string()),
        ("PPV", random.between(0, 220).to_string()),
        ("CS", states[random.below(5)].to_string()),
        ("MPPT", random.between(0, 2).to_string()),
        ("OR", "0x00000000".into()),
        ("ERR", "0".into()),
        ("LOAD", load.into()),
        ("IL", random.between(0, 1_500).to_string()),
        ("H19", (40_000 + index / 60).to_string()),
        ("H20", (index / 90 % 200).to_string()),
        ("H21", random.between(100, 140).to_string()),
        ("H22", "57".into()),
        ("H23", "133".into()),
        ("HSDS", (hour / 24 % 365).to_string()),
    ])
}

fn bmv_fields(index: usize, random: &mut Random) -> Vec<u8> {
    let relay = if random.chance(0.95) { "OFF" } else { "ON" };
    let temperature = if index / 64 % 8 == 7 { "---".into() } else { (18 + index % 9).to_string() };
    fields(&[
        ("PID", "0xA381".into()),
        ("V", random.between(11_800, 14_400).to_string()),
        ("T", temperature),
        ("I", random.between(-9_000, 16_000).to_string()),
        ("P", random.between(-120, 210).to_string()),
        ("CE", random.between(-90_000, 0).to_string()),
        ("SOC", random.between(300, 1000).to_string()),
        ("TTG", random.between(-1, 14_400).to_string()),
        ("Alarm", "OFF".into()),
        ("Relay", relay.into()),
        ("AR", "0".into()),
        ("BMV", "712 Smart".into()),
        ("FW", "0408".into()),
    ])
}

fn bmv_history(index: usize, random: &mut Random) -> Vec<u8> {
    fields(&[
        ("H1", "-161154".into()),
        ("H2", random.between(-50_000, -1_000).to_string()),
        ("H3", "0".into()),
        ("H4", "0".into()),
        ("H5", "0".into()),
        ("H6", (-1_028_605 - (index as i64) * 3).to_string()),
        ("H7", "29".into()),
        ("H8", "14371".into()),
        ("H9", (77_248 + index / 2).to_string()),
        ("H10", "1".into()),
        ("H11", "0".into()),
        ("H12", "0".into()),
        ("H15", "26".into()),
        ("H16", "9047".into()),
        ("H17", (1_285 + index / 500).to_string()),
        ("H18", (1_171 + index / 400).to_string()),
    ])
}

/// What a bad cable made of a stream.
pub struct Damaged {
    pub bytes: Vec<u8>,
    /// Places in the original whose byte is changed or gone, or that have a
    /// byte inserted before them, in order.
    pub touched: Vec<(usize, Harm)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    Flipped,
    Dropped,
    InsertedBefore,
}

/// Flips a bit of, drops, or inserts a random byte before each byte with the
/// given probability.
pub fn damage(bytes: &[u8], probability: f64, random: &mut Random) -> Damaged {
    let mut out = Damaged { bytes: Vec::with_capacity(bytes.len()), touched: Vec::new() };
    for (place, byte) in bytes.iter().enumerate() {
        if !random.chance(probability) {
            out.bytes.push(*byte);
            continue;
        }
        let harm = [Harm::Flipped, Harm::Dropped, Harm::InsertedBefore][random.below(3)];
        match harm {
            Harm::Flipped => out.bytes.push(byte ^ 1 << random.below(8)),
            Harm::Dropped => {}
            Harm::InsertedBefore => out.bytes.extend([random.next() as u8, *byte]),
        }
        out.touched.push((place, harm));
    }
    out
}

impl Damaged {
    /// Whether any byte of `place` is damaged; one inserted before its first
    /// byte is not inside.
    pub fn touches(&self, place: &Range<usize>) -> bool {
        let first = self.touched.partition_point(|(at, _)| *at < place.start);
        let inside = self.touched[first..].iter().take_while(|(at, _)| *at < place.end);
        inside.into_iter().any(|(at, harm)| *harm != Harm::InsertedBefore || *at > place.start)
    }

    /// Whether the text of `sent` is damaged, HEX frames inside not counted.
    pub fn touches_text(&self, sent: &Sent) -> bool {
        let mut start = sent.place.start;
        for frame in &sent.frames {
            // A byte inserted where text meets the frame is in neither.
            if self.touches(&(start..frame.start)) {
                return true;
            }
            start = frame.end;
        }
        self.touches(&(start..sent.place.end))
    }
}
