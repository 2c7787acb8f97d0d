//! The catalogue by example: worked frames, every kind of refusal.

mod rows;

use super::*;
use crate::units::Value;

#[track_caller]
fn row(family: Family, name: &str) -> &'static Register {
    by_name(family, name).unwrap()
}

#[track_caller]
fn check(family: Family, name: &str, bytes: &[u8], expected: f64, unit: Unit) {
    let row = row(family, name);
    assert_eq!(row.decode(bytes), Ok(Decoded::Value(Value::Number(expected))), "{name}");
    assert_eq!(row.unit, unit, "{name}");
}

#[track_caller]
fn check_text(family: Family, name: &str, bytes: &[u8], expected: &str) {
    assert_eq!(row(family, name).decode(bytes), Ok(Decoded::Value(Value::Text(expected.into()))));
}

#[track_caller]
fn check_absent(family: Family, name: &str, bytes: &[u8]) {
    assert_eq!(row(family, name).decode(bytes), Ok(Decoded::NotAvailable), "{name}");
}

/// Parses what a person types, encodes it and compares the bytes.
#[track_caller]
fn check_write(family: Family, name: &str, typed: &str, expected: &[u8]) {
    let row = row(family, name);
    let value = row.parse_value(typed).unwrap();
    assert_eq!(row.encode(&value).unwrap().as_slice(), expected, "{name} = {typed}");
}

/// The same, refused with a message.
#[track_caller]
fn check_refused(family: Family, name: &str, typed: &str, message: &str) {
    let row = row(family, name);
    let result = row.parse_value(typed).and_then(|value| row.encode(&value));
    assert_eq!(result.unwrap_err().to_string(), message);
}

use Family::{Bmv, Mppt, MpptRs, PhoenixInverter, SmartShunt};

#[test]
fn worked_answers_decode_to_their_units() {
    check(Mppt, "0xEDF6", &[0xEA, 0x15], 56.1, Unit::Volt);
    check(Mppt, "BAT_ABSORPTION_V", &[0x44, 0x16], 57.0, Unit::Volt);
    check(Mppt, "battery_max_current", &[0x96, 0], 15.0, Unit::Ampere);
    check(Mppt, "battery_temperature_compensation", &[0xAC, 0xF9], -16.2, Unit::MillivoltPerKelvin);
    check(Mppt, "charger_temperature", &[0x52, 0x0D], 34.1, Unit::Celsius);
    check(Mppt, "pv_power", &[0xA1, 0, 0, 0], 1.61, Unit::Watt);
    check(Mppt, "state", &[5], 5.0, Unit::None);
    check(Bmv, "battery_capacity", &[0xC8, 0], 200.0, Unit::AmpereHour);
    check(SmartShunt, "soc", &[0x38, 0x22], 87.6, Unit::Percent);
    check(PhoenixInverter, "eco_retry_time", &[3], 0.75, Unit::Second);
    check(MpptRs, "pv_power_3", &[0x10, 0x27, 0, 0], 100.0, Unit::Watt);
}

#[test]
fn kelvin_becomes_celsius_without_noise() {
    check(Mppt, "battery_temperature", &[0x31, 0x6F], 11.5, Unit::Celsius);
    check(Bmv, "battery_temperature", &[0x7F, 0x74], 25.08, Unit::Celsius);
}

#[test]
fn missing_probe_is_not_a_hot_battery() {
    check_absent(Mppt, "battery_temperature", &[0xFF, 0xFF]);
    check_absent(Mppt, "network_pv_power", &[0xFF; 4]);
    check_absent(Bmv, "time_to_go", &[0xFF, 0xFF]);
    check_absent(Bmv, "battery_current", &[0xFF, 0xFF, 0xFF, 0x7F]);
    check_absent(Bmv, "alarm_low_temperature_set", &[0, 0]);
    check_absent(Mppt, "charger_current", &[0xFF, 0x7F]);
    check_absent(Mppt, "serial_number", &[0]);
    check_absent(Mppt, "firmware_version", &[0, 0xFF, 0xFF, 0xFF]);
}

#[test]
fn texts_end_at_their_zero_byte() {
    check_text(Mppt, "serial_number", b"HQ2017JGK6S\0\0\0", "HQ2017JGK6S");
    check_text(Mppt, "firmware_version", &[0, 0x61, 0x01, 0], "1.61");
    check_text(Mppt, "system_voltage_range", &[12, 48], "12-48");
}

#[test]
fn product_ids_come_in_three_forms() {
    check(Mppt, "product_id", &[0, 0x56, 0xA0, 0xFF], 41046.0, Unit::None);
    check(Mppt, "product_id", &[0x56, 0xA0], 41046.0, Unit::None);
    check(Mppt, "product_id", &[0xA0, 0x56], 41046.0, Unit::None);
}

#[test]
fn old_firmware_answers_with_other_widths() {
    check(Mppt, "yield_today", &[0x1B, 0], 0.27, Unit::KilowattHour);
    check(Mppt, "yield_today", &[0x1B, 0, 0, 0], 0.27, Unit::KilowattHour);
    check(Mppt, "load_offset_voltage", &[30], 0.3, Unit::Volt);
    check(Mppt, "load_offset_voltage", &[30, 0], 0.3, Unit::Volt);
    let error = row(Mppt, "battery_float_voltage").decode(&[1]).unwrap_err();
    let message = "register 0xEDF6 (battery_float_voltage): 1 bytes instead of 2";
    assert_eq!(error.to_string(), message);
}

#[test]
fn what_people_type_becomes_worked_frames() {
    check_write(Mppt, "load_output_control", "off", &[0]);
    check_write(Mppt, "load_output_control", "0x84", &[0x84]);
    check_write(Mppt, "load_disconnect_voltage", "11.8", &[0x9C, 0x04]);
    check_write(Mppt, "load_reconnect_voltage", "13 V", &[0x14, 0x05]);
    check_write(Mppt, "remote_control", "remote_on_off", &[2, 0, 0, 0]);
    check_write(Mppt, "mode", "off", &[4]);
    check_write(Mppt, "network_mode", "external_control", &[5]);
    check_write(Mppt, "network_mode", "networked+standby", &[0x41]);
    check_write(Mppt, "charge_current_limit", "5.0", &[0x32, 0]);
    check_write(Mppt, "remote_battery_temperature", "-3.5", &[0xA2, 0xFE]);
    check_write(Mppt, "battery_max_current", "10 A", &[0x64, 0]);
    check_write(Bmv, "relay_mode", "remote", &[2]);
    check_write(Bmv, "alarm_high_temperature_set", "25", &[0x77, 0x74]);
    check_write(Bmv, "custom_name", "hut", b"hut\0");
    check_write(Bmv, "synchronise", "", &[]);
}

#[test]
fn a_value_can_be_taken_back_by_name_only() {
    check_write(Mppt, "charge_current_limit", "release", &[0xFF, 0xFF]);
    check_write(Mppt, "remote_battery_temperature", "none", &[0xFF, 0x7F]);
    check_write(Bmv, "alarm_low_temperature_set", "disabled", &[0, 0]);
    let hint = "charge_current_limit: 6553.5 is the number for \"not available\"; write `release` to mean that";
    check_refused(Mppt, "charge_current_limit", "6553.5", hint);
    check_refused(Mppt, "charge_current_limit", "0xFFFF", hint);
    let plain = "battery_max_current: `release` is neither a number nor a known name";
    check_refused(Mppt, "battery_max_current", "release", plain);
}

#[test]
fn nonsense_is_refused_with_a_reason() {
    let float = "battery_float_voltage";
    check_refused(Mppt, float, "138", "battery_float_voltage: 138 is outside 8 to 69.6 V");
    check_refused(Mppt, float, "-1", "battery_float_voltage: -1 is outside 0 to 655.35 V");
    check_refused(
        Mppt,
        float,
        "NaN",
        "battery_float_voltage: `NaN` is neither a number nor a known name",
    );
    check_refused(Mppt, "pv_power", "5", "pv_power is read-only");
    check_refused(
        Mppt,
        "mode",
        "of",
        "mode: `of` is neither a number nor a known name; did you mean `off`?",
    );
    check_refused(Mppt, "mode", "2", "mode: 2 is not one of its values");
    check_refused(
        Mppt,
        "load_output_control",
        "9",
        "load_output_control: 9 is not one of its values",
    );
    check_refused(Mppt, "remote_control", "8", "remote_control: 8 is not one of its values");
    check_refused(
        Mppt,
        "battery_equalise_autostop",
        "0.4",
        "battery_equalise_autostop: 0.4 is not one of its values",
    );
    check_refused(Bmv, "peukert_exponent", "1.6", "peukert_exponent: 1.6 is outside 1 to 1.5 ");
    check_refused(
        Bmv,
        "custom_name",
        "far too long a name for it",
        "custom_name: a text of 0 to 20 bytes without zero bytes is wanted",
    );
    let nan = row(Mppt, float).encode(&Value::Number(f64::NAN));
    assert!(matches!(nan, Err(EncodeError::Range { .. })));
}

#[test]
fn modes_that_lock_the_charger_to_a_bms_are_named() {
    for (register, raw, forbidden) in [
        (0x200E, 9, true),
        (0x200E, 8, true),
        (0x200E, 5, false),
        (0x200E, 0x41, false),
        (0xEDE8, 1, true),
        (0xEDE8, 0, false),
        (0xEDAB, 1, false),
    ] {
        assert_eq!(forbidden_value(register, raw).is_some(), forbidden, "{register:04X} = {raw}");
    }
}
