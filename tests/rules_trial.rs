//! Tests beside rules: what they show, how they fail, and that nothing is loaded
//! whose tests do not hold.

#[path = "rules/bench.rs"]
#[allow(dead_code, reason = "only the world is needed here")]
mod bench;
#[path = "support/policy.rs"]
mod policy;

use std::path::Path;
use std::time::Duration;

use bench::{source, world};
use jiff::tz::TimeZone;
use policy::unbounded;
use sunkeep::arbiter::{Level, OutputId, Policy, Want};
use sunkeep::config;
use sunkeep::problem::{Source, render};
use sunkeep::rules::{Alert, Mode, RuleSet, Setpoint, World};
use sunkeep::trial::{self, Outcome, Premises};
use sunkeep::units::Unit;

const PRESERVE: &str = "rule(\"preserve\").turn_off(load_output)
    .when(soc below 30).clear_when(soc above 45);\n";

fn policy(name: &str, safe: Level) -> Policy {
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    Policy { min_on: minutes(15), min_off: minutes(15), ..unbounded(name, safe) }
}

fn premises() -> Premises {
    let policies = vec![policy("heater", Level::Off), policy("load_output", Level::On)];
    Premises { policies, interlocks: Vec::new(), zone: TimeZone::UTC }
}

#[track_caller]
fn outcomes(text: &str) -> (Vec<Outcome>, Vec<Source>) {
    let sources = vec![source(text)];
    let rules = RuleSet::compile(&sources, &world())
        .unwrap_or_else(|problems| panic!("{}", render(&problems, &sources, false)));
    (trial::run(&rules, &premises(), &sources, None), sources)
}

/// The one test in the text holds.
#[track_caller]
fn holds(body: &str) {
    let (outcomes, sources) = outcomes(&format!("{PRESERVE}test(\"t\", || {{ {body} }});"));
    let problems = trial::problems(&outcomes);
    assert!(problems.is_empty(), "{}", render(&problems, &sources, false));
    assert_eq!(outcomes.len(), 1);
}

/// The one test does not hold; the whole report has these words.
#[track_caller]
fn fails(body: &str, mistaken: bool, words: &[&str]) {
    let (outcomes, sources) = outcomes(&format!("{PRESERVE}test(\"t\", || {{ {body} }});"));
    let failure = outcomes[0].failure.as_ref().expect("a failure");
    let told = render(&trial::problems(&outcomes), &sources, false);
    assert_eq!(failure.mistaken, mistaken, "{told}");
    for word in words {
        assert!(told.contains(word), "{word} is not in {told}");
    }
}

#[test]
fn a_short_dip_does_nothing_and_a_minute_does() {
    holds(
        "given(#{ soc: 29 }); pass(50.sec); expect(is_on(load_output));
         pass(30.sec); expect(is_off(load_output));
         lose(soc); pass(10.min); expect(is_on(load_output));",
    );
}

#[test]
fn what_is_given_counts_at_once_and_is_sent_until_it_is_lost() {
    holds(
        "given(#{ soc: 29 }); pass(59.sec); expect(is_on(load_output));
         pass(1.sec); expect(is_off(load_output));
         pass(3.days); expect(is_off(load_output));
         lose(\"soc\"); pass(10.sec); expect(is_off(load_output));
         pass(1.sec); expect(is_on(load_output));",
    );
}

#[test]
fn minimum_times_are_elapsed_at_the_start_and_hold_later() {
    holds(
        "given(#{ soc: 29 }); pass(1.min); expect(is_off(load_output));
         given(#{ soc: 50 }); pass(1.min); expect(is_on(load_output));
         given(#{ soc: 29 }); pass(2.min); expect(is_on(load_output)); expect(requests(\"preserve\"));
         pass(15.min); expect(is_off(load_output));",
    );
}

#[test]
fn answers_are_joined_and_turned_around() {
    holds(
        "given(#{ soc: 29 }); pass(2.min);
         expect(not(is_on(load_output))); expect(is_off(heater) and requests(load_output));
         expect(is_on(heater) or is_off(load_output)); expect(!requests(heater));",
    );
}

const FROST: &str = "
    rule(\"frost\").decide(|s, mem| {
        if s.cell_temperature < 3 { want(charge_limit, 5.0, \"cold\"); alert(operator, \"cold\"); }
        if s.soc < 20 { activate(preserve, \"little\") } else { nothing() }
    });
    rule(\"thrift\").activate(preserve).when(soc below 10).clear_when(soc above 15);
    test(\"t\", || {
        given(#{ cell_temperature: 9, soc: 50 }); pass(2.sec);
        expect(not(requests(charge_limit)) and not(requests(operator)) and not(requests(preserve)));
        expect(not(requests(\"frost\")) and is_released(charge_limit));
        given(#{ cell_temperature: 1 }); pass(2.sec);
        expect(requests(charge_limit) and requests(operator) and requests(\"frost\"));
        expect(is_set(charge_limit, 5) and not(requests(preserve)) and not(requests(load_output)));
        given(#{ soc: 19 }); pass(2.sec);
        expect(requests(preserve) and requests(load_output) and is_off(load_output));
        given(#{ soc: 9 });  pass(2.min); expect(requests(\"thrift\"));
        given(#{ soc: 25 }); pass(30.sec); expect(requests(preserve) and requests(\"thrift\"));
        pass(31.sec);        expect(not(requests(preserve)));
    });";

#[test]
fn set_points_modes_and_channels_are_asked_about_like_outputs() {
    let limit = OutputId(2);
    let setpoint = Setpoint {
        name: "charge_limit".into(),
        output: limit,
        unit: Unit::Ampere,
        range: (0.0, 15.0),
        step: 0.1,
    };
    let shed = vec![(OutputId(1), Want::Level(Level::Off))];
    let world = World {
        setpoints: vec![setpoint],
        modes: vec![Mode { name: "preserve".into(), wants: shed }],
        alerts: vec![Alert { name: "operator".into(), repeat: None }],
        ..world()
    };
    let release = Policy {
        safe: Want::Release,
        default: Want::Release,
        ..unbounded("charge_limit", Level::Off)
    };
    let mut premises = premises();
    premises.policies.push(release);
    let sources = [source(FROST)];
    let rules = RuleSet::compile(&sources, &world)
        .unwrap_or_else(|problems| panic!("{}", render(&problems, &sources, false)));
    let problems = trial::problems(&trial::run(&rules, &premises, &sources, None));
    assert!(problems.is_empty(), "{}", render(&problems, &sources, false));
}

#[test]
fn a_device_that_says_it_has_no_value_is_not_a_full_battery() {
    holds(
        "given(#{ soc: 29 }); pass(2.min); given(#{ soc: () }); pass(1.sec); expect(is_on(load_output));",
    );
}

#[test]
fn a_failure_says_where_when_what_and_why() {
    fails(
        "given(#{ soc: 29 });\n pass(50.sec);\n expect(is_off(load_output));",
        false,
        &[
            "a.rhai:5:2",
            "after 50 s (2026-01-15 12:00:50), `expect(is_off(load_output))` does not hold",
            "load_output is on",
            "^^^^^^^^^^^^^^^^^^^^^^^^^^^",
            "\"preserve\" is clear, not long enough yet: soc is 29 % (0 s old), below 30",
            "by default",
        ],
    );
    let held = "given(#{ soc: 29 }); pass(1.min); given(#{ soc: 50 }); pass(1.min);
         given(#{ soc: 29 }); pass(2.min); expect(is_off(load_output));";
    fails(held, false, &["held by its minimum time"]);
}

#[test]
fn a_test_that_is_wrong_is_a_mistake_and_names_the_right_word() {
    for (body, words) in [
        ("given(#{ sco: 29 });", &["no rule reads an input `sco`", "did you mean `soc`?"][..]),
        ("given(29);", &["`given` needs readings by name"]),
        ("given(#{ soc: \"full\" });", &["`soc` is a number"]),
        ("given(#{ soc: true });", &["`soc` needs a number"]),
        ("gibven(#{ soc: 29 });", &["no word `gibven` in a test", "did you mean `given`?"]),
        ("pass(5);", &["`pass` needs a duration", "90.sec"]),
        ("pass(401.days);", &["a test lasts at most 400 days"]),
        ("at(\"noon\");", &["`at` needs a date and a time"]),
        ("lose(3);", &["`lose` needs an input or a device"]),
        ("expect(3);", &["`expect` needs a question"]),
        ("is_on(soc);", &["`is_on` needs an output", "heater, load_output"]),
        ("requests(\"preserv\");", &["no rule \"preserv\" in this file", "\"preserve\"?"]),
        ("loop { }", &["the test does too much"]),
        ("rule(\"r\");", &["no word `rule` in a test"]),
    ] {
        fails(body, true, words);
    }
}

#[test]
fn a_test_speaks_of_the_rules_of_its_own_file() {
    let other = "rule(\"frost\").turn_on(load_output).when(cell_temperature below 2)
        .clear_when(cell_temperature above 6).priority(90);";
    let test =
        "test(\"t\", || { given(#{ soc: 29 }); pass(2.min); expect(is_off(load_output)); });";
    let file = |name: &str, text: String| Source { name: name.into(), text };
    let sources =
        vec![file("a.rhai", format!("{PRESERVE}{test}")), file("b.rhai", other.to_owned())];
    let rules = RuleSet::compile(&sources, &world()).expect("well-formed rules");
    let problems = trial::problems(&trial::run(&rules, &premises(), &sources, None));
    assert!(problems.is_empty(), "{}", render(&problems, &sources, false));
}

#[test]
fn mistakes_around_a_test_are_found_when_the_file_is_read() {
    for (text, words) in [
        ("test(\"t\", || { lose(sco); });", "there is no input `sco`"),
        ("test(\"t\", 3);", "a test needs its steps"),
        ("test(3, || {});", "a test needs a name"),
        ("test(\"\", || {});", "a test needs a name"),
        ("test(\"t\", || {}); test(\"t\", || {});", "two tests named \"t\""),
        ("given(#{ soc: 29 });", "`given` stands inside a `test(…)`"),
        ("tset(\"t\", || {});", "inside `decide(…)` or `test(…)`"),
    ] {
        let sources = [source(text)];
        let problems = RuleSet::compile(&sources, &world()).expect_err(text);
        let told = render(&problems, &sources, false);
        assert!(told.contains(words), "{words} is not in {told}");
    }
}

#[test]
fn nothing_is_loaded_when_a_test_fails_or_one_file_is_misspelt() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a writable folder");
    };
    std::fs::create_dir(folder.path().join("rules")).expect("a writable folder");
    let site =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/site.toml"));
    write("site.toml", &site.expect("the example").replace("../rules", "rules"));
    let (config, _) =
        config::load(&folder.path().join("site.toml")).unwrap_or_else(|report| panic!("{report}"));
    let load = || config.load_rules().map(|rules| rules.rules().len());
    write("rules/a.rhai", PRESERVE);
    assert_eq!(load().unwrap_or_else(|report| panic!("{report}")), 1);
    write("rules/b.rhai", "test(\"never\", || { expect(is_on(heater)); });");
    let report = load().expect_err("a test that fails").to_string();
    assert!(report.contains("b.rhai:1:20") && report.contains("heater is off"), "{report}");
    write("rules/b.rhai", "rul(\"x\");");
    assert!(load().is_err(), "a misspelt file does not load partly");
    write("rules/b.rhai", "test(\"ever\", || { expect(is_off(heater)); });");
    assert!(load().is_ok());
}
