//! What the decoder promises for any stream, as properties.
//!
//! Streams are made of blocks and HEX frames by the seeded generator in
//! `support/stream.rs`; damage and cuts come from proptest.

#[path = "support/score.rs"]
mod score;
#[path = "support/stream.rs"]
mod stream;

use proptest::collection::vec;
use proptest::prelude::*;

use stream::{Device, Hex, Random, Stream};
use sunkeep::vedirect::decoder::{Counters, Decoder, Frame};
use sunkeep::vedirect::hex::{Answer, Asked, Payload, Raw, Request};

/// A frame without its borrow.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    Text(Vec<u8>),
    Hex(Raw),
}

fn event(frame: &Frame<'_>) -> Event {
    match frame {
        Frame::Text(block) => Event::Text(score::spelled(block)),
        Frame::Hex(raw) => Event::Hex(*raw),
    }
}

/// Feeds the stream in pieces and ends it.
fn decode_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, Counters) {
    let mut decoder = Decoder::new();
    let mut events = Vec::new();
    for mut piece in pieces {
        while let Some(frame) = decoder.next(&mut piece) {
            events.push(event(&frame));
        }
        assert!(piece.is_empty(), "next() returned None with bytes left");
    }
    while let Some(frame) = decoder.finish() {
        events.push(event(&frame));
    }
    (events, decoder.counters())
}

fn decode(bytes: &[u8]) -> Vec<Event> {
    decode_pieces([bytes]).0
}

fn blocks(bytes: &[u8]) -> Vec<Vec<u8>> {
    let text = |event| {
        if let Event::Text(fields) = event { Some(fields) } else { None }
    };
    decode(bytes).into_iter().filter_map(text).collect()
}

fn sent(stream: &Stream) -> Vec<Vec<u8>> {
    stream.blocks.iter().map(|sent| sent.fields.clone()).collect()
}

const HEX: [Hex; 3] = [Hex::None, Hex::AfterBlock, Hex::InsideBlock];
const DEVICES: [Device; 2] = [Device::Mppt, Device::Bmv];

fn any_stream(count: usize) -> impl Strategy<Value = Stream> {
    (0..2_usize, 0..3_usize, 1..u64::MAX).prop_map(move |(device, hex, seed)| {
        stream::stream(DEVICES[device], HEX[hex], count, &mut Random::new(seed))
    })
}

/// Every byte value, the protocol's own ones often.
fn any_bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        4 => vec(any::<u8>(), 1..12),
        4 => Just(b"\r\nChecksum\t".to_vec()),
        2 => Just(b"\r\nPID\t0xA042".to_vec()),
        2 => Just(b":7F0ED0071\n".to_vec()),
        1 => Just(b":".to_vec()),
        1 => Just(b"\r\n".to_vec()),
        1 => vec(Just(b'A'), 1..400),
        1 => vec(Just(b':'), 1..40),
        1 => (1..u64::MAX).prop_map(|seed| {
            stream::stream(Device::Mppt, Hex::AfterBlock, 1, &mut Random::new(seed)).bytes
        }),
    ];
    vec(pieces, 0..most).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn splits_do_not_change_the_events(bytes in any_bytes(24), cuts in vec(1..90_usize, 1..40)) {
        let whole = decode_pieces([bytes.as_slice()]);
        prop_assert_eq!(&decode_pieces(bytes.chunks(1)), &whole);
        let mut rest = bytes.as_slice();
        let pieces: Vec<_> = cuts.iter().cycle().map_while(|cut| {
            let (piece, tail) = rest.split_at((*cut).min(rest.len()));
            rest = tail;
            (!piece.is_empty()).then_some(piece)
        }).collect();
        prop_assert_eq!(&decode_pieces(pieces), &whole);
    }

    #[test]
    fn any_bytes_are_survived_and_counted(bytes in any_bytes(60)) {
        let (events, counters) = decode_pieces([bytes.as_slice()]);
        let text = events.iter().filter(|event| matches!(event, Event::Text(_))).count();
        prop_assert_eq!(counters.bytes, bytes.len() as u64);
        prop_assert_eq!(counters.text_accepted, text as u64);
        prop_assert_eq!(counters.hex_accepted, (events.len() - text) as u64);
        prop_assert_eq!(counters.text_held, 0);
    }

    #[test]
    fn undamaged_streams_lose_nothing(stream in any_stream(12)) {
        let (events, counters) = decode_pieces([stream.bytes.as_slice()]);
        prop_assert_eq!(events.len(), stream.blocks.len() + stream.frames);
        prop_assert_eq!((counters.text_damaged, counters.hex_damaged, counters.oversized), (0, 0, 0));
        let mut expected = sent(&stream);
        let mut got = blocks(&stream.bytes);
        expected.sort();
        got.sort();
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn one_damaged_byte_costs_one_block_at_most(
        stream in any_stream(12), place in any::<prop::sample::Index>(), harm in 0..3_u8, byte in 1..=255_u8,
    ) {
        let mut bytes = stream.bytes.clone();
        // Before its shapes are known, a block that lost its end takes the
        // next one with it.
        let known = stream.blocks[4].place.start;
        let place = known + place.index(bytes.len() - known);
        match harm {
            0 => bytes[place] ^= byte,
            1 => _ = bytes.remove(place),
            _ => bytes.insert(place, byte),
        }
        let sent = sent(&stream);
        let got = blocks(&bytes);
        prop_assert!(got.len() + 1 >= sent.len(), "{} of {}", got.len(), sent.len());
        for block in got {
            prop_assert!(sent.contains(&block), "false: {}", String::from_utf8_lossy(&block));
        }
    }

    #[test]
    fn after_any_junk_the_second_block_is_whole(
        junk in any_bytes(20), device in 0..2_usize, hex in 0..3_usize, seed in 1..u64::MAX,
    ) {
        let mut random = Random::new(seed);
        let before = stream::stream(DEVICES[device], HEX[hex], 6, &mut random);
        let after = stream::stream(DEVICES[device], HEX[hex], 6, &mut random);
        let got = blocks(&[&before.bytes[..], &junk, &after.bytes].concat());
        for block in sent(&before).iter().chain(&sent(&after)[1..]) {
            prop_assert!(got.contains(block), "lost: {}", String::from_utf8_lossy(block));
        }
    }

    #[test]
    fn hex_messages_make_the_round(command in 0..16_u8, bytes in vec(any::<u8>(), 0..=72)) {
        let raw = Raw { command, payload: Payload::new(&bytes).unwrap() };
        prop_assert_eq!(Raw::parse(raw.to_string().as_bytes()), Ok(raw));
        let encoded = Answer::parse(&raw).encode();
        if command != 0 && command != 6 && (command, bytes.len()) != (3, 1) {
            prop_assert_eq!(Raw::parse(&encoded), Ok(raw));
        }
        if let Asked::Request(request) = Asked::parse(&raw) {
            let again = Raw::parse(&request.encode()).map(|raw| Asked::parse(&raw));
            prop_assert_eq!(again, Ok(Asked::Request(request)));
        }
    }

    #[test]
    fn any_bytes_as_a_hex_message_are_survived(bytes in vec(any::<u8>(), 0..200)) {
        let _ = Raw::parse(&bytes);
        let _ = Raw::parse(&[b":7", bytes.as_slice(), b"\n"].concat());
    }
}

/// A block whose checksum byte is `wanted`, made so by a text.
fn block_with_checksum(wanted: u8) -> Vec<u8> {
    let letters = || (b'!'..=b'~').filter(|byte| *byte != b':').map(char::from);
    let texts = letters().flat_map(|a| letters().map(move |b| format!("{a}{b}{a}")));
    texts
        .map(|text| stream::block(&stream::fields(&[("PID", "0xA042".into()), ("SER#", text)])))
        .find(|block| block.last() == Some(&wanted))
        .expect("some text gives every checksum")
}

#[test]
fn every_checksum_byte_is_read_raw() {
    for hex_after in [false, true] {
        let mut bytes = Vec::new();
        for checksum in 0..=255 {
            bytes.extend(block_with_checksum(checksum));
            if hex_after {
                bytes.extend(b":7F0ED0071\n");
            }
        }
        let events = decode(&bytes);
        assert_eq!(events.len(), if hex_after { 512 } else { 256 });
        assert_eq!(decode_pieces(bytes.chunks(1)).0, events);
    }
}

/// Three blocks with `hex` at `at` in the second one.
#[track_caller]
fn check_hex(hex: &[u8], frames: usize, damaged: u64) {
    let mut random = Random::new(7);
    for at in 1..170 {
        let plain = stream::stream(Device::Mppt, Hex::None, 3, &mut random);
        let second = plain.blocks[1].place.start;
        let mut bytes = plain.bytes.clone();
        bytes.splice(second + at..second + at, hex.iter().copied());
        let (events, counters) = decode_pieces([bytes.as_slice()]);
        let text = events.iter().filter(|event| matches!(event, Event::Text(_))).count();
        let what = String::from_utf8_lossy(hex);
        assert_eq!((text, events.len() - text), (3, frames), "{what:?} at {at}");
        assert_eq!(counters.hex_damaged, damaged, "{what:?} at {at}");
    }
}

#[test]
fn hex_of_every_form_interrupts_a_block() {
    check_hex(b":A0102000543\n", 1, 0);
    check_hex(b":A0102000543\r\n", 1, 0);
    check_hex(b":A0102000543\xFE", 1, 0);
    check_hex(b":A0102000543\n:7F0ED009600DB\n", 2, 0);
    check_hex(b":A0102:A0102000543\n", 1, 1);
    check_hex(b":A0102000544\n", 0, 1);
    check_hex(b":\n", 0, 1);
}

#[test]
fn hex_that_never_ends_is_given_up() {
    let plain = stream::stream(Device::Mppt, Hex::None, 6, &mut Random::new(3));
    let cut = plain.blocks[2].place.end;
    let endless = [&b":"[..], &[b'7'; 5000]].concat();
    let bytes = [&plain.bytes[..cut], &endless, &plain.bytes[cut..]].concat();
    let (events, counters) = decode_pieces([bytes.as_slice()]);
    assert_eq!(events.len(), 6);
    assert_eq!((counters.hex_damaged, counters.oversized), (1, 1));
}

#[track_caller]
fn check_dropped(fields: &[u8], oversized: u64, damaged: u64) {
    let good = stream::block(b"\r\nPID\t0xA042\r\nV\t13000");
    let bytes = [&good[..], &good, &stream::block(fields), &good].concat();
    let (events, counters) = decode_pieces([bytes.as_slice()]);
    let what = String::from_utf8_lossy(fields);
    assert_eq!(events.len(), 3, "{what}");
    assert_eq!((counters.oversized, counters.text_damaged), (oversized, damaged), "{what}");
}

#[test]
fn over_long_parts_are_dropped_and_counted() {
    let value = |length| [&b"\r\nPID\t0xA042\r\nV\t"[..], &vec![b'1'; length]].concat();
    check_dropped(&value(33), 1, 0);
    check_dropped(b"\r\nPID\t0xA042\r\nLABEL_XXX\t1", 1, 0);
    let many: Vec<u8> = (0..33).flat_map(|n| format!("\r\nL{n}\t1").into_bytes()).collect();
    check_dropped(&many, 1, 0);
    check_dropped(&value(5000), 1, 0);
    check_dropped(b"\r\nPID\t0xA042\r\nV\t1\x002", 0, 1);
    check_dropped(b"\r\nPID\t0xA042\r\nV\t1\r\nv\t1", 0, 1);
    check_dropped(b"\r\nPID\t0xA042\r\n\t1", 0, 1);
    check_dropped(b"", 0, 1);
}

#[test]
fn longest_parts_pass() {
    let fields = [&b"\r\nLABEL_XX\t"[..], &[b'x'; 32]].concat();
    assert_eq!(blocks(&stream::block(&fields)), [fields]);
}

#[test]
fn labels_are_compared_without_case() {
    let loud = stream::block(b"\r\nPID\t0xA042\r\nV\t13000");
    let mut quiet = b"\r\npid\t0xA042\r\nv\t13000\r\nchecksum\t".to_vec();
    quiet.push(quiet.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte)));
    let bytes = [&loud[..], &quiet].concat();
    let mut decoder = Decoder::new();
    let mut input = bytes.as_slice();
    for _ in 0..2 {
        let Some(Frame::Text(block)) = decoder.next(&mut input) else {
            panic!("a block is missing")
        };
        assert_eq!(block.get("PiD"), Some(&b"0xA042"[..]));
        assert_eq!(block.get("VPV"), None);
    }
}

#[test]
fn a_new_shape_waits_for_a_second_and_a_known_one_passes() {
    let mut decoder = Decoder::new();
    let mut feed = |bytes: &[u8]| {
        let mut input = bytes;
        let mut count = 0;
        while decoder.next(&mut input).is_some() {
            count += 1;
        }
        (count, decoder.counters().text_held)
    };
    let block = |value: &str| stream::block(format!("\r\nPID\t0xA381\r\nT\t{value}").as_bytes());
    assert_eq!(feed(&block("21")), (0, 1));
    assert_eq!(feed(&block("22")), (2, 0));
    assert_eq!(feed(&block("-3")), (1, 0));
    assert_eq!(feed(&block("---")), (1, 0));
    assert_eq!(feed(&stream::block(b"\r\nH1\t-5")), (0, 1));
    assert_eq!(feed(&block("23")), (1, 1));
    assert_eq!(feed(&stream::block(b"\r\nH1\t---")), (2, 0));
}

/// Blocks with these texts after 40 with `ON`: how many each one delivers.
#[track_caller]
fn check_texts(damaged: usize, texts: &[&str], delivered: &[usize]) {
    let block = |text: &str| stream::block(format!("\r\nV\t13000\r\nLOAD\t{text}").as_bytes());
    let mut decoder = Decoder::new();
    let mut feed = |bytes: &[u8]| {
        let mut input = bytes;
        std::iter::from_fn(|| decoder.next(&mut input).map(|_| ())).count()
    };
    let mut bad = block("ON");
    bad[5] ^= 4;
    assert_eq!(feed(&[block("ON"), block("ON")].concat()), 2);
    assert_eq!((0..damaged).map(|_| feed(&bad)).sum::<usize>(), 0);
    assert_eq!((0..40).map(|_| feed(&block("ON"))).sum::<usize>(), 40);
    let found: Vec<_> = texts.iter().map(|text| feed(&block(text))).collect();
    assert_eq!(found, delivered, "{texts:?} after {damaged} damaged blocks");
}

#[test]
fn a_new_text_passes_at_once_without_damage() {
    check_texts(0, &["OFF", "ON", "OfF"], &[1, 1, 1]);
    check_texts(1, &["OFF", "ON", "OfF"], &[1, 1, 1]);
}

#[test]
fn a_new_text_waits_for_a_second_while_damage_is_about() {
    check_texts(4, &["OFF", "OFF", "ON", "OFF"], &[0, 2, 1, 1]);
    check_texts(4, &["OFF", "ON", "OFF", "OFF"], &[0, 1, 2, 1]);
    check_texts(4, &["OfF", "ON", "ON"], &[0, 1, 1]);
}

#[test]
fn a_text_that_always_changes_is_one_block_late() {
    check_texts(4, &["1.1", "1.2", "1.3", "1.4"], &[0, 2, 1, 1]);
}

#[test]
fn damage_that_is_over_is_forgotten() {
    let ons = ["ON"; 256];
    let texts = [&ons[..], &["OFF"]].concat();
    check_texts(9, &texts, &[1; 257]);
}

#[test]
fn unknown_labels_and_products_are_kept() {
    let fields = b"\r\nPID\t0xFFF0\r\nNEW#\twhat ever\r\nT\t---";
    assert_eq!(blocks(&stream::block(fields)), [fields]);
}

/// A second with a debug build; quadratic behaviour would take hours.
#[test]
fn a_megabyte_of_junk_costs_its_length() {
    let forms: [&[u8]; 6] =
        [b"\r\nChecksum\t", b"\nchecksum\t:", b"7", b":7777777", b"\r\n", b"\r\nPID\t0xA042"];
    for form in forms {
        let junk: Vec<u8> = form.iter().copied().cycle().take(1 << 20).collect();
        let good = stream::stream(Device::Mppt, Hex::None, 4, &mut Random::new(5));
        let bytes = [&good.bytes[..], &junk, &good.bytes].concat();
        let got = blocks(&bytes).len();
        assert!(got >= 7, "{got} of 8 blocks around {:?}", String::from_utf8_lossy(form));
    }
}

#[test]
fn requests_never_carry_the_bootloader_or_a_restart() {
    let value = Payload::new(&[0xFF; 72]).unwrap();
    let set = Request::Set { register: 0xEDF0, value };
    for request in [Request::Ping, Request::Version, Request::ProductId, set] {
        let bytes = request.encode();
        assert!(!matches!(bytes[1], b'0' | b'6'), "{}", String::from_utf8_lossy(&bytes));
    }
}
