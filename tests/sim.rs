//! Simulated devices on pseudo-terminals, as any program would read them.
//!
//! The clock is virtual: the devices' seconds pass when a test says so, and a
//! reader simply waits for the bytes.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test's panic is its message")]

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sunkeep::clock::VirtualClock;
use sunkeep::sim::device::{Device, Kind, Options};
use sunkeep::sim::pty::Port;
use sunkeep::sim::{Shared, lock};
use sunkeep::vedirect::decoder::{Decoder, Frame};

struct Bench {
    clock: Arc<VirtualClock>,
    device: Shared,
    port: Port,
    _folder: tempfile::TempDir,
}

fn bench(kind: Kind) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(VirtualClock::new(jiff::Timestamp::UNIX_EPOCH));
    let device = Arc::new(Mutex::new(Device::new(kind, Options::default())));
    let link = folder.path().join("ttyV0");
    let port = Port::open(&link, Arc::clone(&device), clock.clone()).unwrap();
    Bench { clock, device, port, _folder: folder }
}

fn open(link: &Path) -> File {
    File::options().read(true).write(true).open(link).unwrap()
}

/// Reads until `wanted` appears and returns everything up to it.
fn read_until(file: &mut File, wanted: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(wanted) {
        file.read_exact(&mut byte).unwrap();
        bytes.push(byte[0]);
    }
    bytes
}

fn second(bench: &Bench) {
    bench.clock.advance(Duration::from_secs(1));
}

#[test]
fn text_and_hex_pass_through_the_terminal() {
    let bench = bench(Kind::Mppt);
    let mut file = open(bench.port.link());
    second(&bench);
    let text = read_until(&mut file, b"\r\nChecksum\t");
    assert!(String::from_utf8_lossy(&text).contains("PID\t0xA053"));
    file.write_all(b":7F0ED0071\n").unwrap();
    let answer = read_until(&mut file, b"\n");
    assert!(answer.ends_with(b":7F0ED009600DB\n"), "{answer:?}");
    assert_eq!(lock(&bench.device).received(), b":7F0ED0071\n");
}

#[test]
fn every_byte_arrives_as_it_was_sent() {
    let bench = bench(Kind::Bmv);
    let mut file = open(bench.port.link());
    let mut decoder = Decoder::new();
    let mut buffer = [0; 512];
    let mut blocks = 0;
    while blocks < 40 {
        second(&bench);
        let count = file.read(&mut buffer).unwrap();
        let mut input = &buffer[..count];
        while let Some(frame) = decoder.next(&mut input) {
            blocks += usize::from(matches!(frame, Frame::Text(_)));
        }
    }
    assert_eq!(decoder.counters().text_damaged, 0);
}

#[test]
fn a_reader_may_close_and_come_back() {
    let bench = bench(Kind::Mppt);
    for _ in 0..3 {
        let mut file = open(bench.port.link());
        second(&bench);
        read_until(&mut file, b"Checksum\t");
        file.write_all(b":154\n").unwrap();
        read_until(&mut file, b":56341AC\n");
    }
}

#[test]
fn a_pulled_cable_hangs_up_and_returns_under_its_name() {
    let bench = bench(Kind::SmartShunt);
    let mut file = open(bench.port.link());
    second(&bench);
    read_until(&mut file, b"Checksum\t");
    bench.port.unplug();
    assert!(bench.port.link().symlink_metadata().is_err());
    assert!(!bench.port.is_plugged());
    // What was under way still arrives; then a hung-up terminal reads as ended
    // or as an error, never as silence.
    let mut rest = Vec::new();
    let _ = file.read_to_end(&mut rest);
    bench.port.plug().unwrap();
    let mut file = open(bench.port.link());
    second(&bench);
    read_until(&mut file, b"PID\t0xA389");
}

#[test]
fn a_stale_link_is_replaced_and_a_file_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(VirtualClock::new(jiff::Timestamp::UNIX_EPOCH));
    let device = || Arc::new(Mutex::new(Device::new(Kind::Mppt, Options::default())));
    let stale = folder.path().join("stale");
    std::os::unix::fs::symlink("/nowhere/pts", &stale).unwrap();
    let port = Port::open(&stale, device(), clock.clone()).unwrap();
    assert!(open(&stale).metadata().is_ok());
    drop(port);
    assert!(stale.symlink_metadata().is_err());
    let precious = folder.path().join("precious");
    std::fs::write(&precious, "data").unwrap();
    assert!(Port::open(&precious, device(), clock).is_err());
    assert_eq!(std::fs::read(&precious).unwrap(), b"data");
}

#[test]
fn the_command_says_what_it_simulates_and_cleans_up() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("mppt");
    let log = folder.path().join("received");
    let output = assert_cmd::Command::cargo_bin("sunkeep")
        .unwrap()
        .args(["sim", "device", "--kind", "mppt", "--for", "0s", "--link"])
        .arg(&link)
        .arg("--log")
        .arg(&log)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(text.contains("SmartSolar Charger MPPT 75/15 (0xA053)"), "{text}");
    assert!(text.contains("0 stored writes"), "{text}");
    assert!(link.symlink_metadata().is_err());
    assert_eq!(std::fs::read(&log).unwrap(), b"");
}
