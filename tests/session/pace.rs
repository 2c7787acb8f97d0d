//! When HEX is spoken, and what its silence means.

use crate::prelude::*;

#[test]
fn text_alive_and_hex_deaf_is_a_state() {
    let mut bench = Bench::quiet();
    bench.peer.faults.deaf = true;
    bench.run_secs(10);
    assert_eq!(bench.session.health().text, Link::Alive);
    assert_eq!(bench.session.health().hex, Link::Deaf);
    let pings = bench.sent.len();
    bench.run_secs(120);
    assert!((1..=3).contains(&(bench.sent.len() - pings)), "a deaf device is probed rarely");
    let failed = WriteResult::Locked(Lock::NotIdentified);
    bench.check_write(write(FLOAT_VOLTAGE, 13.5), failed);
    assert!(!bench.measured("battery_voltage").is_empty());
    bench.peer.faults.deaf = false;
    bench.run_secs(70);
    assert_eq!(bench.session.health().hex, Link::Alive);
    assert_eq!(bench.session.lock(), None);
}

#[test]
fn text_that_stops_is_silent_after_ten_seconds() {
    let mut bench = Bench::quiet();
    bench.run_secs(5);
    bench.peer.faults.no_text = true;
    bench.run_secs(9);
    assert_eq!(bench.session.health().text, Link::Alive);
    bench.run_secs(3);
    assert_eq!(bench.session.health().text, Link::Silent);
    assert_eq!(bench.session.health().hex, Link::Alive);
}

#[test]
fn a_port_with_nobody_is_never_and_never() {
    let mut bench = Bench::quiet();
    bench.peer.faults.no_text = true;
    bench.peer.faults.deaf = true;
    bench.run_secs(60);
    assert_eq!(bench.session.health().text, Link::Never);
    assert_eq!(bench.session.health().hex, Link::Never);
    assert!(bench.sent.len() < 20, "{} pings in a minute", bench.sent.len());
}

#[test]
fn old_firmware_is_asked_in_bursts_and_left_to_rest() {
    let mut bench = Bench::new(polling(&[(0xEDDB, 5), (LOAD_CONTROL, 5)]), Peer::new(MPPT, 0x4150));
    bench.peer.faults.hush = Duration::from_secs(5);
    bench.run_secs(10);
    let (sent, blocks) = (bench.sent.len(), bench.peer.text_blocks);
    bench.run_secs(180);
    let times: Vec<_> = bench.sent[sent..].iter().map(|(at, _)| *at).collect();
    let rests = times.windows(2).filter(|pair| pair[1] - pair[0] >= Duration::from_secs(44));
    assert_eq!(times.len(), 8, "two registers in each of four bursts");
    assert_eq!(rests.count(), 3);
    assert!(bench.peer.text_blocks - blocks >= 150, "TEXT flows between bursts");
    assert!(!bench.has(|event| matches!(event, Event::Health(h) if h.text == Link::Silent)));
}

#[test]
fn a_device_that_hex_silences_is_found_out_whatever_its_firmware_says() {
    let polls = polling(&[(0xEDDB, 2), (LOAD_CONTROL, 2)]);
    let mut bench = Bench::new(polls, Peer::new(MPPT, 0x4161));
    bench.peer.faults.hush = Duration::from_secs(5);
    bench.run_secs(120);
    let blocks = bench.peer.text_blocks;
    bench.run_secs(180);
    assert!(bench.peer.text_blocks - blocks >= 150, "TEXT flows between bursts");
    assert_eq!(bench.session.health().text, Link::Alive);
}

#[test]
fn text_that_stays_away_does_not_stop_polls() {
    let mut bench = Bench::new(polling(&[(0xEDDB, 2)]), Peer::new(MPPT, 0x4161));
    bench.run_secs(10);
    bench.peer.faults.no_text = true;
    bench.run_secs(60);
    let gets = bench.gets(0xEDDB);
    bench.run_secs(60);
    assert!(bench.gets(0xEDDB) - gets >= 25, "one rest, then on as before");
}

#[test]
fn new_firmware_is_asked_once_after_each_block() {
    let mut bench = Bench::new(polling(&[(0xEDDB, 1), (LOAD_CONTROL, 1)]), Peer::new(MPPT, 0x4161));
    bench.run_secs(5);
    let sent = bench.sent.len();
    bench.run_secs(20);
    let asked = &bench.sent[sent..];
    assert!((19..=21).contains(&asked.len()), "{} requests in 20 s", asked.len());
    // Blocks leave the peer 300 ms after each full second.
    assert!(asked.iter().all(|(at, _)| (300..=330).contains(&(at.as_millis() % 1000))));
    assert_eq!(bench.peer.text_blocks, 25);
}

#[test]
fn a_device_without_text_is_polled_all_the_same() {
    let mut bench = Bench::new(polling(&[(0xEDDB, 1)]), Peer::new(MPPT, 0x4161));
    bench.peer.faults.no_text = true;
    bench.run_secs(40);
    assert!(bench.gets(0xEDDB) >= 25);
}

#[test]
fn a_register_the_device_lacks_is_asked_once() {
    let mut bench = Bench::new(polling(&[(0xEDEC, 2), (0xEDDB, 2)]), Peer::new(MPPT, 0x4161));
    bench.run_secs(30);
    assert_eq!(bench.gets(0xEDEC), 1);
    assert!(bench.gets(0xEDDB) > 5);
}

#[test]
fn a_quiet_session_still_pings_once_a_minute() {
    let mut bench = Bench::quiet();
    bench.run_secs(5);
    let sent = bench.sent.len();
    bench.run_secs(240);
    let pings = bench.sent[sent..].iter();
    assert_eq!(pings.filter(|(_, asked)| *asked == Asked::Request(Request::Ping)).count(), 4);
}

#[test]
fn a_falling_uptime_means_a_restart() {
    let mut bench = Bench::new(polling(&[(0x0120, 5)]), Peer::new(MPPT, 0x4161));
    bench.run_secs(12);
    assert!(!bench.has(|event| *event == Event::Restarted));
    bench.peer.registers.insert(0x0120, vec![3, 0, 0, 0]);
    bench.run_secs(6);
    assert!(bench.has(|event| *event == Event::Restarted));
}
