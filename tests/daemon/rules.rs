//! Rules while the daemon runs: what a person is told of them, what he may do
//! about them, and what is loaded anew.

use std::path::PathBuf;

use rustix::process::Signal;
use sunkeep::journal::{Entry, Kind};

use super::{STATUS_ASKED_MAX, Site, all};

impl Site {
    pub fn rule_file(&self, name: &str) -> PathBuf {
        self.path("rules").join(name)
    }

    /// Replaces a rule file, as an editor does: never half of it.
    pub fn write_rules(&self, name: &str, text: &str) {
        let beside = self.path("rules.new");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(beside, self.rule_file(name)).unwrap();
    }

    /// Reads the journal on the disk until it is as expected.
    #[track_caller]
    pub fn journal_when(&self, expected: impl Fn(&[Entry]) -> bool) -> Vec<Entry> {
        let mut journal = Vec::new();
        for _ in 0..STATUS_ASKED_MAX {
            journal = self.journal();
            if expected(&journal) {
                return journal;
            }
        }
        panic!("the journal does not become what is expected:\n{journal:#?}")
    }

    /// Runs a command and expects it to fail with this exit code.
    #[track_caller]
    pub fn fails(&self, code: i32, words: &[&str]) -> String {
        let output = self.command(words).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", all(&output));
        all(&output)
    }
}

/// The text has all these parts.
#[track_caller]
pub fn tells(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
}

const TIRED: &str = "rule(\"tired\").decide(|s, mem| want(heater, on, s.soc));";

#[test]
fn a_rule_that_fails_is_disabled_told_and_enabled_by_a_person() {
    let site = Site::new();
    site.write_rules("tired.rhai", TIRED);
    site.soc(60.0);
    let mut daemon = site.run();
    daemon.wait_for("alarm", &["rule disabled", "tired"]);
    let error = "tired.rhai, line 1, column 31: `want` needs a reason as text";
    let ends = "edit it, or `sunkeep rules enable \"tired\"`";
    let status = site.say(&["status"]);
    tells(&status, &["disabled tired: disabled after three errors in ten minutes", error, ends]);
    tells(&site.say(&["why", "tired"]), &["is not asked any more", error, "since 20", ends]);
    tells(&site.say(&["why", "heater"]), &["rule \"warm the cells\" asks for nothing", ends]);
    tells(&site.fails(1, &["rules", "enable", "tried"]), &["did you mean \"tired\"?"]);

    site.soc(20.0);
    let enabled = site.say(&["rules", "enable", "tired"]);
    tells(&enabled, &["rule \"tired\" is enabled: it is asked again from now on"]);
    daemon.wait_for("result", &["rule enabled", "tired", "by a person", error]);
    // It is as wrong as before, and disabled again; that survives the process.
    daemon.wait_for("alarm", &["rule disabled", "tired"]);
    let disabled = |journal: &[Entry]| {
        journal.iter().filter(|entry| entry.what == "rule disabled").count() == 2
    };
    site.journal_when(disabled);
    daemon.end(Signal::KILL);
    let mut daemon = site.run();
    daemon.wait_for("mode", &["observe", "started with 3 rules"]);
    tells(&site.say(&["status"]), &["disabled tired", ends]);
    // Edited, it starts afresh.
    site.write_rules("tired.rhai", &TIRED.replace("s.soc", "\"cold\""));
    daemon.wait_for("reload", &["3 rules", "2 unchanged"]);
    daemon.wait_for("rule", &["heater", "set", "tired", "cold"]);
    let told = site.say(&["rules", "enable", "tired"]);
    tells(&told, &["rule \"tired\" is not disabled"]);
    let journal = site.journal_when(disabled);
    let alarm = journal.iter().find(|entry| entry.what == "rule failed").unwrap();
    assert_eq!((alarm.kind, alarm.rule.as_deref()), (Kind::Alarm, Some("tired")));
}

const ALARM: &str = "rule(\"empty\").turn_on(heater).latch()
    .when(soc below 30).lasting(0.2.sec).clear_when(soc above 45).lasting(0.2.sec);";

#[test]
fn a_rule_with_latch_keeps_its_first_cause_until_a_person_has_seen_it() {
    let site = Site::new();
    site.write_rules("all.rhai", ALARM);
    site.soc(20.0);
    let mut daemon = site.run();
    daemon.wait_for("rule", &["heater", "set", "soc is 20 %"]);
    tells(&site.fails(1, &["acknowledge", "emty"]), &["there is no rule \"emty\""]);
    site.soc(60.0);
    let status = site.status_when(|status| status.contains("now soc is 60 %"));
    tells(
        &status,
        &["yes      empty: first soc is 20 %", "waits for `sunkeep acknowledge \"empty\"`"],
    );
    let why = site.say(&["why", "heater"]);
    tells(&why, &["rule \"empty\" asks for its action: first soc is 20 %", "now soc is 60 %"]);
    tells(&why, &["a person must have seen it first"]);
    // It survives the process: nobody has seen it yet.
    site.journal_when(|journal| journal.iter().any(|entry| entry.kind == Kind::Rule));
    assert!(daemon.end(Signal::TERM).success());
    let mut daemon = site.run();
    daemon.wait_for("device", &["shunt", "health", "TEXT alive, HEX alive"]);
    site.status_when(|status| status.contains("first soc is 20 %"));

    tells(&site.say(&["acknowledge", "empty"]), &["acknowledged: \"empty\""]);
    daemon.wait_for("result", &["empty", "acknowledged"]);
    daemon.wait_for("rule", &["heater", "clear", "soc is 60 %"]);
    let status = site.say(&["status"]);
    tells(&status, &["no       empty: soc is 60 %"]);
    tells(&site.fails(1, &["acknowledge", "empty"]), &["rule \"empty\" is not set"]);
}

#[test]
fn why_says_what_is_and_what_would_have_to_be_different() {
    let site = Site::new();
    let mut daemon = site.run_in_need();
    let why = site.say(&["why", "load_output"]);
    tells(
        &why,
        &["load_output reads back off; decided off", "last moved: 20", "intent load_output off"],
    );
    tells(
        &why,
        &["rule \"preserve the battery\" asks for its action: soc is 20 %", "below 30 for 0.2 s"],
    );
    tells(&why, &["  it would let go if soc above 45 (soc is 20 %"]);
    let why = site.say(&["why", "preserve the battery"]);
    tells(&why, &["rule \"preserve the battery\" asks for its action"]);
    assert!(!why.contains("warm the cells"), "{why}");
    tells(&site.fails(1, &["why", "load_outptu"]), &["did you mean `load_output`?"]);

    site.soc(60.0);
    daemon.wait_for("result", &["load_output", "verified on"]);
    let why = site.say(&["why", "load_output"]);
    tells(&why, &["asks for nothing: soc is 60 %", "  it would ask if soc below 30 (soc is 60 %"]);
    let json = site.say(&["why", "load_output", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["output"]["read_back"], "on");
    assert_eq!(json["rules"][0]["conditions"][0]["role"], "when");
    assert_eq!(json["rules"][0]["conditions"][0]["parts"][0]["answer"], "no");

    // The past comes from the journal, whether a daemon runs or not.
    assert!(daemon.end(Signal::TERM).success());
    let journal = site.journal();
    let intent = &journal[super::place(&journal, Kind::Intent, "load_output", "off")];
    let at = intent.at.wall.to_string();
    let why = site.say(&["why", "load_output", "--at", &at]);
    tells(
        &why,
        &["as of 20", "intent load_output off: soc is 20 %", "(rule \"preserve the battery\")"],
    );
    tells(&why, &["when soc below 30, lasting 0.2 s: yes", "soc below 30: yes (soc is 20 %"]);
    tells(
        &why,
        &["rule \"preserve the battery\" is set since 20", "it would let go if soc above 45"],
    );
    tells(&site.say(&["why", "load_output"]), &["no daemon runs; the journal ends like this:"]);
    tells(
        &site.fails(1, &["why", "load_output", "--at", "2h"]),
        &["says nothing about `load_output` before"],
    );
    tells(&site.fails(2, &["why", "load_output", "--at", "noon"]), &["is no time"]);
}

#[test]
fn every_comparison_behind_an_act_is_a_row_that_any_program_can_read() {
    let site = Site::new();
    let daemon = site.run_in_need();
    assert!(daemon.end(Signal::TERM).success());
    let file = site.data().join("journal.db");
    let journal = rusqlite::Connection::open(file).unwrap();
    let sql = "SELECT part, text, answer, value, age_s FROM conditions
               WHERE rule = 'preserve the battery' AND kind = 'intent' ORDER BY part DESC";
    let mut statement = journal.prepare(sql).unwrap();
    let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<(String, String, String, String, f64)> {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
    };
    let rows: Vec<_> = statement.query_map([], row).unwrap().map(Result::unwrap).collect();
    let told: Vec<_> = rows.iter().map(|row| (&*row.0, &*row.1, &*row.2)).collect();
    assert_eq!(told, [("when", "soc below 30", "yes"), ("clear_when", "soc above 45", "no")]);
    assert!(rows.iter().all(|row| row.3.starts_with("soc is 20 % (") && row.4 < 1.0), "{rows:?}");
}
