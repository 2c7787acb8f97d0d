//! What is switched by a register, end to end, with both safe states.

use rustix::process::Signal;
use sunkeep::sim::device::{Kind, Measured, Options};
use sunkeep::sim::lock;

use crate::running::Running;
use crate::site::{AT_ONCE, Site};

const MODE: u16 = 0x0200;
const REMOTE_CONTROL: u16 = 0x0202;
const STATE: u16 = 0x0201;
const RELAY: u16 = 0x034E;
const RELAY_MODE: u16 = 0x034F;
const LOAD_OUTPUT: u16 = 0xEDAB;
const NONE: [u16; 0] = [];

/// A rule that takes `thing` away from its safe state while the battery is low.
fn rules(safe: &str) -> String {
    let turn = if safe == "on" { "turn_off" } else { "turn_on" };
    format!(
        "rule(\"low\").{turn}(thing)\n.when(soc below 30).lasting(0.2.sec)\n\
         .clear_when(soc above 45).lasting(0.2.sec);"
    )
}

fn declared(what: &str, safe: &str) -> String {
    format!("[outputs.thing]\ndevice = \"unit\"\n{what}\nsafe = \"{safe}\"\n{AT_ONCE}")
}

fn site(kind: Kind, what: &str, safe: &str) -> Site {
    let site = Site::new(kind, &declared(what, safe), &rules(safe));
    site.soc(60.0);
    site
}

/// Away from safe and back again; what the register has then, and which writes that
/// took.
#[track_caller]
fn check(kind: Kind, what: &str, register: u16, on: u32, off: u32, first: &[u16]) {
    for safe in ["on", "off"] {
        let (away, at_safe) = if safe == "on" { (off, on) } else { (on, off) };
        let away_word = if safe == "on" { "off" } else { "on" };
        let site = site(kind, what, safe);
        // It begins at its safe state: nothing is to be written for that.
        site.set(register, &[u8::try_from(at_safe).unwrap()]);
        let mut daemon = site.run_armed();
        site.status_when(|text| text.contains(&format!("decided {safe}")));
        assert_eq!(site.writes(), NONE, "it is {safe} already");
        site.soc(20.0);
        daemon.wait_for("intent", &["thing", away_word]);
        daemon.wait_for("result", &["thing", &format!("verified {away_word}")]);
        assert_eq!(site.raw(register), away, "{away_word}");
        let expected: Vec<u16> = first.iter().copied().chain([register]).collect();
        assert_eq!(site.writes(), expected, "{away_word}");
        let status = site.say(&["status"]);
        assert!(status.contains(&format!("reads back {away_word}")), "{status}");
        site.soc(60.0);
        daemon.wait_for("result", &["thing", &format!("verified {safe}")]);
        assert_eq!(site.raw(register), at_safe, "{safe}");
        // What comes first is there already and is not written again.
        let expected: Vec<u16> = expected.into_iter().chain([register]).collect();
        assert_eq!(site.writes(), expected, "{safe}");
        assert!(daemon.end(Signal::TERM).success());
        assert_eq!(site.writes(), expected, "{safe} at the end");
        assert_eq!(site.stored_writes(), expected.len() as u64, "each of them wears");
    }
}

#[test]
fn an_inverter_is_switched_on_and_off() {
    check(Kind::Phoenix, "inverter = true\non_mode = \"on\"", MODE, 2, 4, &[]);
}

#[test]
fn an_inverter_saves_power_in_eco_mode() {
    check(Kind::Phoenix, "inverter = true\non_mode = \"eco\"", MODE, 5, 4, &[]);
}

#[test]
fn the_relay_of_a_bmv_is_taken_over_first() {
    check(Kind::Bmv, "relay = true", RELAY, 1, 0, &[RELAY_MODE]);
}

#[test]
fn a_charger_is_switched_and_its_state_proves_it() {
    check(Kind::Mppt, "charger = true", MODE, 1, 4, &[]);
}

#[test]
fn the_load_output_is_switched_by_its_mode() {
    check(Kind::Mppt, "load_output = true\non_mode = \"auto\"", LOAD_OUTPUT, 1, 0, &[]);
}

#[test]
fn any_register_that_the_owner_allows_is_a_switch() {
    let what = "register = \"relay_mode\"\non = \"always_closed\"\noff = 3";
    check(Kind::Phoenix, what, RELAY_MODE, 10, 3, &[]);
}

#[test]
fn the_mode_that_the_owner_has_set_comes_back() {
    // user1, with a flag of the lighting timer beside it.
    for (kind, what, register, own, name, off) in [
        (Kind::Mppt, "load_output = true", LOAD_OUTPUT, 0x85, "user1", 0x80),
        (Kind::Phoenix, "inverter = true", MODE, 5, "eco", 4),
    ] {
        let site = site(kind, what, "on");
        site.set(register, &[own]);
        let mut daemon = site.run_armed();
        site.soc(20.0);
        daemon.wait_for("result", &["thing", &format!("original {name}")]);
        daemon.wait_for("result", &["thing", "verified off"]);
        assert_eq!(site.raw(register), off);
        let status = site.say(&["status"]);
        assert!(status.contains(&format!("gives back {name}")), "{status}");
        // The process dies; the next one knows what was there.
        daemon.end(Signal::KILL);
        site.soc(60.0);
        let mut daemon = site.run();
        daemon.wait_for("result", &["thing", "verified on"]);
        assert_eq!(site.raw(register), u32::from(own));
        assert_eq!(site.stored_writes(), 2);
    }
}

#[test]
fn old_firmware_is_prepared_before_its_charger_is_switched_and_after_each_restart() {
    let options = Options { firmware: Some(130), ..Options::default() };
    let what = declared("charger = true", "on");
    let site = Site::with(Kind::Mppt, options, &what, &rules("on"));
    assert_eq!(site.raw(REMOTE_CONTROL), 0);
    site.soc(20.0);
    let mut daemon = site.run_armed();
    daemon.wait_for("result", &["thing", "verified off"]);
    assert_eq!(site.writes(), [REMOTE_CONTROL, MODE]);
    assert_eq!(site.raw(STATE), 0, "it does not charge");
    // It forgets that bit, keeps its mode, and charges.
    let now = sunkeep::clock::Clock::now(&sunkeep::clock::SystemClock::new()).monotonic;
    lock(&site.unit).restart(now);
    daemon.wait_for("alarm", &["thing", "drifted to on"]);
    daemon.wait_for("result", &["thing", "verified off"]);
    assert_eq!(site.raw(STATE), 0, "it does not charge");
    assert_eq!(site.writes(), [REMOTE_CONTROL, MODE, REMOTE_CONTROL], "once");
}

#[test]
fn a_relay_that_its_monitor_has_forgotten_is_taken_over_and_closed_again_once() {
    let site = site(Kind::Bmv, "relay = true", "off");
    let mut daemon = site.run_armed();
    site.soc(20.0);
    daemon.wait_for("result", &["thing", "verified on"]);
    site.set(RELAY_MODE, &[0]);
    site.set(RELAY, &[0]);
    daemon.wait_for("alarm", &["thing", "drifted to off"]);
    daemon.wait_for("result", &["thing", "verified on"]);
    assert_eq!((site.raw(RELAY_MODE), site.raw(RELAY)), (2, 1));
    assert_eq!(site.writes(), [RELAY_MODE, RELAY, RELAY_MODE, RELAY]);
}

/// Nothing was written, and somebody is told why.
#[track_caller]
fn refused(site: &Site, daemon: &mut Running, kind: &str, words: &[&str]) {
    daemon.wait_for(kind, words);
    assert_eq!(site.writes(), NONE);
}

#[test]
fn a_device_of_another_family_is_never_written() {
    // Declared without its kind: only the device itself can tell.
    let site = site(Kind::Mppt, "inverter = true", "off");
    site.soc(20.0);
    let mut daemon = site.run_armed();
    let words = ["thing", "wrong device", "family mppt", "phoenix_inverter"];
    refused(&site, &mut daemon, "alarm", &words);
    assert_eq!(site.raw(MODE), 1, "an inverter's `off` would end all charging");
}

#[test]
fn a_shunt_without_relay_is_never_written() {
    let site = site(Kind::SmartShunt, "relay = true", "off");
    site.soc(20.0);
    let mut daemon = site.run_armed();
    refused(&site, &mut daemon, "alarm", &["thing", "wrong device", "family smartshunt"]);
}

#[test]
fn what_cannot_be_read_is_not_written() {
    let site = site(Kind::MpptNoLoad, "load_output = true", "on");
    site.soc(20.0);
    let mut daemon = site.run_armed();
    daemon.wait_for("rule", &["thing", "set"]);
    // The charger says that it has no such register.
    let status = site.status_when(|text| text.contains("decided off"));
    assert!(status.contains("reads back unknown"), "{status}");
    assert_eq!(site.writes(), NONE);
}

#[test]
fn writes_end_with_the_budget_and_at_safe() {
    let what = declared("inverter = true\nmax_writes_per_day = 4", "on");
    let site = Site::new(Kind::Phoenix, &what, &rules("on"));
    site.soc(60.0);
    let mut daemon = site.run_armed();
    for _ in 0..2 {
        site.soc(20.0);
        daemon.wait_for("result", &["thing", "verified off"]);
        site.soc(60.0);
        daemon.wait_for("result", &["thing", "verified on"]);
    }
    site.soc(20.0);
    daemon.wait_for("refused", &["thing", "write budget"]);
    assert_eq!(site.stored_writes(), 4);
    assert_eq!(site.raw(MODE), 2, "on is safe");
}

#[test]
fn somebody_who_switches_it_by_hand_is_an_alarm_and_put_right() {
    let site = site(Kind::Phoenix, "inverter = true", "on");
    let mut daemon = site.run_armed();
    site.soc(20.0);
    daemon.wait_for("result", &["thing", "verified off"]);
    site.set(MODE, &[5]);
    daemon.wait_for("alarm", &["thing", "drifted to on"]);
    daemon.wait_for("result", &["thing", "verified off"]);
    assert_eq!(site.raw(MODE), 4);
    let Measured::Inverter(_) = lock(&site.unit).measured().clone() else { panic!() };
    // What the hand has chosen is the owner's from now on.
    site.soc(60.0);
    daemon.wait_for("result", &["thing", "verified on"]);
    assert_eq!(site.raw(MODE), 5);
}
