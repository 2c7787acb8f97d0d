//! The TEXT labels and the points they feed.
//!
//! Facts of the vendor's VE.Direct protocol 3.33 and of recordings. Two labels
//! keep a point of their own although a register looks alike: `I` is the
//! battery current where 0xEDD7 includes the load, and `Relay` says whether a
//! relay is active where 0x034E says whether its contact is closed (a relay
//! may be inverted).

use super::{Form, Label};
use crate::units::Unit;
use crate::vedirect::register::Family;
use crate::vedirect::state::{
    ALARM_REASON, BitField, CAPABILITIES_BLE, CHARGER_ERROR, DEVICE_MODE, DEVICE_STATE,
    Enumeration, INVERTER_MODE, INVERTER_STATE, LOAD_STATE, MONITOR_MODE, MPPT_DEVICE_MODE,
    MPPT_TRACKER, Meaning, OFF_ON, OFF_REASON,
};

const MILLI: u16 = 1000;
const CENTI: u16 = 100;
const TENTH: u16 = 10;
const WHOLE: u16 = 1;

/// Every label known, as most families use it.
#[rustfmt::skip]
pub static LABELS: &[Label] = &[
    number("V", "battery_voltage", MILLI, Unit::Volt),
    number("V2", "battery_voltage_2", MILLI, Unit::Volt),
    number("V3", "battery_voltage_3", MILLI, Unit::Volt),
    number("VS", "starter_voltage", MILLI, Unit::Volt),
    number("VM", "midpoint_voltage", MILLI, Unit::Volt),
    number("DM", "midpoint_deviation", TENTH, Unit::Percent),
    number("VPV", "pv_voltage", MILLI, Unit::Volt),
    number("PPV", "pv_power", WHOLE, Unit::Watt),
    // MPPT 75/15 and 100/15 before firmware 1.15 send the converter's current.
    number("I", "battery_current", MILLI, Unit::Ampere),
    number("I2", "battery_current_2", MILLI, Unit::Ampere),
    number("I3", "battery_current_3", MILLI, Unit::Ampere),
    number("IL", "load_current", MILLI, Unit::Ampere),
    switch("LOAD", "load_output_state", &LOAD_STATE),
    number("T", "battery_temperature", WHOLE, Unit::Celsius),
    number("P", "battery_power", WHOLE, Unit::Watt),
    number("CE", "consumed_charge", MILLI, Unit::AmpereHour),
    number("SOC", "soc", TENTH, Unit::Percent),
    number("TTG", "time_to_go", WHOLE, Unit::Minute).absent(-1),
    switch("Alarm", "alarm", &OFF_ON),
    switch("Relay", "relay_state", &OFF_ON),
    bits("AR", "alarm_reason", &ALARM_REASON),
    bits("WARN", "warning_reason", &ALARM_REASON),
    bits("OR", "off_reason", &OFF_REASON),
    bits("CAP_BLE", "bluetooth_capabilities", &CAPABILITIES_BLE),
    number("H1", "deepest_discharge", MILLI, Unit::AmpereHour),
    number("H2", "last_discharge", MILLI, Unit::AmpereHour),
    number("H3", "average_discharge", MILLI, Unit::AmpereHour),
    number("H4", "charge_cycles", WHOLE, Unit::None),
    number("H5", "full_discharges", WHOLE, Unit::None),
    number("H6", "cumulative_discharge", MILLI, Unit::AmpereHour),
    number("H7", "lowest_battery_voltage", MILLI, Unit::Volt),
    number("H8", "highest_battery_voltage", MILLI, Unit::Volt),
    number("H9", "time_since_full_charge", WHOLE, Unit::Second),
    number("H10", "automatic_synchronisations", WHOLE, Unit::None),
    number("H11", "low_voltage_alarms", WHOLE, Unit::None),
    number("H12", "high_voltage_alarms", WHOLE, Unit::None),
    number("H13", "low_starter_voltage_alarms", WHOLE, Unit::None),
    number("H14", "high_starter_voltage_alarms", WHOLE, Unit::None),
    number("H15", "lowest_starter_voltage", MILLI, Unit::Volt),
    number("H16", "highest_starter_voltage", MILLI, Unit::Volt),
    number("H17", "discharged_energy", CENTI, Unit::KilowattHour),
    number("H18", "charged_energy", CENTI, Unit::KilowattHour),
    number("H19", "user_yield", CENTI, Unit::KilowattHour),
    number("H20", "yield_today", CENTI, Unit::KilowattHour),
    number("H21", "max_power_today", WHOLE, Unit::Watt),
    number("H22", "yield_yesterday", CENTI, Unit::KilowattHour),
    number("H23", "max_power_yesterday", WHOLE, Unit::Watt),
    number("HSDS", "day_sequence", WHOLE, Unit::None),
    named("ERR", "error_code", &CHARGER_ERROR),
    named("CS", "state", &DEVICE_STATE).absent(255),
    named("MODE", "mode", &DEVICE_MODE),
    named("MPPT", "tracker_mode", &MPPT_TRACKER).absent(255),
    named("MON", "monitor_mode", &MONITOR_MODE),
    number("AC_OUT_V", "ac_output_voltage", CENTI, Unit::Volt),
    number("AC_OUT_I", "ac_output_current", TENTH, Unit::Ampere),
    number("AC_OUT_S", "ac_output_apparent_power", WHOLE, Unit::VoltAmpere),
    number("DC_IN_V", "input_voltage", CENTI, Unit::Volt),
    number("DC_IN_I", "input_current", TENTH, Unit::Ampere),
    number("DC_IN_P", "input_power", WHOLE, Unit::Watt),
    other("BMV", "bmv_model", Form::Text),
    other("PID", "product_id", Form::Number(WHOLE)),
    other("FW", "firmware_version", Form::Firmware),
    other("FWE", "firmware_version", Form::LongFirmware),
    other("SER#", "serial_number", Form::Text),
    other("SER", "serial_number", Form::Text),
    other("HC#", "hardware_code", Form::Text),
];

/// The labels that mean something else in a family.
pub(super) fn of_family(family: Family) -> &'static [Label] {
    /// Inverters have an enumeration of their own for state and mode.
    static INVERTER: [Label; 2] =
        [named("CS", "state", &INVERTER_STATE), named("MODE", "mode", &INVERTER_MODE)];
    /// A solar charger's switch has fewer positions.
    static MPPT: [Label; 1] = [named("MODE", "mode", &MPPT_DEVICE_MODE)];
    /// No source says whether `P` is measured at the input or the output.
    static ORION: [Label; 1] = [number("P", "power", WHOLE, Unit::Watt)];
    match family {
        Family::PhoenixInverter => &INVERTER,
        Family::Mppt | Family::MpptRs => &MPPT,
        Family::OrionXs => &ORION,
        _ => &[],
    }
}

const fn number(label: &'static str, name: &'static str, parts: u16, unit: Unit) -> Label {
    let form = Form::Number(parts);
    Label { label, name, form, unit, meaning: Meaning::Plain, absent: None }
}

const fn other(label: &'static str, name: &'static str, form: Form) -> Label {
    Label { label, name, form, unit: Unit::None, meaning: Meaning::Plain, absent: None }
}

const fn named(label: &'static str, name: &'static str, names: &'static Enumeration) -> Label {
    other(label, name, Form::Number(WHOLE)).meaning(Meaning::Enumeration(names))
}

const fn switch(label: &'static str, name: &'static str, names: &'static Enumeration) -> Label {
    other(label, name, Form::Switch).meaning(Meaning::Enumeration(names))
}

const fn bits(label: &'static str, name: &'static str, names: &'static BitField) -> Label {
    other(label, name, Form::Number(WHOLE)).meaning(Meaning::BitField(names))
}

impl Label {
    const fn meaning(mut self, meaning: Meaning) -> Self {
        self.meaning = meaning;
        self
    }

    const fn absent(mut self, number: i64) -> Self {
        self.absent = Some(number);
        self
    }
}
