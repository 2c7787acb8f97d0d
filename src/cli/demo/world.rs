//! The demo's world: a site that is simulated down to the serial ports.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;

use super::Demo;
use crate::actuator::gpio::{Backend, Pins, SimulatedPins};
use crate::clock::{Clock, ScaledClock};
use crate::config::{self, Config};
use crate::rules::RuleSet;
use crate::sim::device::Options;
use crate::sim::plant::{Site, State};
use crate::sim::pty::Port;
use crate::sim::site::World as Simulation;

/// The demo begins at a solar midnight of this site, which lies in Iceland, where
/// clocks show UTC all year: 16 March 2026, 01:30.
const ORIGIN: i64 = 1_773_624_600;

/// Files that the demo leaves in its folder, for reading and for changing.
const FILES: [(&str, &str); 3] = [
    ("site.toml", include_str!("site.toml")),
    ("rules/preserve_battery.rhai", include_str!("../../../rules/preserve_battery.rhai")),
    ("rules/enclosure_heater.rhai", include_str!("../../../rules/enclosure_heater.rhai")),
];

/// TEXT blocks per real second; life has one.
const BLOCKS_PER_SECOND: f64 = 40.0;

/// How often sun, battery and cold move on, in real time.
const PLANT_STEP: Duration = Duration::from_millis(5);

/// The heater's pin in `site.toml`.
const HEATER_PIN: u8 = 17;

/// A running simulation with its devices on ports.
pub(super) struct World {
    folder: PathBuf,
    clock: Arc<ScaledClock>,
    pins: SimulatedPins,
    shunt: Port,
    _mppt: Port,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What the daemon needs from the demo.
pub(super) struct Premises {
    pub config: Config,
    pub rules: RuleSet,
    pub pins: Pins,
    pub clock: Arc<dyn Clock>,
}

impl World {
    /// Writes the demo's files and plugs the devices in.
    pub(super) fn build(demo: &Demo) -> anyhow::Result<(Self, Premises)> {
        let folder = folder(demo)?;
        write_files(&folder)?;
        let (config, rules) = load(&folder)?;
        // 2026 is within the range of a timestamp.
        let origin = Timestamp::from_second(ORIGIN).unwrap_or(Timestamp::UNIX_EPOCH);
        let clock = Arc::new(ScaledClock::new(origin, demo.speed));
        let options = |serial: &str, seed| Options {
            period: Duration::from_secs_f64(demo.speed / BLOCKS_PER_SECOND),
            serial_number: Some(serial.to_owned()),
            seed,
            ..Options::default()
        };
        let simulation = Simulation::new(
            Site::default(),
            demo.seed,
            options("HQ2601DEMO1", demo.seed),
            options("HQ2601DEMO2", demo.seed + 1),
        );
        let port = |name: &str, device| {
            let link = folder.join("ports").join(name);
            Port::open(&link, device, clock.clone())
                .with_context(|| format!("cannot simulate a port at {}", link.display()))
        };
        let (mppt, shunt) = (port("mppt", simulation.mppt())?, port("shunt", simulation.shunt())?);
        let pins = Pins::new(Backend::Simulated);
        let state = Arc::new(Mutex::new(simulation.state().clone()));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let life = Life {
                simulation,
                clock: clock.clone(),
                pins: pins.simulated(),
                state: state.clone(),
                stop: stop.clone(),
            };
            std::thread::Builder::new().name("plant".to_owned()).spawn(move || life.run())?
        };
        let site = Premises { config, rules, clock: clock.clone(), pins };
        let pins = site.pins.simulated();
        let world =
            Self { folder, clock, pins, shunt, _mppt: mppt, state, stop, thread: Some(thread) };
        Ok((world, site))
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Pulls or plugs the shunt's cable.
    pub(super) fn toggle_cable(&self) -> std::io::Result<()> {
        if self.shunt.is_plugged() {
            self.shunt.unplug();
            return Ok(());
        }
        self.shunt.plug()
    }

    pub(super) fn is_unplugged(&self) -> bool {
        !self.shunt.is_plugged()
    }

    /// How much simulated time has passed.
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.now().monotonic
    }

    /// Sun and cold in a line.
    pub(super) fn sky(&self) -> String {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let heater = if self.pins.high(HEATER_PIN) == Some(true) { "  heater warm" } else { "" };
        format!(
            "day {}  {}  outside {:.0} °C  sun {:.0} W{heater}",
            state.day + 1,
            self.clock.now().wall.strftime("%H:%M"),
            state.outside,
            state.available,
        )
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to clean up.
            let _ = thread.join();
        }
    }
}

/// Sun, battery and cold, moving with the clock.
struct Life {
    simulation: Simulation,
    clock: Arc<ScaledClock>,
    pins: SimulatedPins,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
}

impl Life {
    fn run(mut self) {
        while !self.stop.load(Ordering::Relaxed) {
            let heater = self.pins.high(HEATER_PIN) == Some(true);
            let state = self.simulation.advance(self.clock.now().monotonic, heater).clone();
            *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
            std::thread::sleep(PLANT_STEP);
        }
    }
}

fn folder(demo: &Demo) -> anyhow::Result<PathBuf> {
    let folder = demo.data.clone().unwrap_or_else(|| {
        std::env::temp_dir().join(format!("sunkeep-demo-{}", std::process::id()))
    });
    std::fs::create_dir_all(folder.join("ports"))
        .and_then(|()| std::fs::create_dir_all(folder.join("rules")))
        .and_then(|()| folder.canonicalize())
        .with_context(|| format!("cannot make the folder {}", folder.display()))
}

/// Files that are there already are the owner's and stay as they are.
fn write_files(folder: &Path) -> anyhow::Result<()> {
    for (name, text) in FILES {
        let path = folder.join(name);
        if !path.exists() {
            std::fs::write(&path, text)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(())
}

fn load(folder: &Path) -> anyhow::Result<(Config, RuleSet)> {
    let (mut config, _) = config::load(&folder.join("site.toml"))?;
    let rules = config.load_rules()?;
    for device in &mut config.devices {
        device.port = folder.join(&device.port).display().to_string();
    }
    Ok((config, rules))
}
