//! Outputs that are registers: what is refused, with its place and the reason.

use sunkeep::actuator::plan::{Plan, Switch, Values};
use sunkeep::config::Actuator;

use crate::{GOOD, check, config};

/// An output on a device of its own, before everything else.
fn output(device: &str, what: &str) -> String {
    format!(
        "[devices.unit]\nport = \"u\"\n{device}[outputs.thing]\ndevice = \"unit\"\n{what}{GOOD}"
    )
}

const SAFE: &str = "safe = \"off\"\n";

#[track_caller]
fn refused(kind: &str, what: &str, problems: &[&str]) {
    check(&output(&format!("kind = \"{kind}\"\n"), &format!("{what}\n{SAFE}")), problems);
}

/// The switch that a declaration comes to.
#[track_caller]
fn plan(device: &str, what: &str) -> Plan {
    let config = config(&output(device, &format!("{what}\n{SAFE}"))).expect("a good file");
    let thing =
        config.outputs.iter().find(|output| output.policy.name == "thing").expect("it is declared");
    let Actuator::Register(plan) = &thing.actuator else { panic!("{thing:?}") };
    plan.clone()
}

fn on_off(plan: &Plan) -> (f64, f64) {
    match plan.values {
        Values::Switch(Switch { on, off, .. }) => (on, off),
        Values::Number => panic!("{plan:?}"),
    }
}

#[test]
fn a_device_switches_what_its_kind_has() {
    for (kind, what, register, on, off) in [
        ("mppt", "load_output = true", 0xEDAB, 1.0, 0.0),
        ("mppt", "load_output = true\non_mode = \"user1\"", 0xEDAB, 5.0, 0.0),
        ("phoenix_inverter", "inverter = true", 0x0200, 2.0, 4.0),
        ("phoenix_inverter", "inverter = true\non_mode = \"eco\"", 0x0200, 5.0, 4.0),
        ("bmv", "relay = true", 0x034E, 1.0, 0.0),
        ("mppt", "charger = true", 0x0200, 1.0, 4.0),
        ("phoenix_charger", "register = \"mode\"\non = 1\noff = \"off\"", 0x0200, 1.0, 4.0),
        ("bmv", "register = \"0x0400\"\non = 1\noff = 0", 0x0400, 1.0, 0.0),
    ] {
        let plan = plan(&format!("kind = \"{kind}\"\n"), what);
        assert_eq!((plan.register.id, on_off(&plan)), (register, (on, off)), "{kind} {what}");
        assert_eq!(plan.keeps, None, "nobody knows whose original it is");
    }
}

#[test]
fn a_kind_that_cannot_is_told_what_it_can() {
    refused(
        "smartshunt",
        "relay = true",
        &[
            "6:1 `unit` is of the kind smartshunt, which cannot switch a relay; name a register of it: \
           `register = \"…\"` with `on` and `off`",
        ],
    );
    refused(
        "mppt",
        "inverter = true",
        &[
            "6:1 `unit` is of the kind mppt, which cannot switch an inverter; it can `load_output = true` and \
           `charger = true`",
        ],
    );
    refused(
        "bmv",
        "load_output = true",
        &[
            "6:1 `unit` is of the kind bmv, which cannot switch a load output; it can `relay = true`",
        ],
    );
}

#[test]
fn what_the_owner_had_set_comes_back_on_a_device_that_is_known() {
    let serial = "serial_number = \"HQ1\"\n";
    for (what, keeps) in [
        ("load_output = true", Some("HQ1")),
        ("load_output = true\non_mode = \"previous\"", Some("HQ1")),
        ("load_output = true\non_mode = \"auto\"", None),
        ("inverter = true", Some("HQ1")),
        ("charger = true", None),
        ("relay = true", None),
    ] {
        assert_eq!(plan(serial, what).keeps.as_deref(), keeps, "{what}");
    }
    refused(
        "mppt",
        "load_output = true\non_mode = \"previous\"",
        &["7:1 the value before can only be kept for a known `unit`; say which it is: \
           `serial_number` in [devices.unit]"],
    );
}

#[test]
fn no_output_reaches_a_register_that_a_person_must_answer_for() {
    for (kind, register, message) in [
        (
            "mppt",
            "battery_type",
            "`battery_type` is never written by a rule; a person may: `sunkeep set`",
        ),
        (
            "mppt",
            "tx_port_function",
            "`tx_port_function` is never written by a rule; a person may: `sunkeep set`",
        ),
        (
            "mppt",
            "battery_bms_present",
            "`battery_bms_present` is never written by a rule; a person may: `sunkeep set`",
        ),
        ("mppt", "network_mode", "`network_mode` is written along with the values that need it"),
        (
            "mppt",
            "clear_history",
            "`clear_history` is never written by a rule; a person may: `sunkeep set`",
        ),
        (
            "mppt",
            "load_output_control",
            "`load_output_control` switches the load; declare an output with `load_output = true`",
        ),
        ("mppt", "mode", "`mode` switches a charger; write `charger = true`"),
        (
            "mppt",
            "charge_current_limit",
            "`charge_current_limit` is forgotten by the device within a minute; a set-point is said again: [setpoints.…]",
        ),
        ("mppt", "uptime", "`uptime` cannot be written"),
        (
            "bmv",
            "relay_contct",
            "`unit` has no register \"relay_contct\"; did you mean \"relay_contact\"?",
        ),
    ] {
        let what = format!("register = \"{register}\"\non = 1\noff = 0");
        refused(kind, &what, &[&format!("6:12 {message}")]);
    }
}

#[test]
fn two_values_are_two_that_the_register_can_have() {
    let with = |on: &str, off: &str| format!("register = \"relay_mode\"\non = {on}\noff = {off}");
    refused(
        "bmv",
        &with("2", "2"),
        &["8:1 `on` and `off` are the same; nothing would be switched"],
    );
    refused(
        "bmv",
        &with("\"remote\"", "\"alarm\""),
        &["8:7 relay_mode: `alarm` is neither a number nor a known name; did you mean `alarms`?"],
    );
    refused(
        "bmv",
        "register = \"relay_mode\"\non = 2",
        &["4:10 [outputs.thing] has no `off`; the value that it writes: a number, or its name \
         (`sunkeep registers`)"],
    );
    refused(
        "mppt",
        "register = \"relay_mode\"\non = 300\noff = 0",
        &["7:6 relay_mode: 300 is outside 0 to 255"],
    );
}

#[test]
fn levels_of_the_load_output_need_a_mode_that_keeps_to_them() {
    let serial = "serial_number = \"HQ1\"\nkind = \"mppt\"\n";
    let levels = |mode: &str, off: &str, on: &str| {
        output(
            serial,
            &format!(
                "load_output = true\non_mode = \"{mode}\"\ndisconnect_below = {off}\n\
             reconnect_above = {on}\n{SAFE}"
            ),
        )
    };
    let good = config(&levels("user1", "11.5", "12.8")).expect("a good file");
    let fixed: Vec<_> = good.setpoints.iter().filter(|setpoint| setpoint.fixed).collect();
    let named: Vec<_> =
        fixed.iter().map(|s| (s.policy.name.as_str(), s.plan.register.id)).collect();
    assert_eq!(named, [("thing.disconnect_below", 0xED9C), ("thing.reconnect_above", 0xED9D)]);
    assert_eq!(good.world().setpoints.len(), 0, "they are no rule's business");
    check(
        &levels("auto", "11.5", "12.8"),
        &["9:1 levels without a use; these levels count in `on_mode = \"user1\"` and \"aes\""],
    );
    check(
        &levels("user1", "12.8", "11.5"),
        &[
            "10:19 `reconnect_above` is not above `disconnect_below`; between them the load stays as it is",
        ],
    );
}

#[test]
fn a_level_of_the_load_output_is_nobody_elses_register() {
    let head = "[devices.unit]\nport = \"u\"\nserial_number = \"HQ1\"\nkind = \"mppt\"\n";
    let levels = "[outputs.load]\ndevice = \"unit\"\nload_output = true\non_mode = \"user1\"\n\
        disconnect_below = 11.5\nreconnect_above = 12.8\nsafe = \"on\"\n";
    let switch = "[outputs.odd]\ndevice = \"unit\"\nregister = \"0xED9C\"\non = 11\noff = 12\n\
        safe = \"off\"\n";
    let setpoint = "[setpoints.low]\ndevice = \"unit\"\nregister = \"0xED9C\"\nrange = [11, 12]\n\
        safe = 11\n";
    let taken =
        "register 0xED9C of `unit` is `load.disconnect_below` already; one name for one register";
    check(&format!("{head}{levels}{switch}{GOOD}"), &[&format!("14:1 {taken}")]);
    check(&format!("{head}{levels}{setpoint}{GOOD}"), &[&format!("14:1 {taken}")]);
    let taken = "register 0xED9C of `unit` is `odd` already; one name for one register";
    check(&format!("{head}{switch}{levels}{GOOD}"), &[&format!("15:1 {taken}")]);
}

#[test]
fn an_original_belongs_to_a_device_that_is_known() {
    let setpoint = |device: &str| {
        format!(
            "[devices.unit]\nport = \"u\"\nkind = \"mppt\"\n{device}[setpoints.float]\ndevice = \"unit\"\n\
         register = \"battery_float_voltage\"\nrange = [13.0, 14.0]\nsafe = \"original\"\n{GOOD}"
        )
    };
    check(&setpoint("serial_number = \"HQ1\"\n"), &[]);
    check(
        &setpoint(""),
        &["8:1 the value before can only be kept for a known `unit`; say which it is: \
         `serial_number` in [devices.unit]"],
    );
}

#[test]
fn one_register_has_one_name() {
    let two = "charger = true\nsafe = \"on\"\n[outputs.other]\ndevice = \"unit\"\ncharger = true\n";
    refused(
        "mppt",
        two,
        &["10:1 register 0x0200 of `unit` is `thing` already; one name for one register"],
    );
    let relay = "relay = true\nsafe = \"off\"\n[setpoints.mode]\ndevice = \"unit\"\n\
                 register = \"relay_mode\"\nrange = [0, 2]\nsafe = 0\n";
    let text = output("kind = \"bmv\"\n", relay);
    check(&text, &["10:1 register 0x034F of `unit` is `thing` already; one name for one register"]);
}
