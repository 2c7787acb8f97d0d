//! Registers in flash: how often they were written, and to which device.

use std::process::Command;

use rustix::process::Signal;
use sunkeep::daemon::recorded_wear;
use sunkeep::sim::device::{Device, Kind, Options};
use sunkeep::sim::lock;

use super::{OFF, RULES, SITE, STATUS_ASKED_MAX, Site, all, sets};

const BY_HAND: [&str; 5] = ["set", "mppt", "battery_float_voltage", "13.6", "--yes"];

impl Site {
    /// Another charger hangs on the cable, or the same one with other firmware.
    fn replace_charger(&self, serial_number: Option<&str>, firmware: Option<u16>) {
        let serial_number = serial_number.map(str::to_owned);
        let period = std::time::Duration::from_millis(50);
        let options = Options { serial_number, firmware, period, ..Options::default() };
        *lock(&self.mppt) = Device::new(Kind::Mppt, options);
    }

    /// How often a register was written, as the journal's file says.
    fn counted(&self, register: u16) -> u64 {
        let all = recorded_wear(&self.data()).unwrap();
        all.iter().filter(|wear| wear.register == register).map(|wear| wear.writes).sum()
    }

    fn is_refused(&self, words: &[&str], why: &str) {
        let refused = self.command(words).output().unwrap();
        assert!(!refused.status.success(), "{}", all(&refused));
        assert!(all(&refused).contains(why), "no `{why}` in {}", all(&refused));
    }
}

#[test]
fn every_write_is_counted_for_life_whoever_makes_it_and_however_the_run_ends() {
    let site = Site::new();
    let mut first = site.run_in_need();
    let status = site.say(&["status"]);
    let told = "mppt load_output_control (0xEDAB, HQ2310SKMP1): 1 write";
    assert!(status.contains(told), "{status}");
    assert!(site.counted(0xEDAB) >= 1, "charged before the SET left");
    site.soc(60.0);
    first.wait_for("result", &["load_output", "verified on"]);
    first.end(Signal::KILL);
    let written = sets(&site.mppt).len() as u64;
    assert_eq!(written, 2);
    let counted = site.counted(0xEDAB);
    assert!(counted >= written && counted <= written + 1, "{counted} for {written}");

    let mut second = site.run();
    second.wait_for("device", &["mppt", "health", "TEXT alive, HEX alive"]);
    site.say(&BY_HAND);
    let json = site.say(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&json).unwrap();
    let wear = status["wear"].as_array().unwrap();
    let of = |register: u16| {
        let count = wear.iter().find(|count| count["register"] == register).unwrap();
        count["writes"].as_u64().unwrap()
    };
    assert_eq!((of(0xEDAB), of(0xEDF6)), (counted, 1));
    assert!(second.end(Signal::TERM).success());
    assert_eq!(site.counted(0xEDF6), 1, "exact after an end in order");

    // With the daemon stopped, on the port itself.
    let mut beside = Command::new(env!("CARGO_BIN_EXE_sunkeep"));
    let port = site.path("ports/mppt");
    beside.args(["set", "battery_float_voltage", "13.7", "--yes", "--port"]).arg(port);
    let beside = beside.arg("--config").arg(site.path("site.toml")).output().unwrap();
    assert!(beside.status.success(), "{}", all(&beside));
    assert_eq!(site.counted(0xEDF6), 2, "{}", all(&beside));
    // Doctor is not happy with a machine without pins, but tells.
    let doctor = site.command(&["doctor"]).output().unwrap();
    let told = all(&doctor);
    assert!(told.contains("mppt (0xEDF6, HQ2310SKMP1): 2 writes"), "{}", all(&doctor));
}

#[test]
fn a_lost_journal_starts_with_budgets_used_up_but_for_the_way_back() {
    let site = Site::new();
    let first = site.run_in_need();
    assert!(first.end(Signal::TERM).success());
    let before = sets(&site.mppt).len();
    for file in ["journal.db", "journal.db-wal", "journal.db-shm"] {
        // The log is there or not, as the last writer has left it.
        let _ = std::fs::remove_file(site.data().join(file));
    }
    let mut second = site.run();
    second.wait_for("refused", &["load_output", "used up"]);
    site.say(&["arm"]);
    let status = site.status_when(|text| text.contains("0 writes left today"));
    assert!(status.contains("! load_output: kept on"), "{status}");
    assert_eq!(sets(&site.mppt).len(), before);
    assert!(second.end(Signal::TERM).success());
}

#[test]
fn other_firmware_locks_writes_and_not_readings_until_a_person_has_seen_it() {
    let site = Site::new();
    let mut first = site.run_in_need();
    assert_eq!(site.load_mode(), OFF);
    site.replace_charger(None, Some(164));
    first.wait_for("alarm", &["mppt", "writes locked", "firmware 1.64 was 1.63"]);
    site.is_refused(&BY_HAND, "`sunkeep acknowledge mppt` ends this");
    assert_eq!(sets(&site.mppt), Vec::<String>::new());
    let status = site.say(&["status"]);
    let line = status.lines().find(|line| line.starts_with("! mppt: ")).unwrap_or_default();
    let says = ["registers are not written: firmware 1.64 was 1.63 since", "acknowledge mppt"];
    assert!(says.iter().all(|part| line.contains(part)), "{status}");
    assert!(site.say(&["get", "mppt", "battery_float_voltage"]).contains("13.8 V"));
    // It outlives a restart.
    first.end(Signal::KILL);
    let mut second = site.run();
    second.wait_for("device", &["mppt", "health", "TEXT alive, HEX alive"]);
    site.is_refused(&BY_HAND, "firmware 1.64 was 1.63");
    let said = site.say(&["acknowledge", "mppt"]);
    assert!(said.contains("mppt is written again"), "{said}");
    second.wait_for("manual", &["mppt", "acknowledged", "by ", "firmware 1.64"]);
    site.say(&BY_HAND);
}

#[test]
fn without_a_serial_number_the_charger_there_when_armed_is_the_one_that_is_written() {
    let site = Site::with(&SITE.replace("serial_number = \"HQ2310SKMP1\"\n", ""), RULES);
    let mut daemon = site.run_in_need();
    daemon.wait_for("device", &["mppt", "pinned", "HQ2310SKMP1"]);
    site.replace_charger(Some("HQ0000OTHER"), None);
    daemon.wait_for("alarm", &["mppt", "writes locked", "HQ0000OTHER was HQ2310SKMP1"]);
    site.is_refused(&BY_HAND, "acknowledge mppt");
    assert_eq!(sets(&site.mppt), Vec::<String>::new());
    // The former one is back: nobody has to say anything.
    site.replace_charger(None, None);
    daemon.wait_for("device", &["mppt", "writes unlocked"]);
    for _ in 0..STATUS_ASKED_MAX {
        if site.command(&BY_HAND).output().unwrap().status.success() {
            return;
        }
    }
    panic!("the former charger is not written either")
}
