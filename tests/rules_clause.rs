//! Conditions that stand in the configuration: the words of the rules, their
//! mistakes at the place in the TOML, and the answer in every step.

#[allow(dead_code, reason = "the bench is shared with other tests")]
#[path = "rules/bench.rs"]
mod bench;

use std::time::Duration;

use bench::{Bench, world};
use sunkeep::arbiter::{Level, OutputId};
use sunkeep::problem::{Source, render};
use sunkeep::rules::{Clause, Excerpt, Truth, World, compile_condition};

const HEAD: &str = "# 2 °C is too cold\n[outputs.heater]\nrequires = ";

/// Compiles `requires = VALUE`, where the value is written with its quotes.
fn compile(value: &str, text: &str, world: &mut World) -> Result<Clause, Vec<String>> {
    let source = Source { name: "site.toml".into(), text: format!("{HEAD}{value}\n") };
    let span = HEAD.len()..HEAD.len() + value.len();
    let excerpt = Excerpt { source: &source, span, text, key: "requires" };
    compile_condition(&excerpt, world).map_err(|problems| {
        let sources = [source.clone()];
        let drawn = render(&problems, &sources, false);
        let said = problems.iter().map(|problem| {
            let at = problem.locate(&sources);
            let place = format!("{}:{}:{}", at.file, at.line, at.column);
            assert!(drawn.contains(&place) && drawn.contains('^'), "{drawn}");
            let help = at.help.map(|help| format!("; {help}")).unwrap_or_default();
            format!("{}:{} {}{help}", at.line, at.column, at.message)
        });
        said.collect()
    })
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let found = compile(&format!("'{text}'"), text, &mut world()).expect_err(text);
    assert_eq!(found, expected, "{text}");
}

#[test]
fn a_mistake_is_shown_where_it_stands_in_the_configuration() {
    check(
        "soc below 30 and pv_powr above 5",
        &["3:30 there is no input `pv_powr`; did you mean `pv_power`?"],
    );
    check(
        "sok below 30 and pv_powr above 5",
        &[
            "3:13 there is no input `sok`; did you mean `soc`?",
            "3:30 there is no input `pv_powr`; did you mean `pv_power`?",
        ],
    );
    check("soc < 30", &["3:17 inputs are not compared with `<`; use `below`"]);
    check("soc below 0.3", &["3:17 `soc` is in %: 0.3 is 0.3 %; for 30 % write `soc below 30`"]);
    check("soc above 120", &["3:17 `soc` never reaches 120; its valid range is 0 to 100"]);
    check(
        "mppt.pv_powr above 5",
        &["3:18 no device reports `pv_powr`; did you mean `mppt.pv_power`?"],
    );
    check(
        "soc below 20 and soc above 30",
        &[
            "3:12 `requires` can never be yes: `soc below 20` and `soc above 30` exclude each other; \
         is `or` meant, or the other side?",
        ],
    );
}

#[test]
fn what_is_no_condition_is_answered_with_a_sentence() {
    let help = "compare an input, as in `cell_temperature below 30`";
    let found = |what: &str| format!("3:12 `requires` needs a condition, found {what}; {help}");
    check("soc", &[&found("the input `soc`")]);
    check("soc + 1", &[&found("`soc + 1`")]);
    check("30", &[&found("the number 30")]);
    check("rule(\"r\")", &[&found("a rule")]);
    check("", &["3:12 `requires` ends too early; is something missing?"]);
    check("soc below", &["3:22 `requires` ends too early; is something missing?"]);
    check("soc = 30", &["3:17 there is no word `=`; did you mean `equals`?"]);
    check("soc under 30", &["3:17 there is no word `under`; did you mean `below`?"]);
    check("soc below 30;", &["3:25 `;` is not expected here; is something missing before it?"]);
    check(
        "soc below 30 soc",
        &["3:26 `soc` is not expected here; is something missing before it?"],
    );
    check("let x = 5", &["3:13 `let` is not expected here; is something missing before it?"]);
    check("eval(\"x\")", &["3:13 `eval` is not allowed in a configuration"]);
}

#[test]
fn lines_and_escapes_of_toml_do_not_hide_the_place() {
    let text = "soc above 20\n  and pv_powr above 5";
    let found = compile(&format!("'''\n{text}'''"), text, &mut world()).expect_err(text);
    assert_eq!(found, ["5:7 there is no input `pv_powr`; did you mean `pv_power`?"]);
    // What TOML rewrites has no place of its own: the whole value is marked.
    let (value, text) = (r#""not(\u0073ok below 30)""#, "not(sok below 30)");
    let found = compile(value, text, &mut world()).expect_err(text);
    assert_eq!(found, ["3:12 there is no input `sok`; did you mean `soc`?"]);
    let long = format!("soc below {}", "0".repeat(5000));
    let found = compile(&format!("'{long}'"), &long, &mut world()).expect_err("too long");
    assert_eq!(
        found,
        ["3:12 `requires` is longer than 4096 characters; a rule file holds what is longer"]
    );
}

/// A rule set without rules, and a condition of its configuration.
fn standing(text: &str) -> (Bench, Clause) {
    let mut world = world();
    let clause = compile(&format!("'{text}'"), text, &mut world)
        .unwrap_or_else(|problems| panic!("{problems:?}"));
    (Bench::with(&[], &world), clause)
}

fn answer(bench: &Bench, clause: &Clause) -> Truth {
    let now = sunkeep::clock::Now {
        monotonic: bench.now.monotonic - Duration::from_secs(1),
        ..bench.now
    };
    bench.rules.answer(clause, now, &bench.snapshot, &bench.memory)
}

#[test]
fn it_answers_yes_no_or_unknown_in_every_step() {
    let (mut bench, clause) = standing("cell_temperature below 30 and mppt.pv_power above 5");
    assert_eq!(clause.to_string(), "cell_temperature below 30 and mppt.pv_power above 5");
    assert_eq!(
        bench.rules.answer(&clause, bench.now, &bench.snapshot, &bench.memory),
        Truth::Unknown
    );
    bench.send("shunt.battery_temperature", 20.0).pass(3);
    assert_eq!(answer(&bench, &clause), Truth::Unknown);
    bench.send("mppt.pv_power", 80.0).pass(3);
    assert_eq!(answer(&bench, &clause), Truth::Yes);
    bench.send("shunt.battery_temperature", 30.0).pass(1);
    assert_eq!(answer(&bench, &clause), Truth::No);
    let why = bench.rules.explain_clause(&clause, bench.now, &bench.snapshot, &bench.memory);
    assert_eq!(why.text, "cell_temperature is 30 °C (1 s old), not below 30");
    assert_eq!(why.used.len(), 2);
    bench.lose("shunt.battery_temperature").pass(12);
    assert_eq!(answer(&bench, &clause), Truth::Unknown);
}

#[test]
fn it_remembers_windows_and_counters_with_the_rules() {
    let (mut bench, clause) = standing("avg(pv_power, 1.min) above 50 and is_on(heater)");
    bench.send("mppt.pv_power", 80.0).pass(30);
    bench.memory.note_output(OutputId(0), Some(Level::On));
    assert_eq!(answer(&bench, &clause), Truth::Unknown, "half a minute is not covered");
    bench.pass(30);
    assert_eq!(answer(&bench, &clause), Truth::Yes);
}

#[test]
fn two_agreeing_frames_are_asked_for() {
    let (mut bench, clause) = standing("cell_temperature below 30");
    bench.send("shunt.battery_temperature", 20.0).pass(3);
    let confirmed = |bench: &Bench, since| {
        bench.rules.confirmed(&clause, since, bench.now, &bench.snapshot, &bench.memory)
    };
    let since = bench.now.monotonic - Duration::from_secs(1);
    assert!(!confirmed(&bench, since));
    bench.pass(1);
    assert!(confirmed(&bench, since));
}
