//! Registers that every product may answer.
//!
//! Facts only: what a column means stands in `dsl`, where the facts
//! come from in [`super::SOURCES`]. Families repeat a row here where they
//! restrict its values.

use super::Family;
use super::Register;
use super::Type::{Text, U8, U16, U24, U32, Void};
use super::Wear::{Stored, Unknown, Volatile};
use super::dsl::{S, row, table};
use crate::vedirect::state::{
    BLE_MODE, CAPABILITIES_BLE, CAPABILITIES1, CAPABILITIES2, DEVICE_MODE, DEVICE_STATE,
};

// One row a line, whatever its length: the table is read by columns.
#[rustfmt::skip]
pub(super) static COMMON: &[Register] = &table(Family::Common, [
    row(0x0004, "restore_defaults", "RESTORE_DEFAULT", Void).wo(Stored).from("M16 B6 VR").note("settings return to factory values; calibration, Bluetooth PIN and probably the history stay"),
    row(0x0090, "bluetooth_mode", "BLE_MODE", U8).enumeration(&BLE_MODE).rw(Unknown).from("B6 VR KR").note("off may be for ever on some products: look at bluetooth_capabilities bit 1 first"),
    row(0x0100, "product_id", "PRODUCT_ID", U32).bits(8, 16).also(U16).from("M16 B6 VR GV").note("4 bytes since MPPT firmware 1.30: instance, id, reserved; older firmware sends 2, on some builds big endian"),
    row(0x0101, "product_revision", "PRODUCT_REVISION", U24).bits(8, 16).from("B6 VR").note("one identifier byte, then the hardware revision"),
    row(0x0102, "firmware_version", "APP_VER", U32).na(0xFF_FFFF).firmware().from("VR KR").note("one identifier byte, then three of version; decodes to a text such as 1.61"),
    row(0x0104, "group_id", "GROUP_ID", U8).from("M16 VR").note("which chargers charge in parallel; MPPT firmware 1.17 and later"),
    row(0x010A, "serial_number", "SERIAL_NUMBER", Text).from("M16 B6 VR").note("32 characters at most"),
    row(0x010B, "model_name", "MODEL_NAME", Text).from("M16 B6 VR").note("32 or 64 characters at most"),
    row(0x010C, "custom_name", "DESCRIPTION1", Text).range(0.0, 20.0).rw(Stored).from("B6 VR").note("20 characters at most on the BMV-712"),
    row(0x010E, "identify", "IDENTIFY", U8).rw(Volatile).from("VR").note("1 makes the unit blink or beep, to be found among others"),
    row(0x0120, "uptime", "UPTIME", U32).unit(1.0, S).from("B6 VR").note("a fall tells of a restart, and so of lost volatile settings"),
    row(0x0140, "capabilities", "CAPABILITIES1", U32).bits_of(&CAPABILITIES1).from("M16 VR KR").note("MPPT firmware 1.16 and later"),
    row(0x0141, "capabilities_2", "CAPABILITIES2", U32).bits_of(&CAPABILITIES2).from("VR"),
    row(0x0150, "bluetooth_capabilities", "CAPABILITIES_BLE", U32).bits_of(&CAPABILITIES_BLE).from("B6 VR").note("BMV-712 firmware 4.01 and later"),
    row(0x0200, "mode", "DEVICE_MODE", U8).enumeration(&DEVICE_MODE).rw(Unknown).from("M16 VR KR").note("families list their own values; no source says whether it survives a restart"),
    row(0x0201, "state", "DEVICE_STATE", U8).na(0xFF).enumeration(&DEVICE_STATE).from("M16 VR KR"),
    row(0xEC41, "settings_changed", "SETTINGS_CHANGED", U32).unit(1.0, S).na(0xFFFF_FFFF).rw(Stored).from("B6 VR").note("0: changed at the device; else the time an app wrote settings, in unix seconds"),
]);
