//! What a newcomer gets wrong, and the sentence that answers it.

use sunkeep::problem::{Source, render};
use sunkeep::rules::RuleSet;

use crate::bench::{source, world};

pub fn problems(sources: &[Source]) -> Vec<String> {
    let found = RuleSet::compile(sources, &world()).err().unwrap_or_default();
    // A bomb's thousand complaints are on one endless line: drawing them takes seconds.
    let drawn = if found.len() < 20 { render(&found, sources, false) } else { String::new() };
    found
        .iter()
        .map(|problem| {
            let at = problem.locate(sources);
            assert!(
                drawn.is_empty()
                    || drawn.contains(&format!("{}:{}:{}", at.file, at.line, at.column)),
                "{drawn}"
            );
            let help = at.help.map(|help| format!("; {help}")).unwrap_or_default();
            format!("{}:{} {}{help}", at.line, at.column, at.message)
        })
        .collect()
}

#[track_caller]
pub fn check(text: &str, expected: &[&str]) {
    assert_eq!(problems(&[source(text)]), expected, "{text}");
}

/// One condition in `when`, at column 38.
#[track_caller]
fn check_when(when: &str, expected: &str) {
    let text = format!("rule(\"r\").turn_off(load_output).when({when}).clear_when(soc above 45);");
    check(&text, &[expected]);
}

/// What comes after `rule("r").turn_off(load_output)`, at column 32.
#[track_caller]
fn check_rest(rest: &str, expected: &[&str]) {
    check(&format!("rule(\"r\").turn_off(load_output){rest};"), expected);
}

#[test]
fn symbols_of_other_languages_name_the_word_used_here() {
    check_when("soc < 30", "1:42 inputs are not compared with `<`; use `below`");
    check_when("30 > soc", "1:41 inputs are not compared with `>`; use `above`");
    check_when("soc == 30", "1:42 inputs are not compared with `==`; use `equals`");
    check_when("10 < soc < 20", "1:41 inputs are not compared with `<`; use `below`");
    check_when("soc = 30", "1:42 there is no word `=`; did you mean `equals`?");
    check_when("soc is 30", "1:42 there is no word `is`; did you mean `equals`?");
    check_when("soc bellow 30", "1:42 there is no word `bellow`; did you mean `below`?");
    let use_and = "conditions are not joined with `&&`; use `and`";
    check_when("soc below 30 && pv_power below 10", &format!("1:51 {use_and}"));
    check_when("soc && pv_power", &format!("1:42 {use_and}"));
    check_when("soc below 3 || soc above 9", "1:50 conditions are not joined with `||`; use `or`");
    let use_not = "conditions are not negated by `!`; use `not(…)`, as in `not(soc below 30)`";
    check_when("!soc below 30", &format!("1:38 {use_not}"));
    check_when("!(soc below 30)", &format!("1:38 {use_not}"));
    check_when("not soc below 30", "1:42 `not` needs brackets; write `not(soc below 30)`");
}

#[test]
fn operands_of_the_wrong_kind_are_refused() {
    let between = "`between` needs two numbers in brackets, found";
    let write = "write `soc between [20, 40]`";
    check_when("soc between 20 and 40", &format!("1:42 {between} the number 20; {write}"));
    check_when("soc between [1, 2, 3]", &format!("1:42 {between} a list; {write}"));
    check_when(
        "soc between [40, 20]",
        "1:42 `soc` can never be between 40 and 20; the lower bound comes first: `[20, 40]`",
    );
    let first = "the input comes first, then `below`; write `soc above 10`";
    check_when("10 below soc below 20", &format!("1:41 {first}"));
    check_when(
        "soc below \"30\"",
        "1:42 `below` needs a number after it, found the text \"30\"; for example `soc below 30`",
    );
    check_when(
        "soc below pv_power",
        "1:42 `soc` is in % and `pv_power` is in W: they cannot be compared; \
         both sides must have the same unit",
    );
    check_when(
        "soc above 20 below 30",
        "1:51 `below` compares an input, not a condition; join two with `and`, as in \
         `soc above 10 and soc below 20`, or write `soc between [10, 20]`",
    );
    check_when(
        "soc below 30 and 40",
        "1:51 `and` joins conditions, found the number 40; compare each input: \
         `soc below 30 and pv_power below 10`",
    );
    check_when(
        "soc",
        "1:33 `when` needs a condition, found the input `soc`; compare an input, as in `soc below 30`",
    );
    check_when(
        "mppt below 3",
        "1:43 `mppt` is a device, not one of its values; name the value too, as in \
         `mppt.battery_voltage`",
    );
    check_when(
        "mppt.device_state below 3",
        "1:56 `mppt.device_state` is one of several named states, not a quantity; \
         write `mppt.device_state equals \"off\"`",
    );
    check_when(
        "mppt.device_state equals \"flot\"",
        "1:56 `mppt.device_state` is never \"flot\"; did you mean \"float\"?",
    );
    check_when("soc below 300", "1:42 `soc` never reaches 300; its valid range is 0 to 100");
}

#[test]
fn unknown_names_are_all_found_at_once() {
    check(
        "rule(\"a\").turn_on(heater).when(sco above 30).clear_when(sock below 20);
rule(\"b\").turn_of(heater);
rule(\"c\").turn_on(haeter).when(soc < 3);
rule(\"d\").turn_on(heater).when(mppt.pv_powr above 3).clear_when(pv_power < 3);",
        &[
            "1:32 there is no input `sco`; did you mean `soc`?",
            "1:57 there is no input `sock`; did you mean `soc`?",
            "2:11 there is no word `turn_of`; did you mean `turn_off`?",
            "3:19 there is no output `haeter`; did you mean `heater`?",
            "4:37 no device reports `pv_powr`; did you mean `mppt.pv_power`?",
            "4:74 inputs are not compared with `<`; use `below`",
        ],
    );
    check_when(
        "wind_speed above 3",
        "1:38 there is no input `wind_speed`; inputs are `soc`, `pv_power` and `cell_temperature`; \
         declare it in the configuration",
    );
    check(
        "rule(\"r\").turn_off(soc).when(soc below 30).clear_when(soc above 45);",
        &["1:11 `turn_off` needs an output, found the input `soc`; \
           outputs are `heater` and `load_output`"],
    );
}

#[test]
fn a_rule_has_all_its_parts() {
    check_rest(
        ".when(soc below 30)",
        &["1:1 rule \"r\" has no `clear_when`; say when it ends: add `.clear_when(soc above 45)`"],
    );
    check_rest(
        ".clear_when(soc above 45)",
        &["1:1 rule \"r\" has no `when`; add `.when(soc below 30)`"],
    );
    check(
        "rule(\"r\");",
        &[
            "1:1 rule \"r\" does nothing; add `.turn_on(…)`, `.turn_off(…)`, `.set(…)` or `.alert(…)`",
            "1:1 rule \"r\" has no `clear_when`; say when it ends: add `.clear_when(soc above 45)`",
            "1:1 rule \"r\" has no `when`; add `.when(soc below 30)`",
        ],
    );
    check(
        "rule(5);",
        &["1:1 a rule needs a name as text, found the number 5; \
           for example `rule(\"preserve the battery\")`"],
    );
    check_rest(
        ".when()",
        &["1:33 `when` stands after a `rule(…)` and takes one thing in brackets; \
           for example `.when(soc below 30)`"],
    );
}

#[test]
fn clearing_lies_on_the_other_side_and_leaves_a_gap() {
    check_rest(
        ".when(soc below 30).clear_when(soc below 45)",
        &["1:52 `clear_when` is on the same side as `when`: `soc below 30`; \
           a rule that sets on one side clears on the other: `soc above …`"],
    );
    check_rest(
        ".when(soc below 30).clear_when(soc above 25)",
        &["1:52 `soc above 25` clears while `soc below 30` still sets; \
           clear at a higher value: `soc above …`, with … higher than 30"],
    );
    check_rest(
        ".when(soc above 30).clear_when(soc below 30 or pv_power below 1)",
        &["1:52 no dead band: `soc` sets and clears at the same 30; \
           clear at a lower value: `soc below …`, with … lower than 30"],
    );
}

#[test]
fn details_of_a_rule_are_checked() {
    check_rest(
        ".when(soc below 30).lasting(60).clear_when(soc above 45)",
        &["1:52 `lasting` needs a duration, found the number 60; \
           give it a unit: `90.sec`, `5.min`, `2.hours` or `1.day`"],
    );
    check_rest(
        ".lasting(60.sec).when(soc below 30).clear_when(soc above 45)",
        &["1:33 `lasting` belongs to a `when` or a `clear_when`; \
           write it directly after the condition that must last"],
    );
    check_rest(
        ".when(soc below 30).lasting(5.mins).clear_when(soc above 45)",
        &["1:62 there is no `.mins` here; durations are `90.sec`, `5.min`, `2.hours`, `1.day`; \
           did you mean `.min`?"],
    );
    check_rest(
        ".when(soc below 30).clear_when(soc above 45).priority(101).if_unknown(\"off\")",
        &[
            "1:77 a priority is a whole number from 0 to 100, found the number 101; \
             the higher wins; a rule that does not say has 50",
            "1:91 `if_unknown` cannot be the text \"off\"; it is \"safe\", \"hold\" or \"clear\"",
        ],
    );
    check_rest(
        ".when(soc below 30).when(soc below 20).clear_when(soc above 45)",
        &["1:52 `when` is said twice; join the two conditions with `and` or `or`"],
    );
}

#[test]
fn rules_do_not_quarrel() {
    let rule = |name: &str, action: &str| {
        format!("rule(\"{name}\").{action}(heater).when(soc above 60).clear_when(soc below 50);\n")
    };
    check(
        &[rule("a", "turn_on"), rule("b", "turn_off")].concat(),
        &["2:11 rules \"a\" and \"b\" pull `heater` both ways with the same priority 50; \
           say which one wins: give it a higher `.priority(…)`"],
    );
    let stronger = rule("b", "turn_off").replace(';', ".priority(60);");
    check(&[rule("a", "turn_on"), stronger].concat(), &[]);
    let other = Source { name: "b.rhai".into(), text: rule("a", "turn_on") };
    assert_eq!(
        problems(&[source(&rule("a", "turn_on")), other]),
        ["1:1 there are two rules named \"a\"; the first is in a.rhai; give this one another name"],
    );
}

#[test]
fn broken_syntax_is_told_in_words() {
    let rule = "rule(\"a\").turn_on(heater).when(soc above 60).clear_when(soc below 50)";
    check(
        &format!("{rule}\n{rule};"),
        &["2:1 a `;` is missing before this; every rule ends with `;`"],
    );
    check("/* old */\n/* rule(\"a\");", &["2:1 this comment is never closed; end it with `*/`"]);
    check("/* closed */ // and /* this", &[]);
    check("rule(\"a)", &["1:6 this text has no end; a `\"` is missing"]);
    check_when("(soc below 30", "1:77 a `)` is missing; is there a bracket that is not closed?");
    check_when("soc below 30)", "1:51 there is one `)` too many");
    check_when("soc below", "1:47 `)` is not expected here; is something missing before it?");
    check("soc = 30;", &["1:1 `soc` cannot be set here; to compare it, write `soc equals …`"]);
    check(
        "if soc below 30 { }",
        &["1:8 the file is read once, before a condition has a value; \
           a condition belongs into `when(…)`, `clear_when(…)` or `only(…)`"],
    );
    check(
        "fn cold() { cell_temperature below 2 }",
        &["1:13 a function does not see `cell_temperature`; \
           give it to the function as an argument, as in `cold(cell_temperature)`"],
    );
}

#[test]
fn habits_of_plain_writing_and_of_other_languages() {
    let unit = "a number stands without its unit; the input's unit is meant: `soc below 30`";
    check_when("soc below 30%", &format!("1:51 {unit}"));
    check_when("cell_temperature below 2 °C", &format!("1:63 {unit}"));
    check_when("pv_power below 12W", &format!("1:55 {unit}"));
    check_when("soc is below 30", "1:42 the `is` is one word too many; for example `soc below 30`");
    check_when(
        "soc not below 30",
        "1:42 `not` stands before a condition in brackets; write `not(soc below 30)`",
    );
    check_when(
        "soc above 20 and below 50",
        "1:55 every comparison names its input; for example `soc above 20 and soc below 50`",
    );
    check_when("soc below 30,5", "1:33 a number has a decimal point; write `30.5`");
    check_when(
        "mppt.device_state equals float",
        "1:63 the name of a state stands in quotes; write `equals \"float\"`",
    );
    check_when(
        "device_state equals \"float\"",
        "1:38 there is no input `device_state`; a device reports it: `mppt.device_state`",
    );
    let whole = ".when(soc below 30).clear_when(soc above 45)";
    check_rest(
        &format!("{whole}.lasting(1 min)"),
        &["1:87 a dot is missing before `min`; for example `5.min`"],
    );
    check_rest(
        &format!("{whole}.between_times(\"22:00\", \"06:00\")"),
        &["1:77 `between_times` is part of a condition; \
           it stands in `.when(…)`, `.clear_when(…)`, `.only(…)`"],
    );
    check_rest(
        ".if(soc below 30).clear_when(soc above 45)",
        &["1:33 this word cannot stand after a dot; a rule says when it sets with `.when(…)`, \
           and when it ends with `.clear_when(…)`"],
    );
    check_rest(
        ".when(soc below 30) clear_when(soc above 45)",
        &["1:52 a dot is missing before `clear_when`; write `.clear_when(…)`"],
    );
    check_rest(
        ".when(soc below 30), clear_when(soc above 45)",
        &["1:51 the words of a rule are joined by dots; write a `.` in place of the comma"],
    );
    check_rest(
        ".when(soc below 30).clear(soc above 45)",
        &["1:52 there is no word `clear`; did you mean `clear_when`?"],
    );
    let quotes = "a text stands in double quotes";
    check("rule('load').turn_off(load_output);", &[&format!("1:6 {quotes}")]);
    check(
        "rule(load).turn_off(load_output).when(soc below 30).clear_when(soc above 45);",
        &["1:6 the name of a rule or test stands in quotes; write `\"load\"`"],
    );
    check(
        "rule \"load\".turn_off(load_output);",
        &[
            "1:6 the name of a rule stands in brackets; for example `rule(\"preserve the battery\")`",
        ],
    );
    check("rule(\"load).turn_off(load_output);", &["1:6 this text has no end; a `\"` is missing"]);
    check(
        "rule(\"load\").turn_off(load).when(soc below 30).clear_when(soc above 45);",
        &["1:23 there is no output `load`; did you mean `load_output`?"],
    );
    check("# a comment", &["1:1 `#` begins no comment; a comment begins with `//`"]);
    check(
        "test(\"t\", || { given(soc: 29); });",
        &["1:25 readings stand in `#{ … }`; for example `given(#{ soc: 29 })`"],
    );
}
