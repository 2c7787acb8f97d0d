//! Registers of Phoenix inverters.
//!
//! Whether settings outlive a restart is open: a separate command to save
//! them exists (0xEB99), so their wear is unknown and treated as stored.

use super::Family;
use super::Register;
use super::Type::{I16, I32, U8, U16, U32};
use super::Wear::Unknown;
use super::dsl::{A, AC_PERIODS, KVAH, S, V, VA, row, table};
use crate::vedirect::state::{
    AC_FREQUENCY, ALARM_REASON, INVERTER_MODE, INVERTER_STATE, OFF_ON, OFF_REASON, RELAY_CONTACT,
    RELAY_MODE,
};

// One row a line, whatever its length: the table is read by columns.
#[rustfmt::skip]
pub(super) static PHOENIX_INVERTER: &[Register] = &table(Family::PhoenixInverter, [
    row(0x0200, "mode", "DEVICE_MODE", U8).enumeration(&INVERTER_MODE).rw(Unknown).from("GV VP KR").note("2 inverter on, 3 device on, 4 off, 5 eco; 253 hibernate on Smart models only"),
    row(0x0201, "state", "DEVICE_STATE", U8).enumeration(&INVERTER_STATE).from("GV VR KR"),
    row(0x0207, "off_reason", "DEVICE_OFF_REASON_2", U32).bits_of(&OFF_REASON).from("GV VP KR"),
    row(0x031C, "warning_reason", "WARNING_REASON", U16).bits_of(&ALARM_REASON).from("GV VP KR").note("what is wrong now"),
    row(0x031E, "alarm_reason", "ALARM_REASON", U16).bits_of(&ALARM_REASON).from("VP KR").note("what made it shut down; stays until it is on again"),
    row(0x1040, "operating_time", "HISTORY_TIME", U32).unit(1.0, S).from("GV VR").note("since leaving the factory"),
    row(0x1041, "produced_energy", "HISTORY_ENERGY", U32).unit(0.01, KVAH).from("GV VR").note("one source gives units of 10 VAh, which is the same"),
    row(0x2200, "ac_output_voltage", "AC_OUT_VOLTAGE", I16).unit(0.01, V).from("GV VR KR"),
    row(0x2201, "ac_output_current", "AC_OUT_CURRENT", I16).unit(0.1, A).from("GV VR KR").note("may be slightly negative"),
    row(0x2202, "ac_output_nominal_voltage", "AC_OUT_NOM_VOLTAGE", U8).unit(1.0, V).from("GV VR"),
    row(0x2203, "ac_output_rated_power", "AC_OUT_RATED_POWER", I16).unit(1.0, VA).from("GV VR").note("one source calls the unit W"),
    row(0x2205, "ac_output_apparent_power", "AC_OUT_APPARENT_POWER", I32).unit(1.0, VA).from("GV VR KR").note("only with bit 29 of capabilities"),
    row(0x2206, "eco_search_threshold", "AC_LOAD_SENSE_POWER_THRESHOLD", U16).unit(1.0, VA).rw(Unknown).from("GV VR").note("a load below it starts the search"),
    row(0x2207, "eco_search_clear", "AC_LOAD_SENSE_POWER_CLEAR", U16).unit(1.0, VA).rw(Unknown).from("GV VR").note("a load above it ends the search"),
    row(0xED8D, "battery_voltage", "DC_CHANNEL1_VOLTAGE", I16).unit(0.01, V).na(0x7FFF).from("GV VR KR"),
    row(0xEDEF, "battery_system_voltage", "BAT_VOLTAGE", U8).unit(1.0, V).from("GV VR").note("nominal voltage"),
    row(0xEB4E, "inverter_current", "INV_LOOP_GET_IINV", I16).unit(0.001, A).from("GV VR").note("the scale stands in one source only"),
    row(0x0230, "ac_output_voltage_setpoint", "AC_OUT_VOLTAGE_SETPOINT", U16).unit(0.01, V).rw(Unknown).from("GV VR KR"),
    row(0x0231, "ac_output_voltage_setpoint_min", "AC_OUT_VOLTAGE_SETPOINT_MIN", U16).unit(0.01, V).from("GV VR"),
    row(0x0232, "ac_output_voltage_setpoint_max", "AC_OUT_VOLTAGE_SETPOINT_MAX", U16).unit(0.01, V).from("GV VR"),
    row(0xEB03, "ac_output_frequency_select", "INV_WAVE_SET50HZ_NOT60HZ", U8).na(0xFF).enumeration(&AC_FREQUENCY).rw(Unknown).from("GV VR"),
    row(0xEB04, "eco_wake_current", "INV_OPER_ECO_MODE_IINV_MIN", U16).unit(0.001, A).rw(Unknown).from("GV VR").note("one source takes it as signed"),
    row(0xEB06, "eco_retry_time", "INV_OPER_ECO_MODE_RETRY_TIME", U8).unit(0.25, S).rw(Unknown).from("GV VR"),
    row(0xEB10, "eco_detect_periods", "INV_OPER_ECO_LOAD_DETECT_PERIODS", U8).unit(1.0, AC_PERIODS).rw(Unknown).from("GV VR"),
    row(0x2210, "shutdown_low_voltage", "SHUTDOWN_LOW_VOLTAGE_SET", U16).unit(0.01, V).rw(Unknown).from("GV VR KR"),
    row(0x0320, "alarm_low_voltage_set", "ALARM_LOW_VOLTAGE_SET", U16).unit(0.01, V).rw(Unknown).from("GV VR KR").note("warning, and where it starts again"),
    row(0x0321, "alarm_low_voltage_clear", "ALARM_LOW_VOLTAGE_CLEAR", U16).unit(0.01, V).rw(Unknown).from("GV VR KR").note("where it takes the battery as charging"),
    row(0x2211, "adjustable_voltage_min", "VOLTAGE_RANGE_MIN", U16).unit(0.01, V).from("GV VR KR"),
    row(0x2212, "adjustable_voltage_max", "VOLTAGE_RANGE_MAX", U16).unit(0.01, V).from("GV VR KR"),
    row(0xEBBA, "dynamic_cutoff_enabled", "INV_PROT_UBAT_DYN_CUTOFF_ENABLE", U8).enumeration(&OFF_ON).rw(Unknown).from("GV VR"),
    row(0xEBB7, "dynamic_cutoff_factor", "INV_PROT_UBAT_DYN_CUTOFF_FACTOR", U16).rw(Unknown).from("GV VR"),
    row(0xEBB5, "dynamic_cutoff_factor_2000", "INV_PROT_UBAT_DYN_CUTOFF_FACTOR2000", U16).unit(0.001, V).na(0xFFFF).rw(Unknown).from("GV VR").note("sources disagree on the scale"),
    row(0xEBB3, "dynamic_cutoff_factor_250", "INV_PROT_UBAT_DYN_CUTOFF_FACTOR250", U16).unit(0.001, V).na(0xFFFF).rw(Unknown).from("GV VR"),
    row(0xEBB2, "dynamic_cutoff_factor_5", "INV_PROT_UBAT_DYN_CUTOFF_FACTOR5", U16).unit(0.001, V).na(0xFFFF).rw(Unknown).from("GV VR"),
    row(0xEBB1, "dynamic_cutoff_voltage", "INV_PROT_UBAT_DYN_CUTOFF_VOLTAGE", U16).unit(0.001, V).na(0xFFFF).from("GV VR").note("level in force now"),
    row(0xEB99, "settings_memory_command", "INV_NVM_COMMAND", U8).wo(Unknown).from("VR").note("values are not known; that it exists suggests that settings are lost at restart until saved"),
    row(0x034E, "relay_contact", "RELAY_CONTROL", U8).enumeration(&RELAY_CONTACT).rw(Unknown).from("VR KR").note("Smart models with relay, relay_mode remote"),
    row(0x034F, "relay_mode", "RELAY_MODE", U8).enumeration(&RELAY_MODE).rw(Unknown).from("VP KR").note("Smart models with relay"),
]);
