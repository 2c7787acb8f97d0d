//! Derived inputs: what is wrong with them, and what is filled in.

use crate::{GOOD, check, config};

/// The good file with these inputs more; they begin at line 15.
fn with(inputs: &str) -> String {
    format!("{GOOD}{inputs}")
}

#[track_caller]
fn check_more(inputs: &str, expected: &[&str]) {
    check(&with(inputs), expected);
}

#[test]
fn a_calculation_is_checked_like_a_rule_at_its_place_in_the_file() {
    check_more(
        "[inputs.x]\nexpression = \"soc * sok\"\n",
        &["16:21 there is no input `sok`; did you mean `soc`?"],
    );
    check_more(
        "[inputs.x]\nexpression = \"soc + mppt.pv_power\"\n",
        &["16:19 `soc` is in % and `mppt.pv_power` is in W: they cannot be added"],
    );
    check_more(
        "[inputs.x]\nexpression = \"soc below 30\"\n",
        &["16:14 `expression` needs a calculation, found a condition; \
         for example \"battery_voltage * battery_current\""],
    );
    check_more(
        "[inputs.x]\nexpression = \"50\"\n",
        &["16:14 `expression` needs a calculation, found the number 50; \
         for example \"battery_voltage * battery_current\""],
    );
    check_more(
        "[inputs.x]\nexpression = \"avg(soc, 10.min)\"\n",
        &["16:14 `expression` is made of readings of this moment, found `avg(soc, 10.min)`; \
         ask for it in the rule: `avg(x, 10.min)` works for every input"],
    );
    check_more(
        "[inputs.x]\nexpression = \"mppt.state\"\n",
        &["16:14 `mppt.state` is one of several named states, not a quantity; \
         nothing can be calculated with it"],
    );
    check_more(
        "[inputs.x]\nexpression = \"interpolate(soc, [[1, 2]])\"\n",
        &["16:15 a curve is 2 to 32 pairs `[value, result]`; \
         for example `interpolate(battery_voltage, [[11.8, 0], [12.7, 100]])`"],
    );
    check_more(
        "[inputs.x]\nexpression = \"interpolate(soc, [[1, 2], [1, 3]])\"\n",
        &["16:15 a curve goes from left to right; order its pairs by their first"],
    );
}

#[test]
fn units_agree() {
    check_more(
        "[inputs.x]\nexpression = \"mppt.battery_voltage * mppt.battery_current\"\nunit = \"V\"\n",
        &["17:8 `x` is in W, and `unit` says V; leave `unit` out"],
    );
    check_more(
        "[inputs.x]\nfirst_of = [\"soc\", \"mppt.pv_power\"]\n",
        &[
            "16:20 `mppt.pv_power` is in W, the one before it in %; what stands in for a value has its unit",
        ],
    );
    check_more(
        "[inputs.x]\nexpression = \"2 / soc\"\nunit = \"Volt\"\n",
        &[
            "17:8 `unit` cannot be \"Volt\"; it is one of \"V\", \"A\", \"W\", \"VA\", \"°C\", \"%\", \
         \"Ah\", \"kWh\", \"kVAh\", \"s\", \"ms\", \"min\", \"h\", \"days\", \"Hz\", \"Ω\", \"mV/K\", \
         \"%/°C\", \"s/%\", \"AC periods\"",
        ],
    );
}

#[test]
fn an_input_is_one_thing() {
    check_more(
        "[inputs.x]\nfrom = \"shunt.soc\"\nexpression = \"soc\"\n",
        &["17:1 `expression` beside `from`; \
         an input is read, calculated, or the first good one of several: keep one"],
    );
    check_more(
        "[inputs.x]\nmax_age = \"5s\"\n",
        &[
            "15:9 [inputs.x] has no `from`; for example \"shunt.soc\"; or an `expression`, or `first_of`",
        ],
    );
    check_more(
        "[inputs.x]\nfirst_of = [\"soc\"]\n",
        &["16:1 `first_of` names 2 to 8 values, found 1; \
         for example [\"shunt.soc\", \"soc_by_voltage\"]; one alone is an `expression`"],
    );
    check_more(
        "[inputs.x]\nfrom = \"shunt.soc\"\nunit = \"%\"\n",
        &[
            "17:1 unknown key `unit` in [inputs.x]; known here: expression, first_of, from, grace, max_age, max_rate, valid",
        ],
    );
}

#[test]
fn nothing_is_made_of_itself() {
    check_more(
        "[inputs.x]\nexpression = \"x + 1\"\n",
        &["15:9 an input is made of itself: `x` of `x`; \
         what is derived must end at readings of devices"],
    );
    let inputs = "[inputs.a]\nexpression = \"b + 1\"\n[inputs.b]\nfirst_of = [\"soc\", \"c\"]\n\
                  [inputs.c]\nexpression = \"soc - a\"\n";
    check_more(
        inputs,
        &["15:9 an input is made of itself: `a` of `b` of `c` of `a`; \
         what is derived must end at readings of devices"],
    );
}

#[test]
fn what_rests_on_a_broken_one_is_not_complained_about_again() {
    let inputs = "[inputs.a]\nfrom = \"shunt.sok\"\n[inputs.b]\nexpression = \"a + 1\"\n\
                  [inputs.c]\nexpression = \"b + pv\"\n";
    check_more(inputs, &["16:8 no device reports `sok`; did you mean \"shunt.soc\"?"]);
}

#[test]
fn the_order_of_the_file_does_not_matter_and_ages_come_from_the_parts() {
    let text = with(
        "[inputs.net]\nexpression = \"charge - draw\"\n[inputs.charge]\n\
         expression = \"mppt.battery_voltage * mppt.battery_current\"\n\
         [inputs.draw]\nfrom = \"mppt.pv_power\"\nmax_age = \"40s\"\n",
    );
    let config = config(&text).expect("a good file");
    let names: Vec<&str> = config.inputs.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(names, ["soc", "draw", "charge", "net"]);
    let seconds: Vec<u64> = config.inputs.iter().map(|input| input.max_age.as_secs()).collect();
    assert_eq!(seconds, [10, 40, 10, 40]);
    let units: Vec<&str> = config.inputs.iter().map(|input| input.unit.symbol()).collect();
    assert_eq!(units, ["%", "W", "W", "W"]);
}

#[test]
fn what_the_example_leaves_commented_out_is_sound() {
    let text = include_str!("../../examples/site.toml");
    let begin = text.find("# [inputs.charge_power]").expect("the example shows derived inputs");
    let lines = text[begin..].lines().take_while(|line| line.starts_with('#'));
    let derived: Vec<&str> = lines.map(|line| line.trim_start_matches(['#', ' '])).collect();
    let voltage = "[inputs.battery_voltage]\nfrom = \"shunt.battery_voltage\"\n";
    let config = config(&with(&format!("{voltage}{}\n", derived.join("\n")))).expect("sound");
    assert_eq!(config.inputs.iter().filter(|input| input.derived.is_some()).count(), 3);
}
