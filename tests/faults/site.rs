//! The site of the virtual bench: every kind of output, safe when off and safe
//! when on, over readings of two devices.

use std::path::Path;
use std::time::Duration;

use sunkeep::config::{self, Config};
use sunkeep::problem::Source;
use sunkeep::rules::RuleSet;

pub const MPPT: usize = 0;
pub const SHUNT: usize = 1;
pub const DEVICES: [&str; 2] = ["mppt", "shunt"];

/// Readings older than this are unknown, as declared below.
pub const MAX_AGE: Duration = Duration::from_secs(10);

/// What a pin is declared with, as the judge believes it: not read from the
/// configuration, so that a reader which loses a bound is found out.
#[derive(Clone, Copy, Debug)]
pub struct Relay {
    pub name: &'static str,
    pub pin: u8,
    /// The electrical level that is safe.
    pub safe_high: bool,
    /// Shortest time at safe.
    pub rest: Duration,
    /// Longest time away from safe.
    pub away_max: Duration,
}

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

/// A heater: off is safe. A modem: on is safe, and the board is active-low. A
/// fan: off is safe, and the board is active-low. A pump that scripts drive.
pub const RELAYS: [Relay; 4] = [
    Relay { name: "heater", pin: 17, safe_high: false, rest: minutes(3), away_max: minutes(20) },
    Relay { name: "modem", pin: 5, safe_high: false, rest: minutes(1), away_max: minutes(30) },
    Relay { name: "fan", pin: 6, safe_high: true, rest: minutes(2), away_max: minutes(10) },
    Relay { name: "pump", pin: 22, safe_high: true, rest: minutes(2), away_max: minutes(15) },
];

/// Writes of the load output in 24 hours.
pub const LOAD_WRITES: usize = 12;
/// Writes of the float voltage in 24 hours: the default.
pub const FLOAT_WRITES: usize = 4;
/// Shortest time on of the load output, whose safe state is on.
pub const LOAD_REST: Duration = minutes(5);

const SITE: &str = r#"
[devices.mppt]
port = "/dev/mppt"
serial_number = "HQ2310SKMP1"

[devices.shunt]
port = "/dev/shunt"
serial_number = "HQ2310SKSH1"

[inputs.soc]
from = "shunt.soc"
max_age = "10s"

[inputs.cell_temperature]
from = "shunt.battery_temperature"
max_age = "10s"
valid = [-60, 90]

[inputs.voltage]
from = "mppt.battery_voltage"
max_age = "10s"

[outputs.heater]
gpio = 17
active = "high"
safe = "off"
min_on = "1min"
min_off = "3min"
max_on = "20min"

[outputs.modem]
gpio = 5
active = "low"
safe = "on"
min_on = "1min"
min_off = "1min"
max_on = "30min"

[outputs.fan]
gpio = 6
active = "low"
safe = "off"
min_on = "1min"
min_off = "2min"
max_on = "10min"

[outputs.pump]
gpio = 22
active = "high"
safe = "on"
min_on = "2min"
min_off = "1min"
max_on = "15min"

[outputs.load_output]
device = "mppt"
load_output = true
safe = "on"
at_exit = "on"
min_on = "5min"
min_off = "5min"
max_on = "1h"
max_writes_per_day = 12

[setpoints.charge_limit]
device = "mppt"
register = "charge_current_limit"
range = [0, 15]
safe = "release"

[setpoints.float]
device = "mppt"
register = "battery_float_voltage"
range = [13.2, 13.9]
safe = "original"
min_interval = "5min"
"#;

/// The rules of the site; later sets are what a reload brings.
pub const RULES: [&str; 3] = [
    r#"
rule("heat").turn_on(heater).when(cell_temperature below 2).lasting(10.sec)
    .clear_when(cell_temperature above 6).lasting(10.sec);
rule("modem off").turn_off(modem).when(soc below 30).lasting(5.sec)
    .clear_when(soc above 45).lasting(5.sec);
rule("blow").turn_on(fan).when(voltage above 14).lasting(5.sec)
    .clear_when(voltage below 13.5).lasting(5.sec);
rule("pump off").decide(|s, mem| {
    if s.soc < 25.0 { want(pump, off, "little charge") } else { nothing() }
});
rule("preserve").turn_off(load_output).when(soc below 25).lasting(10.sec)
    .clear_when(soc above 40).lasting(10.sec);
rule("gentle").set(charge_limit, 5.0).when(cell_temperature below 5).lasting(10.sec)
    .clear_when(cell_temperature above 8).lasting(10.sec);
rule("kind").set(float, 13.5).when(soc below 28).lasting(10.sec)
    .clear_when(soc above 35).lasting(10.sec);
"#,
    // The heater is nobody's any more, and the modem has an opponent.
    r#"
rule("modem off").turn_off(modem).when(soc below 30).lasting(5.sec)
    .clear_when(soc above 45).lasting(5.sec);
rule("modem on").turn_on(modem).when(soc below 28).lasting(5.sec)
    .clear_when(soc above 29).lasting(5.sec).priority(60);
rule("blow").turn_on(fan).when(voltage above 14).lasting(5.sec)
    .clear_when(voltage below 13.5).lasting(5.sec);
rule("pump off").decide(|s, mem| {
    if s.soc < 25.0 { want(pump, off, "little charge") } else { nothing() }
});
rule("preserve").turn_off(load_output).when(soc below 25).lasting(10.sec)
    .clear_when(soc above 40).lasting(10.sec);
"#,
    // A script that fails, and one that knows no measure.
    r#"
rule("heat").turn_on(heater).when(cell_temperature below 2).lasting(0.sec)
    .clear_when(cell_temperature above 2.5).lasting(0.sec);
rule("pump off").decide(|s, mem| { let x = 1 / 0; want(pump, off, "never") });
rule("modem off").decide(|s, mem| {
    if s.soc < 30.0 { want(modem, off, "little charge") } else { nothing() }
});
rule("blow").turn_on(fan).when(voltage above 14).lasting(0.sec)
    .clear_when(voltage below 13.9).lasting(0.sec);
"#,
];

pub fn config() -> Config {
    let source = Source { name: "site.toml".into(), text: SITE.into() };
    config::parse(&source, Path::new("/nowhere")).expect("the bench's own site")
}

pub fn rules(config: &Config, set: usize) -> RuleSet {
    let source = Source { name: "rules.rhai".into(), text: RULES[set].into() };
    RuleSet::compile(&[source], &config.world()).expect("the bench's own rules")
}
