//! Stored values that are lent to the rules and given back, whatever happens in
//! between; and levels that are set once.

use rustix::process::Signal;
use sunkeep::sim::device::Kind;
use sunkeep::sim::lock;

use crate::site::{AT_ONCE, Site};

const FLOAT: u16 = 0xEDF6;
const LOAD_OUTPUT: u16 = 0xEDAB;
const DISCONNECT: u16 = 0xED9C;
const RECONNECT: u16 = 0xED9D;
const NONE: [u16; 0] = [];

const LENT: &str = r#"
[setpoints.float]
device = "unit"
register = "battery_float_voltage"
range = [13.2, 13.9]
safe = "original"
min_interval = "100ms"

[modes.winter]
registers = { float = 13.5 }
"#;

const SET: &str = "rule(\"low\").set(float, 13.5).when(soc below 30).lasting(0.2.sec)
    .clear_when(soc above 45).lasting(0.2.sec);";
const ACTIVATE: &str = "rule(\"low\").activate(winter).when(soc below 30).lasting(0.2.sec)
    .clear_when(soc above 45).lasting(0.2.sec);";

fn site(rules: &str) -> Site {
    let site = Site::new(Kind::Mppt, LENT, rules);
    site.soc(20.0);
    site
}

/// A site whose daemon has set the value and was killed.
fn killed_while_lent() -> Site {
    let site = site(SET);
    let mut daemon = site.run_armed();
    daemon.wait_for("result", &["float", "verified 13.5"]);
    daemon.end(Signal::KILL);
    assert_eq!(site.raw(FLOAT), 1350, "nobody was left to give it back");
    site
}

#[test]
fn a_value_is_kept_before_the_first_write_and_comes_back_when_nobody_wants_another() {
    for rules in [SET, ACTIVATE] {
        let site = site(rules);
        let mut daemon = site.run_armed();
        daemon.wait_for("result", &["float", "verified 13.5"]);
        assert_eq!(site.raw(FLOAT), 1350);
        let log = daemon.log().to_owned();
        let place = |words: [&str; 2]| {
            let found = log.lines().position(|line| words.iter().all(|word| line.contains(word)));
            found.unwrap_or_else(|| panic!("no {words:?} in:\n{log}"))
        };
        let intent = place(["kind=\"intent\"", "what=\"13.5\""]);
        let kept = place(["kind=\"result\"", "original 13.8 V"]);
        let result = place(["kind=\"result\"", "verified 13.5"]);
        assert!(intent < kept && kept < result, "{log}");
        site.soc(60.0);
        daemon.wait_for("result", &["float", "verified released"]);
        assert_eq!(site.raw(FLOAT), 1380);
        site.status_when(|status| status.contains("reads back released"));
        // While it is the owner's, he may change it.
        site.set(FLOAT, &1370_u16.to_le_bytes());
        site.soc(20.0);
        daemon.wait_for("result", &["float", "original 13.7"]);
        daemon.wait_for("result", &["float", "verified 13.5"]);
        assert!(daemon.end(Signal::TERM).success());
        assert_eq!(site.raw(FLOAT), 1370, "and gets it back at the end");
        assert_eq!(site.stored_writes(), 4);
    }
}

#[test]
fn disarming_gives_it_back() {
    let site = site(SET);
    let mut daemon = site.run_armed();
    daemon.wait_for("result", &["float", "verified 13.5"]);
    site.say(&["disarm"]);
    daemon.wait_for("result", &["float", "verified released"]);
    assert_eq!(site.raw(FLOAT), 1380);
}

#[test]
fn after_a_crash_the_next_run_gives_it_back() {
    let site = killed_while_lent();
    site.soc(60.0);
    let mut daemon = site.run();
    daemon.wait_for("result", &["float", "verified released"]);
    assert_eq!((site.raw(FLOAT), site.stored_writes()), (1380, 2));
}

#[test]
fn after_crashes_the_next_run_goes_on_and_takes_no_value_of_ours_for_the_owners() {
    let site = killed_while_lent();
    for _ in 0..2 {
        let daemon = site.run_ready();
        site.status_when(|status| status.contains("reads back 13.5"));
        daemon.end(Signal::KILL);
    }
    assert_eq!(site.stored_writes(), 1, "it has the value already");
    site.soc(60.0);
    let mut daemon = site.run();
    daemon.wait_for("result", &["float", "verified released"]);
    assert_eq!((site.raw(FLOAT), site.stored_writes()), (1380, 2));
}

#[test]
fn a_run_in_another_mode_gives_back_what_the_last_one_has_lent() {
    for mode in ["observe", "safe"] {
        let site = killed_while_lent();
        site.begin_in(mode);
        let mut daemon = site.run();
        daemon.wait_for("mode", &[mode, "started"]);
        daemon.wait_for("result", &["float", "verified released"]);
        assert_eq!((site.raw(FLOAT), site.stored_writes()), (1380, 2), "{mode}");
    }
}

#[test]
fn killed_between_the_intent_and_the_write_nothing_was_written_and_nothing_is() {
    let site = site(SET);
    site.soc(60.0);
    let mut daemon = site.run_armed();
    site.status_when(|status| status.contains("reads back released"));
    let frozen = lock(&site.unit);
    site.soc(20.0);
    daemon.wait_for("intent", &["float", "13.5"]);
    site.journal_when(|journal| journal.contains("intent"));
    daemon.end(Signal::KILL);
    drop(frozen);
    site.soc(60.0);
    let mut daemon = site.run_ready();
    site.status_when(|status| status.contains("reads back released"));
    // The intent has its result.
    site.journal_when(|journal| journal.contains("unknown"));
    assert_eq!(site.writes(), NONE);
    // Wanted again, it is finished.
    site.soc(20.0);
    daemon.wait_for("result", &["float", "verified 13.5"]);
    assert_eq!(site.raw(FLOAT), 1350);
}

#[test]
fn a_value_that_nobody_would_give_back_is_an_alarm() {
    let site = killed_while_lent();
    // Without a word in its place the file would count as cut off.
    site.edit(LENT, "# No set-point any more.\n");
    site.rules("");
    let mut daemon = site.run();
    daemon.wait_for("alarm", &["original of HQ2310SKMP1 0xEDF6: 13.8"]);
    assert_eq!(site.raw(FLOAT), 1350);
}

fn levels() -> String {
    format!(
        "[outputs.load]\ndevice = \"unit\"\nload_output = true\non_mode = \"user1\"\n\
         disconnect_below = 11.5\nreconnect_above = 12.8\nsafe = \"on\"\n\
         max_writes_per_day = 12\n{AT_ONCE}"
    )
}

#[test]
fn a_level_that_somebody_keeps_changing_is_put_right_within_a_budget() {
    let site = Site::new(Kind::Mppt, &levels(), "");
    site.soc(60.0);
    let mut daemon = site.run_armed();
    daemon.wait_for("result", &["load.disconnect_below", "verified 11.5"]);
    daemon.wait_for("result", &["load.reconnect_above", "verified 12.8"]);
    assert!(daemon.end(Signal::TERM).success());
    site.set(DISCONNECT, &1180_u16.to_le_bytes());
    // The next run reads it at once, and knows when it was written last.
    let mut daemon = site.run();
    let words = ["load.disconnect_below", "failed 11.5", "it was written a moment ago"];
    daemon.wait_for("alarm", &words);
    let of = |register| site.writes().iter().filter(|id| **id == register).count();
    assert_eq!(of(DISCONNECT), 1);
    assert_eq!(site.raw(DISCONNECT), 1180);
}

#[test]
fn levels_of_the_load_output_are_set_once_and_by_an_armed_program_alone() {
    let declared = levels();
    let rules = "rule(\"low\").turn_off(load).when(soc below 30).lasting(0.2.sec)
        .clear_when(soc above 45).lasting(0.2.sec);";
    let site = Site::new(Kind::Mppt, &declared, rules);
    site.soc(60.0);
    let mut daemon = site.run_ready();
    site.status_when(|status| status.contains("reads back 11.8"));
    assert_eq!(site.writes(), NONE, "observing");
    site.say(&["arm"]);
    daemon.wait_for("result", &["load.disconnect_below", "verified 11.5"]);
    daemon.wait_for("result", &["load.reconnect_above", "verified 12.8"]);
    daemon.wait_for("result", &["load", "verified on"]);
    assert_eq!([DISCONNECT, RECONNECT, LOAD_OUTPUT].map(|id| site.raw(id)), [1150, 1280, 5]);
    site.soc(20.0);
    daemon.wait_for("result", &["load", "verified off"]);
    site.soc(60.0);
    daemon.wait_for("result", &["load", "verified on"]);
    assert!(daemon.end(Signal::TERM).success());
    let mut daemon = site.run_ready();
    site.status_when(|status| status.contains("reads back 11.5"));
    site.soc(20.0);
    daemon.wait_for("result", &["load", "verified off"]);
    let of = |register| site.writes().iter().filter(|id| **id == register).count();
    assert_eq!([DISCONNECT, RECONNECT].map(of), [1, 1], "{:X?}", site.writes());
}
