//! Named bits of registers and TEXT labels.
//!
//! Facts of the vendor's documents and header files; the names are ours, made
//! to be read in a rule. Bits without a name keep their number.

use super::values::NETWORK_MODE_USECASE;
use super::{BitField, bits_with_presets};

/// What a host may control (0x0202); an MPPT knows `remote_on_off` alone.
pub static REMOTE_CONTROL: BitField = BitField::new(
    "remote_control",
    &[
        (0, "ac1_input_limit"),
        (1, "remote_on_off"),
        (2, "ac2_input_limit"),
        (8, "send_leds"),
        (16, "send_cell_voltages"),
        (17, "send_relays"),
    ],
);

/// Why a device does not work: TEXT `OR`, registers 0x0205 and 0x0207.
pub static OFF_REASON: BitField = BitField::new(
    "off_reason",
    &[
        (0, "no_input_power"),
        (1, "hard_power_switch"),
        (2, "soft_power_switch"),
        (3, "remote_input"),
        (4, "internal_reason"),
        (5, "out_of_credit"),
        (6, "bms"),
        (7, "engine_shutdown_detection"),
        (8, "analysing_input_voltage"),
        (9, "low_battery_temperature"),
        (10, "no_pv_power"),
        (11, "low_battery"),
        (12, "low_mains"),
        (13, "no_can_sync"),
        (14, "not_enough_inverters_in_sync"),
        (15, "active_alarm"),
    ],
);

/// Alarms and warnings: TEXT `AR` and `WARN`, registers 0x031E and 0x031C.
pub static ALARM_REASON: BitField = BitField::new(
    "alarm_reason",
    &[
        (0, "low_voltage"),
        (1, "high_voltage"),
        (2, "low_soc"),
        (3, "low_starter_voltage"),
        (4, "high_starter_voltage"),
        (5, "low_temperature"),
        (6, "high_temperature"),
        (7, "mid_voltage"),
        (8, "overload"),
        (9, "dc_ripple"),
        (10, "low_ac_out_voltage"),
        (11, "high_ac_out_voltage"),
        (12, "short_circuit"),
        (13, "bms_lockout"),
        (14, "bms_cable_failure"),
    ],
);

/// Why the load output is off (0xED91).
pub static LOAD_OFF_REASON: BitField = BitField::new(
    "load_off_reason",
    &[
        (0, "battery_low"),
        (1, "short_circuit"),
        (2, "timer_program"),
        (3, "remote_input"),
        (4, "out_of_credit"),
        (5, "out_of_credit_meter"),
        (7, "starting_up"),
    ],
);

/// How a charger is led by others (0x200E); `bms_controlled` is remembered in flash.
pub static NETWORK_MODE: BitField = bits_with_presets(
    "network_mode",
    &[
        (0, "networked"),
        (1, "slave"),
        (2, "external_control"),
        (3, "bms_controlled"),
        (4, "group_master"),
        (5, "instance_master"),
        (6, "standby"),
        (7, "inverter_standby"),
    ],
    NETWORK_MODE_USECASE.values,
);

/// What a charger receives from others (0x200D).
pub static NETWORK_INFO: BitField = BitField::new(
    "network_info",
    &[
        (0, "bms"),
        (1, "external_voltage_control"),
        (2, "charge_slave"),
        (3, "charge_master"),
        (4, "charge_current_used"),
        (5, "battery_current_used"),
        (6, "battery_temperature_used"),
        (7, "battery_voltage_used"),
        (8, "standby"),
        (9, "external_current_control"),
    ],
);

/// Details beside the charge state (0xEDD4).
pub static CUSTOM_STATE: BitField = BitField::new(
    "custom_state",
    &[
        (0, "safe_mode"),
        (1, "auto_equalise"),
        (2, "repeated_absorption"),
        (3, "low_input_dimming"),
        (4, "temperature_dimming"),
        (5, "sense_dimming"),
        (6, "input_current_dimming"),
        (7, "low_current_mode"),
    ],
);

/// What the Bluetooth part can do (0x0150).
pub static CAPABILITIES_BLE: BitField = BitField::new(
    "capabilities_ble",
    &[
        (0, "mode_register"),
        (1, "off_is_permanent"),
        (2, "off_recovery_time"),
        (3, "recovery_time_0_is_permanent"),
        (4, "service_mode"),
        (5, "trends"),
        (6, "advertisement_key"),
    ],
);

/// What a device can do (0x0140).
pub static CAPABILITIES1: BitField = BitField::new(
    "capabilities1",
    &[
        (0, "load_output"),
        (1, "rotary_encoder"),
        (2, "history"),
        (3, "battery_safe_mode"),
        (4, "adaptive_mode"),
        (5, "manual_equalise"),
        (6, "automatic_equalise"),
        (7, "storage_mode"),
        (8, "remote_on_off_input"),
        (9, "solar_timer"),
        (10, "tx_function"),
        (11, "user_defined_load_switch"),
        (12, "load_current_in_text"),
        (13, "panel_current"),
        (14, "bms_support"),
        (15, "external_control_support"),
        (16, "parallel_charging"),
        (17, "alarm_relay"),
        (18, "rx_function"),
        (19, "virtual_load_output"),
        (20, "virtual_relay"),
        (21, "plug_in_display"),
        (22, "low_current_mode"),
        (23, "night_mode"),
        (24, "lumeter"),
        (25, "load_aes_mode"),
        (26, "battery_test"),
        (27, "pay_as_you_go"),
        (28, "hibernate_mode"),
        (29, "ac_apparent_power"),
        (30, "power_supply_function"),
        (31, "needs_battery_to_shut_down"),
    ],
);

/// What a device cannot say (0x0141).
pub static CAPABILITIES2: BitField = BitField::new(
    "capabilities2",
    &[(0, "no_text"), (1, "no_async_hex"), (2, "no_hex"), (3, "bus_on_off")],
);

/// The flags byte of a register answer.
pub static HEX_FLAGS: BitField = BitField::new(
    "hex_flags",
    &[(0, "unknown_register"), (1, "not_supported"), (2, "parameter_error")],
);

/// The two-wire BMS input of an MPPT RS (0xD01F).
pub static BMS_INPUT: BitField =
    BitField::new("bms_input", &[(0, "enabled"), (1, "discharge_allowed"), (2, "charge_allowed")]);

/// Night mode of a Blue Smart charger (0xE001).
pub static NIGHT_MODE: BitField = BitField::new("night_mode", &[(1, "night_mode_on")]);

/// Every bit field of this file, for tests and listings.
pub static BIT_FIELDS: &[&BitField] = &[
    &REMOTE_CONTROL,
    &OFF_REASON,
    &ALARM_REASON,
    &LOAD_OFF_REASON,
    &NETWORK_MODE,
    &NETWORK_INFO,
    &CUSTOM_STATE,
    &CAPABILITIES_BLE,
    &CAPABILITIES1,
    &CAPABILITIES2,
    &HEX_FLAGS,
    &BMS_INPUT,
    &NIGHT_MODE,
];
