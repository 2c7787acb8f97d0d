//! Registers of the Orion XS and Smart BuckBoost battery-to-battery chargers.
//!
//! No public HEX document exists: ids by analogy and from the vendor's
//! header files, so every write deserves a read-back.

use super::Family;
use super::Register;
use super::Type::{U8, U16, U32};
use super::Wear::Unknown;
use super::dsl::{A, S, V, W, row, table};
use crate::vedirect::state::{DEVICE_FUNCTION, DEVICE_MODE, OFF_REASON};

// One row a line, whatever its length: the table is read by columns.
#[rustfmt::skip]
pub(super) static ORION_XS: &[Register] = &table(Family::OrionXs, [
    row(0x0200, "mode", "DEVICE_MODE", U8).enumeration(&DEVICE_MODE).rw(Unknown).from("VR").note("1 on and 4 off are expected; the family has no public HEX document"),
    row(0x0206, "device_function", "DEVICE_FUNCTION", U8).enumeration(&DEVICE_FUNCTION).rw(Unknown).from("VR"),
    row(0x0207, "off_reason", "DEVICE_OFF_REASON_2", U32).bits_of(&OFF_REASON).from("VP"),
    row(0xEDD5, "battery_voltage", "CHR_VOLTAGE", U16).unit(0.01, V).na(0xFFFF).from("VR").note("output"),
    row(0xEDD7, "charger_current", "CHR_CURRENT", U16).unit(0.1, A).na(0xFFFF).from("VR").note("output"),
    row(0xEDBB, "input_voltage", "DC_INPUT_VOLTAGE", U16).unit(0.01, V).na(0xFFFF).from("VR"),
    row(0xEDBD, "input_current", "DC_INPUT_CURRENT", U16).unit(0.1, A).na(0xFFFF).from("VR"),
    row(0xEDBC, "input_power", "DC_INPUT_POWER", U32).unit(0.01, W).na(0xFFFF_FFFF).from("VR"),
    row(0xEDBE, "input_current_limit", "DC_INPUT_CURRENT_LIMIT", U16).unit(0.1, A).na(0xFFFF).rw(Unknown).from("VR"),
    row(0xEE36, "engine_shutdown_voltage_set", "ENGINE_SHUTDOWN_DETECT_SET", U16).unit(0.01, V).na(0xFFFF).rw(Unknown).from("VR"),
    row(0xEE37, "engine_shutdown_voltage_clear", "ENGINE_SHUTDOWN_DETECT_CLEAR", U16).unit(0.01, V).na(0xFFFF).rw(Unknown).from("VR"),
    row(0xEE38, "engine_shutdown_delayed_voltage_clear", "ENGINE_SHUTDOWN_DELAYED_DETECT_CLEAR", U16).unit(0.01, V).na(0xFFFF).rw(Unknown).from("VR"),
    row(0xEE39, "engine_shutdown_clear_delay", "ENGINE_SHUTDOWN_DETECT_CLEAR_DELAY", U32).unit(1.0, S).na(0xFFFF_FFFF).rw(Unknown).from("VR"),
]);
