//! `sunkeep test`, `check` and `rules definitions` as a person or a script calls
//! them: what is printed, and the exit code.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::{Command, Output};

const SITE: &str = r#"
[site]
latitude = 63.4
longitude = -145.7
timezone = "UTC"

[devices.shunt]
port = "shunt"

[inputs.soc]
from = "shunt.soc"
max_age = "10s"
valid = [0, 100]

[outputs.heater]
gpio = 17
active = "high"
safe = "off"

[outputs.lights]
gpio = 23
active = "high"
safe = "off"
"#;

const GOOD: &str = r#"rule("light the hut").turn_on(lights)
    .when(soc above 50).clear_when(soc below 40);

test("light with charge", || { given(#{ soc: 60 }); pass(61.sec); expect(is_on(lights)); });
test("dark without", || { given(#{ soc: 45 }); pass(1.hour); expect(is_off(lights)); });
"#;

const BAD: &str = r#"rule("heat the hut").turn_on(heater)
    .when(soc above 50).clear_when(soc below 40);

test("heat at once", || {
    given(#{ soc: 60 });
    pass(50.sec);
    expect(is_on(heater));
});
"#;

/// A folder with a site and its rules.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(rules: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(folder.0.path().join("rules")).unwrap();
        folder.write("site.toml", SITE);
        for (name, text) in rules {
            folder.write(&format!("rules/{name}"), text);
        }
        folder
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    /// Runs the program in the folder; exit code, and both outputs.
    fn run(&self, words: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sunkeep"));
        command.args(words).args(["--config", "site.toml"]).current_dir(self.0.path());
        let Output { status, stdout, stderr } = command.env("NO_COLOR", "1").output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.code().unwrap(), text(stdout), text(stderr))
    }
}

#[track_caller]
fn check(rules: &[(&str, &str)], words: &[&str], code: i32, expected: &str) {
    let (found, out, errors) = Folder::new(rules).run(words);
    assert_eq!((found, out.as_str()), (code, expected), "{words:?}: {errors}");
}

#[test]
fn tests_that_hold_are_named_and_the_exit_code_is_zero() {
    check(
        &[("good.rhai", GOOD)],
        &["test"],
        0,
        "ok      rules/good.rhai: light with charge\n\
         ok      rules/good.rhai: dark without\n\
         2 of 2 tests hold\n",
    );
}

#[test]
fn a_test_that_fails_says_what_when_and_which_condition_had_which_value() {
    check(
        &[("bad.rhai", BAD), ("good.rhai", GOOD)],
        &["test", "--filter", "bad"],
        1,
        r#"FAILED  rules/bad.rhai: heat at once

error: test "heat at once": after 50 s (2026-01-15 12:00:50), `expect(is_on(heater))` does not hold: heater is off
 --> rules/bad.rhai:7:5
  |
7 |     expect(is_on(heater));
  |     ^^^^^^^^^^^^^^^^^^^^^
  |
help: "heat the hut" is clear, not long enough yet: soc is 60 % (0 s old), above 50 for 60 s
      heater was decided off by default: no rule asks

0 of 1 tests hold
"#,
    );
}

#[test]
fn tests_are_chosen_by_file_and_by_name() {
    let both = [("bad.rhai", BAD), ("good.rhai", GOOD)];
    let one = "ok      rules/good.rhai: dark without\n1 of 1 tests hold\n";
    check(&both, &["test", "rules/good.rhai", "--filter", "without"], 0, one);
    let none = "no test and no file is named like \"zebra\"\n";
    check(&both, &["test", "--filter", "zebra"], 0, none);
    let rule = "rule(\"a\").turn_on(heater).when(soc below 3).clear_when(soc above 9);";
    let none = "there are no tests: `test(\"…\", || { … })` stands beside a rule\n";
    check(&[("a.rhai", rule)], &["test"], 0, none);
}

#[test]
fn a_script_reads_tests_as_objects() {
    let folder = Folder::new(&[("bad.rhai", BAD), ("good.rhai", GOOD)]);
    let (code, out, _) = folder.run(&["test", "--json"]);
    let rows: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, rows.as_array().unwrap().len()), (1, 3), "{out}");
    let row = &rows[0];
    assert_eq!(
        (&row["file"], &row["line"], &row["passed"]),
        (&"rules/bad.rhai".into(), &4.into(), &false.into())
    );
    assert_eq!(row["virtual_seconds"], 50.0);
    assert_eq!((&row["problem"]["line"], &row["problem"]["column"]), (&7.into(), &5.into()));
    assert_eq!((&rows[1]["test"], &rows[1]["passed"]), (&"light with charge".into(), &true.into()));
}

#[test]
fn a_test_that_is_wrong_itself_or_a_rule_that_is_has_exit_code_two() {
    let slip = GOOD.replace("expect(is_on", "expect(is_onn");
    let (code, out, errors) = Folder::new(&[("a.rhai", &slip)]).run(&["test"]);
    assert_eq!(code, 2, "{out}{errors}");
    assert!(out.contains("did you mean `is_on`?"), "{out}");
    let slip = GOOD.replace("turn_on", "turn_onn");
    let (code, out, errors) = Folder::new(&[("a.rhai", &slip)]).run(&["test"]);
    assert_eq!((code, out.as_str()), (2, ""), "{errors}");
    assert!(errors.contains("did you mean `turn_on`?") && errors.contains("^^^^^^^^"), "{errors}");
    let (code, out, _) = Folder::new(&[("a.rhai", &slip)]).run(&["test", "--json"]);
    let problems: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &problems[0]["severity"]), (2, &"error".into()), "{out}");
}

#[test]
fn check_names_every_mistake_with_its_place_and_the_right_word() {
    let rules = [
        ("a.rhai", "rule(\"a\").turn_on(heatr).when(soc below 30).clear_when(soc above 45);"),
        ("b.rhai", "rule(\"b\").turn_off(heater).when(sco below 0.3).clear_when(soc above 45);"),
        ("c.rhai", BAD),
    ];
    let (code, out, _) = Folder::new(&rules).run(&["check", "--json"]);
    let problems: serde_json::Value = serde_json::from_str(&out).unwrap();
    let told: Vec<String> = problems.as_array().unwrap().iter().map(place).collect();
    let expected = [
        "rules/a.rhai:1:19 there is no output `heatr`; did you mean `heater`?",
        "rules/b.rhai:1:33 there is no input `sco`; did you mean `soc`?",
    ];
    assert_eq!((code, told.as_slice()), (2, &expected.map(str::to_owned)[..]));
    // What is sound is tested before it is fit.
    let (code, out, errors) = Folder::new(&rules[2..]).run(&["check"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(errors.contains("does not hold") && errors.contains("nothing was started"), "{errors}");
}

fn place(problem: &serde_json::Value) -> String {
    let text = |key: &str| problem[key].as_str().unwrap_or_default();
    let (line, column) = (&problem["line"], &problem["column"]);
    format!("{}:{line}:{column} {}; {}", text("file"), text("message"), text("help"))
}

#[test]
fn what_nobody_uses_is_a_warning_and_no_mistake() {
    let extra = "\n[inputs.spare]\nfrom = \"shunt.battery_voltage\"\n\
                 [alerts.owner]\nkind = \"journal\"\n";
    let folder = Folder::new(&[("good.rhai", GOOD)]);
    folder.write("site.toml", &format!("{SITE}{extra}"));
    let (code, out, _) = folder.run(&["check", "--json"]);
    let problems: serde_json::Value = serde_json::from_str(&out).unwrap();
    let told: Vec<&str> =
        problems.as_array().unwrap().iter().filter_map(|p| p["message"].as_str()).collect();
    let expected = [
        "no rule drives `heater`: it keeps its default",
        "no rule asks for `spare`",
        "no rule tells `owner`",
    ];
    assert_eq!((code, told.as_slice()), (0, &expected[..]), "{out}");
    let (code, out, _) = folder.run(&["check"]);
    assert_eq!((code, out.lines().next().is_some_and(|l| l.contains("3 warnings"))), (0, true));
}

#[test]
fn a_site_that_is_not_there_says_what_to_do() {
    let folder = Folder::new(&[]);
    std::fs::remove_file(folder.0.path().join("site.toml")).unwrap();
    let (code, _, errors) = folder.run(&["check"]);
    assert_eq!(code, 2);
    assert!(errors.contains("--config FILE") && errors.contains("examples/site.toml"), "{errors}");
}

/// The definitions lie in the rules folder, where an editor looks for them.
#[test]
fn definitions_for_an_editor_may_lie_beside_the_rules() {
    let folder = Folder::new(&[("good.rhai", GOOD)]);
    let (code, text, _) = folder.run(&["rules", "definitions"]);
    assert_eq!(code, 0);
    folder.write("rules/sunkeep.d.rhai", &text);
    let (code, out, errors) = folder.run(&["check"]);
    assert_eq!(code, 0, "{out}{errors}");
}
