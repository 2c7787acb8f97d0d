//! Recorded and made-up records, number by number.

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// Recorded from a charger without a load output.
const A_DAY: &str = "000000000000000000ED04C6040000000000C200000000000B0000000900C80D1201";

#[test]
fn a_day_as_a_charger_sent_it() {
    let Record::Day(day) = Record::decode(0x1050, &bytes(A_DAY)).unwrap() else {
        panic!("not a day");
    };
    assert_eq!(day.battery_voltage_max, Some(Volts(12.61)));
    assert_eq!(day.battery_voltage_min, Some(Volts(12.22)));
    assert_eq!(day.time_bulk, Some(194));
    assert_eq!(day.power_max, Some(Watts(11.0)));
    assert_eq!(day.battery_current_max, Some(Amperes(0.9)));
    assert_eq!(day.panel_voltage_max, Some(Volts(35.28)));
    assert_eq!(day.day_sequence, Some(274));
}

/// Recorded from a new charger, before its first sun.
const A_TOTAL: &str = "010000000000000000000000000001000D0500F904FFFFFFFFFFFFFFFFFFFFFFFFFF";

#[test]
fn a_total_as_a_charger_sent_it() {
    let Record::Total(total) = Record::decode(0x104F, &bytes(A_TOTAL)).unwrap() else {
        panic!("not a total");
    };
    assert_eq!(total.panel_voltage_max, Some(Volts(0.01)));
    assert_eq!(total.battery_voltage_max, Some(Volts(12.93)));
    assert_eq!(total.battery_voltage_min, Some(Volts(12.73)));
    assert_eq!(total.days_available, Some(0));
}

#[test]
fn a_total_grew_with_firmware() {
    let mut long = vec![1, 0, 2, 0, 0, 0, 0x10, 0x27, 0, 0, 0x20, 0x4E, 0, 0];
    long.extend([0x88, 0x13, 0xAA, 0x05, 31]);
    let Record::Total(short) = Record::decode(0x104F, &long).unwrap() else { panic!("no total") };
    assert_eq!(short.yield_user, Some(KilowattHours(100.0)));
    assert_eq!(short.yield_system, Some(KilowattHours(200.0)));
    assert_eq!(short.panel_voltage_max, Some(Volts(50.0)));
    assert_eq!(short.days_available, Some(31));
    assert_eq!(short.battery_voltage_min, None);
    assert_eq!(short.errors.iter().collect::<Vec<_>>(), [2]);
    long.extend([0xA0, 0x05]);
    long.extend([0xFF; 13]);
    let Record::Total(total) = Record::decode(0x104F, &long).unwrap() else { panic!("no total") };
    assert_eq!(total.battery_voltage_min, Some(Volts(14.4)));
}

#[test]
fn trackers_are_told_apart() {
    let mut day = vec![0, 5, 0];
    for raw in [100u16, 200, 0xFFFF, 0xFFFF, 11, 22, 0xFFFF, 0xFFFF, 9000, 9100, 0xFFFF, 0xFFFF] {
        day.extend(raw.to_le_bytes());
    }
    let record = Record::decode(0x10A3, &day).unwrap();
    let Record::TrackerDay(decoded) = &record else { panic!("no tracker day") };
    assert_eq!(decoded.day_sequence, Some(5));
    assert_eq!(decoded.trackers[1].energy, Some(KilowattHours(2.0)));
    assert_eq!(decoded.trackers[1].power_max, Some(Watts(22.0)));
    assert_eq!(decoded.trackers[1].panel_voltage_max, Some(Volts(91.0)));
    assert_eq!(decoded.trackers[2].energy, None);
    assert_eq!(record.fields()[1], ("yield_1", Unit::KilowattHour, Some(1.0)));
}

#[test]
fn absent_numbers_are_not_large_ones() {
    let Record::Day(day) = Record::decode(0x1051, &[0xFF; 34]).unwrap() else { panic!("no day") };
    assert_eq!((day.yield_energy, day.time_float, day.power_max), (None, None, None));
}

#[test]
fn wrong_lengths_are_refused() {
    for (register, length) in [(0x1050, 33), (0x104F, 18), (0x104F, 20), (0x10A0, 26)] {
        assert!(Record::decode(register, &vec![0; length]).is_err(), "{length}");
    }
    let error = Record::decode(0x1050, &[0; 3]).unwrap_err();
    assert_eq!(error.to_string(), "a day record of 3 bytes instead of 34");
    assert_eq!(Record::decode(0xEDF6, &[0; 34]), Err(RecordError::NotARecord(0xEDF6)));
}
