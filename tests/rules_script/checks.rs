//! What is found wrong with a script when it is loaded.

use sunkeep::rules::RuleSet;

use crate::bench::{source, world};

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let sources = [source(text)];
    let found = RuleSet::compile(&sources, &world()).err().unwrap_or_default();
    let found: Vec<String> = found
        .iter()
        .map(|problem| {
            let at = problem.locate(&sources);
            let help = at.help.map(|help| format!("; {help}")).unwrap_or_default();
            format!("{}:{} {}{help}", at.line, at.column, at.message)
        })
        .collect();
    assert_eq!(found, expected, "{text}");
}

/// A body at column 31.
#[track_caller]
fn body(body: &str, expected: &[&str]) {
    check(
        &format!("rule(\"r\").decide(|s, mem| {{\n{body} want(heater, on, \"x\") }});"),
        expected,
    );
}

#[test]
fn readings_are_checked_before_they_are_missed() {
    body("s.sock;", &["2:3 there is no input `sock`; did you mean `s.soc`?"]);
    body(
        "s.zebra;",
        &["2:3 there is no input `zebra`; inputs are soc, pv_power, cell_temperature"],
    );
    body("s.mppt.pv_pover;", &["2:8 no device reports `pv_pover`; did you mean `mppt.pv_power`?"]);
    body(
        "s.mppt < 3;",
        &["2:3 `mppt` is a device, not one of its values; \
           name the value too, as in `s.mppt.battery_voltage`"],
    );
    body("soc < 3;", &["2:1 inside `decide`, `soc` is read from `s`; write `s.soc`"]);
    body("mppt.pv_power < 3;", &["2:1 inside `decide`, `mppt` is read from `s`; write `s.mppt`"]);
    body("s[\"soc\"];", &["2:3 a reading is named; write `s.soc`, without brackets"]);
    body(
        "s.cold();",
        &["2:3 `s` has readings and no words of its own; \
           hand it to a function of the file instead, as in `cold(s)`"],
    );
    body("s.soc; heatr;", &["2:8 there is no input `heatr`; did you mean `heater`?"]);
}

#[test]
fn functions_are_followed_with_the_readings_they_are_given() {
    let text = "fn cold(limit, state) { state.cell_temprature < limit }
        rule(\"r\").decide(|s, mem| if cold(2, s) { want(heater, on, \"x\") } else { nothing() });";
    check(text, &["1:31 there is no input `cell_temprature`; did you mean `s.cell_temperature`?"]);
    check(
        "fn heat() { want(heater, on, \"x\") } rule(\"r\").decide(|s, mem| { heat(); want(heater, on, \"x\") });",
        &[
            "1:18 a function does not see `heater`; \
             give it to the function as an argument, as in `cold(heater)`",
            "1:26 a function does not see `on`; \
             give it to the function as an argument, as in `cold(on)`",
        ],
    );
    check(
        "fn heat(o) { want(o, on, \"x\") } rule(\"r\").decide(|s, mem| heat(heater));",
        &["1:22 a function does not see `on`; \
           give it to the function as an argument, as in `cold(on)`"],
    );
}

#[test]
fn a_decide_stands_alone_and_is_a_function_of_two() {
    let form = "write `decide(|s, mem| { if … { want(…) } else { nothing() } })`";
    check(
        "rule(\"r\").decide(5);",
        &[&format!("1:11 `decide` needs a function, found the number 5; {form}")],
    );
    check(
        "rule(\"r\").decide(|s| want(heater, on, \"x\"));",
        &[&format!("1:11 `decide` needs a function with two arguments, `s` and `mem`; {form}")],
    );
    check(
        "rule(\"r\").turn_on(heater).when(soc below 3).decide(|s, mem| want(heater, on, \"x\"));",
        &["1:45 a rule with `decide` has no other action; \
           its script says what it wants; write a second rule for the rest"],
    );
    check(
        "rule(\"r\").when(soc below 3).decide(|s, mem| want(heater, on, \"x\"));",
        &["1:11 a rule with `decide` has no `when`; its script says what it wants, and when"],
    );
    check(
        "rule(\"r\").decide(|s, mem| nothing());",
        &["1:11 this `decide` asks for nothing; \
           say what it wants: `want(heater, on, \"cold cells\")`"],
    );
    check(
        "rule(\"r\").decide(|s, mem| if s.soc < 3 { want(heater, on, \"x\") });",
        &["1:27 this `if` does not say what is wanted otherwise; end with `else { nothing() }`"],
    );
    check(
        "let cold = soc below 3; rule(\"r\").decide(|s, mem| { cold; want(heater, on, \"x\") });",
        &["1:53 `cold` is a condition, which a script does not see"],
    );
    check("let on = 5;", &["1:1 the name `on` is taken; choose another name"]);
}

#[test]
fn words_of_a_script_belong_into_a_script() {
    check(
        "want(heater, on, \"x\");",
        &["1:1 `want` stands inside a `decide(…)`; \
           for example `.decide(|s, mem| want(heater, on, \"cold cells\"))`"],
    );
}
