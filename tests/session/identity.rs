//! Who is there, and when that locks writes.

use crate::prelude::*;

#[test]
fn a_device_is_asked_for_firmware_product_and_serial_number() {
    let mut bench = Bench::quiet();
    bench.run_secs(1);
    let identity = bench.session.identity();
    assert_eq!(identity.product, Some(MPPT));
    assert_eq!(identity.serial_number.as_deref(), Some(SERIAL));
    assert_eq!(identity.firmware, Some(Version(0x4161)));
    assert_eq!(bench.session.lock(), None);
    assert!(bench.has(|event| matches!(event, Event::Identified(_))));
}

#[test]
fn another_serial_number_locks_writes_and_drops_readings() {
    let mut bench = Bench::new(expecting("HQ9999ZZZZZ"), Peer::new(MPPT, 0x4161));
    bench.run_secs(5);
    let lock = Lock::WrongSerial { expected: "HQ9999ZZZZZ".into(), found: SERIAL.into() };
    assert_eq!(bench.session.lock(), Some(lock.clone()));
    bench.check_write(write(FLOAT_VOLTAGE, 13.5), WriteResult::Locked(lock));
    assert!(bench.peer.sets.is_empty());
    assert!(bench.measured("battery_voltage").is_empty());
    let mismatches =
        bench.events.iter().filter(|(_, e)| matches!(e, Event::IdentityMismatch { .. }));
    assert_eq!(mismatches.count(), 1);
}

#[test]
fn another_product_locks_writes() {
    let settings = Settings { expected_product: Some(0xA053), ..expecting(SERIAL) };
    let mut bench = Bench::new(settings, Peer::new(MPPT, 0x4161));
    bench.run_secs(5);
    let lock = Lock::WrongProduct { expected: 0xA053, found: MPPT };
    bench.check_write(write(FLOAT_VOLTAGE, 13.5), WriteResult::Locked(lock));
    assert!(bench.peer.sets.is_empty());
}

#[test]
fn a_lock_ends_when_the_right_device_is_back() {
    let mut bench = Bench::new(expecting(SERIAL), Peer::new(BMV, 0x4413));
    bench.peer.serial = "HQ0000OTHER";
    bench.run_secs(5);
    assert!(matches!(bench.session.lock(), Some(Lock::WrongSerial { .. })));
    bench.peer.serial = SERIAL;
    bench.run_secs(40);
    assert_eq!(bench.session.lock(), None);
}

#[test]
fn a_cable_swapped_at_the_device_is_noticed_before_the_next_write() {
    let mut bench = Bench::new(expecting(SERIAL), Peer::new(BMV, 0x4413));
    bench.peer.registers.insert(0x1000, vec![200, 0]);
    bench.run_secs(20);
    assert_eq!(bench.session.lock(), None);
    bench.peer.serial = "HQ0000OTHER";
    let outcome = bench.perform(write(0x1000, 300.0));
    assert!(matches!(outcome, Outcome::Written(WriteResult::Locked(Lock::WrongSerial { .. }))));
    assert!(bench.peer.sets.is_empty());
}

#[test]
fn text_that_names_another_device_starts_identification_anew() {
    let mut bench = Bench::quiet();
    bench.run_secs(5);
    bench.peer.serial = "HQ0000OTHER";
    bench.run_secs(5);
    assert!(matches!(bench.session.lock(), Some(Lock::WrongSerial { .. })));
}

#[test]
fn a_serial_number_nobody_tells_keeps_writes_locked() {
    let mut bench = Bench::new(expecting(SERIAL), Peer::new(BMV, 0x4308));
    bench.peer.serial = "";
    bench.run_secs(3);
    let lock = Lock::SerialUnknown { expected: SERIAL.into() };
    assert_eq!(bench.session.lock(), Some(lock));
    assert!(!bench.measured("battery_voltage").is_empty(), "readings still count");
}
