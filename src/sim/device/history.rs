//! The history records of a charger: one for each day and the total.
//!
//! Layouts from HEX protocol revision 16, checked against recorded answers
//! of a 75/15; a day that never was answers with flag 0x04, and so does any
//! day further back than the device remembers.

use super::measured::{Charger, DAYS_MAX, Day};

/// Register of the total record.
pub const TOTAL: u16 = 0x104F;
/// Register of today's record.
pub const TODAY: u16 = 0x1050;
/// Register of the oldest day's record.
pub const OLDEST: u16 = 0x106E;

/// Bytes of a day or total record.
const LENGTH: usize = 34;

/// The record of a register: `None` when it is no history register, and
/// `Some(None)` when there was no such day.
#[must_use]
pub fn record(charger: &Charger, register: u16) -> Option<Option<Vec<u8>>> {
    match register {
        TOTAL => Some(Some(total(charger))),
        TODAY..=OLDEST => {
            let ago = usize::from(register - TODAY);
            Some(charger.days.get(ago).map(day))
        }
        _ => None,
    }
}

fn total(charger: &Charger) -> Vec<u8> {
    let mut out = Vec::with_capacity(LENGTH);
    let highest = |of: fn(&Day) -> f64| charger.days.iter().map(of).fold(0.0, f64::max);
    let lowest = charger.days.iter().map(|day| day.battery_voltage_min);
    // Version, error database, four error slots.
    out.extend([1, 0, 0, 0, 0, 0]);
    push4(&mut out, charger.yield_total, 100.0);
    push4(&mut out, charger.yield_total, 100.0);
    push2(&mut out, highest(|day| day.panel_voltage_max), 100.0);
    push2(&mut out, highest(|day| day.battery_voltage_max), 100.0);
    let days = charger.days.len().min(DAYS_MAX);
    out.push(u8::try_from(days).unwrap_or(u8::MAX));
    push2(&mut out, lowest.fold(f64::MAX, f64::min).min(655.34), 100.0);
    out.resize(LENGTH, 0xFF);
    out
}

fn day(day: &Day) -> Vec<u8> {
    let mut out = Vec::with_capacity(LENGTH);
    out.push(0);
    push4(&mut out, day.yield_kwh, 100.0);
    push4(&mut out, day.consumed_kwh, 100.0);
    push2(&mut out, day.battery_voltage_max, 100.0);
    push2(&mut out, day.battery_voltage_min, 100.0);
    out.extend([0; 5]);
    push2(&mut out, day.time_bulk, 1.0);
    push2(&mut out, day.time_absorption, 1.0);
    push2(&mut out, day.time_float, 1.0);
    push4(&mut out, day.power_max, 1.0);
    push2(&mut out, day.current_max, 10.0);
    push2(&mut out, day.panel_voltage_max, 100.0);
    out.extend(day.sequence.to_le_bytes());
    out
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
fn push2(out: &mut Vec<u8>, value: f64, per_unit: f64) {
    out.extend(((value * per_unit).round() as u16).to_le_bytes());
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
fn push4(out: &mut Vec<u8>, value: f64, per_unit: f64) {
    out.extend(((value * per_unit).round() as u32).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::device::{Kind, defaults};

    fn charger() -> Charger {
        match defaults::measured(Kind::Mppt) {
            crate::sim::device::Measured::Charger(charger) => charger,
            _ => unreachable!(),
        }
    }

    #[test]
    fn a_day_record_is_laid_out_as_recorded_ones() {
        let bytes = day(&Day {
            yield_kwh: 0.53,
            battery_voltage_max: 13.84,
            battery_voltage_min: 12.93,
            time_bulk: 930.0,
            power_max: 179.0,
            current_max: 12.9,
            panel_voltage_max: 45.48,
            sequence: 9,
            ..Day::default()
        });
        assert_eq!(bytes.len(), LENGTH);
        // The fields of a recorded answer to 0x1050 (ckeller42, 75/15).
        assert_eq!(&bytes[..13], [0, 0x35, 0, 0, 0, 0, 0, 0, 0, 0x68, 5, 0x0D, 5]);
        assert_eq!(&bytes[18..20], [0xA2, 0x03]);
        assert_eq!(&bytes[24..34], [0xB3, 0, 0, 0, 0x81, 0, 0xC4, 0x11, 9, 0]);
    }

    #[test]
    fn a_total_record_ends_in_reserved_bytes() {
        let bytes = total(&charger());
        assert_eq!(bytes.len(), LENGTH);
        assert_eq!(&bytes[21..], [0xFF; 13]);
        assert_eq!(usize::from(bytes[18]), charger().days.len());
    }

    #[test]
    fn a_day_that_never_was_has_no_record() {
        let charger = charger();
        assert!(matches!(record(&charger, TODAY), Some(Some(_))));
        assert!(matches!(record(&charger, OLDEST), Some(None)));
        assert!(record(&charger, 0xEDF6).is_none());
    }
}
