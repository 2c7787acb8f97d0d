//! A folder with configuration and rules, a shunt, and the device under test.

use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sunkeep::clock::SystemClock;
use sunkeep::sim::device::{Device, Kind, Measured, Options};
use sunkeep::sim::pty::Port;
use sunkeep::sim::{Shared, lock};

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
    folder: tempfile::TempDir,
    pub unit: Shared,
    shunt: Shared,
    _cables: [Port; 2],
}

impl Site {
    /// A site with one device of a kind besides the shunt, what is declared of it,
    /// and its rules.
    pub fn new(kind: Kind, declared: &str, rules: &str) -> Self {
        Self::with(kind, Options::default(), declared, rules)
    }

    pub fn with(kind: Kind, options: Options, declared: &str, rules: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["ports", "rules"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let ports = format!("{}/ports/", folder.path().display());
        let head = HEAD.replace("ports/", &ports).replace("SERIAL", kind.serial_number());
        std::fs::write(folder.path().join("site.toml"), format!("{head}{declared}")).unwrap();
        std::fs::write(folder.path().join("rules/all.rhai"), rules).unwrap();
        let options = Options { period: Duration::from_millis(50), ..options };
        let plug = |kind, name: &str| {
            let device = Arc::new(Mutex::new(Device::new(kind, options.clone())));
            let link = folder.path().join("ports").join(name);
            let port = Port::open(&link, device.clone(), Arc::new(SystemClock::new())).unwrap();
            (device, port)
        };
        let (unit, first) = plug(kind, "unit");
        let (shunt, second) = plug(Kind::SmartShunt, "shunt");
        Self { folder, unit, shunt, _cables: [first, second] }
    }

    /// Sets the battery's state of charge in percent.
    pub fn soc(&self, percent: f64) {
        let mut shunt = lock(&self.shunt);
        let Measured::Monitor(mut monitor) = shunt.measured().clone() else {
            panic!("a shunt is a monitor")
        };
        monitor.state_of_charge = Some(percent);
        shunt.measure(Measured::Monitor(monitor));
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

    /// Changes the configuration.
    pub fn edit(&self, before: &str, after: &str) {
        let file = self.folder.path().join("site.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(before), "{before} is not in {text}");
        std::fs::write(file, text.replace(before, after)).unwrap();
    }

    /// Replaces the rules.
    pub fn rules(&self, rules: &str) {
        std::fs::write(self.folder.path().join("rules/all.rhai"), rules).unwrap();
    }

    /// The mode in which the next run begins, as the one before has left it.
    pub fn begin_in(&self, mode: &str) {
        let journal = self.folder.path().join("data/journal.db");
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

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sunkeep"));
        command.args(words).arg("--config").arg(self.folder.path().join("site.toml"));
        command
    }

    /// Runs a command to its end and expects it to succeed.
    #[track_caller]
    pub fn say(&self, words: &[&str]) -> String {
        let output = self.command(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", all(&output));
        String::from_utf8(output.stdout).unwrap()
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

pub fn all(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}
