//! Pure table of facts: named numbers of registers and TEXT labels.
//!
//! Facts of the vendor's documents and header files; the names are ours, made
//! to be read in a rule. Charger errors stand in [`super::errors`], bit fields
//! in [`super::bits`].

use super::{Enumeration, values_with_flags};

/// What a charger or inverter is doing: TEXT `CS`, register 0x0201. Firmware to 1.39 shows 247 as 4.
pub static DEVICE_STATE: Enumeration = Enumeration::new(
    "device_state",
    &[
        (0, "off"),
        (1, "low_power"),
        (2, "fault"),
        (3, "bulk"),
        (4, "absorption"),
        (5, "float"),
        (6, "storage"),
        (7, "equalise"),
        (8, "pass_through"),
        (9, "inverting"),
        (10, "assisting"),
        (11, "power_supply"),
        (244, "sustain"),
        (245, "starting_up"),
        (246, "repeated_absorption"),
        (247, "auto_equalise"),
        (248, "battery_safe"),
        (249, "load_detect"),
        (250, "blocked"),
        (251, "test"),
        (252, "external_control"),
        (255, "unavailable"),
    ],
);

/// How a device was switched: TEXT `MODE`, register 0x0200, all families together.
pub static DEVICE_MODE: Enumeration = Enumeration::new(
    "device_mode",
    &[
        (0, "off_legacy"),
        (1, "charger_on"),
        (2, "inverter_on"),
        (3, "on"),
        (4, "off"),
        (5, "eco"),
        (251, "pass_through"),
        (252, "standby"),
        (253, "hibernate"),
    ],
);

/// The switch of an MPPT; write `off` (4) or `on`.
pub static MPPT_DEVICE_MODE: Enumeration =
    Enumeration::new("mppt_device_mode", &[(0, "off_legacy"), (1, "on"), (4, "off")]);

/// The switch of a Phoenix inverter; `hibernate` on Smart models only.
pub static INVERTER_MODE: Enumeration = Enumeration::new(
    "inverter_mode",
    &[(2, "inverter_on"), (3, "device_on"), (4, "off"), (5, "eco"), (253, "hibernate")],
);

/// What a Phoenix inverter is doing; `low_power` searches for a load.
pub static INVERTER_STATE: Enumeration = Enumeration::new(
    "inverter_state",
    &[(0, "off"), (1, "low_power"), (2, "fault"), (9, "inverting")],
);

/// What the tracker is doing: TEXT `MPPT`, register 0xEDB3.
pub static MPPT_TRACKER: Enumeration = Enumeration::new(
    "mppt_tracker",
    &[(0, "off"), (1, "limited"), (2, "active"), (255, "not_available")],
);

/// Who decides about the load output of an MPPT (0xEDAB), in the low four bits.
///
/// `alt1` keeps 11.1 to 13.1 V, `alt2` 11.8 to 14.0 V per 12 V of system voltage;
/// `user1` and `user2` use the levels of 0xED9C and 0xED9D; `on` has no discharge guard.
/// Bits 4 to 7 belong to the device and must be written back as read.
pub static LOAD_CONTROL: Enumeration = values_with_flags(
    "load_control",
    0x0F,
    &[
        (0, "off"),
        (1, "auto"),
        (2, "alt1"),
        (3, "alt2"),
        (4, "on"),
        (5, "user1"),
        (6, "user2"),
        (7, "aes"),
    ],
    &[(7, "lighting_timer")],
);

/// What the load output is doing: TEXT `LOAD`, register 0xEDA8.
pub static LOAD_STATE: Enumeration =
    Enumeration::new("load_state", &[(0, "off"), (1, "on"), (2, "connecting"), (3, "activating")]);

/// What the relay of an MPPT follows (0xEDD9).
pub static MPPT_RELAY_MODE: Enumeration = Enumeration::new(
    "mppt_relay_mode",
    &[
        (0, "always_off"),
        (1, "pv_voltage_high"),
        (2, "temperature_high"),
        (3, "battery_voltage_low"),
        (4, "equalisation_active"),
        (5, "error"),
        (6, "temperature_low"),
        (7, "battery_voltage_high"),
        (8, "float_or_storage"),
        (9, "day_detection"),
        (10, "follows_load_control"),
        (254, "relay_mode_in_use"),
        (255, "remote_control"),
    ],
);

/// What the relay of a BMV follows (0x034F).
pub static BMV_RELAY_MODE: Enumeration =
    Enumeration::new("bmv_relay_mode", &[(0, "alarms"), (1, "charger"), (2, "remote")]);

/// What the relay of other products follows (0x034F).
pub static RELAY_MODE: Enumeration = Enumeration::new(
    "relay_mode",
    &[
        (0, "alarms"),
        (1, "charger"),
        (2, "remote"),
        (3, "always_open"),
        (4, "inverter_active"),
        (5, "battery_low"),
        (6, "fan"),
        (7, "indicator"),
        (8, "charging"),
        (9, "generator"),
        (10, "always_closed"),
        (254, "charger_relay_mode_in_use"),
    ],
);

/// What the RX pin of an MPPT does beside VE.Direct (0xED98).
pub static RX_FUNCTION: Enumeration = Enumeration::new(
    "rx_function",
    &[(0, "remote_on_off"), (1, "load_configuration"), (2, "load_inverted"), (3, "load_normal")],
);

/// What the TX pin of an MPPT does (0xED9E); all but `vedirect` end TEXT.
pub static TX_FUNCTION: Enumeration = Enumeration::new(
    "tx_function",
    &[
        (0, "vedirect"),
        (1, "pulse_per_10_wh"),
        (2, "lighting_pwm_normal"),
        (3, "lighting_pwm_inverted"),
        (4, "virtual_load_output"),
        (5, "virtual_relay"),
    ],
);

/// Sums of `network_mode` bits that the vendor documents as a whole.
pub static NETWORK_MODE_USECASE: Enumeration = Enumeration::new(
    "network_mode_usecase",
    &[
        (0, "stand_alone"),
        (3, "slave"),
        (5, "external_control"),
        (9, "bms_mode"),
        (33, "charge_master"),
    ],
);

/// The role of one network interface (0x200F), with what it receives.
pub static NETWORK_STATUS: Enumeration = values_with_flags(
    "network_status",
    0x0F,
    &[
        (0, "slave"),
        (1, "group_master"),
        (2, "instance_master"),
        (3, "group_instance_master"),
        (4, "stand_alone"),
    ],
    &[
        (4, "charge_current_used"),
        (5, "battery_current_used"),
        (6, "battery_temperature_used"),
        (7, "battery_voltage_used"),
    ],
);

/// One-time commands over the network registers (0x2004).
pub static LINK_COMMAND: Enumeration = Enumeration::new(
    "link_command",
    &[
        (1, "start_equalise"),
        (2, "stop_equalise"),
        (3, "sync_user_interface"),
        (4, "sync_day_event"),
    ],
);

/// Charge algorithm of an MPPT (0xEDF1), by absorption voltage at 12 V.
///
/// The vendor's document numbers two rows alike; the numbers here are those another
/// implementation uses on real devices.
pub static BATTERY_TYPE: Enumeration = Enumeration::new(
    "battery_type",
    &[
        (0, "charger_disabled"),
        (1, "gel_long_life_14v1"),
        (2, "gel_deep_discharge_14v3"),
        (3, "gel_deep_discharge_14v4"),
        (4, "agm_deep_discharge_14v7"),
        (5, "tubular_14v9"),
        (6, "tubular_15v1"),
        (7, "tubular_15v3"),
        (8, "lifepo4_14v2"),
        (255, "user_defined"),
    ],
);

/// System voltage of an MPPT (0xEDEF, 0xEDEA).
pub static SYSTEM_VOLTAGE: Enumeration = Enumeration::new(
    "system_voltage",
    &[(0, "auto"), (12, "v12"), (24, "v24"), (36, "v36"), (48, "v48")],
);

/// What a lighting event is counted from; sources disagree on 2 and 3.
pub static LIGHTING_ANCHOR: Enumeration = Enumeration::new(
    "lighting_anchor",
    &[(1, "sunset"), (2, "midnight_or_sunrise"), (3, "sunrise_or_midnight")],
);

/// What is connected to the AUX input of a monitor (0xEEF8).
pub static AUXILIARY_INPUT: Enumeration = Enumeration::new(
    "auxiliary_input",
    &[(0, "starter_voltage"), (1, "mid_point"), (2, "temperature"), (3, "none")],
);

/// What a monitor measures: TEXT `MON`, register 0xEEB8; negative numbers are sources.
pub static MONITOR_MODE: Enumeration = Enumeration::new(
    "monitor_mode",
    &[
        (-9, "solar_charger"),
        (-8, "wind_turbine"),
        (-7, "shaft_generator"),
        (-6, "alternator"),
        (-5, "fuel_cell"),
        (-4, "water_generator"),
        (-3, "dc_dc_charger"),
        (-2, "ac_charger"),
        (-1, "generic_source"),
        (0, "battery_monitor"),
        (1, "generic_load"),
        (2, "electric_drive"),
        (3, "fridge"),
        (4, "water_pump"),
        (5, "bilge_pump"),
        (6, "dc_system"),
        (7, "inverter"),
        (8, "water_heater"),
    ],
);

/// A plain switch.
pub static OFF_ON: Enumeration = Enumeration::new("off_on", &[(0, "off"), (1, "on")]);

/// A plain fact.
pub static NO_YES: Enumeration = Enumeration::new("no_yes", &[(0, "no"), (1, "yes")]);

/// Bluetooth (0x0090).
pub static BLE_MODE: Enumeration = Enumeration::new("ble_mode", &[(0, "disabled"), (1, "enabled")]);

/// The two highest bits of the version that ping and version answer.
pub static FIRMWARE_TYPE: Enumeration = Enumeration::new(
    "firmware_type",
    &[(0, "bootloader"), (1, "application"), (2, "tester"), (3, "release_candidate")],
);

/// A relay contact (0x034E and others).
pub static RELAY_CONTACT: Enumeration =
    Enumeration::new("relay_contact", &[(0, "open"), (1, "closed")]);

/// Day or night, as the panels tell (0x2030).
pub static DAYLIGHT: Enumeration = Enumeration::new("daylight", &[(0, "dark"), (1, "light")]);

/// Light of the pluggable MPPT display (0x0400).
pub static MPPT_BACKLIGHT: Enumeration =
    Enumeration::new("mppt_backlight", &[(0, "on_keypress"), (1, "on"), (2, "auto")]);

/// Light of the MPPT RS display (0x0408).
pub static BACKLIGHT_MODE: Enumeration =
    Enumeration::new("backlight_mode", &[(0, "off"), (1, "on"), (2, "auto")]);

/// Whether the set-up menu may be used (0x0403).
pub static SETUP_LOCK: Enumeration =
    Enumeration::new("setup_lock", &[(0, "unlocked"), (1, "locked")]);

/// What a display shows temperatures in.
pub static TEMPERATURE_UNIT: Enumeration =
    Enumeration::new("temperature_unit", &[(0, "celsius"), (1, "fahrenheit")]);

/// Output frequency of an inverter (0xEB03).
pub static AC_FREQUENCY: Enumeration =
    Enumeration::new("ac_frequency", &[(0, "hz60"), (1, "hz50")]);

/// What the remote input of an MPPT RS is for (0xD0C0).
pub static REMOTE_INPUT: Enumeration =
    Enumeration::new("remote_input", &[(0, "remote_on_off"), (1, "two_wire_bms")]);

/// What a charger with two uses is set to (0x0206).
pub static DEVICE_FUNCTION: Enumeration =
    Enumeration::new("device_function", &[(0, "charger"), (1, "power_supply")]);

/// Every enumeration of this file, for tests and listings.
pub static ENUMERATIONS: &[&Enumeration] = &[
    &DEVICE_STATE,
    &DEVICE_MODE,
    &MPPT_DEVICE_MODE,
    &INVERTER_MODE,
    &INVERTER_STATE,
    &MPPT_TRACKER,
    &LOAD_CONTROL,
    &LOAD_STATE,
    &MPPT_RELAY_MODE,
    &BMV_RELAY_MODE,
    &RELAY_MODE,
    &RX_FUNCTION,
    &TX_FUNCTION,
    &NETWORK_MODE_USECASE,
    &NETWORK_STATUS,
    &LINK_COMMAND,
    &BATTERY_TYPE,
    &SYSTEM_VOLTAGE,
    &LIGHTING_ANCHOR,
    &AUXILIARY_INPUT,
    &MONITOR_MODE,
    &OFF_ON,
    &NO_YES,
    &BLE_MODE,
    &FIRMWARE_TYPE,
    &RELAY_CONTACT,
    &DAYLIGHT,
    &MPPT_BACKLIGHT,
    &BACKLIGHT_MODE,
    &SETUP_LOCK,
    &TEMPERATURE_UNIT,
    &AC_FREQUENCY,
    &REMOTE_INPUT,
    &DEVICE_FUNCTION,
];
