//! The daemon, end to end: `sunkeep run` as a process of its own, on simulated
//! devices that stand on pseudo-terminals and remember every byte they got.
//!
//! A test waits for lines of the daemon's log and for nothing else; every wait
//! has a limit. Pins are simulated, time is real.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/folder.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod folder;
#[path = "daemon/journal.rs"]
mod journal;
#[path = "daemon/reloading.rs"]
mod reloading;
#[path = "daemon/rules.rs"]
mod rules;
#[path = "support/running.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod running;
#[path = "support/site.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod site;
#[path = "daemon/torn.rs"]
mod torn;
#[path = "daemon/writes.rs"]
mod writes;

use std::process::Command;

use running::Running;
use rustix::process::Signal;
use site::{LOAD_OUTPUT_CONTROL, Site, all, sets};
use sunkeep::journal::{Entry, Kind};
use sunkeep::sim::lock;
use sunkeep::store::Filter;

/// How often a status is asked for until it is as expected; each takes some 10 ms.
const STATUS_ASKED_MAX: u32 = 1000;

/// Modes of the load output's control register.
const OFF: u8 = 0;
const AUTO: u8 = 1;

/// Readings stay fresh while a busy machine does something else: what must grow old
/// quickly says so in its test.
const SITE: &str = r#"
[devices.mppt]
port = "ports/mppt"
serial_number = "HQ2310SKMP1"

[devices.shunt]
port = "ports/shunt"

[inputs.soc]
from = "shunt.soc"
max_age = "30s"

[outputs.load_output]
device = "mppt"
load_output = true
safe = "on"
at_exit = "on"
min_on = "100ms"
max_on = "unlimited"
max_writes_per_day = 12

[outputs.heater]
gpio = 17
active = "high"
safe = "off"
min_off = "100ms"
"#;

const RULES: &str = r#"
rule("preserve the battery").turn_off(load_output)
    .when(soc below 30).lasting(0.2.sec).clear_when(soc above 45).lasting(0.2.sec);
rule("warm the cells").turn_on(heater)
    .when(soc below 30).lasting(0.2.sec).clear_when(soc above 45).lasting(0.2.sec);
"#;

impl Site {
    fn new() -> Self {
        Self::with(SITE, RULES)
    }

    /// The mode in the charger's load output control.
    fn load_mode(&self) -> u8 {
        lock(&self.mppt).register(LOAD_OUTPUT_CONTROL).unwrap()[0] & 0x0F
    }

    /// Asks for the status until it is as expected.
    #[track_caller]
    fn status_when(&self, expected: impl Fn(&str) -> bool) -> String {
        let mut status = String::new();
        for _ in 0..STATUS_ASKED_MAX {
            status = self.say(&["status"]);
            if expected(&status) {
                return status;
            }
        }
        panic!("the status does not become what is expected:\n{status}")
    }

    fn run(&self) -> Running {
        Running::start(self.command(&["run", "--simulate-pins"]))
    }

    /// A daemon that has the load off and the heater on.
    fn run_in_need(&self) -> Running {
        self.soc(20.0);
        let mut daemon = self.run();
        daemon.wait_for("would", &["heater", "on"]);
        self.say(&["arm"]);
        daemon.wait_for("result", &["load_output", "verified off"]);
        daemon.wait_for("result", &["heater", "verified on"]);
        daemon
    }

    /// The journal's entries, oldest first.
    fn journal(&self) -> Vec<Entry> {
        let all = Filter { since: None, subject: None, limit: 1000 };
        let entries = self.recorded().entries(&all).unwrap();
        entries.into_iter().map(|recorded| recorded.entry).collect()
    }
}

/// The place of the first entry like this.
#[track_caller]
fn place(journal: &[Entry], kind: Kind, subject: &str, what: &str) -> usize {
    let same = |entry: &Entry| entry.kind == kind && entry.subject == subject && entry.what == what;
    let Some(place) = journal.iter().position(same) else {
        panic!("no {kind} {subject} {what} in {journal:#?}")
    };
    place
}

#[test]
fn a_new_installation_observes_and_writes_nothing() {
    let site = Site::new();
    site.soc(20.0);
    let mut daemon = site.run();
    daemon.wait_for("mode", &["observe", "started"]);
    daemon.wait_for("would", &["load_output", "off", "preserve the battery"]);
    // It goes on observing, and everything about the charger is read.
    site.soc(60.0);
    daemon.wait_for("would", &["load_output", "on"]);
    assert_eq!(sets(&site.mppt), Vec::<String>::new());
    assert_eq!(sets(&site.shunt), Vec::<String>::new());
    assert_eq!(site.load_mode(), AUTO);
    assert!(site.say(&["status"]).starts_with("mode observe"));
}

#[test]
fn armed_it_switches_the_load_by_set_and_journals_intent_before_result() {
    let site = Site::new();
    site.soc(20.0);
    let mut daemon = site.run();
    daemon.wait_for("would", &["load_output", "off"]);
    assert!(site.say(&["arm"]).contains("the mode is now run"));
    daemon.wait_for("result", &["load_output", "verified off"]);
    assert_eq!(site.load_mode(), OFF);
    assert_eq!(sets(&site.mppt).len(), 1, "{:?}", sets(&site.mppt));
    site.soc(60.0);
    daemon.wait_for("result", &["load_output", "verified on"]);
    assert_eq!(site.load_mode(), AUTO);
    assert_eq!(sets(&site.mppt).len(), 2, "{:?}", sets(&site.mppt));
    assert!(daemon.end(Signal::TERM).success());

    let journal = site.journal();
    let intent = place(&journal, Kind::Intent, "load_output", "off");
    let result = place(&journal, Kind::Result, "load_output", "verified off");
    assert!(intent < result, "{journal:#?}");
    assert!(journal[intent].intent.is_some());
    assert_eq!(journal[intent].intent, journal[result].intent);
    assert_eq!(journal[intent].rule.as_deref(), Some("preserve the battery"));
    assert!(journal[intent].used.iter().any(|used| used.input == "soc" && used.age.is_some()));
}

#[test]
fn a_second_daemon_on_the_same_data_is_refused_with_a_reason() {
    let site = Site::new();
    let mut first = site.run();
    first.wait_for("device", &["shunt", "health", "TEXT alive, HEX alive"]);
    let second = site.command(&["run", "--simulate-pins"]).output().unwrap();
    assert!(!second.status.success());
    let text = all(&second);
    let pid = first.id().to_string();
    let data = site.data().display().to_string();
    for part in ["another sunkeep runs with the data folder", &data, &pid] {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
    let status = site.say(&["status"]);
    assert!(status.contains("TEXT alive"), "the first one goes on:\n{status}");
}

#[test]
fn registers_are_read_and_written_through_the_daemon_while_it_owns_the_port() {
    let site = Site::new();
    let mut daemon = site.run();
    daemon.wait_for("device", &["mppt", "health", "TEXT alive, HEX alive"]);
    let got = site.say(&["get", "mppt", "battery_float_voltage"]);
    assert!(got.contains("13.8 V"), "{got}");
    let set = site.say(&["set", "mppt", "battery_float_voltage", "13.6", "--yes"]);
    assert!(set.contains("read back"), "{set}");
    assert_eq!(lock(&site.mppt).register(0xEDF6), Some(&1360_u16.to_le_bytes()[..]));
    daemon.wait_for("manual", &["mppt"]);

    let port = site.path("ports/mppt");
    let mut beside = Command::new(env!("CARGO_BIN_EXE_sunkeep"));
    beside.arg("get").arg("--port").arg(port).arg("battery_float_voltage");
    let beside = beside.output().unwrap();
    assert!(!beside.status.success(), "two programs on one port: {}", all(&beside));
    assert!(all(&beside).contains("in use"), "{}", all(&beside));
}

#[test]
fn killed_and_started_again_it_remembers_its_mode_and_what_is_off() {
    let site = Site::new();
    let first = site.run_in_need();
    first.end(Signal::KILL);
    assert_eq!(site.load_mode(), OFF, "nobody was left to switch it on");
    assert_eq!(sets(&site.mppt).len(), 1);
    // Between the thresholds, only memory says that the load stays off; and a
    // minimum time that begins anew is no reason to switch it to and fro.
    site.soc(40.0);
    site.edit("min_on = \"100ms\"", "min_on = \"10min\"");
    let mut second = site.run();
    second.wait_for("mode", &["run", "started"]);
    second.wait_for("result", &["heater", "verified on"]);
    second.wait_for("device", &["mppt", "health", "TEXT alive, HEX alive"]);
    let status = site.status_when(|text| text.contains("decided off"));
    assert!(status.starts_with("mode run"), "{status}");
    assert_eq!(site.load_mode(), OFF);
    assert_eq!(sets(&site.mppt).len(), 1, "{:?}\n{status}", sets(&site.mppt));
}

#[test]
fn a_pulled_cable_sends_outputs_to_safe_and_a_replugged_one_brings_them_back() {
    let site = Site::new();
    let mut daemon = site.run_in_need();
    site.shunt_cable.unplug();
    daemon.wait_for("safe", &["soc is unknown"]);
    daemon.wait_for("result", &["load_output", "verified on"]);
    assert_eq!(site.load_mode(), AUTO);
    let status = site.say(&["status"]);
    assert!(status.contains("unknown  preserve the battery"), "{status}");
    site.shunt_cable.plug().unwrap();
    daemon.wait_for("result", &["load_output", "verified off"]);
    assert_eq!(site.load_mode(), OFF);
    let journal = site.journal();
    place(&journal, Kind::Safe, "heater", "off");
    place(&journal, Kind::Result, "heater", "verified off");
    place(&journal, Kind::Device, "shunt", "port closed");
}

#[test]
fn asked_to_stop_it_leaves_every_output_at_its_exit_level() {
    let site = Site::new();
    let daemon = site.run_in_need();
    assert!(daemon.end(Signal::TERM).success());
    assert_eq!(site.load_mode(), AUTO);
    let journal = site.journal();
    let stopping = place(&journal, Kind::Mode, "", "stopping");
    for (subject, what) in [("load_output", "verified on"), ("heater", "verified off")] {
        let place = place(&journal[stopping..], Kind::Result, subject, what);
        assert!(place > 0, "{journal:#?}");
    }
    assert!(!site.data().join("control.sock").exists(), "the socket is gone with its daemon");
}

#[test]
fn a_charger_with_another_serial_number_is_never_written() {
    let site = Site::with(&SITE.replace("HQ2310SKMP1", "HQ0000OTHER"), RULES);
    site.soc(20.0);
    let mut daemon = site.run();
    daemon.wait_for("alarm", &["mppt", "wrong device", "HQ2310SKMP1 is connected"]);
    daemon.wait_for("would", &["load_output", "off"]);
    site.say(&["arm"]);
    daemon.wait_for("result", &["heater", "verified on"]);
    let by_hand = ["set", "mppt", "battery_float_voltage", "13.6", "--yes"];
    let refused = site.command(&by_hand).output().unwrap();
    assert!(!refused.status.success(), "{}", all(&refused));
    assert!(all(&refused).contains("HQ0000OTHER"), "{}", all(&refused));
    assert_eq!(sets(&site.mppt), Vec::<String>::new());
    assert_eq!(site.load_mode(), AUTO);
}

#[test]
fn a_probe_is_an_input_until_its_sensor_is_gone() {
    let probe =
        "[probes.cell_temperature]\nsysfs = \"/tmp/temp\"\nevery = \"1s\"\nmax_age = \"5s\"\n";
    let site = Site::with(&format!("{SITE}{probe}"), RULES);
    let sensor = site.path("temp");
    std::fs::write(&sensor, "-4500\n").unwrap();
    site.edit("/tmp/temp", &sensor.display().to_string());
    let rule = "rule(\"warm the box\").turn_on(heater)
        .when(cell_temperature below 2).lasting(0.2.sec)
        .clear_when(cell_temperature above 6).lasting(0.2.sec);";
    std::fs::write(site.path("rules/all.rhai"), rule).unwrap();
    let mut daemon = site.run();
    daemon.wait_for("device", &["cell_temperature", "probe", "reads"]);
    daemon.wait_for("would", &["heater", "on", "cell_temperature is -4.5 °C"]);
    site.say(&["arm"]);
    daemon.wait_for("result", &["heater", "verified on"]);
    std::fs::remove_file(&sensor).unwrap();
    daemon.wait_for("device", &["cell_temperature", "there is no"]);
    daemon.wait_for("result", &["heater", "verified off"]);
    let status = site.say(&["status"]);
    assert!(status.contains("not available"), "{status}");
}

#[test]
fn a_person_overrides_the_rules_for_a_while_and_over_a_restart() {
    let site = Site::new();
    site.soc(60.0);
    let mut first = site.run();
    first.wait_for("device", &["shunt", "health", "TEXT alive"]);
    let early = site.command(&["override", "heater", "on"]).output().unwrap();
    assert!(all(&early).contains("`sunkeep arm` first"), "{}", all(&early));
    site.say(&["arm"]);
    let said = site.say(&["override", "heater", "on", "--for", "10min"]);
    assert!(said.contains("heater shall be on for 10 min"), "{said}");
    first.wait_for("override", &["heater", "on for 10 min"]);
    first.wait_for("result", &["heater", "verified on"]);
    let status = site.say(&["status"]);
    assert!(status.contains("for another 10 min"), "{status}");
    first.end(Signal::KILL);

    let mut second = site.run();
    second.wait_for("result", &["heater", "verified on"]);
    assert!(site.say(&["override", "heater", "auto"]).contains("the rules decide"));
    second.wait_for("result", &["heater", "verified off"]);
    let journal = site.journal();
    let wish = place(&journal, Kind::Override, "heater", "on for 10 min");
    assert!(journal[wish].reason.contains("asked for by"), "{:?}", journal[wish]);
    let intent = place(&journal, Kind::Intent, "heater", "on");
    assert!(journal[intent].reason.starts_with("overridden by"), "{:?}", journal[intent]);
    let wrong = site.command(&["override", "heeter", "on"]).output().unwrap();
    assert!(all(&wrong).contains("did you mean `heater`?"), "{}", all(&wrong));
}

#[test]
fn after_a_crash_loop_it_is_safe_without_rules_until_a_person_has_looked() {
    let site = Site::new();
    site.soc(20.0);
    std::fs::create_dir_all(site.data()).unwrap();
    std::fs::write(site.data().join("starts"), "5\n").unwrap();
    let mut daemon = site.run();
    daemon.wait_for("alarm", &["crash loop", "5 starts in a row"]);
    let status = site.say(&["status"]);
    assert!(status.contains("! sunkeep: mode safe"), "{status}");
    assert!(status.contains("ends: `sunkeep reload`, then `sunkeep arm`"), "{status}");
    let early = site.command(&["arm"]).output().unwrap();
    assert!(all(&early).contains("`sunkeep reload` first"), "{}", all(&early));
    site.say(&["reload"]);
    site.say(&["arm"]);
    daemon.wait_for("result", &["load_output", "verified off"]);
    assert!(daemon.end(Signal::TERM).success());
    let starts = std::fs::read_to_string(site.data().join("starts")).unwrap();
    assert_eq!(starts, "0\n", "an orderly end is no crash");
}
