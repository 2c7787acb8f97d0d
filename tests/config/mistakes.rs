//! What is wrong with a configuration, each with its place and the right word.

use crate::{GOOD, check, check_change};

#[test]
fn unknown_keys_name_the_nearest_one() {
    check_change(
        "gpio = 17",
        "gpoi = 17",
        &[
            "7:10 [outputs.heater] does not say what switches it; \
         add `gpio = 17`, or `device = \"mppt\"` with `load_output = true`",
            "8:1 unknown key `gpoi` in [outputs.heater]; did you mean `gpio`?",
        ],
    );
    check_change(
        "from = \"shunt.soc\"",
        "from = \"shunt.soc\"\nmaxage = \"5s\"",
        &["7:1 unknown key `maxage` in [inputs.soc]; did you mean `max_age`?"],
    );
    check_change(
        "[devices.shunt]",
        "[device.shunt]",
        &[
            "3:2 unknown key `device`; did you mean `devices`?",
            "6:8 there is no device `shunt`; declare it: [devices.shunt]",
        ],
    );
}

#[test]
fn interlocks_are_conditions_in_the_words_of_rules() {
    let change = |line: &str, expected: &[&str]| {
        check_change("safe = \"off\"", &format!("safe = \"off\"\n{line}"), expected);
    };
    change(
        "requires = \"soc above 3\"\nforbids = [\"soc above 90\", \"age(soc) above 20.sec\"]",
        &[],
    );
    change("requires = \"sok above 3\"", &["11:13 there is no input `sok`; did you mean `soc`?"]);
    change(
        "requires = 3",
        &["11:12 `requires` must be a condition in quotes; \
           write it as in a rule: \"cell_temperature below 30\""],
    );
    change(
        "forbids = []",
        &["11:11 `forbids` takes one condition or up to 8 in brackets; \
           write it as in a rule: \"cell_temperature below 30\""],
    );
}

#[test]
fn limits_have_no_zero_and_no_more_than_a_day() {
    let change = |line: &str, expected: &[&str]| {
        check_change("safe = \"off\"", &format!("safe = \"off\"\n{line}"), expected);
    };
    change("max_on_per_day = \"unlimited\"\nmax_starts_per_hour = \"unlimited\"", &[]);
    change(
        "max_on_per_day = \"0s\"",
        &["11:1 `max_on_per_day` is zero; write \"unlimited\" if there shall be no limit"],
    );
    change(
        "max_on_per_day = \"25h\"",
        &["11:1 `max_on_per_day` is more than a day has; a day has 24h"],
    );
    change("max_starts_per_hour = 0", &["11:23 `max_starts_per_hour` must be from 1 to 360"]);
}

#[test]
fn a_probe_is_a_sensor_of_the_bus_or_a_file() {
    let probe = |keys: &str| format!("[probes.cell]\n{keys}\n{GOOD}");
    check(&probe("one_wire = \"28-0316a2795d2a\"\nvalid = [-60, 90]"), &[]);
    check(&probe("sysfs = \"/sys/class/thermal/thermal_zone0/temp\"\nscale = 0.001"), &[]);
    check(
        &probe("one_wire = \"28-03/../../x\""),
        &["2:12 \"28-03/../../x\" is no 1-wire id; such as \"28-0316a2795d2a\"; \
         /sys/bus/w1/devices lists those that are connected"],
    );
    check(
        &probe("max_age = \"1min\""),
        &["1:9 [probes.cell] does not say where it is read; \
         `one_wire = \"28-…\"`, see /sys/bus/w1/devices, or `sysfs = \"/sys/…\"`"],
    );
    check(
        &probe("sysfs = \"/sys/x\"\nevery = \"1min\"\nmax_age = \"30s\""),
        &["4:1 `max_age` is shorter than `every`; \
         it would be too old before the next one comes"],
    );
    check(
        &probe("one_wire = \"28-0316a2795d2a\"").replace("[probes.cell]", "[probes.soc]"),
        &["1:9 the name `soc` is used twice; \
         inputs, devices and outputs share their names in rules"],
    );
}

#[test]
fn every_output_declares_its_safe_state() {
    let safe = "say which level does no harm: `safe = \"off\"` or \"on\"";
    check_change(
        "safe = \"off\"\n",
        "",
        &[&format!("7:10 [outputs.heater] has no `safe`; {safe}")],
    );
    check_change(
        "safe = \"on\"\n",
        "",
        &[&format!("11:10 [outputs.load_output] has no `safe`; {safe}")],
    );
    check_change(
        "safe = \"off\"",
        "safe = \"of\"",
        &["10:8 `safe` cannot be \"of\"; did you mean \"off\"?"],
    );
    check_change("safe = \"off\"", "safe = false", &["10:8 `safe` must be a text in quotes"]);
    check_change(
        "active = \"high\"\n",
        "",
        &["7:10 [outputs.heater] has no `active`; \
         \"high\": a high level switches on; \"low\": a low one does"],
    );
}

#[test]
fn a_contact_has_a_pin_of_its_own() {
    check_change("gpio = 17", "gpio = 17\nfeedback = 22\nfeedback_active = \"low\"", &[]);
    check_change(
        "gpio = 17",
        "gpio = 17\nfeedback = 17",
        &["9:12 `feedback` is the pin of the relay itself; \
         a pin that switches cannot show whether the relay has moved"],
    );
    check_change(
        "gpio = 17",
        "gpio = 17\nfeedback_active = \"low\"",
        &["7:10 [outputs.heater] has no `feedback`; the pin of the contact: `feedback = 22`"],
    );
    let second = "[outputs.fan]\ngpio = 22\nactive = \"low\"\nsafe = \"off\"\n";
    let good = GOOD.replace("gpio = 17", "gpio = 17\nfeedback = 22");
    check(
        &format!("{good}{second}"),
        &["17:8 pin 22 is the feedback of `heater` already; every output needs a pin of its own"],
    );
}

#[test]
fn a_chip_is_of_the_character_device() {
    let chip = "chip = \"/dev/gpiochip4\"";
    check_change("gpio = 17", &format!("gpio = 17\ndriver = \"chardev\"\n{chip}"), &[]);
    check_change(
        "gpio = 17",
        &format!("gpio = 17\n{chip}"),
        &["9:8 `chip` is the device of `driver = \"chardev\"`; \
         for example `driver = \"chardev\"` with `chip = \"/dev/gpiochip4\"`"],
    );
}

#[test]
fn one_thing_is_switched_by_one_output() {
    let second = "[outputs.fan]\ngpio = 17\nactive = \"low\"\nsafe = \"off\"\n";
    check(
        &format!("{GOOD}{second}"),
        &["16:8 pin 17 switches `heater` already; every output needs a pin of its own"],
    );
    let second = "[outputs.modem]\ndevice = \"mppt\"\nload_output = true\nsafe = \"on\"\n";
    check(
        &format!("{GOOD}{second}"),
        &["17:1 register 0xEDAB of `mppt` is `load_output` already; one name for one register"],
    );
    check_change(
        "ttyUSB1",
        "ttyUSB0",
        &["4:8 this port belongs to `mppt` already; `sunkeep scan` shows which is which"],
    );
    check_change(
        "gpio = 17",
        "gpio = 17\nload_output = true",
        &["8:1 `gpio` beside `load_output`; an output is switched by one thing: keep one"],
    );
}

#[test]
fn names_are_words_that_rules_can_use() {
    let twice = "inputs, devices and outputs share their names in rules";
    check_change(
        "[inputs.soc]",
        "[inputs.heater]",
        &[&format!("7:10 the name `heater` is used twice; {twice}")],
    );
    let word = "this is a word of the rule language";
    check_change(
        "[inputs.soc]",
        "[inputs.above]",
        &[&format!("5:9 `above` cannot be a name; {word}")],
    );
    check_change(
        "[inputs.soc]",
        "[inputs.when]",
        &[&format!("5:9 `when` cannot be a name; {word}")],
    );
    for reserved in ["switch", "default", "while", "print", "this", "eval", "is_shared"] {
        check_change(
            "[inputs.soc]",
            &format!("[inputs.{reserved}]"),
            &[&format!("5:9 `{reserved}` cannot be a name; this word is reserved by rhai")],
        );
    }
    let letters = "a name is lower-case letters, digits and `_`, and begins with a letter";
    for bad in ["Soc", "cell-temperature", "2nd"] {
        check_change(
            "[inputs.soc]",
            &format!("[inputs.{bad}]"),
            &[&format!("5:9 `{bad}` cannot be a name; {letters}")],
        );
    }
}

#[test]
fn an_input_names_a_value_that_exists() {
    check_change(
        "shunt.soc",
        "shnt.soc",
        &["6:8 there is no device `shnt`; did you mean `shunt`?"],
    );
    check_change(
        "shunt.soc",
        "shunt.sco",
        &["6:8 no device reports `sco`; did you mean \"shunt.soc\"?"],
    );
    check_change(
        "shunt.soc",
        "soc",
        &["6:8 `from` names a device and its value, found \"soc\"; for example \"shunt.soc\""],
    );
    check_change(
        "from = \"shunt.soc\"",
        "",
        &[
            "5:9 [inputs.soc] has no `from`; for example \"shunt.soc\"; or an `expression`, or `first_of`",
        ],
    );
}

#[test]
fn values_have_their_kind_and_range() {
    check_change("gpio = 17", "gpio = 28", &["8:8 `gpio` must be from 0 to 27"]);
    check_change("gpio = 17", "gpio = -1", &["8:8 `gpio` must be from 0 to 27"]);
    check_change(
        "gpio = 17",
        "gpio = 99999999999999999999999999999999999999999",
        &["8:8 `gpio` must be from 0 to 27"],
    );
    check_change("gpio = 17", "gpio = \"17\"", &["8:8 `gpio` must be a whole number"]);
    let duration = "write \"10s\", \"5min\", \"2h\" or \"1day\"";
    let min_on = |value: &str| format!("safe = \"off\"\nmin_on = {value}");
    for bad in ["5", "5 weeks", "min", "-5s", "400days", "1e9s"] {
        check_change(
            "safe = \"off\"",
            &min_on(&format!("\"{bad}\"")),
            &[&format!("11:10 `min_on` is not a duration: \"{bad}\"; {duration}")],
        );
    }
    check_change("safe = \"off\"", &min_on("5"), &["11:10 `min_on` must be a text in quotes"]);
    for good in ["90s", "1.5h", "5 min", "1day", "2days", "500ms"] {
        check_change("safe = \"off\"", &min_on(&format!("\"{good}\"")), &[]);
    }
    check_change(
        "safe = \"off\"",
        "safe = \"off\"\nmax_on = \"0s\"",
        &["11:1 `max_on` is zero; write \"unlimited\" if there shall be no limit"],
    );
    check_change(
        "from = \"shunt.soc\"",
        "from = \"shunt.soc\"\nvalid = [100, 0]",
        &["7:9 nothing lies within `valid`; the lower first"],
    );
    check_change(
        "from = \"shunt.soc\"",
        "from = \"shunt.soc\"\nvalid = [0, nan]",
        &["7:9 `valid` must be two numbers in brackets, as in [0, 100]"],
    );
    check(
        &format!("[site]\nlatitude = 93\n{GOOD}"),
        &[
            "1:2 [site] has no `longitude`; degrees, north and east are positive",
            "2:12 `latitude` is 93, it must be from -90 to 90",
        ],
    );
    check_change(
        "safe = \"on\"",
        "safe = \"on\"\non_mode = \"atuo\"",
        &["15:11 `on_mode` cannot be \"atuo\"; did you mean \"auto\"?"],
    );
}

/// A machine without a time zone database believes any name.
#[test]
fn a_time_zone_has_a_name_of_the_database() {
    let site =
        |zone: &str| format!("[site]\nlatitude = 1\nlongitude = 1\ntimezone = \"{zone}\"\n{GOOD}");
    check(&site("America/Anchorage"), &[]);
    if !jiff::tz::db().is_definitively_empty() {
        let wrong = "4:12 there is no time zone \"America/Anchorag\"";
        check(&site("America/Anchorag"), &[&format!("{wrong}; for example \"America/Anchorage\"")]);
    }
}

#[test]
fn a_log_names_points_that_exist_and_one_cadence() {
    let log = |text: &str| format!("{GOOD}\n[log.site]\n{text}\n");
    let line = GOOD.lines().count() + 3;
    check(
        &log("points = [\"shunt.sco\", \"sock\", \"shnt.*\"]\nevery = \"1min\""),
        &[
            &format!("{line}:11 no device reports `sco`; did you mean \"shunt.soc\"?"),
            &format!("{line}:24 there is no input `sock`; did you mean \"soc\"?"),
            &format!("{line}:32 there is no device `shnt`; did you mean `shunt`?"),
        ],
    );
    check(
        &log("points = [\"soc\"]\nevery = \"2days\"\naggregates = [\"median\"]\ninto = \"file\""),
        &[
            &format!("{}:1 `every` must be from 1 s to 1 day", line + 1),
            &format!("{}:15 `aggregates` cannot be \"median\"; did you mean \"mean\"?", line + 2),
            &format!("{}:8 `into` must be texts in brackets, as in [\"a\", \"b\"]", line + 3),
        ],
    );
    check(
        &log("points = [\"soc\"]\nevery = \"5s\"\non_change = 1"),
        &[&format!(
            "{}:1 `every` and `on_change` are both there; \
             a log has lines at an interval, or when something changes",
            line + 2
        )],
    );
}

#[test]
fn the_history_is_kept_for_a_time_and_a_size() {
    check(
        &format!("{GOOD}\n[store]\nminutes = \"soon\"\nmax_size = \"2\"\n"),
        &[
            &format!(
                "{}:11 `minutes` is not a duration: \"soon\"; \
                 write \"12h\", \"90days\" or \"10years\"",
                GOOD.lines().count() + 3
            ),
            &format!(
                "{}:12 \"2\" is not a size; write \"500MB\" or \"2GB\"",
                GOOD.lines().count() + 4
            ),
        ],
    );
}
