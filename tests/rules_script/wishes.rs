//! Set-points, modes and alerts of a script: what it asks for, what is refused.

use std::time::Duration;

use sunkeep::arbiter::{Level, OutputId, Want};
use sunkeep::rules::{Alert, Mode, RuleSet, Setpoint, State, World};
use sunkeep::units::Unit;

use crate::bench::{Bench, source, world};
use crate::rule;

fn site() -> World {
    World {
        setpoints: vec![Setpoint {
            name: "charge_limit".into(),
            output: OutputId(2),
            unit: Unit::Ampere,
            range: (0.0, 15.0),
            step: 0.1,
        }],
        modes: vec![Mode {
            name: "preserve".into(),
            wants: vec![(OutputId(0), Level::Off.into()), (OutputId(2), Want::Number(5.0))],
        }],
        alerts: vec![Alert { name: "operator".into(), repeat: Some(Duration::from_secs(600)) }],
        ..world()
    }
}

fn bench(body: &str) -> Bench {
    let mut bench = Bench::with(&[source(&rule(body))], &site());
    bench.send("shunt.soc", 40.0);
    bench
}

/// What the first rule asks for, by number of output.
fn wants(bench: &Bench) -> Vec<(u16, Want)> {
    bench.verdicts[0].wants().iter().map(|request| (request.output.0, request.want)).collect()
}

#[track_caller]
fn asks(body: &str, expected: &[(u16, Want)], why: &str) {
    let mut bench = bench(body);
    bench.pass(2);
    let said = bench.why();
    assert_eq!(bench.verdicts[0].fault(), None, "{body}");
    assert_eq!(bench.verdicts[0].state, State::Set, "{body}: {said}");
    assert_eq!(wants(&bench), expected, "{body}");
    assert_eq!(said, why);
}

/// The script fails in its first step.
#[track_caller]
fn fails(body: &str, fault: &str) {
    let mut bench = bench(body);
    bench.pass(2);
    let told = bench.verdicts[0].fault().unwrap_or_default().to_owned();
    assert!(told.ends_with(fault), "{body}: {told}");
    assert!(wants(&bench).is_empty() && bench.verdicts[0].to_safe, "{body}");
}

/// The file is refused.
#[track_caller]
fn refused(body: &str, expected: &[&str]) {
    let sources = [source(&format!("rule(\"r\").decide(|s, mem| {{\n{body} }});"))];
    let found = RuleSet::compile(&sources, &site()).err().unwrap_or_default();
    let found: Vec<String> = found
        .iter()
        .map(|problem| {
            let at = problem.locate(&sources);
            let help = at.help.map(|help| format!("; {help}")).unwrap_or_default();
            format!("{}:{} {}{help}", at.line, at.column, at.message)
        })
        .collect();
    assert_eq!(found, expected, "{body}");
}

const OFF: Want = Want::Level(Level::Off);

#[test]
fn a_set_point_is_wanted_with_a_reason() {
    asks("want(charge_limit, 5, \"cold cells\")", &[(2, Want::Number(5.0))], "cold cells");
    asks(
        "want(charge_limit, 0.35 * s.soc, \"a share\")",
        &[(2, Want::Number(14.0))],
        "a share: soc is 40 % (0 s old)",
    );
}

#[test]
fn what_a_script_calculates_is_cut_to_the_range_and_rounded_to_the_register() {
    let range = [("s.soc", 15.0), ("-s.soc", 0.0), ("s.soc / 30.0", 1.3)];
    for (value, expected) in range {
        let mut bench = bench(&format!("want(charge_limit, {value}, \"x\")"));
        bench.pass(2);
        let found = wants(&bench)[0].1.number().expect("a number");
        assert!((found - expected).abs() < 1e-9, "{value}: {found}");
    }
}

#[test]
fn a_mode_is_wanted_with_all_its_parts_under_one_reason() {
    asks(
        "activate(preserve, \"little is left\")",
        &[(0, OFF), (2, Want::Number(5.0))],
        "little is left",
    );
    asks(
        "want(heater, off, \"no heat\"); activate(preserve, \"little\"); activate(preserve, \"again\")",
        &[(0, OFF), (2, Want::Number(5.0))],
        "heater off, no heat; preserve, little",
    );
}

#[test]
fn an_alert_is_a_message_and_asks_for_nothing() {
    let mut bench = bench("alert(operator, `at ${s.soc} %`); alert(operator, \"twice\")");
    bench.pass(2);
    let messages = bench.verdicts[0].messages().map(<[_]>::to_vec).expect("a script that can tell");
    let told: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(told, ["at 40.0 %", "twice"]);
    assert_ne!(messages[0].place, messages[1].place, "each stands by itself");
    assert_eq!(messages[0].repeat, Some(Duration::from_secs(600)));
    assert_eq!((bench.verdicts[0].state, wants(&bench).len()), (State::Set, 0));
    let why = "tells operator \"at 40.0 %\"; tells operator \"twice\": soc is 40 % (0 s old)";
    assert_eq!(bench.why(), why);
}

#[test]
fn wishes_that_do_not_go_together_are_the_scripts_error() {
    let twice = "this rule wants the same set-point at 5 and 6";
    fails("want(charge_limit, 5, \"a\"); want(charge_limit, 6, \"b\")", twice);
    let mode = "this rule wants the same set-point at 6 and 5";
    fails("want(charge_limit, 6, \"a\"); activate(preserve, \"b\")", mode);
    let levels = "this rule wants the same output on and off";
    fails("want(heater, on, \"a\"); activate(preserve, \"b\")", levels);
    let loop_of = "for i in 0..40 { alert(operator, \"x\") } want(heater, on, s)";
    fails(loop_of, "`want` needs a reason as text, found all readings (name one, as in `s.soc`)");
}

#[test]
fn a_wrong_wish_that_only_a_run_can_see_is_an_error_of_the_rule() {
    fails(
        "let x = s.soc; want(heater, x, \"a\")",
        "`want` needs `on` or `off` after an output, found the number 40.0",
    );
    fails(
        "let x = \"much\"; want(charge_limit, x, \"a\")",
        "`want` needs a number after `charge_limit`, found the text \"much\"",
    );
    fails(
        "let what = [charge_limit, operator]; for x in what { want(x, 5, \"a\") }",
        "`want` needs an output or a set-point first, found the alert channel `operator`",
    );
    fails(
        "let x = operator; activate(x, \"a\")",
        "`activate` needs a mode first, found the alert channel `operator`",
    );
    fails("let x = heater; alert(x, \"a\")", "`alert` needs a channel first, found an output");
    fails("let x = s.soc; alert(operator, x)", "`alert` needs a text, found the number 40.0");
}

#[test]
fn a_wrong_wish_is_found_when_the_file_is_read() {
    refused(
        "want(charge_limit, 50, \"x\")",
        &["2:20 `charge_limit` cannot be set to 50; \
           its range in the configuration is 0 to 15 A"],
    );
    refused(
        "want(charge_limit, on, \"x\")",
        &["2:20 `charge_limit` is a set-point: it needs a number, found `on` or `off`; \
           for example `want(charge_limit, 0, \"cold cells\")`"],
    );
    refused(
        "want(heater, 5, \"x\")",
        &["2:14 `want` needs `on` or `off` after an output, found the number 5; \
           for example `want(heater, on, \"cold cells\")`"],
    );
    refused(
        "want(preserve, on, \"x\")",
        &["2:6 `want` needs an output or a set-point, found the mode `preserve`; \
           there is `heater`, `load_output` and `charge_limit`"],
    );
    refused(
        "want(heatr, on, \"x\"); want(heater, on, \"x\")",
        &["2:6 there is no output or set-point `heatr`; did you mean `heater`?"],
    );
    refused(
        "activate(heater, \"x\")",
        &["2:10 `activate` needs a mode, found the output `heater`; modes are `preserve`"],
    );
    refused(
        "activate(preserve)",
        &["2:1 `activate` takes two things inside a `decide`; \
           for example `activate(preserve, \"little is left\")`"],
    );
    refused(
        "activate(preserv, \"x\"); want(heater, on, \"x\")",
        &["2:10 there is no mode `preserv`; did you mean `preserve`?"],
    );
    refused(
        "alert(operator, \"low: {soc}\")",
        &["2:17 inside `decide`, a text takes its values from `s`; \
           between backticks, as in `cells at ${s.cell_temperature} °C`"],
    );
    refused(
        "want(heater, on, \"\")",
        &["2:18 a reason has 1 to 200 letters; say it as you would to a colleague"],
    );
    refused(
        "if s.soc below 30 { turn_on(heater) } else { want(heater, off, \"x\") }",
        &[
            "2:10 there is no word `below` inside a `decide`; write `s.soc < 30`",
            "2:21 there is no word `turn_on` inside a `decide`; write `want(heater, on, \"why\")`",
        ],
    );
    refused(
        "let half = hlaf(s.soc); want(heater, on, \"x\")",
        &["2:12 there is no word `hlaf` inside a `decide`; \
           a script has `want`, `activate`, `alert`, `nothing` and your own `fn`"],
    );
    refused(
        "set(charge_limit, 5)",
        &["2:1 there is no word `set` inside a `decide`; \
           write `want(charge_limit, 5.0, \"why\")`, or `mem.name = value`"],
    );
    refused(
        "wnat(heater, on, \"x\")",
        &["2:1 there is no word `wnat` inside a `decide`; did you mean `want`?"],
    );
    refused(
        "want(heater, on)",
        &["2:1 `want` takes three things inside a `decide`; \
           for example `want(heater, on, \"cold cells\")`"],
    );
}
