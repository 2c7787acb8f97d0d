//! Other rules while the daemon runs: loaded on a change and on command, all of
//! them or none.

use sunkeep::journal::{Entry, Kind};

use super::rules::tells;
use super::{AUTO, OFF, RULES, Site, place, sets};

/// As many files as a large site has.
const FILES: usize = 20;

const MISSPELT: &str =
    "rule(\"warm\").turn_onn(heater).when(soc below 30).clear_when(soc above 45);";

/// A rule that moves nothing.
fn harmless(number: usize) -> String {
    format!(
        "rule(\"number {number}\").decide(|s, mem| {{ if s.soc < {number} {{ want(heater, off, \"x\") }} else {{ nothing() }} }});"
    )
}

fn reloads(journal: &[Entry]) -> Vec<&Entry> {
    journal.iter().filter(|entry| entry.kind == Kind::Reload).collect()
}

#[test]
fn good_then_bad_then_good_and_the_load_stays_off_all_the_while() {
    let site = Site::new();
    let mut daemon = site.run_in_need();
    // Between the thresholds only the rule's memory keeps the load off.
    site.soc(40.0);
    for number in 1..FILES {
        site.write_rules(&format!("{number}.rhai"), &harmless(number));
    }
    daemon.wait_for("reload", &["21 rules", "2 unchanged"]);

    site.write_rules("7.rhai", MISSPELT);
    daemon.wait_for("reload", &["refused", "7.rhai:1:14: there is no word `turn_onn`", "run on"]);
    let status = site.say(&["status"]);
    tells(&status, &["the rules folder was not loaded", "7.rhai:1:14", "number 7", "number 19"]);
    assert_eq!(site.load_mode(), OFF, "{status}");

    site.write_rules("7.rhai", &harmless(7));
    site.write_rules("8.rhai", &harmless(8).replace("< 8", "< 9"));
    daemon.wait_for("reload", &["21 rules", "number 8", "20 unchanged"]);
    let status = site.say(&["status"]);
    assert!(!status.contains("was not loaded"), "{status}");
    assert_eq!(site.load_mode(), OFF, "{status}");
    assert_eq!(sets(&site.mppt).len(), 1, "switched once, whatever was loaded");
}

#[test]
fn a_rule_that_is_removed_lets_go_and_the_journal_says_so() {
    let site = Site::new();
    let mut daemon = site.run_in_need();
    let (_, warm) = RULES.split_once("rule(\"warm").unwrap();
    site.write_rules("all.rhai", &format!("rule(\"warm{warm}"));
    daemon.wait_for("reload", &["1 rule", "removed", "1 unchanged"]);
    daemon.wait_for("result", &["load_output", "verified on"]);
    assert_eq!(site.load_mode(), AUTO);
    // The log is ahead of the disk.
    let journal = site.journal_when(|journal| journal.iter().any(|e| e.what == "verified on"));
    let safe = &journal[place(&journal, Kind::Safe, "load_output", "on")];
    assert_eq!(safe.reason, "no longer asked for: the rule is no longer there");
    // The heater's rule is the same as before: nothing happened to it.
    let heater = journal.iter().filter(|entry| entry.subject == "heater");
    let acts = heater.filter(|entry| matches!(entry.kind, Kind::Intent | Kind::Safe)).count();
    assert_eq!(acts, 1, "{journal:#?}");
}

#[test]
fn on_command_they_are_loaded_at_once_or_refused_with_every_mistake() {
    let site = Site::new();
    site.soc(60.0);
    let mut daemon = site.run();
    daemon.wait_for("device", &["shunt", "health", "TEXT alive, HEX alive"]);
    tells(&site.say(&["reload"]), &["2 rules run now: 2 unchanged"]);
    site.write_rules("more.rhai", &harmless(1));
    tells(&site.say(&["reload"]), &["3 rules run now: added \"number 1\"; 2 unchanged"]);

    site.write_rules("more.rhai", MISSPELT);
    site.write_rules("tested.rhai", "test(\"t\", || { expect(is_on(heater)); });");
    let refused = site.fails(2, &["reload"]);
    tells(&refused, &["more.rhai:1:14", "did you mean `turn_on`?", "^^^^^^^^"]);
    tells(&refused, &["not loaded: the rules that were loaded run on"]);

    site.write_rules("more.rhai", &harmless(1));
    let refused = site.fails(2, &["reload"]);
    tells(
        &refused,
        &["tested.rhai:1:16", "`expect(is_on(heater))` does not hold", "heater is off"],
    );

    // Sound on paper, and wrong on what is known now.
    std::fs::remove_file(site.rule_file("tested.rhai")).unwrap();
    site.write_rules("more.rhai", "rule(\"late\").decide(|s, mem| want(heater, on, s.soc));");
    site.status_when(|status| status.contains("60 %"));
    let refused = site.fails(2, &["reload"]);
    tells(&refused, &["rule \"late\" fails on what is known now", "needs a reason as text"]);
    let status = site.say(&["status"]);
    tells(&status, &["number 1: asks for nothing", "fails on what is known now"]);
}

#[test]
fn a_folder_that_goes_leaves_the_rules_at_work() {
    let site = Site::new();
    let mut daemon = site.run_in_need();
    let (folder, away) = (site.path("rules"), site.path("away"));
    std::fs::rename(&folder, &away).unwrap();
    daemon.wait_for("reload", &["refused", "the rules folder has gone"]);
    tells(&site.say(&["status"]), &["yes      preserve the battery", "folder has gone"]);
    assert_eq!(site.load_mode(), OFF);
    std::fs::rename(&away, &folder).unwrap();
    tells(&site.say(&["reload"]), &["2 rules run now: 2 unchanged"]);
    assert_eq!(site.load_mode(), OFF);
}

#[test]
fn a_hundred_changes_are_one_load_and_the_last_one_counts() {
    let site = Site::new();
    let mut daemon = site.run();
    daemon.wait_for("device", &["shunt", "health", "TEXT alive, HEX alive"]);
    for number in 1..=100 {
        site.write_rules("hasty.rhai", &harmless(number));
    }
    daemon.wait_for("reload", &["3 rules", "number 100", "2 unchanged"]);
    tells(&site.say(&["reload"]), &["3 rules run now: 3 unchanged"]);
    tells(&site.say(&["status"]), &["number 100"]);
    let journal = site.journal_when(|journal| {
        reloads(journal).last().is_some_and(|last| last.reason == "3 unchanged")
    });
    // One for the command and one for the changes, or a few if a busy machine did not
    // write them in one go.
    assert!(reloads(&journal).len() <= 10, "{:#?}", reloads(&journal));
}
