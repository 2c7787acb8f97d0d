//! TEXT blocks as the real devices send them.
//!
//! Fields and their order are those of recordings: SmartSolar 75/15 with
//! firmware 1.63, BMV-712 with 4.03, SmartShunt with 4.05, Phoenix with 1.26.
//! Older firmware sends fewer fields. A BMV sends two blocks by turns: what
//! it measures and what it has counted.

use super::measured::{Charger, Inverter, Measured, Monitor};
use super::{Device, Kind};

/// Firmware from which chargers send the tracker's mode (`MPPT`).
const TRACKER_SINCE: u16 = 137;
/// Firmware from which SmartSolar chargers send the off reason (`OR`).
const OFF_REASON_SINCE: u16 = 144;
/// Firmware from which battery monitors send `MON`.
const MONITOR_MODE_SINCE: u16 = 408;

/// The blocks of one tick.
#[must_use]
pub fn blocks(device: &Device) -> Vec<Vec<u8>> {
    match &device.measured {
        Measured::Charger(charger) => vec![charger_block(device, charger)],
        Measured::Monitor(monitor) => {
            vec![monitor_block(device, monitor), counter_block(monitor)]
        }
        Measured::Inverter(inverter) => vec![inverter_block(device, inverter)],
    }
}

/// A block in the making; fields begin with CR LF, as they do on the wire.
struct Block(Vec<u8>);

impl Block {
    fn new() -> Self {
        Self(Vec::with_capacity(256))
    }

    fn field(&mut self, label: &str, value: impl std::fmt::Display) {
        self.0.extend(format!("\r\n{label}\t{value}").into_bytes());
    }

    /// A number in thousandths, or `---` when not available.
    fn milli(&mut self, label: &str, value: Option<f64>) {
        self.whole(label, value.map(|value| value * 1000.0));
    }

    /// A whole number, or `---` when not available.
    fn whole(&mut self, label: &str, value: Option<f64>) {
        match value {
            Some(value) => self.field(label, rounded(value)),
            None => self.field(label, "---"),
        }
    }

    /// Adds the checksum: the sum of all bytes of a block is zero.
    fn finish(mut self) -> Vec<u8> {
        self.0.extend(b"\r\nChecksum\t");
        let sum = self.0.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        self.0.push(sum.wrapping_neg());
        self.0
    }
}

fn charger_block(device: &Device, charger: &Charger) -> Vec<u8> {
    let (today, yesterday) = (charger.day(0), charger.day(1));
    let load = device.load_current();
    // Chargers report their currents in steps of 10 mA.
    let battery = ((charger.current - load) * 100.0).round() / 100.0;
    let mut block = Block::new();
    block.field("PID", format_args!("0x{:X}", device.kind.product_id()));
    block.field("FW", device.firmware);
    block.field("SER#", &device.serial_number);
    block.milli("V", Some((charger.battery_voltage * 100.0).round() / 100.0));
    block.milli("I", Some(battery));
    block.milli("VPV", Some((charger.panel_voltage * 100.0).round() / 100.0));
    block.whole("PPV", Some(charger.panel_power));
    block.field("CS", device.bank.raw(0x0201));
    if device.firmware >= TRACKER_SINCE {
        block.field("MPPT", device.bank.raw(0xEDB3));
    }
    if device.firmware >= OFF_REASON_SINCE {
        block.field("OR", format_args!("0x{:08X}", device.bank.raw(0x0207)));
    }
    block.field("ERR", device.bank.raw(0xEDDA));
    if device.kind == Kind::Mppt {
        block.field("LOAD", on_off(device.load_on()));
        block.milli("IL", Some((load * 10.0).round() / 10.0));
    }
    block.whole("H19", Some(charger.yield_total * 100.0));
    block.whole("H20", Some(today.yield_kwh * 100.0));
    block.whole("H21", Some(today.power_max));
    block.whole("H22", Some(yesterday.yield_kwh * 100.0));
    block.whole("H23", Some(yesterday.power_max));
    block.field("HSDS", today.sequence);
    block.finish()
}

fn monitor_block(device: &Device, monitor: &Monitor) -> Vec<u8> {
    let charge = monitor.state_of_charge;
    let mut block = Block::new();
    block.field("PID", format_args!("0x{:X}", device.kind.product_id()));
    block.milli("V", Some(monitor.voltage));
    match monitor.starter() {
        Some(volts) => block.milli("VS", Some(volts)),
        None => block.whole("T", monitor.temperature()),
    }
    block.milli("I", Some(monitor.current));
    block.whole("P", Some(monitor.voltage * monitor.current));
    block.milli("CE", charge.map(|_| monitor.consumed));
    block.whole("SOC", charge.map(|percent| percent * 10.0));
    block.whole("TTG", charge.map(|_| monitor.time_to_go.unwrap_or(-1.0)));
    block.field("Alarm", on_off(device.bank.raw(0x031E) != 0));
    if device.kind == Kind::Bmv {
        block.field("Relay", on_off(device.bank.raw(0x034E) != 0));
    }
    block.field("AR", device.bank.raw(0x031E));
    block.field("BMV", device.kind.model_text());
    block.field("FW", format_args!("{:04}", device.firmware));
    if device.firmware >= MONITOR_MODE_SINCE {
        block.field("MON", device.bank.raw(0xEEB8));
    }
    block.finish()
}

fn counter_block(monitor: &Monitor) -> Vec<u8> {
    let mut block = Block::new();
    block.milli("H1", Some(monitor.deepest_discharge));
    block.milli("H2", Some(monitor.last_discharge));
    block.field("H3", 0);
    block.field("H4", monitor.cycles);
    block.field("H5", 0);
    block.milli("H6", Some(monitor.cumulative));
    block.milli("H7", Some(monitor.voltage_min));
    block.milli("H8", Some(monitor.voltage_max));
    block.whole("H9", Some(monitor.since_full));
    block.field("H10", monitor.synchronisations);
    block.field("H11", 0);
    block.field("H12", 0);
    block.milli("H15", Some(monitor.starter().unwrap_or(0.0)));
    block.milli("H16", Some(monitor.starter().unwrap_or(0.0)));
    block.whole("H17", Some(monitor.energy_out * 100.0));
    block.whole("H18", Some(monitor.energy_in * 100.0));
    block.finish()
}

fn inverter_block(device: &Device, inverter: &Inverter) -> Vec<u8> {
    let state = device.bank.raw(0x0201);
    let on = if state == 9 { 1.0 } else { 0.0 };
    let mut block = Block::new();
    block.field("PID", format_args!("0x{:X}", device.kind.product_id()));
    block.field("FW", format_args!("{:04}", device.firmware));
    block.field("SER#", &device.serial_number);
    block.field("MODE", device.bank.raw(0x0200));
    block.field("CS", state);
    block.whole("AC_OUT_V", Some(inverter.ac_voltage * on * 100.0));
    block.whole("AC_OUT_I", Some(inverter.ac_current * on * 10.0));
    block.whole("AC_OUT_S", Some(inverter.apparent_power() * on));
    block.milli("V", Some(inverter.battery_voltage));
    block.field("AR", device.bank.raw(0x031E));
    block.field("WARN", device.bank.raw(0x031C));
    block.field("OR", format_args!("0x{:08X}", device.bank.raw(0x0207)));
    block.finish()
}

const fn on_off(on: bool) -> &'static str {
    if on { "ON" } else { "OFF" }
}

#[allow(clippy::cast_possible_truncation, reason = "`as` saturates, and NaN becomes 0")]
fn rounded(value: f64) -> i64 {
    value.round() as i64
}
