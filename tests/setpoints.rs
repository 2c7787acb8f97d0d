//! A set-point from the rule to the register and back: the real daemon, a real
//! pty, a simulated charger that obeys and that lets go by itself.
//!
//! Time is compressed. Waiting is bounded by time-outs; nothing sleeps for a
//! guessed time.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails fails its test")]

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sunkeep::actuator::gpio::{Backend, Pins};
use sunkeep::clock::ScaledClock;
use sunkeep::config;
use sunkeep::control::{Ask, Reply, Status};
use sunkeep::daemon::{Daemon, Options};
use sunkeep::engine::Mode;
use sunkeep::sim::device::Measured;
use sunkeep::sim::device::{Device, Kind, Options as DeviceOptions};
use sunkeep::sim::pty::Port;
use sunkeep::sim::{Shared, lock};

/// Virtual seconds in a real one. The charger lets go after 60 of them, and half as many
/// are left after each renewal: a busy machine must not be silent for that long.
const SPEED: f64 = 20.0;
const LIMIT: u16 = 0x2015;
const NETWORK_MODE: u16 = 0x200E;
const PATIENCE: Duration = Duration::from_secs(120);
/// A virtual second, and more than a step.
const PAUSE: Duration = Duration::from_millis(60);

const SITE: &str = r#"
data = "."
rules = "rules"

[devices.mppt]
port = "ports/mppt"
kind = "mppt"

[inputs.voltage]
from = "mppt.battery_voltage"
max_age = "10min"

[setpoints.charge_limit]
device = "mppt"
register = "charge_current_limit"
range = [0, 15]
safe = "release"
min_interval = "1s"

[alerts.owner]
kind = "journal"
"#;

const RULES: &str = r#"
rule("gentle charging")
    .set(charge_limit, 5.0)
    .when(voltage below 13).lasting(1.sec)
    .clear_when(voltage above 14).lasting(1.sec);
rule("told")
    .alert(owner, "the battery has {voltage}")
    .when(voltage below 13).lasting(1.sec)
    .clear_when(voltage above 14).lasting(1.sec);
"#;

/// Their clocks run fast: on a small machine two at a time would both be late.
static TURN: Mutex<()> = Mutex::new(());

struct Site {
    _turn: MutexGuard<'static, ()>,
    device: Shared,
    _port: Port,
    daemon: Daemon,
    _folder: tempfile::TempDir,
}

fn start(device: Shared, mode: Mode) -> Site {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("site.toml", SITE);
    write("rules/limit.rhai", RULES);
    std::fs::create_dir_all(folder.path().join("ports")).unwrap();
    let (mut config, _) = config::load(&folder.path().join("site.toml")).unwrap();
    config.devices[0].port = folder.path().join("ports/mppt").display().to_string();
    let rules = config.load_rules().unwrap();
    let clock = Arc::new(ScaledClock::new(jiff::Timestamp::UNIX_EPOCH, SPEED));
    let port = open(folder.path(), &device, &clock);
    let daemon = Daemon::start(Options {
        config,
        rules,
        clock,
        pins: Pins::new(Backend::Simulated),
        pace: SPEED / 10.0,
        record: None,
        mode: Some(mode),
        starts: None,
        speed: SPEED,
    })
    .unwrap();
    Site { _turn: turn, device, _port: port, daemon, _folder: folder }
}

fn open(folder: &Path, device: &Shared, clock: &Arc<ScaledClock>) -> Port {
    Port::open(&folder.join("ports/mppt"), Arc::clone(device), clock.clone()).unwrap()
}

fn charger() -> Shared {
    let options =
        DeviceOptions { period: Duration::from_secs_f64(SPEED / 20.0), ..DeviceOptions::default() };
    Arc::new(Mutex::new(Device::new(Kind::Mppt, options)))
}

fn voltage(device: &Shared, volts: f64) {
    let mut device = lock(device);
    let mut measured = device.measured().clone();
    if let Measured::Charger(charger) = &mut measured {
        charger.battery_voltage = volts;
    }
    device.measure(measured);
}

fn raw(device: &Shared, register: u16) -> u32 {
    let device = lock(device);
    let bytes = device.register(register).unwrap();
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

impl Site {
    async fn status(&self) -> Status {
        match self.daemon.ask(Ask::Status).await {
            Reply::Status(status) => *status,
            other => panic!("{other:?}"),
        }
    }

    async fn until(&self, what: &str, holds: impl Fn(&Status, &Shared) -> bool) {
        let wait = async {
            // Asked without a pause, the daemon would do little else than answer.
            let mut asks = tokio::time::interval(PAUSE);
            loop {
                asks.tick().await;
                let status = self.status().await;
                if holds(&status, &self.device) {
                    return;
                }
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            let status = self.status().await;
            panic!("{what} did not come: {:#?} {:#?}", status.outputs, status.journal);
        }
    }
}

/// How often the limit was written.
fn writes(device: &Shared) -> usize {
    let received = lock(device).received().to_vec();
    received.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b":81520")).count()
}

#[tokio::test]
async fn a_current_limit_is_set_kept_and_given_back() {
    let device = charger();
    voltage(&device, 12.5);
    let site = start(device, Mode::Run);
    site.until("the limit", |_, device| raw(device, LIMIT) == 50).await;
    assert_eq!(raw(&site.device, NETWORK_MODE), 5, "the companion comes first");
    assert!((lock(&site.device).charge_current_limit() - 5.0).abs() < 1e-9, "the charger obeys");
    // Longer than the device holds a value by itself.
    site.until("three renewals", |_, device| writes(device) >= 4).await;
    assert_eq!(raw(&site.device, LIMIT), 50);
    let status = site.status().await;
    let of_limit = |kind: &str| {
        let lines = status.journal.iter().filter(|line| line.subject == "charge_limit");
        lines.filter(|line| line.kind == kind).count()
    };
    let told = (of_limit("intent"), of_limit("result"));
    assert_eq!(told, (1, 1), "renewals are not journaled: {:#?}", status.journal);
    assert!(status.journal.iter().any(|line| line.what == "the battery has 12.5 V"));
    assert_eq!(status.outputs[0].read_back, "5");

    voltage(&site.device, 14.5);
    site.until("the release", |status, device| {
        raw(device, LIMIT) == 0xFFFF
            && raw(device, NETWORK_MODE) == 0
            && status.outputs[0].read_back == "released"
    })
    .await;
    assert_eq!(lock(&site.device).stored_writes(), 0, "nothing was written to flash");
    site.daemon.stop().await;
}

#[tokio::test]
async fn stopping_gives_the_limit_back() {
    let device = charger();
    voltage(&device, 12.5);
    let site = start(device, Mode::Run);
    site.until("the limit", |status, _| status.outputs[0].read_back == "5").await;
    let Site { device, daemon, .. } = site;
    daemon.stop().await;
    assert_eq!((raw(&device, LIMIT), raw(&device, NETWORK_MODE)), (0xFFFF, 0));
}

#[tokio::test]
async fn a_restarted_charger_is_told_again() {
    let device = charger();
    voltage(&device, 12.5);
    let site = start(device, Mode::Run);
    site.until("the limit", |status, _| status.outputs[0].read_back == "5").await;
    // What a restart does to a register that is not stored.
    lock(&site.device).set(LIMIT, &[0xFF, 0xFF]);
    site.until("the limit again", |_, device| raw(device, LIMIT) == 50).await;
    site.daemon.stop().await;
}

#[tokio::test]
async fn observing_writes_no_register() {
    let device = charger();
    voltage(&device, 12.5);
    let site = start(device, Mode::Observe);
    site.until("a would", |status, _| status.journal.iter().any(|line| line.kind == "would")).await;
    assert_eq!((raw(&site.device, LIMIT), writes(&site.device)), (0xFFFF, 0));
    site.daemon.stop().await;
}
