//! The live driver: real ports, real pins, real time around one engine.
//!
//! ```text
//!  tokio, one thread                        std threads
//!  port task per device ─┐                 ┌─ control loop: engine, pins
//!  control socket ───────┼──► inbox ──────►│      │ effects
//!  signals ──────────────┘                 └──────┼─► store writer
//!        ▲────────── register writes ─────────────┘
//! ```
//!
//! Pins are taken to their safe level before anything else is opened.

mod alive;
mod asked;
mod assembly;
mod beginning;
mod control_loop;
mod counts;
mod day_records;
mod deadline;
mod desk;
mod entries;
mod errand;
mod gap;
mod hands;
mod history;
mod identities;
mod inbox;
mod keys;
mod leave;
mod listen;
mod lock;
mod notices;
mod overrides;
mod person;
mod probes;
mod registers;
mod relays;
mod reload;
mod rules;
mod saving;
mod socket;
mod starts;
mod status;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;

pub use lock::Lock as FolderLock;

use crate::actuator::ActuatorError;
use crate::actuator::gpio::{Pins, Wiring};
use crate::actuator::plan::{Plan, Values};
use crate::arbiter::Level;
use crate::clock::Clock;
use crate::config::Config;
use crate::control::{Ask, Reply};
use crate::engine::Mode;
use crate::probe::Threads;
use crate::rules::RuleSet;
use crate::serial::{self, Notice, PortEvent, Recorder};
use crate::session::{self, Poll, Settings, Timing};
use crate::store::StoreError;

pub use control_loop::Summary;
pub use counts::{count_without_daemon, recorded_wear};
use desk::Desk;
use hands::Hands;
use inbox::{Inbox, Input};
use socket::Socket;
pub use starts::Starts;

/// Events that may wait between a port and the control loop.
const PORT_EVENTS: usize = 256;

/// How often the snapshot table is replaced, unless time is compressed.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(10);

/// Points that no input declares count as stale after this time: HEX polls of
/// live registers come every 30 s at the slowest.
const MAX_AGE: Duration = Duration::from_secs(60);

/// How often the register of a switch is read back.
const READ_BACK_SWITCHES: Duration = Duration::from_secs(15);

/// How often that of a set-point is.
const READ_BACK_NUMBERS: Duration = Duration::from_secs(60);

/// What a daemon runs with.
pub struct Options {
    /// The checked configuration.
    pub config: Config,
    /// The compiled rules.
    pub rules: RuleSet,
    /// Whose time it is.
    pub clock: Arc<dyn Clock>,
    /// Who moves pins.
    pub pins: Pins,
    /// How many times longer than in life, on this clock, a conversation with a
    /// device takes: bytes do not get faster with the clock.
    pub pace: f64,
    /// Folder for raw recordings of every port.
    pub record: Option<PathBuf>,
    /// Overrides the mode remembered from the last run.
    pub mode: Option<Mode>,
    /// How many times faster than life the clock runs: storage works at real pace.
    pub speed: f64,
    /// The count of starts that did not last; `None`: nobody counts.
    pub starts: Option<Starts>,
}

/// Why a daemon did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Somebody else runs here.
    #[error("another sunkeep runs with the data folder {} (process {pid})", data.display())]
    Busy {
        /// The data folder.
        data: PathBuf,
        /// As far as known.
        pid: String,
    },
    /// An output cannot be switched: better not to start than to pretend.
    #[error(transparent)]
    Output(#[from] ActuatorError),
    /// The files belong to a newer version.
    #[error("{}", .0.with_cause())]
    Store(#[from] StoreError),
    /// The system refused a thread.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

/// A daemon at work.
pub struct Daemon {
    inbox: Inbox,
    thread: thread::JoinHandle<Summary>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    _probes: Threads,
    /// The loader of rules lives as long as somebody can ask it.
    _rules: reload::Asks,
    _lock: Option<lock::Lock>,
}

impl Daemon {
    /// Starts everything. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// When another daemon runs here, a pin cannot be had, or the files are of
    /// a newer version. Storage that merely fails is no reason not to start.
    pub fn start(options: Options) -> Result<Self, StartError> {
        let (inbox, inputs) = Inbox::new();
        let devices = options.config.devices.iter().map(|device| device.name.as_str());
        let (desk, commands) = Desk::new(devices);
        let desk = Arc::new(desk);
        let runtime = tokio::runtime::Handle::current();
        // A second daemon must find out before it touches a pin.
        let lock = lock::Lock::take(&options.config.data)?;
        if let Err(error) = options.pins.announce(&options.config.pin_table()) {
            tracing::error!(%error, "the pin table was not written: if this process is killed, \
                `safe-outputs` works from the configuration instead");
        }
        let hands =
            Hands::claim(&options.config, &options.pins, desk.clone(), runtime, inbox.clone())?;
        let heartbeat = options.config.heartbeat.map(|pin| Wiring::new(pin, true));
        let heartbeat = heartbeat.map(|pin| options.pins.claim(&pin, Level::Off)).transpose()?;
        let store = history::open(&options, &inbox)?;
        let socket = Socket::bind(&options.config.data);
        let probes = probes::start(&options.config.probes, &inbox).map_err(StartError::Thread)?;
        let config = options.config.clone();
        let loaded = reload::loaded(&options);
        let mut tasks = open_ports(&options, commands, &desk, &inbox);
        tasks.extend(day_records::start(&options, &desk, &inbox));
        let alive = alive::Alive::start(heartbeat).map_err(StartError::Thread)?;
        let watch = deadline::Watch::start(deadline::LIMIT).map_err(StartError::Thread)?;
        let control = assembly::assemble(options, hands, store, inbox.clone(), alive, watch);
        let thread = thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || control.run(inputs))
            .map_err(StartError::Thread)?;
        let asks = reload::start(config, loaded, inbox.clone()).map_err(StartError::Thread)?;
        match socket {
            Ok(socket) => tasks.push(tokio::spawn(socket.serve(desk, inbox.clone(), asks.clone()))),
            Err(error) => {
                tracing::warn!(%error, "no control socket: `arm`, `get` and `set` cannot reach this process")
            }
        }
        Ok(Self { inbox, thread, tasks, _probes: probes, _rules: asks, _lock: lock })
    }

    /// Asks the engine one thing.
    pub async fn ask(&self, ask: Ask) -> Reply {
        socket::ask_engine(&self.inbox, ask).await
    }

    /// Whether the engine's thread has ended by itself, which it never should.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.thread.is_finished()
    }

    /// Takes every output to its exit level, writes what waits, ends.
    pub async fn stop(self) -> Summary {
        self.inbox.deliver(Input::Stop).await;
        // The engine may need its ports for the last writes: they end after it.
        while !self.thread.is_finished() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
        self.thread.join().unwrap_or_default()
    }
}

/// One task a port, and one that carries its events to the control loop.
fn open_ports(
    options: &Options,
    commands: Vec<desk::Receiver>,
    desk: &Arc<Desk>,
    inbox: &Inbox,
) -> Vec<tokio::task::JoinHandle<()>> {
    let mut tasks = Vec::new();
    for (device, commands) in options.config.devices.iter().zip(commands) {
        let (events, heard) = mpsc::channel(PORT_EVENTS);
        let port = serial::Port {
            device: device.name.as_str().into(),
            path: device.port.clone().into(),
            settings: Settings {
                expected_serial: device.serial_number.clone(),
                expected_product: device.product,
                family: device.family,
                timing: Timing::default().scaled(options.pace),
                also: read_backs(&options.config, &device.name),
                watched: true,
                ..Settings::default()
            },
            recorder: options.record.as_ref().and_then(|folder| recorder(folder, &device.name)),
        };
        tasks.push(tokio::spawn(serial::run_port(port, options.clock.clone(), commands, events)));
        tasks.push(tokio::spawn(carry(heard, desk.clone(), inbox.clone())));
    }
    tasks
}

/// What is written is read back, often enough to be noticed when somebody else
/// moves it.
fn read_backs(config: &Config, device: &str) -> Vec<Poll> {
    let plans = config.plans().filter(|(plan, _)| *plan.device == *device);
    let poll = |plan: &Plan| Poll {
        register: plan.register.id,
        every: if plan.values == Values::Number { READ_BACK_NUMBERS } else { READ_BACK_SWITCHES },
    };
    plans.map(|(plan, _)| poll(plan)).collect()
}

/// Carries events of a port to whoever they concern.
async fn carry(mut heard: mpsc::Receiver<PortEvent>, desk: Arc<Desk>, inbox: Inbox) {
    while let Some(event) = heard.recv().await {
        match event.notice {
            Notice::Done { ticket, outcome } => desk.done(ticket, outcome),
            Notice::Session(session::Event::Measured(_)) => inbox.offer(Input::Port(event)),
            _ => inbox.deliver(Input::Port(event)).await,
        }
    }
}

/// A recording is a wish: a disk that cannot take it must not stop control.
fn recorder(folder: &Path, device: &str) -> Option<Recorder> {
    let path = folder.join(format!("{device}.rec"));
    match Recorder::create(&path) {
        Ok(recorder) => Some(recorder),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "not recorded");
            None
        }
    }
}
