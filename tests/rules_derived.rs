//! Derived inputs in virtual time: what they are worth, how old they are, what
//! `why` says of them, and what tests beside rules can do with them.

#[allow(dead_code, reason = "the bench is shared with other tests")]
#[path = "rules/bench.rs"]
mod bench;

use std::path::Path;

use bench::{Bench, source};
use sunkeep::config::{Config, parse};
use sunkeep::problem::{Source, render};
use sunkeep::rules::State;

const SITE: &str = r#"
[devices.mppt]
port = "/dev/ttyUSB0"
[devices.shunt]
port = "/dev/ttyUSB1"

[inputs.battery_voltage]
from = "shunt.battery_voltage"

[inputs.soc]
first_of = ["shunt.soc", "soc_by_voltage"]
valid = [0, 100]

[inputs.soc_by_voltage]
expression = "interpolate(battery_voltage, [[11.8, 0], [12.2, 50], [12.7, 100]])"
unit = "%"

[inputs.charge_power]
expression = "battery_voltage * mppt.battery_current"
max_age = "5s"
valid = [-10, 500]

[outputs.load]
gpio = 17
active = "high"
safe = "on"
[outputs.heater]
gpio = 18
active = "high"
safe = "off"
"#;

fn site() -> Config {
    let source = Source { name: "site.toml".into(), text: SITE.into() };
    parse(&source, Path::new("")).unwrap_or_else(|problems| {
        panic!("{}", render(&problems, std::slice::from_ref(&source), false))
    })
}

/// A rule with this condition; it never clears by itself.
fn asking(when: &str) -> Bench {
    let text =
        format!("rule(\"r\").turn_off(load).when({when}).lasting(0.sec).clear_when(soc above 99);");
    Bench::with(&[source(&text)], &site().world())
}

#[test]
fn a_chain_takes_the_first_that_is_good_and_says_which() {
    let mut bench = asking("soc below 30");
    bench.send("shunt.soc", 29.0).send("shunt.battery_voltage", 12.3).pass(3);
    bench.expect(State::Set);
    assert_eq!(bench.why(), "soc is 29 % (0 s old, from shunt.soc), below 30");
    // The shunt falls silent: its voltage, from another device in life, goes on.
    bench.lose("shunt.soc").pass(10);
    bench.expect(State::Set);
    assert_eq!(bench.why(), "soc is 29 % (10 s old, from shunt.soc), below 30");
    bench.send("shunt.battery_voltage", 11.96).pass(2);
    let explained = bench.rules.explain(0, bench.now, &bench.snapshot, &bench.memory);
    assert_eq!(explained.text, "soc is 20 % (1 s old, from soc_by_voltage), below 30");
    let used: Vec<String> =
        explained.used.iter().map(|used| format!("{} {}", used.input, used.value)).collect();
    assert_eq!(
        used,
        ["soc 20 %, from soc_by_voltage", "soc_by_voltage 20 %", "battery_voltage 11.96 V"]
    );
    bench.lose("shunt.battery_voltage").pass(12);
    bench.expect(State::Unknown);
    assert_eq!(
        bench.why(),
        "soc is unknown: shunt.soc is stale, 24 s old, and battery_voltage is stale, 12 s old"
    );
}

#[test]
fn a_curve_is_straight_between_its_points_and_level_beyond_its_ends() {
    let mut bench = asking("soc_by_voltage below 10");
    for (volts, percent) in [
        (10.0, 0.0),
        (11.8, 0.0),
        (12.0, 25.0),
        (12.2, 50.0),
        (12.45, 75.0),
        (12.7, 100.0),
        (15.0, 100.0),
    ] {
        bench.send("shunt.battery_voltage", volts).pass(3);
        let index = bench.rules.inputs().position(|input| input.name == "soc_by_voltage");
        let seen = bench.rules.glimpse(index.unwrap(), bench.now, &bench.snapshot, &bench.memory);
        let number = seen.value.and_then(|value| value.as_number()).unwrap();
        assert!((number - percent).abs() < 1e-9, "{volts} V: {number} %");
    }
}

#[test]
fn a_calculation_is_as_old_as_its_oldest_part_and_unknown_with_any() {
    let mut bench = asking("charge_power above 100");
    bench.send("shunt.soc", 50.0).send("shunt.battery_voltage", 13.0).pass(3);
    bench.expect(State::Unknown);
    assert_eq!(bench.why(), "charge_power is unknown: mppt.battery_current is never seen");
    bench.send("mppt.battery_current", 10.0).pass(3);
    bench.expect(State::Set);
    assert_eq!(bench.why(), "charge_power is 130 W (0 s old), above 100");
    // Its own limit of 5 s is narrower than that of its parts.
    bench.lose("mppt.battery_current").pass(6);
    bench.expect(State::Unknown);
    assert_eq!(bench.why(), "charge_power is unknown: stale, 6 s old");
    bench.send("mppt.battery_current", 50.0).pass(3);
    assert_eq!(bench.why(), "charge_power is unknown: out of its valid range (650)");
}

#[test]
fn two_frames_of_what_it_rests_on_must_agree() {
    let mut bench = asking("charge_power above 100");
    bench.send("shunt.soc", 50.0).send("shunt.battery_voltage", 13.0);
    bench.send("mppt.battery_current", 1.0).pass(5).expect(State::Clear);
    bench.send("mppt.battery_current", 10.0).pass(1).expect(State::Clear);
    // The voltage comes again, the current does not: not yet.
    bench.lose("mppt.battery_current").pass(2).expect(State::Clear);
    bench.send("mppt.battery_current", 10.0).pass(1).expect(State::Set);
}

#[test]
fn both_sides_of_a_comparison_must_be_seen_twice() {
    let mut bench = asking("battery_voltage above mppt.battery_voltage");
    bench.send("shunt.soc", 50.0).send("shunt.battery_voltage", 13.0);
    bench.send("mppt.battery_voltage", 14.0).pass(5).expect(State::Clear);
    bench.send("mppt.battery_voltage", 12.0).pass(1).expect(State::Clear);
    bench.lose("mppt.battery_voltage").pass(2).expect(State::Clear);
    bench.send("mppt.battery_voltage", 12.0).pass(1).expect(State::Set);
}

#[test]
fn windows_ages_and_scripts_take_derived_inputs() {
    let mut bench = asking("avg(charge_power, 1.min) above 100 and age(soc) below 5.sec");
    bench.send("shunt.soc", 50.0).send("shunt.battery_voltage", 13.0);
    bench.send("mppt.battery_current", 10.0).pass(60).expect(State::Set);
    let text = "rule(\"s\").decide(|s, mem| {
        if s.soc < 30.0 { want(heater, on, \"low\") } else { nothing() } });";
    let mut bench = Bench::with(&[source(text)], &site().world());
    bench.send("shunt.battery_voltage", 11.9).pass(3);
    assert_eq!(bench.verdicts[0].state, State::Set);
    let why = bench.why();
    assert!(why.starts_with("low: soc is 12.5 % (0 s old, from soc_by_voltage)"), "{why}");
    bench.lose("shunt.battery_voltage").pass(12);
    assert_eq!(bench.verdicts[0].state, State::Unknown);
}

#[test]
fn tests_beside_rules_give_a_derived_input_or_what_it_is_made_of() {
    let text = r#"rule("preserve").turn_off(load).when(soc below 30).clear_when(soc above 45);
test("the input itself is given", || {
    given(#{ soc: 29 }); pass(2.min); expect(is_off(load));
    given(#{ soc: 46 }); pass(10.min); expect(is_on(load));
});
test("what it is made of is given", || {
    given(#{ battery_voltage: 11.9 }); pass(2.min); expect(is_off(load));
    lose(soc); pass(1.min); expect(is_on(load));
});"#;
    if let Err(report) = site().prove(vec![source(text)]) {
        panic!("{report}");
    }
}
