//! Rule files as an owner writes them: what they ask for, in virtual time.

#[path = "rules/acting.rs"]
mod acting;
#[path = "rules/bench.rs"]
mod bench;
#[path = "rules/harm.rs"]
mod harm;
#[path = "rules/mistakes.rs"]
mod mistakes;
#[path = "rules/shipped.rs"]
mod shipped;
#[path = "rules/unknown.rs"]
mod unknown;

use bench::{Bench, source, world};
use sunkeep::arbiter::Level;
use sunkeep::problem::Source;
use sunkeep::rules::{Memory, RuleSet, State};
use sunkeep::units::Value;

const PRESERVE: &str = r#"rule("preserve the battery")
    .turn_off(load_output)
    .when(soc below 30).clear_when(soc above 45);"#;

fn preserve(more: &str) -> Bench {
    Bench::new(&PRESERVE.replace(';', &format!("{more};")))
}

/// The first frame after a silence is not trusted: a minute begins with the second.
const FIRST: u64 = 1;

#[test]
fn three_lines_make_a_rule() {
    let mut bench = Bench::new(PRESERVE);
    bench.send("shunt.soc", 50.0).pass(10).expect(State::Clear);
    bench.send("shunt.soc", 29.0).pass(60).expect(State::Clear);
    bench.pass(1).expect(State::Set);
    let request = bench.verdicts[0].request.clone().expect("a request");
    assert_eq!((request.output.0, request.want, request.priority), (1, Level::Off.into(), 50));
    assert_eq!(&*request.rule, "preserve the battery");
    bench.send("shunt.soc", 44.9).pass(500).expect(State::Set);
    bench.send("shunt.soc", 46.0).pass(60).expect(State::Set).pass(1).expect(State::Clear);
}

#[test]
fn a_short_dip_does_nothing() {
    let mut bench = Bench::new(PRESERVE);
    bench.send("shunt.soc", 29.0).pass(55).send("shunt.soc", 31.0).pass(1);
    bench.send("shunt.soc", 29.0).pass(55).expect(State::Clear);
}

#[test]
fn what_is_true_at_the_start_counts() {
    let mut bench = Bench::new(PRESERVE);
    bench.send("shunt.soc", 10.0).pass(FIRST + 60).expect(State::Clear).pass(1).expect(State::Set);
}

#[test]
fn lasting_belongs_to_the_condition_before_it() {
    let mut bench = Bench::new(
        "rule(\"r\").turn_on(heater).when(soc above 60).lasting(2.min)
            .clear_when(soc below 50).lasting(0.sec);",
    );
    bench.send("shunt.soc", 70.0).pass(FIRST + 120).expect(State::Clear);
    bench.pass(1).expect(State::Set).send("shunt.soc", 49.0).pass(1).expect(State::Clear);
}

#[test]
fn while_both_conditions_hold_the_rule_stays_clear() {
    let mut bench = Bench::new(
        "rule(\"r\").turn_on(heater).when(soc above 60 or pv_power above 80)
            .clear_when(cell_temperature above 6);",
    );
    bench.send("shunt.soc", 70.0).send("mppt.pv_power", 0.0);
    bench.send("shunt.battery_temperature", 7.0).pass(600).expect(State::Clear);
    bench.send("shunt.battery_temperature", 5.0).pass(1).expect(State::Set);
}

#[test]
fn only_masks_the_request_and_not_the_latch() {
    let mut bench = preserve(".only(pv_power below 10)");
    bench.send("shunt.soc", 29.0).send("mppt.pv_power", 50.0).pass(100).expect(State::Clear);
    bench.send("mppt.pv_power", 5.0).pass(1).expect(State::Set);
    bench.lose("mppt.pv_power").pass(11).expect(State::Unknown);
}

#[test]
fn a_latch_survives_a_restart_and_its_timers_do_not() {
    let mut bench = Bench::new(PRESERVE);
    bench.send("shunt.soc", 29.0).pass(100).expect(State::Set).restart();
    bench.send("shunt.soc", 40.0).pass(1).expect(State::Unknown).pass(1).expect(State::Set);
    bench.send("shunt.soc", 44.0).restart().pass(FIRST + 1).expect(State::Set);
    bench.send("shunt.soc", 46.0).pass(59).expect(State::Set).pass(2).expect(State::Clear);
}

#[test]
fn a_latch_whose_time_went_by_in_silence_does_not_come_back() {
    let mut bench = Bench::new(PRESERVE);
    bench.send("shunt.soc", 29.0).pass(100).expect(State::Set);
    bench.lose("shunt.soc").pass(600).expect(State::Unknown);
    bench.send("shunt.soc", 57.0).pass(FIRST + 1).expect(State::Clear);

    let mut restarted = Bench::new(PRESERVE);
    restarted.send("shunt.soc", 29.0).pass(100).expect(State::Set).restart();
    restarted.send("shunt.soc", 57.0).pass(FIRST + 1).expect(State::Clear);
}

#[test]
fn a_changed_rule_starts_afresh_and_its_layout_does_not_matter() {
    let mut bench = Bench::new(PRESERVE);
    bench.send("shunt.soc", 29.0).pass(100).expect(State::Set);
    let set = |text: &str, memory: &Memory| {
        let mut other = Bench::new(text);
        other.memory = memory.clone();
        other.send("shunt.soc", 40.0).pass(2);
        other.verdicts[0].state
    };
    let comment = format!("// a word\n{}", PRESERVE.replace('\n', " "));
    assert_eq!(set(&comment, &bench.memory), State::Set);
    assert_eq!(set(&PRESERVE.replace("45", "46"), &bench.memory), State::Clear);
}

#[test]
fn the_order_of_files_does_not_matter() {
    let other = Source {
        name: "b.rhai".into(),
        text: PRESERVE.replace("preserve the battery", "more").replace("30", "20"),
    };
    let mut one = Bench::of(&[source(PRESERVE), other.clone()]);
    let mut two = Bench::of(&[other, source(PRESERVE)]);
    for soc in [50.0, 25.0, 15.0, 40.0, 60.0] {
        one.send("shunt.soc", soc).pass(70);
        two.send("shunt.soc", soc).pass(70);
        assert_eq!(one.verdicts, two.verdicts);
        assert_eq!(one.memory, two.memory);
    }
}

#[test]
fn a_stored_memory_goes_on_as_if_nothing_had_happened() {
    let mut bench = Bench::new(PRESERVE);
    bench.send("shunt.soc", 29.0).pass(30);
    let stored = serde_json::to_string(&bench.memory).expect("plain data");
    bench.memory = serde_json::from_str(&stored).expect("what was written");
    bench.pass(30).expect(State::Clear).pass(2).expect(State::Set);
}

#[test]
fn reasons_are_sentences() {
    let mut bench = Bench::new(PRESERVE);
    bench.send("shunt.soc", 29.4).pass(3).lose("shunt.soc").pass(2);
    assert_eq!(bench.why(), "soc is 29.4 % (2 s old), below 30 for 60 s");
    bench.send("shunt.soc", 35.0).pass(1);
    assert_eq!(bench.why(), "soc is 35 % (0 s old), not below 30, not above 45");
    bench.send("shunt.soc", 46.0).pass(1);
    assert_eq!(bench.why(), "soc is 46 % (0 s old), above 45 for 60 s");
    let used = bench.rules.explain(0, bench.now, &bench.snapshot, &bench.memory).used;
    assert_eq!((used.len(), &*used[0].input, &*used[0].value), (1, "soc", "46 %"));
}

#[test]
fn a_reason_leaves_out_what_did_not_decide() {
    let mut bench = Bench::new(
        "rule(\"r\").turn_on(heater)
            .when(cell_temperature below 2 and (soc above 60 or pv_power above 80)).lasting(2.min)
            .clear_when(cell_temperature above 6 or soc below 50);",
    );
    bench.send("shunt.soc", 70.0).send("mppt.pv_power", 3.0);
    bench.send("shunt.battery_temperature", 1.25).pass(3);
    assert_eq!(
        bench.why(),
        "cell_temperature is 1.25 °C (0 s old), below 2; soc is 70 % (0 s old), above 60 for 2 min"
    );
    bench.send("shunt.battery_temperature", 7.0).pass(1);
    assert_eq!(bench.why(), "cell_temperature is 7 °C (0 s old), above 6 for 60 s");
}

#[test]
fn any_value_of_any_device_is_an_input() {
    let mut bench = Bench::new(
        "rule(\"r\").turn_on(heater).when(mppt.device_state equals \"float\").lasting(0.sec)
            .clear_when(mppt.device_state equals \"bulk\");",
    );
    bench.send("mppt.device_state", 5.0).pass(3).expect(State::Set);
    assert_eq!(bench.why(), "mppt.device_state is float (0 s old), equals \"float\"");
    bench.send("mppt.device_state", 4.0).pass(100).expect(State::Set);
}

#[test]
fn one_frame_alone_sets_no_rule_however_short_its_time() {
    let mut bench = Bench::new(
        "rule(\"r\").turn_on(heater).when(soc below 20).lasting(0.sec)
            .clear_when(soc above 60).lasting(0.sec);",
    );
    bench.send("shunt.soc", 50.0).pass(10).expect(State::Clear);
    bench.send("shunt.soc", 10.0).pass(1).expect(State::Clear);
    bench.send("shunt.soc", 50.0).pass(10).expect(State::Clear);
    bench.send("shunt.soc", 10.0).pass(2).expect(State::Set);
}

#[test]
fn texts_are_compared_with_texts() {
    let rule = "rule(\"r\").turn_on(heater).when(mppt.serial_number equals \"HQ1\").lasting(0.sec)
            .clear_when(soc below 10);";
    let mut bench = Bench::new(rule);
    bench.send("shunt.soc", 50.0).send_value("mppt.serial_number", Value::Text("HQ1".into()));
    bench.pass(3).expect(State::Set);
    bench.send_value("mppt.serial_number", Value::Number(1.0)).pass(2).expect(State::Unknown);
}

#[test]
fn numbers_and_loops_work_while_a_file_is_read() {
    let bench = Bench::new(
        "let low = 20;
         fn cold(t) { t below 2 }
         for step in 0..3 {
             rule(`stage ${step}`).turn_off(load_output)
                 .when(soc below low + step * 5 or cold(cell_temperature))
                 .clear_when(soc above 50);
         }",
    );
    let rules: Vec<String> =
        bench.rules.rules().iter().map(|rule| rule.when.condition.to_string()).collect();
    assert_eq!(rules[2], "soc below 30 or cell_temperature below 2");
}

#[test]
fn and_binds_tighter_than_or() {
    let when = "soc below 30 or soc above 90 and pv_power above 5 or not(pv_power between [1, 2])";
    let text = format!("rule(\"r\").turn_on(heater).when({when}).clear_when(soc equals 50);");
    let bench = Bench::new(&text);
    assert_eq!(bench.rules.rules()[0].when.condition.to_string(), when);
    let tight = text.replace("soc below 30 or soc above 90", "(soc below 30 or soc above 90)");
    let bench = Bench::new(&tight);
    let spelt = bench.rules.rules()[0].when.condition.to_string();
    assert!(spelt.starts_with("(soc below 30 or soc above 90) and pv_power"), "{spelt}");
}

#[test]
fn a_set_without_rules_says_nothing() {
    let rules = RuleSet::compile(&[], &world()).expect("nothing is wrong with nothing");
    assert!(rules.rules().is_empty());
    assert!(RuleSet::empty().rules().is_empty());
}
