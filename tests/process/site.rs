//! A site with a charger, a shunt, two relays and the daemon's own files.

use std::process::Command;
use std::time::Duration;

use sunkeep::daemon::recorded_wear;
use sunkeep::journal::Kind;
use sunkeep::sim::lock;
use sunkeep::store::Filter;

use crate::common::LOAD_OUTPUT_CONTROL;
use crate::running::Running;
use crate::witness::Witness;

/// BCM number of the heater: active high, safe when off.
pub const HEATER: u8 = 17;
/// BCM number of the modem: active low, safe when on.
pub const MODEM: u8 = 5;
/// Both pins are low when safe.
pub const PINS: [u8; 2] = [HEATER, MODEM];
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

/// A site whose pins belong to somebody who survives the daemon.
pub struct Site {
    pub witness: Witness,
    site: crate::common::Site,
}

impl std::ops::Deref for Site {
    type Target = crate::common::Site;

    fn deref(&self) -> &Self::Target {
        &self.site
    }
}

impl Site {
    pub fn new() -> Self {
        let site = crate::common::Site::with(SITE, RULES);
        Self { witness: Witness::listen(&site.path("pins")), site }
    }

    /// The next start is not one of many: a crash loop is a test of its own.
    pub fn forget_deaths(&self) {
        // A first life has none.
        let _ = std::fs::remove_file(self.path("data/starts"));
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

    /// Writes of the load output that reached the charger's flash.
    pub fn flash_writes(&self) -> u64 {
        let device = lock(&self.mppt);
        device.stored_writes_by_register().get(&LOAD_OUTPUT_CONTROL).copied().unwrap_or(0)
    }

    /// How many of them the journal has counted.
    pub fn counted_writes(&self) -> u64 {
        let counts = recorded_wear(&self.path("data")).unwrap();
        let own = counts.iter().filter(|count| count.register == LOAD_OUTPUT_CONTROL);
        own.map(|count| count.writes).sum()
    }

    /// How many intents to bring `subject` to `what` are in the journal.
    pub fn intents(&self, subject: &str, what: &str) -> usize {
        let all = Filter { since: None, subject: Some(subject.to_owned()), limit: 100_000 };
        let entries = self.recorded().entries(&all).unwrap();
        let is = |kind, of: &str| kind == Kind::Intent && of == what;
        entries.iter().filter(|found| is(found.entry.kind, &found.entry.what)).count()
    }

    /// Both pins are at their safe level.
    pub fn pins_are_safe(&self) -> bool {
        PINS.iter().all(|pin| self.witness.high(*pin) == Some(false))
    }
}
