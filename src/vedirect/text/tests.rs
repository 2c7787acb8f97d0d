//! What TEXT fields become, checked field by field.

use super::*;
use crate::vedirect::decoder::{Decoder, Frame};

/// A block with a correct checksum, as a port delivers it.
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (label, value) in fields {
        bytes.extend_from_slice(format!("\r\n{label}\t{value}").as_bytes());
    }
    bytes.extend_from_slice(b"\r\nChecksum\t");
    let sum = bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    bytes.push(sum.wrapping_neg());
    bytes
}

/// Hands the one block of `fields` to `look`.
fn with_block<T>(fields: &[(&str, &str)], look: impl Fn(&Block<'_>) -> T) -> T {
    let mut decoder = Decoder::new();
    // Twice: a decoder wants to see a new shape of block again.
    let bytes = block(fields).repeat(2);
    let mut input = &bytes[..];
    while let Some(frame) = decoder.next(&mut input) {
        if let Frame::Text(block) = frame {
            return look(&block);
        }
    }
    match decoder.finish() {
        Some(Frame::Text(block)) => look(&block),
        other => panic!("no block: {other:?}"),
    }
}

#[track_caller]
fn check(family: Option<Family>, label: &str, value: &str, name: &str, expected: Option<Value>) {
    let found = measurement(label.as_bytes(), value.as_bytes(), family).unwrap();
    assert_eq!((found.name.as_ref(), found.value), (name, expected));
}

#[track_caller]
fn check_number(label: &str, value: &str, name: &str, expected: f64, unit: Unit) {
    let found = measurement(label.as_bytes(), value.as_bytes(), None).unwrap();
    assert_eq!((found.name.as_ref(), found.value), (name, Some(Value::Number(expected))));
    assert_eq!(found.unit, unit);
}

fn words(text: &str) -> Option<Value> {
    Some(Value::Text(text.into()))
}

#[test]
fn quantities_come_in_the_units_of_their_points() {
    check_number("V", "12800", "battery_voltage", 12.8, Unit::Volt);
    check_number("v", "26201", "battery_voltage", 26.201, Unit::Volt);
    check_number("I", "-15", "battery_current", -0.015, Unit::Ampere);
    check_number("SOC", "876", "soc", 87.6, Unit::Percent);
    check_number("DM", "-3", "midpoint_deviation", -0.3, Unit::Percent);
    check_number("CE", "-31603", "consumed_charge", -31.603, Unit::AmpereHour);
    check_number("H19", "584", "user_yield", 5.84, Unit::KilowattHour);
    check_number("AC_OUT_V", "23012", "ac_output_voltage", 230.12, Unit::Volt);
    check_number("AC_OUT_I", "-2", "ac_output_current", -0.2, Unit::Ampere);
    check_number("OR", "0x00000101", "off_reason", 257.0, Unit::None);
    check_number("MON", "-9", "monitor_mode", -9.0, Unit::None);
}

#[test]
fn switches_are_numbers_in_any_case() {
    check_number("LOAD", "ON", "load_output_state", 1.0, Unit::None);
    check_number("Alarm", "Off", "alarm", 0.0, Unit::None);
    check_number("RELAY", "on", "relay_state", 1.0, Unit::None);
}

#[test]
fn what_the_device_does_not_know_is_not_available() {
    check(None, "T", "---", "battery_temperature", None);
    check(None, "SOC", "---", "soc", None);
    check(None, "TTG", "-1", "time_to_go", None);
    check(None, "CS", "255", "state", None);
    check(None, "MPPT", "255", "tracker_mode", None);
    check(None, "XYZ", "---", "xyz", None);
}

#[test]
fn damaged_values_of_known_labels_yield_nothing() {
    for (label, value) in [("V", "12a00"), ("V", ""), ("LOAD", "O"), ("FW", "15x"), ("I", "1.5")] {
        assert_eq!(measurement(label.as_bytes(), value.as_bytes(), None), None, "{label} {value}");
    }
    assert_eq!(measurement(b"SER#", b"\xff\xfe", None), None);
}

#[test]
fn unknown_labels_pass_through() {
    check(None, "XR7", "-12", "xr7", Some(Value::Number(-12.0)));
    check(None, "New#Label", "abc d", "new_label", words("abc d"));
    assert_eq!(measurement(b"", b"1", None), None);
}

#[test]
fn unknown_labels_do_not_feed_the_points_of_others() {
    check(None, "State", "5", "text_state", Some(Value::Number(5.0)));
    let bmv = Some(Family::Bmv);
    check(bmv, "soc", "500", "soc", Some(Value::Number(50.0)));
    check(bmv, "battery_power", "5", "text_battery_power", Some(Value::Number(5.0)));
}

#[test]
fn inverters_name_their_states_otherwise() {
    let inverter = Some(Family::PhoenixInverter);
    let found = measurement(b"CS", b"1", inverter).unwrap();
    assert_eq!(found.meaning.describe(1.0).as_deref(), Some("low_power"));
    let found = measurement(b"MODE", b"3", inverter).unwrap();
    assert_eq!(found.meaning.describe(3.0).as_deref(), Some("device_on"));
    check(inverter, "V", "12650", "battery_voltage", Some(Value::Number(12.65)));
    check(Some(Family::OrionXs), "P", "120", "power", Some(Value::Number(120.0)));
}

#[test]
fn firmware_reads_alike_in_all_its_forms() {
    check(None, "FW", "0408", "firmware_version", words("4.08"));
    check(None, "FW", "150", "firmware_version", words("1.50"));
    check(None, "FW", "C208", "firmware_version", words("2.08-rc"));
    check(None, "FWE", "0325FF", "firmware_version", words("3.25"));
    check(None, "FWE", "032502", "firmware_version", words("3.25-beta-02"));
}

#[test]
fn a_block_says_who_speaks() {
    let identity = |fields: &[(&str, &str)]| with_block(fields, identity);
    let mppt = identity(&[("PID", "0xA042"), ("FW", "150"), ("SER#", "HQ2017JGK6S"), ("V", "1")]);
    assert_eq!(mppt.product, Some(0xA042));
    assert_eq!(mppt.serial_number.as_deref(), Some("HQ2017JGK6S"));
    assert_eq!(mppt.firmware, Some(Version(0x4150)));
    let shunt = identity(&[("PID", "0xA389"), ("FWE", "0325FF"), ("V", "1")]);
    assert_eq!(shunt.firmware, Some(Version(0x4325)));
    let beta = identity(&[("PID", "0xA389"), ("FWE", "032502"), ("V", "1")]);
    assert!(beta.firmware.unwrap().is_release_candidate());
    assert_eq!(identity(&[("H1", "0"), ("H2", "0")]), Identity::default());
}

#[test]
fn the_family_of_a_block_comes_from_its_product() {
    let measured = with_block(&[("PID", "0xA279"), ("CS", "9"), ("MODE", "2")], |block| {
        let mut out = Vec::new();
        measure(block, &mut out);
        out
    });
    let words: Vec<_> = measured
        .iter()
        .map(|m| m.meaning.describe(m.value.as_ref().and_then(Value::as_number).unwrap()))
        .collect();
    assert_eq!(words, [None, Some("inverting".to_owned()), Some("inverter_on".to_owned())]);
}

#[test]
fn one_quantity_has_one_name_unit_and_meaning_over_text_and_hex() {
    for family in Family::PRODUCTS {
        for row in LABELS.iter().chain(labels::of_family(family)) {
            let row = find(row.label.as_bytes(), Some(family)).unwrap();
            let Some(register) = register::by_name(family, row.name) else {
                continue;
            };
            assert_eq!(register.unit, row.unit, "{family:?} {}", row.label);
            assert_eq!(register.meaning, row.meaning, "{family:?} {}", row.label);
        }
    }
}
