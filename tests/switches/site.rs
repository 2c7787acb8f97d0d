//! A folder with configuration and rules, a shunt, and the device under test.

use std::ops::Deref;

use sunkeep::sim::device::{Kind, Options};
use sunkeep::sim::pty::Port;
use sunkeep::sim::{Shared, lock};

use crate::folder::{Folder, attach, charge};
use crate::running::Running;

/// How often something is looked for that takes a second at most.
const LOOKS_MAX: u32 = 2000;

const HEAD: &str = r#"
[devices.unit]
port = "ports/unit"
serial_number = "SERIAL"

[devices.shunt]
port = "ports/shunt"

[inputs.soc]
from = "shunt.soc"
max_age = "2s"

"#;

/// What every switch of these tests has: no times of its own.
pub const AT_ONCE: &str = "min_on = \"100ms\"\nmin_off = \"100ms\"\nmax_on = \"unlimited\"\n";

pub struct Site {
    folder: Folder,
    pub unit: Shared,
    shunt: Shared,
    _cables: [Port; 2],
}

impl Deref for Site {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl Site {
    /// A site with one device of a kind besides the shunt, what is declared of it,
    /// and its rules.
    pub fn new(kind: Kind, declared: &str, rules: &str) -> Self {
        Self::with(kind, Options::default(), declared, rules)
    }

    pub fn with(kind: Kind, options: Options, declared: &str, rules: &str) -> Self {
        let head = HEAD.replace("SERIAL", kind.serial_number());
        let folder = Folder::new(&format!("{head}{declared}"), rules);
        let port = |name: &str| folder.path("ports").join(name);
        let (unit, first) = attach(&port("unit"), kind, options.clone());
        let (shunt, second) = attach(&port("shunt"), Kind::SmartShunt, options);
        Self { folder, unit, shunt, _cables: [first, second] }
    }

    /// Sets the battery's state of charge in percent.
    pub fn soc(&self, percent: f64) {
        charge(&self.shunt, percent);
    }

    /// The number in a register of the device.
    pub fn raw(&self, register: u16) -> u32 {
        let unit = lock(&self.unit);
        let bytes = unit.register(register).unwrap();
        bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
    }

    /// Changes a register from within the device.
    pub fn set(&self, register: u16, raw: &[u8]) {
        lock(&self.unit).set(register, raw);
    }

    /// Every SET that the device received, as register and frame.
    pub fn writes(&self) -> Vec<u16> {
        let received = lock(&self.unit).received().to_vec();
        let sets = received.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b":8"));
        let register = |line: &[u8]| {
            let digits = std::str::from_utf8(line.get(2..6)?).ok()?;
            Some(u16::from_str_radix(digits, 16).ok()?.swap_bytes())
        };
        sets.filter_map(register).collect()
    }

    /// Writes that reached the device's flash, or may have.
    pub fn stored_writes(&self) -> u64 {
        lock(&self.unit).stored_writes()
    }

    pub fn run(&self) -> Running {
        Running::start(self.command(&["run", "--simulate-pins"]))
    }

    /// Replaces the rules.
    pub fn rules(&self, rules: &str) {
        std::fs::write(self.path("rules/all.rhai"), rules).unwrap();
    }

    /// The mode in which the next run begins, as the one before has left it.
    pub fn begin_in(&self, mode: &str) {
        let journal = self.data().join("journal.db");
        let journal = rusqlite::Connection::open(journal).unwrap();
        let changed = journal.execute("UPDATE state SET json = ?1 WHERE key = 'mode'", [mode]);
        assert_eq!(changed.unwrap(), 1);
    }

    /// A daemon that knows its devices.
    pub fn run_ready(&self) -> Running {
        let mut daemon = self.run();
        daemon.wait_for("device", &["unit", "health", "TEXT alive, HEX alive"]);
        daemon.wait_for("device", &["shunt", "health", "TEXT alive, HEX alive"]);
        daemon
    }

    /// A daemon that may act.
    pub fn run_armed(&self) -> Running {
        let daemon = self.run_ready();
        self.say(&["arm"]);
        daemon
    }

    /// Asks for the status until it is as expected.
    #[track_caller]
    pub fn status_when(&self, expected: impl Fn(&str) -> bool) -> String {
        self.say_until(&["status"], expected)
    }

    /// Reads the journal on the disk until it is as expected; the log is ahead of it.
    #[track_caller]
    pub fn journal_when(&self, expected: impl Fn(&str) -> bool) -> String {
        self.say_until(&["journal"], expected)
    }

    #[track_caller]
    fn say_until(&self, words: &[&str], expected: impl Fn(&str) -> bool) -> String {
        let mut said = String::new();
        for _ in 0..LOOKS_MAX {
            said = self.say(words);
            if expected(&said) {
                return said;
            }
        }
        panic!("this does not become what is expected:\n{said}")
    }
}
