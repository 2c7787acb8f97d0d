//! Level 3 rules as an owner writes them: what they ask for, in virtual time.

#[path = "rules/bench.rs"]
#[allow(dead_code, reason = "shared with the other rule tests")]
mod bench;
#[path = "rules_script/checks.rs"]
mod checks;
#[path = "rules_script/engine.rs"]
mod engine;
#[path = "rules_script/matrix.rs"]
mod matrix;
#[path = "rules_script/memory.rs"]
mod memory;
#[path = "support/policy.rs"]
mod policy;
#[path = "rules_script/wishes.rs"]
mod wishes;

use bench::Bench;
use sunkeep::arbiter::{Level, Request};
use sunkeep::rules::{State, Verdict};

const WINTER: &str = r#"rule("winter strategy").decide(|s, mem| {
    if s.cell_temperature < 2.0 && s.soc > 40.0 { want(heater, on, "cold cells") } else { nothing() }
});"#;

/// The first rule's wishes as `output level`, outputs by number.
fn wants(verdict: &Verdict) -> Vec<(u16, Level)> {
    let level = |request: &Request| (request.output.0, request.want.level().expect("a level"));
    verdict.wants().iter().map(level).collect()
}

/// A rule around the body of a closure, with `helpers` above it.
fn rule(body: &str) -> String {
    format!("rule(\"r\").decide(|s, mem| {{ {body} }});")
}

fn cold(bench: &mut Bench) -> &mut Bench {
    bench.send("shunt.soc", 70.0).send("shunt.battery_temperature", 1.25)
}

#[track_caller]
fn expect(bench: &mut Bench, state: State, why: &str) {
    let text = bench.why();
    assert_eq!(bench.verdicts[0].state, state, "{text}");
    assert_eq!(text, why);
}

#[test]
fn a_script_asks_while_it_says_so_and_gives_its_reason_with_values() {
    let mut bench = Bench::new(WINTER);
    cold(&mut bench).pass(2);
    let why = "cold cells: cell_temperature is 1.25 °C (0 s old); soc is 70 % (0 s old)";
    expect(&mut bench, State::Set, why);
    assert_eq!(wants(&bench.verdicts[0]), [(0, Level::On)]);
    assert_eq!(bench.verdicts[0].wants()[0].priority, 50);
    bench.send("shunt.battery_temperature", 3.0).pass(1);
    let why = "asks for nothing: cell_temperature is 3 °C (0 s old)";
    expect(&mut bench, State::Clear, why);
    assert!(wants(&bench.verdicts[0]).is_empty());
}

#[test]
fn a_missing_reading_makes_the_rule_unknown_and_says_which_and_why() {
    let mut bench = Bench::new(WINTER);
    bench.pass(1);
    expect(&mut bench, State::Unknown, "cell_temperature is unknown: never seen");
    assert!(bench.verdicts[0].to_safe && bench.verdicts[0].fault().is_none());
    cold(&mut bench).pass(1);
    let why = "cell_temperature is unknown: waiting for a second frame to agree";
    expect(&mut bench, State::Unknown, why);
    bench.pass(1).lose("shunt.soc").pass(11);
    expect(&mut bench, State::Unknown, "soc is unknown: stale, 11 s old");
    // What is not needed is not asked for.
    bench.send("shunt.battery_temperature", 5.0).pass(1);
    assert_eq!(bench.verdicts[0].state, State::Clear);
    bench.send("shunt.battery_temperature", 99.0).pass(1);
    expect(&mut bench, State::Unknown, "cell_temperature is unknown: out of its valid range (99)");
}

#[test]
fn several_wishes_are_several_requests() {
    let text = rule(
        "if s.soc < 20 { want(heater, off, \"save\"); want(load_output, off, \"save more\") }
         else { nothing() }",
    );
    let mut bench = Bench::new(&text.replace(".decide", ".priority(70).decide"));
    bench.send("shunt.soc", 10.0).pass(2);
    assert_eq!(wants(&bench.verdicts[0]), [(0, Level::Off), (1, Level::Off)]);
    assert!(bench.verdicts[0].wants().iter().all(|request| request.priority == 70));
    let why = "heater off, save; load_output off, save more: soc is 10 % (0 s old)";
    expect(&mut bench, State::Set, why);
}

#[test]
fn only_and_if_unknown_stand_around_a_script() {
    let with = |words: &str| WINTER.replace(".decide", &format!("{words}.decide"));
    let mut bench = Bench::new(&with(".only(pv_power above 10)"));
    cold(&mut bench).send("mppt.pv_power", 5.0).pass(2);
    expect(&mut bench, State::Clear, "only while pv_power above 10, which is no");
    bench.send("mppt.pv_power", 50.0).pass(1);
    assert_eq!(bench.verdicts[0].state, State::Set);
    bench.lose("mppt.pv_power").pass(11);
    expect(&mut bench, State::Unknown, "only while pv_power above 10, which is unknown");

    let mut bench = Bench::new(&with(".if_unknown(\"clear\")"));
    cold(&mut bench).pass(2).lose("shunt.soc").pass(11);
    assert_eq!((bench.verdicts[0].state, bench.verdicts[0].to_safe), (State::Clear, false));

    // 10 s until stale, 30 s of grace.
    let mut bench = Bench::new(&with(".if_unknown(\"hold\")"));
    cold(&mut bench).pass(2).lose("shunt.soc").pass(40);
    assert_eq!(bench.verdicts[0].state, State::Set);
    assert_eq!(wants(&bench.verdicts[0]), [(0, Level::On)]);
    bench.pass(1);
    assert_eq!((bench.verdicts[0].state, wants(&bench.verdicts[0]).len()), (State::Unknown, 0));
    cold(&mut bench).pass(1).restart().lose("shunt.soc").pass(1);
    assert_eq!(bench.verdicts[0].state, State::Unknown);
}

#[test]
fn values_of_any_device_and_named_states_are_read() {
    let mut bench = Bench::new(&rule(
        "if s.mppt.device_state == \"float\" && s.shunt.soc >= 99 { want(heater, \"on\", `full: ${s.mppt.device_state}`) }
         else { nothing() }",
    ));
    bench.send("mppt.device_state", 5.0).send("shunt.soc", 100.0).pass(2);
    let why = "full: float: mppt.device_state is float (0 s old); shunt.soc is 100 % (0 s old)";
    expect(&mut bench, State::Set, why);
    bench.send("mppt.device_state", 4.0).pass(1);
    assert_eq!(bench.verdicts[0].state, State::Clear);
}

#[test]
fn functions_numbers_and_lists_of_the_file_are_shared_by_its_rules() {
    let text = r#"
        let low = 20;
        let spare = [heater, load_output];
        fn scarce(s, limit) { s.soc < limit && charging(s) < 10 }
        fn charging(readings) { readings.mppt.pv_power }
        rule("one").decide(|s, mem| {
            if scarce(s, low) { for output in spare { want(output, off, "scarce") } }
            nothing()
        });
        low = 90;
        rule("two").decide(|s, mem| if scarce(s, low) { want(heater, on, "other") } else { nothing() });
        rule("three").turn_on(heater).when(soc below low).clear_when(soc above 95).priority(60);"#;
    let mut bench = Bench::new(text);
    bench.send("shunt.soc", 10.0).send("mppt.pv_power", 5.0).pass(2);
    assert_eq!(wants(&bench.verdicts[0]), [(0, Level::Off), (1, Level::Off)]);
    bench.send("shunt.soc", 50.0).pass(1);
    // A script holds the number as it was when the rule was read.
    assert_eq!((wants(&bench.verdicts[0]).len(), wants(&bench.verdicts[1]).len()), (0, 1));
    let inputs: Vec<&str> = bench.rules.inputs().map(|input| input.name.as_str()).collect();
    assert!(inputs.contains(&"mppt.pv_power"), "{inputs:?}");
}

#[test]
fn an_error_is_placed_sent_to_safe_and_disables_the_rule_at_the_third() {
    let text = format!("{}\n{}", rule("want(heater, on, s.soc)"), WINTER);
    let mut bench = Bench::new(&text);
    cold(&mut bench).pass(2);
    // The second frame made the reading known.
    let fault = "a.rhai, line 1, column 29: `want` needs a reason as text, found the number 70.0";
    assert_eq!(bench.verdicts[0].fault(), Some(fault));
    assert_eq!((bench.verdicts[0].state, bench.verdicts[0].to_safe), (State::Unknown, true));
    assert_eq!(bench.verdicts[1].state, State::Set, "the other rule goes on");
    bench.pass(1);
    assert_eq!(bench.verdicts[0].state, State::Unknown);
    bench.pass(1);
    assert_eq!(bench.verdicts[0].state, State::Disabled);
    assert!(bench.verdicts[0].fault().is_some_and(|fault| fault.starts_with("disabled")));
    bench.pass(1);
    let verdict = &bench.verdicts[0];
    assert_eq!((verdict.state, verdict.fault()), (State::Disabled, None));
    assert_eq!(bench.why(), format!("disabled after three errors in ten minutes: {fault}"));
    assert_eq!(bench.verdicts[1].state, State::Set);
    // It stays disabled over a restart, until it is edited or enabled.
    cold(bench.restart()).pass(2);
    assert_eq!(bench.verdicts[0].state, State::Disabled);
    assert!(bench.memory.enable("r") && !bench.memory.enable("r"));
    bench.pass(1);
    assert_eq!(bench.verdicts[0].state, State::Unknown);
}

#[test]
fn errors_that_are_ten_minutes_apart_disable_nothing() {
    let text = rule("if s.soc < 50 { want(heater, on, 1 / 0) } else { nothing() }");
    let mut bench = Bench::new(&text);
    for _ in 0..5 {
        bench.send("shunt.soc", 10.0).pass(1).send("shunt.soc", 60.0).pass(310);
        assert_eq!(bench.verdicts[0].state, State::Clear);
    }
    bench.send("shunt.soc", 10.0).pass(3);
    assert_eq!(bench.verdicts[0].state, State::Disabled);
}

#[test]
fn the_answer_must_be_an_answer() {
    for (body, found) in [
        ("true", "`true`"),
        ("5", "the number 5"),
        ("\"on\"", "the text \"on\""),
        ("let x = 1;", "nothing"),
        ("s", "all readings (name one, as in `s.soc`)"),
        ("[nothing()]", "a list"),
    ] {
        let text =
            rule(&format!("if false {{ want(heater, on, \"x\") }} else {{ nothing() }} {body}"));
        let mut bench = Bench::new(&text);
        bench.pass(1);
        let fault = format!(
            "a.rhai, line 1, column 11: it ends with `want(…)` or `nothing()`, found {found}"
        );
        assert_eq!(bench.verdicts[0].fault(), Some(&*fault), "{body}");
    }
}

#[test]
fn a_script_whose_time_is_up_is_stopped_and_the_next_one_runs_on() {
    let text = rule("let x = 0; while x < 1000 { x += 1 } want(heater, on, \"counted\")");
    let mut bench = Bench::new(&format!("{text}\n{}", text.replace("\"r\"", "\"next\"")));
    let deadline = bench.rules.deadline().expect("there is a script");
    assert_eq!(deadline.turn(), None, "none runs between steps");
    deadline.stop(deadline.next());
    bench.pass(1);
    assert_eq!(bench.verdicts[1].state, State::Set, "it pays for nobody");
    let fault = bench.verdicts[0].fault().unwrap_or_default().to_owned();
    assert!(fault.ends_with("it took too long and was stopped"), "{fault}");
    bench.pass(1);
    assert_eq!(bench.verdicts[0].state, State::Set);
}
