//! A device of a few lines: registers, a product, a serial number, and the
//! misbehaviour under test.

use std::collections::BTreeMap;
use std::time::Duration;

use sunkeep::vedirect::hex::{Answer, Asked, Flags, Payload, Raw, RegisterValue, Request, Version};

pub const FLOAT_VOLTAGE: u16 = 0xEDF6;
pub const LOAD_CONTROL: u16 = 0xEDAB;
pub const MAX_CURRENT: u16 = 0xEDF0;
pub const SERIAL: &str = "HQ1234ABCDE";
pub const MPPT: u16 = 0xA056;
pub const BMV: u16 = 0xA381;

/// What the peer does wrong.
#[derive(Clone, Default)]
pub struct Faults {
    pub deaf: bool,
    /// Requests of this command digit to this register are swallowed, this many times.
    pub swallow: Option<(u8, u16, u32)>,
    /// Answers come after this long.
    pub delay: Duration,
    pub refuse: BTreeMap<u16, u8>,
    pub refuse_reads: BTreeMap<u16, u8>,
    pub clamp: BTreeMap<u16, Vec<u8>>,
    /// HEX stops TEXT for this long.
    pub hush: Duration,
    pub no_text: bool,
}

pub struct Peer {
    pub product: u16,
    pub serial: &'static str,
    pub firmware: u16,
    pub registers: BTreeMap<u16, Vec<u8>>,
    pub faults: Faults,
    pub sets: Vec<(u16, Vec<u8>)>,
    pub received: Vec<u8>,
    pub outbox: Vec<(Duration, Vec<u8>)>,
    pub quiet_until: Duration,
    pub next_text: Duration,
    pub text_blocks: u32,
}

impl Peer {
    pub fn new(product: u16, firmware: u16) -> Self {
        let registers = BTreeMap::from([
            (FLOAT_VOLTAGE, vec![0x64, 0x05]), // 13.80 V
            (LOAD_CONTROL, vec![0x84]),        // on, lighting timer active
            (MAX_CURRENT, vec![0x2C, 0x01]),   // 30.0 A
            (0xEDDB, vec![0x1A, 0x0D]),
            (0x0120, vec![100, 0, 0, 0]),
            (0xEDF1, vec![0xFF]),
        ]);
        Self {
            product,
            serial: SERIAL,
            firmware,
            registers,
            faults: Faults::default(),
            sets: Vec::new(),
            received: Vec::new(),
            outbox: Vec::new(),
            quiet_until: Duration::ZERO,
            next_text: Duration::from_millis(300),
            text_blocks: 0,
        }
    }

    pub fn hear(&mut self, now: Duration, frame: &[u8]) {
        self.received.extend_from_slice(frame);
        if self.faults.deaf {
            return;
        }
        self.quiet_until = now + self.faults.hush;
        let asked = Asked::parse(&Raw::parse(frame).expect("sessions send whole frames"));
        if self.swallows(&asked) {
            return;
        }
        if let Some(answer) = self.answer(asked) {
            self.say(now + Duration::from_millis(20) + self.faults.delay, answer);
        }
    }

    pub fn say(&mut self, at: Duration, answer: Answer) {
        self.outbox.push((at, answer.encode()));
    }

    pub fn swallows(&mut self, asked: &Asked) -> bool {
        let (command, register) = match asked {
            Asked::Request(Request::Ping) => (1, 0),
            Asked::Request(Request::Get { register }) => (7, *register),
            Asked::Request(Request::Set { register, .. }) => (8, *register),
            _ => return false,
        };
        match &mut self.faults.swallow {
            Some((digit, id, left)) if (*digit, *id) == (command, register) && *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    pub fn answer(&mut self, asked: Asked) -> Option<Answer> {
        let payload = |bytes: &[u8]| Payload::new(bytes).unwrap();
        let value = |register, flags, bytes: &[u8]| RegisterValue {
            register,
            flags: Flags(flags),
            value: payload(bytes),
        };
        Some(match asked {
            Asked::Request(Request::Ping) => Answer::Ping(Version(self.firmware)),
            Asked::Request(Request::Version) => Answer::Done(payload(&self.firmware.to_le_bytes())),
            Asked::Request(Request::ProductId) => {
                Answer::Done(payload(&self.product.to_le_bytes()))
            }
            Asked::Request(Request::Get { register: 0x010A }) => {
                Answer::Get(value(0x010A, 0, self.serial.as_bytes()))
            }
            Asked::Request(Request::Get { register }) => {
                let refused = self.faults.refuse_reads.get(&register);
                Answer::Get(match (refused, self.registers.get(&register)) {
                    (Some(&flags), _) => value(register, flags, &[]),
                    (None, Some(bytes)) => value(register, 0, bytes),
                    (None, None) => value(register, 1, &[]),
                })
            }
            Asked::Request(Request::Set { register, value: bytes }) => {
                self.sets.push((register, bytes.to_vec()));
                if let Some(&flags) = self.faults.refuse.get(&register) {
                    return Some(Answer::Set(value(register, flags, &bytes)));
                }
                let kept = self.faults.clamp.get(&register).cloned().unwrap_or(bytes.to_vec());
                self.registers.insert(register, kept);
                Answer::Set(value(register, 0, &bytes))
            }
            Asked::Restart => return None,
            Asked::Unknown(command) => Answer::UnknownCommand(command),
        })
    }

    pub fn speak(&mut self, now: Duration) -> Vec<u8> {
        let mut bytes = Vec::new();
        if now >= self.next_text {
            self.next_text += Duration::from_secs(1);
            if !self.faults.no_text && now >= self.quiet_until {
                self.text_blocks += 1;
                bytes.extend(self.block());
            }
        }
        self.outbox.sort_by_key(|(at, _)| *at);
        while self.outbox.first().is_some_and(|(at, _)| *at <= now) {
            bytes.extend(self.outbox.remove(0).1);
        }
        bytes
    }

    pub fn block(&self) -> Vec<u8> {
        let mut block = format!("\r\nPID\t0x{:X}\r\nV\t13790\r\nI\t-150", self.product);
        if self.product != BMV {
            block += &format!("\r\nSER#\t{}", self.serial);
        }
        block += "\r\nChecksum\t";
        let mut block = block.into_bytes();
        let sum = block.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        block.push(0u8.wrapping_sub(sum));
        block
    }
}
