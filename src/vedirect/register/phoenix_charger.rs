//! Registers of Phoenix Smart and Blue Smart mains chargers.
//!
//! No public HEX document exists; the ids are those of the solar chargers, as
//! far as staff of the vendor and users confirm them.

use super::Family;
use super::Register;
use super::Type::{U8, U16, U32};
use super::Wear::{Stored, Unknown};
use super::dsl::{A, S, V, row, table};
use crate::vedirect::state::{DEVICE_FUNCTION, DEVICE_MODE, NIGHT_MODE};

// One row a line, whatever its length: the table is read by columns.
#[rustfmt::skip]
pub(super) static PHOENIX_CHARGER: &[Register] = &table(Family::PhoenixCharger, [
    row(0x0200, "mode", "DEVICE_MODE", U8).enumeration(&DEVICE_MODE).rw(Unknown).from("VR KR").note("1 charges, 4 is off"),
    row(0x0206, "device_function", "DEVICE_FUNCTION", U8).enumeration(&DEVICE_FUNCTION).rw(Unknown).from("VR CM"),
    row(0xEDF5, "battery_storage_voltage", "BAT_STORAGE_V", U16).unit(0.01, V).na(0xFFFF).rw(Stored).from("VR KR CM").note("the vendor's staff confirm the id for the Phoenix Smart IP43"),
    row(0xEDF6, "battery_float_voltage", "BAT_FLOAT_V", U16).unit(0.01, V).na(0xFFFF).rw(Stored).from("VR KR CM"),
    row(0xEDF7, "battery_absorption_voltage", "BAT_ABSORPTION_V", U16).unit(0.01, V).na(0xFFFF).rw(Stored).from("VR KR CM"),
    row(0xEDF0, "battery_max_current", "BAT_MAX_CURRENT", U16).unit(0.1, A).na(0xFFFF).rw(Stored).from("VR KR"),
    row(0xEDD5, "battery_voltage", "CHR_VOLTAGE", U16).unit(0.01, V).na(0xFFFF).from("VR KR"),
    row(0xEDD7, "charger_current", "CHR_CURRENT", U16).unit(0.1, A).na(0xFFFF).from("VR KR"),
    row(0xE001, "night_mode", "NIGHT_MODE_FLAGS", U8).bits_of(&NIGHT_MODE).from("CM").note("Blue Smart chargers, from a list of users"),
    row(0xE002, "night_mode_time_left", "NIGHT_MODE_TIME", U32).unit(1.0, S).from("CM").note("Blue Smart chargers, counts down from 28800; from a list of users"),
]);
