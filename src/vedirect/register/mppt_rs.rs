//! What an MPPT RS has beyond the MPPT registers: trackers and their history.
//!
//! No row here was checked against a device by the sources.

use super::Family;
use super::Register;
use super::Type::{I16, U8, U16, U32};
use super::Wear::Stored;
use super::dsl::{A, OHM, PERCENT, V, W, day_names, days, row, table};
use crate::vedirect::state::{BACKLIGHT_MODE, BMS_INPUT, MPPT_TRACKER, REMOTE_INPUT};

// One row a line, whatever its length: the table is read by columns.
#[rustfmt::skip]
pub(super) static MPPT_RS: &[Register] = &table(Family::MpptRs, [
    row(0x0244, "tracker_count", "NUMBER_OF_DC_INPUTS", U8).from("VR KR SD"),
    row(0xD01F, "bms_input_state", "TWO_WIRE_BMS_INPUT_STATE", U8).bits_of(&BMS_INPUT).from("VR KR SD"),
    row(0xD0C0, "remote_input_mode", "REMOTE_INPUT_MODE_CONFIG", U8).enumeration(&REMOTE_INPUT).rw(Stored).from("VP KR SD"),
    row(0xED8B, "battery_ripple_voltage", "DC_CHANNEL1_RIPPLE_VOLTAGE", U16).unit(0.01, V).na(0xFFFF).from("VR KR SD").note("sources disagree: 0.01 or 0.001 V"),
    row(0xED8D, "dc_channel_1_voltage", "DC_CHANNEL1_VOLTAGE", I16).unit(0.01, V).na(0x7FFF).from("VR KR SD"),
    row(0xED8F, "battery_current", "DC_CHANNEL1_CURRENT", I16).unit(0.1, A).na(0x7FFF).from("VR KR SD"),
    row(0xEDBF, "pv_max_current", "DC_INPUT_MAX_CURRENT", U16).unit(0.1, A).na(0xFFFF).from("VR KR SD"),
    row(0xEDB2, "pv_starting_voltage", "DC_INPUT_STARTING_VOLTAGE", U16).unit(0.01, V).na(0xFFFF).from("VR SD"),
    row(0xEDB1, "pv_insulation_resistance", "DC_INPUT_RESISTANCE", U32).unit(1.0, OHM).na(0xFFFF_FFFF).from("VR SD"),
    row(0xEDC7, "battery_max_equalise_share", "CHR_MAX_EQUAL_PERCENTAGE", U8).unit(1.0, PERCENT).na(0xFF).from("VR SD"),
    row(0xEDC6, "battery_max_equalise_voltage", "CHR_MAX_EQUAL_V", U16).unit(0.01, V).from("VR SD"),
    row(0x0408, "display_backlight_mode", "BACKLIGHT_MODE", U8).enumeration(&BACKLIGHT_MODE).rw(Stored).from("VP SD"),
    row(0xECC3, "tracker_1_mode", "DC_INPUT1_MPP_MODE", U8).na(0xFF).enumeration(&MPPT_TRACKER).from("VR KR SD"),
    row(0xECCB, "pv_voltage_1", "DC_INPUT1_VOLTAGE", U16).unit(0.01, V).na(0xFFFF).from("VR KR SD"),
    row(0xECCC, "pv_power_1", "DC_INPUT1_POWER", U32).unit(0.01, W).na(0xFFFF_FFFF).from("VR KR SD"),
    row(0xECCD, "pv_current_1", "DC_INPUT1_CURRENT", U16).unit(0.1, A).na(0xFFFF).from("VR KR SD"),
    row(0xECD3, "tracker_2_mode", "DC_INPUT2_MPP_MODE", U8).na(0xFF).enumeration(&MPPT_TRACKER).from("VR KR SD"),
    row(0xECDB, "pv_voltage_2", "DC_INPUT2_VOLTAGE", U16).unit(0.01, V).na(0xFFFF).from("VR KR SD"),
    row(0xECDC, "pv_power_2", "DC_INPUT2_POWER", U32).unit(0.01, W).na(0xFFFF_FFFF).from("VR KR SD"),
    row(0xECDD, "pv_current_2", "DC_INPUT2_CURRENT", U16).unit(0.1, A).na(0xFFFF).from("VR KR SD"),
    row(0xECE3, "tracker_3_mode", "DC_INPUT3_MPP_MODE", U8).na(0xFF).enumeration(&MPPT_TRACKER).from("VR KR SD"),
    row(0xECEB, "pv_voltage_3", "DC_INPUT3_VOLTAGE", U16).unit(0.01, V).na(0xFFFF).from("VR KR SD"),
    row(0xECEC, "pv_power_3", "DC_INPUT3_POWER", U32).unit(0.01, W).na(0xFFFF_FFFF).from("VR KR SD"),
    row(0xECED, "pv_current_3", "DC_INPUT3_CURRENT", U16).unit(0.1, A).na(0xFFFF).from("VR KR SD"),
    row(0xECF3, "tracker_4_mode", "DC_INPUT4_MPP_MODE", U8).na(0xFF).enumeration(&MPPT_TRACKER).from("VR KR SD"),
    row(0xECFB, "pv_voltage_4", "DC_INPUT4_VOLTAGE", U16).unit(0.01, V).na(0xFFFF).from("VR KR SD"),
    row(0xECFC, "pv_power_4", "DC_INPUT4_POWER", U32).unit(0.01, W).na(0xFFFF_FFFF).from("VR KR SD"),
    row(0xECFD, "pv_current_4", "DC_INPUT4_CURRENT", U16).unit(0.1, A).na(0xFFFF).from("VR KR SD"),
]);

/// The last 31 days of each tracker, 0 is today; a day that does not exist
/// yet is refused with flag 0x04.
pub(super) static HISTORY_DAYS: &[Register] = &table(
    Family::MpptRs,
    days(0x10A0, day_names!("history_tracker_day_", "HISTORY_MPPT_DAY"), "VR SD"),
);
