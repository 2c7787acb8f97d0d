//! What a newcomer gets wrong with set-points, modes and alerts.

use sunkeep::arbiter::{Level, OutputId, Want};
use sunkeep::rules::{Alert, Mode, RuleSet, Setpoint, World};
use sunkeep::units::Unit;

use crate::bench::{source, world};

const END: &str = ".when(soc below 30).clear_when(soc above 45);";

fn acting_world() -> World {
    World {
        setpoints: vec![Setpoint {
            name: "limit".into(),
            output: OutputId(2),
            unit: Unit::Percent,
            range: (0.0, 15.0),
            step: 0.1,
        }],
        modes: vec![Mode {
            name: "preserve".into(),
            wants: vec![(OutputId(0), Level::Off.into()), (OutputId(2), Want::Number(5.0))],
        }],
        alerts: vec![Alert { name: "owner".into(), repeat: None }],
        ..world()
    }
}

#[track_caller]
fn check(action: &str, expected: &[&str]) {
    let sources = [source(&format!("rule(\"r\"){action}{END}"))];
    let problems = RuleSet::compile(&sources, &acting_world()).err().unwrap_or_default();
    let told: Vec<String> = problems
        .iter()
        .map(|problem| {
            let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
            format!("{}{help}", problem.message)
        })
        .collect();
    assert_eq!(told, expected, "{action}");
}

#[test]
fn a_set_point_takes_what_is_in_its_range_and_unit() {
    check(".set(limit, 5.0)", &[]);
    check(".set(limit, soc)", &[]);
    check(".set(limit, soc / 10)", &[]);
    check(
        ".set(limit, 50)",
        &["`limit` cannot be set to 50; its range in the configuration is 0 to 15 %"],
    );
    check(
        ".set(limit, pv_power)",
        &["`limit` is in %, `pv_power` is in W; a set-point follows a number of its own unit"],
    );
    check(
        ".set(limit)",
        &["`set` stands after a `rule(…)` and takes two things in brackets; \
          for example `.set(charge_limit, 5.0)`"],
    );
    check(
        ".set(heater, 5)",
        &["`set` needs a set-point, found the output `heater`; \
          set-points are `limit`"],
    );
    check(".set(limt, 5)", &["there is no set-point `limt`; did you mean `limit`?"]);
}

#[test]
fn a_mode_is_activated_and_not_switched() {
    check(".activate(preserve)", &[]);
    check(
        ".turn_on(preserve)",
        &["`turn_on` needs an output, found the mode `preserve`; \
          outputs are `heater` and `load_output`"],
    );
    check(".activate(preserv)", &["there is no mode `preserv`; did you mean `preserve`?"]);
}

#[test]
fn an_alert_goes_to_a_channel_and_names_inputs() {
    check(".alert(owner, \"soc {soc}, sun {mppt.pv_power}\")", &[]);
    check(
        ".alert(owner, \"{sox}\")",
        &["the text names `sox`, which is no input; \
          did you mean `{soc}`?"],
    );
    check(".alert(owner, \"{soc\")", &["a `{` in the text is never closed; write `{soc}`"]);
    check(
        ".alert(owner, 5)",
        &["`alert` needs a text, found the number 5; \
          for example `.alert(operator, \"battery low: {soc}\")`"],
    );
    check(".alert(ownr, \"x\")", &["there is no alert channel `ownr`; did you mean `owner`?"]);
}

#[test]
fn a_rule_does_one_thing() {
    check(
        ".turn_on(heater).set(limit, 5)",
        &["a rule does one thing; \
          write a second rule, or declare a mode and `activate` it"],
    );
}
