//! Set-points, modes and alerts: what is refused, with its place and the reason.

use crate::{GOOD, check};

const LIMIT: &str = "[setpoints.limit]\ndevice = \"mppt\"\nregister = \"charge_current_limit\"\n\
                     range = [0, 15]\nsafe = \"release\"\n";

/// The limit with one line changed, before everything else.
#[track_caller]
fn limit(from: &str, to: &str, problems: &[&str]) {
    let changed = LIMIT.replace(from, to);
    assert_ne!(changed, LIMIT, "`{from}` is not in it");
    check(&format!("{changed}{GOOD}"), problems);
}

#[test]
fn a_set_point_has_a_range_and_a_safe_state() {
    check(&format!("{LIMIT}{GOOD}"), &[]);
    limit(
        "range = [0, 15]\n",
        "",
        &["1:12 [setpoints.limit] has no `range`; the values that do no harm here: \
           `range = [0, 15]`"],
    );
    limit(
        "safe = \"release\"\n",
        "",
        &["1:12 [setpoints.limit] has no `safe`; a value that does no harm, or \"release\" where \
           the device can take over"],
    );
    limit(
        "\"release\"",
        "0",
        &["5:8 `charge_current_limit` has one safe state; write `safe = \"release\"`: the device \
           lets go of it by itself anyway"],
    );
}

#[test]
fn a_rule_reaches_no_register_that_a_person_must_answer_for() {
    let register = "charge_current_limit";
    for (other, message) in [
        (
            "charge_curent_limit",
            "`mppt` has no register \"charge_curent_limit\"; did you mean \"charge_current_limit\"?",
        ),
        ("battery_type", "`battery_type` is never written by a rule; a person may: `sunkeep set`"),
        (
            "battery_system_voltage",
            "`battery_system_voltage` is never written by a rule; a person may: `sunkeep set`",
        ),
        (
            "load_output_control",
            "`load_output_control` switches the load; declare an output with `load_output = true`",
        ),
        ("network_mode", "`network_mode` is written along with the values that need it"),
        ("uptime", "`uptime` cannot be written"),
    ] {
        limit(register, other, &[&format!("3:12 {message}")]);
    }
}

#[test]
fn what_is_stored_falls_back_to_a_value_within_its_range() {
    let stored = LIMIT
        .replace("charge_current_limit", "battery_absorption_voltage")
        .replace("[0, 15]", "[14.0, 14.6]");
    check(
        &format!("{stored}{GOOD}"),
        &["5:8 `battery_absorption_voltage` is stored: its safe state is a value; the value that \
           the device shall fall back to, or \"original\""],
    );
    check(
        &format!("{}{GOOD}", stored.replace("\"release\"", "13.0")),
        &["5:8 `safe` is 13, outside of `range`"],
    );
    check(&format!("{}{GOOD}", stored.replace("\"release\"", "14.2")), &[]);
}

#[test]
fn a_mode_names_what_is_declared() {
    let mode = |text: &str| format!("{LIMIT}[modes.m]\n{text}\n{GOOD}");
    check(&mode("outputs = { heater = \"off\" }\nregisters = { limit = 5 }"), &[]);
    check(&mode("registers = { \"mppt.charge_current_limit\" = 5.0 }"), &[]);
    check(
        &mode("outputs = { haeter = \"off\" }"),
        &["7:13 there is no output `haeter`; did you mean `heater`?"],
    );
    check(&mode("outputs = { heater = \"warm\" }"), &["7:22 an output is \"on\" or \"off\""]);
    check(&mode("registers = { limit = 50 }"), &["7:23 `limit` takes a number from 0 to 15"]);
    check(
        &mode("registers = { \"mppt.battery_float_voltage\" = 13.5 }"),
        &["7:15 no set-point is declared for `mppt.battery_float_voltage`; declare it under \
           [setpoints.…]: a mode needs its range and its way back"],
    );
}

#[test]
fn an_alert_says_where_it_goes() {
    check(&format!("[alerts.owner]\nkind = \"journal\"\nrepeat = \"1h\"\n{GOOD}"), &[]);
    check(
        &format!("[alerts.owner]\nkind = \"pigeon\"\n{GOOD}"),
        &["2:8 `kind` cannot be \"pigeon\"; it is one of \"journal\""],
    );
}
