//! What a newcomer writes, and the sentence that answers it, with its place.
//!
//! A table: the text of a rule file, then each complaint as
//! `line:column message; help`. The excerpt with its caret is checked to be there.

#[allow(dead_code, reason = "the bench is shared with other tests")]
#[path = "rules/bench.rs"]
mod bench;

use jiff::tz::TimeZone;

use bench::source;
use sunkeep::problem::render;
use sunkeep::rules::{Input, RuleSet, Site, World};
use sunkeep::units::Unit;

fn world() -> World {
    let mut world = bench::world();
    let more = [("battery_voltage", Unit::Volt), ("battery_current", Unit::Ampere)];
    for (name, unit) in more {
        let point = format!("shunt.{name}");
        let name = name.to_owned();
        world.inputs.push(Input { name, point, unit, valid: None, ..world.inputs[0].clone() });
    }
    world.site = Some(Site { latitude: 63.4, longitude: -145.7, zone: TimeZone::UTC });
    world
}

fn complaints(text: &str, world: &World) -> Vec<String> {
    let sources = [source(text)];
    let found = RuleSet::compile(&sources, world).err().unwrap_or_default();
    let drawn = render(&found, &sources, false);
    let told = found.iter().map(|problem| {
        let at = problem.locate(&sources);
        let place = format!("--> {}:{}:{}", at.file, at.line, at.column);
        assert!(drawn.contains(&place) && drawn.contains('^'), "{drawn}");
        let help = at.help.map(|help| format!("; {help}")).unwrap_or_default();
        format!("{}:{} {}{help}", at.line, at.column, at.message)
    });
    told.collect()
}

/// `C` stands for a condition in `when` at 1:33, `R` for the rest of a rule.
#[track_caller]
fn check(table: &[(&str, &str)], text: impl Fn(&str) -> String) {
    let mut wrong = String::new();
    for (mistake, expected) in table {
        let found = complaints(&text(mistake), &world()).join("\n");
        if found != *expected {
            wrong += &format!("{mistake}\n  found    {found}\n  expected {expected}\n");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[track_caller]
fn check_when(table: &[(&str, &str)]) {
    check(table, |when| {
        format!("rule(\"r\").turn_off(load_output).when({when})\n.clear_when(mppt.soc above 99);")
    });
}

#[track_caller]
fn check_rest(table: &[(&str, &str)]) {
    check(table, |rest| format!("rule(\"r\").turn_off(load_output)\n{rest};"));
}

#[test]
fn units_that_slipped() {
    check_when(&[
        ("soc below 0.3", "1:42 `soc` is in %: 0.3 is 0.3 %; for 30 % write `soc below 30`"),
        ("soc below 1.0", "1:42 `soc` is in %: 1 is 1 %; for 100 % write `soc below 100`"),
        ("soc between [0.2, 0.4]", "1:42 `soc` is in %: 0.2 is 0.2 %; for 20 % write 20"),
        (
            "avg(soc, 10.min) below 0.5",
            "1:55 `avg(soc, 10.min)` is in %: 0.5 is 0.5 %; for 50 % write `avg(soc, 10.min) below 50`",
        ),
        (
            "battery_voltage below 12500",
            "1:54 `battery_voltage` is in V: 12500 is 12500 V; for 12.5 V write `battery_voltage below 12.5`",
        ),
        (
            "shunt.battery_temperature below 275.15",
            "1:64 `shunt.battery_temperature` is in °C: 275.15 is 275.15 °C; for 2 °C write `shunt.battery_temperature below 2`",
        ),
        (
            "battery_voltage above battery_current",
            "1:54 `battery_voltage` is in V and `battery_current` is in A: they cannot be compared; both sides must have the same unit",
        ),
        (
            "battery_voltage + soc above 20",
            "1:54 `battery_voltage` is in V and `soc` is in %: they cannot be added",
        ),
        ("soc below 1", ""),
    ]);
}

#[test]
fn conditions_that_can_never_be_yes() {
    check_when(&[
        (
            "soc below 20 and soc above 40",
            "1:33 `when` can never be yes: `soc below 20` and `soc above 40` exclude each other; is `or` meant, or the other side?",
        ),
        (
            "pv_power below 5 or soc equals 3 and soc above 4",
            "1:33 `when` can never be yes: `soc equals 3` and `soc above 4` exclude each other; is `or` meant, or the other side?",
        ),
        (
            "soc above 100",
            "1:33 `when` can never be yes: `soc above 100`, but its valid range is 0 to 100; choose a number inside that range",
        ),
        (
            "daylight and not(daylight)",
            "1:33 `when` can never be yes: `daylight` and `not(daylight)` exclude each other; is `or` meant, or the other side?",
        ),
        (
            "mppt.device_state equals \"float\" and mppt.device_state equals \"bulk\"",
            "1:33 `when` can never be yes: `mppt.device_state equals \"float\"` and `mppt.device_state equals \"bulk\"` exclude each other; is `or` meant, or the other side?",
        ),
        (
            "not(soc below 50) and soc between [10, 40]",
            "1:33 `when` can never be yes: `not(soc below 50)` and `soc between [10, 40]` exclude each other; is `or` meant, or the other side?",
        ),
        ("battery_voltage above battery_voltage", "1:54 `battery_voltage` is compared with itself"),
    ]);
    check_rest(&[(
        ".when(soc below 20).clear_when(soc above 45).only(soc above 40)",
        "2:2 `when` and `only` can never be yes: `soc below 20` and `soc above 40` exclude each other; is `or` meant, or the other side?",
    )]);
    check_rest(&[(
        ".when(soc below 20).clear_when(soc above 100)",
        "2:21 `clear_when` can never be yes: `soc above 100`, but its valid range is 0 to 100; choose a number inside that range",
    )]);
}

#[test]
fn rules_that_cannot_settle() {
    check_rest(&[
        (
            ".when(soc below 20 and pv_power below 5).clear_when(soc above 20)",
            "2:42 no dead band: `soc` sets and clears at the same 20; clear at a higher value: `soc above …`, with … higher than 20",
        ),
        (
            ".when(soc below 20 or pv_power below 5).clear_when(soc above 50 or pv_power above 4)",
            "2:41 `pv_power above 4` clears while `pv_power below 5` still sets; clear at a higher value: `pv_power above …`, with … higher than 5",
        ),
        (
            ".when(soc below 20 and pv_power below 5).clear_when(soc above 15 and pv_power above 3)",
            "2:42 `soc above 15` clears while `soc below 20` still sets; clear at a higher value: `soc above …`, with … higher than 20",
        ),
        (
            ".when(soc below 20 and pv_power below 5).clear_when(soc above 15 and pv_power above 9)",
            "",
        ),
        (
            ".when(soc below 20 and pv_power below 5).clear_when(soc below 30)",
            "2:42 `clear_when` is on the same side as `when`: `soc below 20`; a rule that sets on one side clears on the other: `soc above …`",
        ),
        (
            ".when(soc between [20, 30]).clear_when(soc above 25)",
            "2:29 `soc above 25` clears while `soc between [20, 30]` still sets; leave a gap between the two",
        ),
        (
            ".when(soc above 30).clear_when(not(soc above 30))",
            "2:21 no dead band: `soc` sets and clears at the same 30; clear at a lower value: `soc below …`, with … lower than 30",
        ),
        (
            ".when(battery_voltage * battery_current below -50).clear_when(battery_voltage * battery_current above -50)",
            "2:52 no dead band: `battery_voltage * battery_current` sets and clears at the same -50; clear at a higher value: `battery_voltage * battery_current above …`, with … higher than -50",
        ),
        (
            ".when(soc below mppt.soc).clear_when(soc above mppt.soc)",
            "2:27 no dead band: `soc below mppt.soc` and `soc above mppt.soc` meet; leave a gap, as in `a above b` and `a below b - 0.5`",
        ),
        (
            ".when(is_on(heater)).clear_when(is_on(heater))",
            "2:22 `clear_when` is on the same side as `when`: `is_on(heater)`; a rule that sets on one side clears on the other: `not(…)`",
        ),
        (".when(daylight).clear_when(not(daylight))", ""),
    ]);
}

#[test]
fn words_with_the_wrong_things() {
    check_when(&[
        (
            "avg(pv_power) above 3",
            "1:38 `avg` is given something else than it takes; for example `avg(pv_power, 10.min) above 80`",
        ),
        (
            "avg(pv_power, 10) above 3",
            "1:38 `avg` needs a duration, found the number 10; for example `avg(pv_power, 10.min)`",
        ),
        (
            "avg(10.min, pv_power) above 3",
            "1:38 `avg` looks at an input, found a duration; for example `avg(pv_power, 10.min)`",
        ),
        (
            "avg(pv_power, 5.sec) above 3",
            "1:38 `avg` looks back 30 seconds at least and 31 days at most; for example `avg(pv_power, 10.min)`",
        ),
        (
            "avg(mppt.device_state, 5.min) above 3",
            "1:38 `mppt.device_state` is one of several named states, not a quantity; nothing can be calculated with it",
        ),
        ("avrg(pv_power, 5.min) above 3", "1:38 there is no word `avrg`; did you mean `avg`?"),
        (
            "age(soc) above 300",
            "1:47 `age(soc)` is a length of time, found the number 300; give it a unit, as in `age(soc) above 5.min`",
        ),
        (
            "age(heater) above 5.min",
            "1:38 `age` looks at an input, found the output `heater`; for example `age(soc) above 5.min`",
        ),
        (
            "on_time_today(heater) above 3",
            "1:60 `on_time_today(heater)` is a length of time, found the number 3; give it a unit, as in `on_time_today(heater) above 5.min`",
        ),
        (
            "on_time_today(soc) above 3.hours",
            "1:38 `on_time_today` looks at an output, found the input `soc`; outputs are `heater` and `load_output`",
        ),
        (
            "energy_today(soc) below 1",
            "1:38 `energy_today` looks at a device, found the input `soc`; devices are `mppt` and `shunt`",
        ),
        (
            "is_on(soc)",
            "1:38 `is_on` looks at an output, found the input `soc`; outputs are `heater` and `load_output`",
        ),
        (
            "heater",
            "1:33 `when` needs a condition, found the output `heater`; compare an input, as in `soc below 30`",
        ),
        (
            "between_times(\"22:00\")",
            "1:38 `between_times` is given something else than it takes; for example `between_times(\"22:00\", \"06:00\")`",
        ),
        (
            "between_times(\"22\", \"06:00\")",
            "1:38 the text \"22\" is no time of day; from \"00:00\" to \"23:59\", as in \"06:30\"",
        ),
        (
            "between_times(\"25:00\", \"06:00\")",
            "1:38 the text \"25:00\" is no time of day; from \"00:00\" to \"23:59\", as in \"06:30\"",
        ),
        (
            "between_times(\"06:00\", \"06:00\")",
            "1:38 `between_times` needs two different times; the first is included, the second is not",
        ),
        (
            "between_times(22, 6)",
            "1:38 the number 22 is no time of day; from \"00:00\" to \"23:59\", as in \"06:30\"\n1:38 the number 6 is no time of day; from \"00:00\" to \"23:59\", as in \"06:30\"",
        ),
        ("on_weekdays(\"mo\")", "1:38 the text \"mo\" is no weekday; did you mean \"mon\"?"),
        ("on_weekdays(\"tus\")", "1:38 the text \"tus\" is no weekday; did you mean \"tue\"?"),
        (
            "cron(\"0 6 * *\")",
            "1:38 a cron pattern has five fields (minute, hour, day, month, weekday), found 4; minute, hour, day, month, weekday: `cron(\"0 6 * * mon\")` is Monday at 6:00",
        ),
        (
            "cron(\"0 6 * * mon\") and dayligth",
            "1:62 there is no input `dayligth`; did you mean the word `daylight`?",
        ),
        (
            "after(\"sunset\")",
            "1:38 `after` needs sunrise or sunset, found the text \"sunset\"; for example `after(sunset + 30.min)`; for the clock there is `between_times(\"22:00\", \"06:00\")`",
        ),
        (
            "after(sunset + 30)",
            "1:51 the sun is moved by a duration, found the number 30; for example `sunset + 30.min`",
        ),
        (
            "sunset above 3",
            "1:45 `above` compares numbers, and this is a moment; for example `after(sunset + 30.min)` or `before(sunrise)`",
        ),
        ("battery_voltage / 0 above 3", "1:54 nothing can be divided by zero"),
        (
            "battery_voltage * heater above 3",
            "1:54 `*` calculates with numbers, found the output `heater`; for example `battery_voltage * battery_current`",
        ),
        ("battery_voltage * 2 > 3", "1:58 inputs are not compared with `>`; use `above`"),
        (
            "battery_voltage * mppt.device_state above 3",
            "1:54 `mppt.device_state` is one of several named states, not a quantity; nothing can be calculated with it",
        ),
        ("daylight && soc below 30", "1:47 conditions are not joined with `&&`; use `and`"),
        (
            "soc below 5.min",
            "1:42 `below` needs a number after it, found a duration; for example `soc below 30`",
        ),
    ]);
    check_rest(&[
        (
            ".when(cron(\"0 6 * * mon\")).lasting(2.min).for_at_most(1.hour)",
            "2:28 a `cron` minute never lasts as long as this; leave `lasting` out, or ask for the time with `between_times`",
        ),
        (
            ".when(soc below 30).for_at_most(60).clear_when(soc above 45)",
            "2:21 `for_at_most` needs a duration, found the number 60; give it a unit: `90.sec`, `5.min`, `2.hours` or `1.day`",
        ),
        (
            ".when(soc below 30).unless(heater).clear_when(soc above 45)",
            "2:21 `unless` needs a condition, found the output `heater`; compare an input, as in `soc below 30`",
        ),
    ]);
}

#[test]
fn clock_words_need_a_place() {
    let mut world = world();
    world.site = None;
    let text =
        "rule(\"r\").turn_on(heater).when(daylight).clear_when(between_times(\"22:00\", \"6:00\"));
rule(\"s\").turn_on(heater).when(cron(\"0 6 * * *\")).for_at_most(after(sunset));";
    assert_eq!(
        complaints(text, &world),
        [
            "1:32 `daylight` needs to know where the site is; add `[site]` with latitude, longitude and timezone to the configuration",
            "1:53 `between_times` needs to know where the site is; add `[site]` with latitude, longitude and timezone to the configuration",
            "2:32 `cron` needs to know where the site is; add `[site]` with latitude, longitude and timezone to the configuration",
            "2:51 `for_at_most` needs a duration, found a condition; give it a unit: `90.sec`, `5.min`, `2.hours` or `1.day`",
            "2:63 `after` needs to know where the site is; add `[site]` with latitude, longitude and timezone to the configuration"
        ]
    );
}
