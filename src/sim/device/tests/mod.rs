//! What a host hears from each simulated device.

mod behaviour;

use std::time::Duration;

use super::*;
use crate::sim::faults::Clamp;
use crate::vedirect::decoder::{Decoder, Frame};
use crate::vedirect::hex::{self, Answer, Flags, Payload, RegisterValue, Request};
use crate::vedirect::register::{Decoded, Type, of_family};

/// A device, a decoder behind it, and the time between them.
struct Bench {
    device: Device,
    now: Duration,
    heard: Vec<Heard>,
    decoder: Decoder,
}

#[derive(Clone, Debug, PartialEq)]
enum Heard {
    Text(Vec<(String, String)>),
    Hex(Answer),
}

fn bench(kind: Kind, options: Options) -> Bench {
    Bench {
        device: Device::new(kind, options),
        now: Duration::ZERO,
        heard: Vec::new(),
        decoder: Decoder::new(),
    }
}

impl Bench {
    fn listen(&mut self) {
        let bytes = self.device.transmit(self.now);
        let mut input = bytes.as_slice();
        while let Some(frame) = self.decoder.next(&mut input) {
            self.heard.push(match frame {
                Frame::Text(block) => {
                    Heard::Text(block.fields().map(|(l, v)| (lossy(l), lossy(v))).collect())
                }
                Frame::Hex(raw) => Heard::Hex(Answer::parse(&raw)),
            });
        }
    }

    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        self.listen();
        while self.now < end {
            self.now = self.device.next_wake().clamp(self.now + Duration::from_millis(1), end);
            self.listen();
        }
    }

    fn seconds(&mut self, seconds: u64) {
        self.pass(Duration::from_secs(seconds));
    }

    /// Sends bytes and returns the first HEX frame that comes back at once.
    fn ask(&mut self, bytes: &[u8]) -> Option<Answer> {
        let before = self.heard.len();
        self.device.receive(self.now, bytes);
        self.listen();
        self.heard[before..].iter().find_map(|heard| match heard {
            Heard::Hex(answer) => Some(*answer),
            Heard::Text(_) => None,
        })
    }

    fn get(&mut self, register: u16) -> RegisterValue {
        match self.ask(&Request::Get { register }.encode()) {
            Some(Answer::Get(value)) if value.register == register => value,
            other => panic!("0x{register:04X}: {other:?}"),
        }
    }

    fn set(&mut self, register: u16, bytes: &[u8]) -> RegisterValue {
        let value = Payload::new(bytes).unwrap();
        match self.ask(&Request::Set { register, value }.encode()) {
            Some(Answer::Set(value)) if value.register == register => value,
            other => panic!("0x{register:04X}: {other:?}"),
        }
    }

    fn texts(&self) -> Vec<&[(String, String)]> {
        let text = |heard: &'_ Heard| matches!(heard, Heard::Text(_));
        self.heard
            .iter()
            .filter(|heard| text(heard))
            .map(|heard| match heard {
                Heard::Text(fields) => fields.as_slice(),
                Heard::Hex(_) => &[],
            })
            .collect()
    }

    fn field(&self, label: &str) -> Option<String> {
        self.texts()
            .iter()
            .rev()
            .flat_map(|fields| fields.iter())
            .find(|(l, _)| l == label)
            .map(|(_, v)| v.clone())
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn check_text(kind: Kind, options: Options, expected: &[&str]) {
    let mut bench = bench(kind, options);
    bench.seconds(5);
    let labels: Vec<String> = bench
        .texts()
        .iter()
        .map(|fields| fields.iter().map(|(l, _)| l.as_str()).collect::<Vec<_>>().join(" "))
        .collect();
    for wanted in expected {
        assert!(labels.iter().any(|line| line == wanted), "{kind:?}: {labels:#?}");
    }
    assert!(labels.iter().all(|line| expected.contains(&line.as_str())), "{labels:#?}");
    assert!(labels.len() >= 4 * expected.len());
    assert_eq!(bench.decoder.counters().text_damaged, 0);
}

fn firmware(number: u16) -> Options {
    Options { firmware: Some(number), ..Options::default() }
}

#[test]
fn text_fields_stand_in_the_order_of_recordings() {
    let none = Options::default;
    let charger = "PID FW SER# V I VPV PPV CS MPPT OR ERR";
    let yields = "H19 H20 H21 H22 H23 HSDS";
    check_text(Kind::Mppt, none(), &[&format!("{charger} LOAD IL {yields}")]);
    check_text(Kind::MpptNoLoad, none(), &[&format!("{charger} {yields}")]);
    let counters = "H1 H2 H3 H4 H5 H6 H7 H8 H9 H10 H11 H12 H15 H16 H17 H18";
    check_text(Kind::Bmv, none(), &["PID V VS I P CE SOC TTG Alarm Relay AR BMV FW", counters]);
    check_text(
        Kind::SmartShunt,
        firmware(413),
        &["PID V T I P CE SOC TTG Alarm AR BMV FW MON", counters],
    );
    check_text(
        Kind::Phoenix,
        none(),
        &["PID FW SER# MODE CS AC_OUT_V AC_OUT_I AC_OUT_S V AR WARN OR"],
    );
    check_text(
        Kind::Mppt,
        firmware(123),
        &[&format!("PID FW SER# V I VPV PPV CS ERR LOAD IL {yields}")],
    );
}

#[test]
fn the_wire_at_19200_baud_carries_every_block() {
    for kind in Kind::ALL {
        let baud = Some(19200);
        let mut bench = bench(kind, Options { baud, ..Options::default() });
        bench.seconds(20);
        assert_eq!(bench.decoder.counters().text_damaged, 0, "{kind:?}");
        assert!(bench.texts().len() >= 19, "{kind:?}");
    }
}

#[test]
fn every_register_of_the_family_is_answered_and_decodes() {
    for kind in Kind::ALL {
        let mut bench = bench(kind, Options::default());
        for row in of_family(kind.family()) {
            let answer = bench.get(row.id);
            let absent = defaults::is_absent(kind, row.id);
            let expected = match row.kind {
                _ if absent => Flags::UNKNOWN_ID,
                Type::Void => Flags::NOT_SUPPORTED,
                _ if !row.readable => Flags::NOT_SUPPORTED,
                Type::Record if row.id > 0x105A => Flags::PARAMETER_ERROR,
                _ => Flags(0),
            };
            assert_eq!(answer.flags, expected, "{kind:?} {}", row.name);
            if expected.is_ok() {
                let decoded = row.decode(&answer.value);
                assert!(decoded.is_ok(), "{kind:?} {} {answer:?} {decoded:?}", row.name);
            }
        }
    }
}

#[test]
fn text_and_registers_agree() {
    let mut bench = bench(Kind::SmartShunt, Options::default());
    bench.seconds(2);
    assert_eq!(bench.field("T").as_deref(), Some("4"));
    let kelvin = bench.get(0xEDEC).value;
    assert_eq!(kelvin.as_slice(), 27715u16.to_le_bytes());
    assert_eq!(bench.field("SOC").as_deref(), Some("874"));
    assert_eq!(bench.get(0x0FFF).value.as_slice(), 8740u16.to_le_bytes());
}

#[test]
fn it_says_what_it_is() {
    let mut bench = bench(Kind::Mppt, Options::default());
    bench.seconds(2);
    assert_eq!(bench.ask(b":154\n"), Some(Answer::Ping(hex::Version(0x4163))));
    let done = |bytes: &[u8]| Some(Answer::Done(Payload::new(bytes).unwrap()));
    assert_eq!(bench.ask(b":352\n"), done(&[0x63, 0x41]));
    assert_eq!(bench.ask(b":451\n"), done(&[0x53, 0xA0]));
    assert_eq!(bench.get(0x010A).value.as_slice(), b"HQ2310SKMP1\0");
    assert_eq!(bench.field("SER#").as_deref(), Some("HQ2310SKMP1"));
    assert_eq!(bench.field("FW").as_deref(), Some("163"));
    assert_eq!(bench.ask(b":253\n"), Some(Answer::UnknownCommand(2)));
    assert_eq!(bench.ask(b":452\n"), Some(Answer::FrameError));
}

#[test]
fn refusals_carry_their_flags() {
    let mut bench = bench(Kind::Bmv, Options::default());
    assert_eq!(bench.get(0x7777).flags, Flags::UNKNOWN_ID);
    assert_eq!(bench.set(0x7777, &[1]).flags, Flags::UNKNOWN_ID);
    assert_eq!(bench.set(0x0FFF, &[0x10, 0x27]).flags, Flags::NOT_SUPPORTED);
    // Victron's own example: capacity 0 is out of range, 1 is the nearest.
    let answer = bench.set(0x1000, &[0, 0]);
    assert_eq!(answer.flags, Flags::PARAMETER_ERROR);
    assert_eq!(answer.value.as_slice(), [1, 0]);
    assert_eq!(bench.set(0x1000, &[0xF4, 1]).flags, Flags(0));
    assert_eq!(bench.get(0x1000).value.as_slice(), [0xF4, 1]);
    assert_eq!(bench.device.stored_writes_by_register()[&0x1000], 2);
}

#[test]
fn a_clamping_device_keeps_less_than_it_admits() {
    let mut bench = bench(Kind::Mppt, Options::default());
    bench.device.faults_mut().clamps.push(Clamp { register: 0xEDF0, max: 100 });
    assert_eq!(bench.set(0xEDF0, &[120, 0]).value.as_slice(), [120, 0]);
    assert_eq!(bench.get(0xEDF0).value.as_slice(), [100, 0]);
}
