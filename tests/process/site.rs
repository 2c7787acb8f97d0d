//! A site with a charger, a shunt, two relays and the daemon's own files.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sunkeep::clock::SystemClock;
use sunkeep::journal::Kind;
use sunkeep::sim::device::{self, Device, Measured, Options};
use sunkeep::sim::pty::Port;
use sunkeep::sim::{Shared, lock};
use sunkeep::store::Filter;
use sunkeep::store::query::JournalReader;

use crate::running::Running;
use crate::witness::Witness;

/// BCM number of the heater: active high, safe when off.
pub const HEATER: u8 = 17;
/// BCM number of the modem: active low, safe when on.
pub const MODEM: u8 = 5;
/// Both pins are low when safe.
pub const PINS: [u8; 2] = [HEATER, MODEM];
/// The load output's control register.
pub const LOAD_OUTPUT_CONTROL: u16 = 0xEDAB;
/// Writes of the load output that the configuration allows.
pub const WRITES_MAX: u64 = 12;
/// Shortest time at safe that the configuration declares for the pins.
pub const REST: Duration = Duration::from_millis(300);
/// Longest time away from safe that it declares for the pins.
pub const AWAY_MAX: Duration = Duration::from_secs(2);

const SITE: &str = r#"
[devices.mppt]
port = "ports/mppt"
serial_number = "HQ2310SKMP1"

[devices.shunt]
port = "ports/shunt"
serial_number = "HQ2310SKSH1"

[inputs.soc]
from = "shunt.soc"
max_age = "1s"

[outputs.load_output]
device = "mppt"
load_output = true
safe = "on"
at_exit = "on"
min_on = "300ms"
max_on = "unlimited"
max_writes_per_day = 12

[outputs.heater]
gpio = 17
active = "high"
safe = "off"
min_on = "100ms"
min_off = "300ms"
max_on = "2s"

[outputs.modem]
gpio = 5
active = "low"
safe = "on"
min_on = "300ms"
min_off = "100ms"
max_on = "2s"
"#;

const RULES: &str = r#"
rule("preserve the battery").turn_off(load_output)
    .when(soc below 30).lasting(0.1.sec).clear_when(soc above 45).lasting(0.1.sec);
rule("warm the cells").turn_on(heater)
    .when(soc below 30).lasting(0.1.sec).clear_when(soc above 45).lasting(0.1.sec);
rule("save the modem's power").turn_off(modem)
    .when(soc below 30).lasting(0.1.sec).clear_when(soc above 45).lasting(0.1.sec);
"#;

/// The site. A device's own end of its cable is `plugs/NAME`; the configured port is
/// `ports/NAME`, which leads to one of them.
pub struct Site {
    pub witness: Witness,
    pub mppt: Shared,
    pub shunt: Shared,
    pub mppt_cable: Port,
    pub shunt_cable: Port,
    folder: tempfile::TempDir,
}

impl Site {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["ports", "plugs", "rules"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let ports = format!("{}/ports/", folder.path().display());
        std::fs::write(folder.path().join("site.toml"), SITE.replace("ports/", &ports)).unwrap();
        std::fs::write(folder.path().join("rules/all.rhai"), RULES).unwrap();
        let (mppt, mppt_cable) = plug(folder.path(), device::Kind::Mppt, "mppt");
        let (shunt, shunt_cable) = plug(folder.path(), device::Kind::SmartShunt, "shunt");
        let witness = Witness::listen(&folder.path().join("pins"));
        Self { witness, mppt, shunt, mppt_cable, shunt_cable, folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
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

    /// Changes the configuration.
    #[track_caller]
    pub fn edit(&self, before: &str, after: &str) {
        let file = self.path("site.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(before), "`{before}` is not in the configuration");
        std::fs::write(file, text.replace(before, after)).unwrap();
    }

    /// The next start is not one of many: a crash loop is a test of its own.
    pub fn forget_deaths(&self) {
        // A first life has none.
        let _ = std::fs::remove_file(self.path("data/starts"));
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let own = env!("CARGO_BIN_EXE_sunkeep");
        let binary = std::env::var("SUNKEEP_BINARY").unwrap_or_else(|_| own.to_owned());
        let mut command = Command::new(binary);
        command.args(words).arg("--config").arg(self.path("site.toml"));
        command
    }

    /// Runs a command to its end and expects it to succeed.
    #[track_caller]
    pub fn say(&self, words: &[&str]) -> String {
        let output = self.command(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", all(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn run(&self) -> Running {
        self.run_with(|_| {})
    }

    /// A daemon in other surroundings than ours.
    pub fn run_with(&self, change: impl FnOnce(&mut Command)) -> Running {
        let pins = format!("--simulate-pins={}", self.path("pins").display());
        let mut command = self.command(&["run", &pins]);
        change(&mut command);
        Running::start(command)
    }

    /// A daemon that acts.
    #[track_caller]
    pub fn run_armed(&self) -> Running {
        let mut daemon = self.run();
        daemon.wait_for("mode", &["started"]);
        // Starting takes as long as it takes; the socket is there before the first step.
        self.say(&["arm"]);
        daemon
    }

    /// A daemon that has the load and the modem off and the heater on.
    #[track_caller]
    pub fn run_in_need(&self) -> Running {
        self.soc(20.0);
        let mut daemon = self.run_armed();
        daemon.wait_for("result", &["load_output", "verified off"]);
        daemon.wait_for("result", &["heater", "verified on"]);
        daemon.wait_for("result", &["modem", "verified off"]);
        daemon
    }

    /// Every SET that a device received.
    pub fn writes(device: &Shared) -> Vec<String> {
        let received = String::from_utf8_lossy(lock(device).received()).into_owned();
        let frames = received.lines().filter(|line| line.starts_with(":8"));
        frames.map(str::to_owned).collect()
    }

    /// Writes of the load output that reached the charger's flash.
    pub fn flash_writes(&self) -> u64 {
        let device = lock(&self.mppt);
        device.stored_writes_by_register().get(&LOAD_OUTPUT_CONTROL).copied().unwrap_or(0)
    }

    pub fn journal(&self) -> JournalReader {
        JournalReader::open(&self.path("data")).unwrap()
    }

    /// How many intents to bring `subject` to `what` are in the journal.
    pub fn intents(&self, subject: &str, what: &str) -> usize {
        let all = Filter { since: None, subject: Some(subject.to_owned()), limit: 100_000 };
        let entries = self.journal().entries(&all).unwrap();
        let is = |kind, of: &str| kind == Kind::Intent && of == what;
        entries.iter().filter(|found| is(found.entry.kind, &found.entry.what)).count()
    }

    /// Both pins are at their safe level.
    pub fn pins_are_safe(&self) -> bool {
        PINS.iter().all(|pin| self.witness.high(*pin) == Some(false))
    }
}

fn plug(folder: &Path, kind: device::Kind, name: &str) -> (Shared, Port) {
    let options = Options { period: Duration::from_millis(50), ..Options::default() };
    let device = Arc::new(Mutex::new(Device::new(kind, options)));
    let link = folder.join("plugs").join(name);
    let port = Port::open(&link, device.clone(), Arc::new(SystemClock::new())).unwrap();
    std::os::unix::fs::symlink(link, folder.join("ports").join(name)).unwrap();
    (device, port)
}

pub fn all(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}
