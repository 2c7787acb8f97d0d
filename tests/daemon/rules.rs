//! Rules while the daemon runs: what a person is told of them, what he may do
//! about them, and what is loaded anew.

use std::path::PathBuf;

use rustix::process::Signal;
use sunkeep::journal::{Entry, Kind};

use super::{STATUS_ASKED_MAX, Site, all};

impl Site {
    fn rule_file(&self, name: &str) -> PathBuf {
        self.folder.path().join("rules").join(name)
    }

    /// Replaces a rule file, as an editor does: never half of it.
    fn write_rules(&self, name: &str, text: &str) {
        let beside = self.folder.path().join("rules.new");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(beside, self.rule_file(name)).unwrap();
    }

    /// Reads the journal on the disk until it is as expected.
    #[track_caller]
    fn journal_when(&self, expected: impl Fn(&[Entry]) -> bool) -> Vec<Entry> {
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
    fn fails(&self, code: i32, words: &[&str]) -> String {
        let output = self.command(words).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", all(&output));
        all(&output)
    }
}

#[track_caller]
fn tells(text: &str, parts: &[&str]) {
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
