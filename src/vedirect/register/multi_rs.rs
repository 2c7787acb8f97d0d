//! Registers of Multi RS and RS inverters.
//!
//! Readings only; nothing is known to be safely writable.

use super::Family;
use super::Register;
use super::Type::{I16, I32, U8, U16, U32};
use super::dsl::{A, AH, HZ, KWH, V, VA, W, row, table};
use crate::vedirect::state::DEVICE_STATE;

// One row a line, whatever its length: the table is read by columns.
#[rustfmt::skip]
pub(super) static MULTI_RS: &[Register] = &table(Family::MultiRs, [
    row(0x0209, "inverter_state", "INVERTER_STATE", U8).enumeration(&DEVICE_STATE).from("VR KR"),
    row(0x020A, "charger_state", "CHARGE_STATE", U8).enumeration(&DEVICE_STATE).from("VR KR"),
    row(0x0310, "discharged_energy", "HIST_KWH_OUT", U32).unit(0.001, KWH).from("KR").note("the scale stands in one source only; a BMV uses 0.01"),
    row(0x0311, "charged_energy", "HIST_KWH_IN", U32).unit(0.001, KWH).from("KR").note("the scale stands in one source only"),
    row(0x0FFC, "consumed_charge", "CONSUMED_AH", I32).unit(0.1, AH).from("VR KR"),
    row(0x2213, "ac_output_voltage", "AC_OUTPUT_L1_VOLTAGE", I16).unit(0.01, V).from("VR KR"),
    row(0x2214, "ac_output_current", "AC_OUTPUT_L1_CURRENT", I16).unit(0.01, A).from("VR KR"),
    row(0x2215, "ac_output_power", "AC_OUTPUT_L1_POWER", I32).unit(1.0, W).from("VR KR"),
    row(0x2216, "ac_output_apparent_power", "AC_OUTPUT_L1_APPARENT_POWER", I32).unit(1.0, VA).from("VR KR"),
    row(0x2217, "ac_output_frequency", "AC_OUTPUT_L1_FREQUENCY", U16).unit(0.01, HZ).from("VR"),
    row(0x2250, "ac_input_voltage", "AC_INPUT_1_L1_VOLTAGE", I16).unit(0.01, V).from("VR KR"),
    row(0x2251, "ac_input_current", "AC_INPUT_1_L1_CURRENT", I16).unit(0.01, A).from("VR KR"),
    row(0x2252, "ac_input_power", "AC_INPUT_1_L1_POWER", I32).unit(1.0, W).from("VR"),
    row(0xD3A1, "ac_output_current_fine", "U_AC_OUT_CURRENT_MA", I32).unit(0.001, A).from("KR").note("found by experiment"),
]);
