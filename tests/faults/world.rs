//! Everything around a life: devices, cables, clock, board, disk; and the truth,
//! which only the judge is told.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use sunkeep::clock::Now;
use sunkeep::config::Config;
use sunkeep::engine::{Event, Mode};
use sunkeep::sim::device::{Aux, Device, Kind, Measured, Options};
use sunkeep::sim::faults::Clamp;
use sunkeep::sim::random::Random;

use crate::board::Board;
use crate::disk::Disk;
use crate::judge::{CHARGE_LIMIT, Judge, LOAD_OUTPUT_CONTROL};
use crate::life::{Hold, Life};
use crate::site::{MPPT, SHUNT, config};

/// Steps happen at least this often.
const TICK: Duration = Duration::from_secs(1);
/// Time does not move in finer steps.
const GRAIN: Duration = Duration::from_millis(10);
/// Longest time an orderly end may take.
const EXIT_LIMIT: Duration = Duration::from_secs(10);

/// What is true of the site.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Truth {
    pub soc: f64,
    pub cells: f64,
    pub voltage: f64,
}

/// What is wrong with a cable.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cable {
    /// Which device is at the other end; `None`: pulled.
    pub to: Option<usize>,
    /// Share of bytes with a flipped bit.
    pub noise: f64,
    /// Bytes towards the device are lost.
    pub deaf: bool,
    /// BMV history blocks get through, the others do not.
    pub history_only: bool,
}

pub struct World {
    pub now: Duration,
    pub wall_ahead: i64,
    pub wall_trusted: bool,
    pub devices: [Device; 2],
    pub cables: [Cable; 2],
    pub board: Board,
    pub disk: Disk,
    pub life: Option<Life>,
    pub judge: Judge,
    pub truth: Truth,
    /// The engine does nothing until then, and nothing is fetched from ports.
    pub hung_until: Duration,
    /// Rules of the next start or reload.
    pub rules: usize,
    pub dice: Random,
    config: Config,
    tick_due: Duration,
    waiting: [VecDeque<Vec<u8>>; 2],
}

impl World {
    pub fn new(seed: u64) -> Self {
        let options = |seed| Options { seed, ..Options::default() };
        let mut world = Self {
            now: Duration::ZERO,
            wall_ahead: 1_793_500_000,
            wall_trusted: true,
            devices: [
                Device::new(Kind::Mppt, options(seed)),
                Device::new(Kind::SmartShunt, options(seed + 1)),
            ],
            cables: [MPPT, SHUNT].map(|device| Cable { to: Some(device), ..Cable::default() }),
            board: Board::new(),
            disk: Disk::new(),
            life: None,
            judge: Judge::default(),
            truth: Truth { soc: 60.0, cells: 10.0, voltage: 13.2 },
            hung_until: Duration::ZERO,
            rules: 0,
            dice: Random::new(seed),
            config: config(),
            tick_due: Duration::ZERO,
            waiting: Default::default(),
        };
        world.show(world.truth);
        world
    }

    /// A world whose daemon runs and acts.
    pub fn armed(seed: u64) -> Self {
        let mut world = Self::new(seed);
        world.begin();
        world.mode(Mode::Run);
        world
    }

    pub fn wall(&self, monotonic: Duration) -> Now {
        let since = i64::try_from(self.now.as_millis()).expect("a few thousand years");
        let wall = Timestamp::from_millisecond(self.wall_ahead * 1000 + since).expect("a date");
        Now { monotonic, wall, wall_trusted: self.wall_trusted }
    }

    fn life_now(&self) -> Now {
        let born = self.life.as_ref().map_or(Duration::ZERO, |life| life.born);
        self.wall(self.now - born)
    }

    /// Sets what is true; the devices measure it.
    pub fn show(&mut self, truth: Truth) {
        self.truth = truth;
        self.judge.see(self.now, truth);
        let Measured::Charger(mut charger) = self.devices[MPPT].measured().clone() else {
            panic!("a charger")
        };
        charger.battery_voltage = truth.voltage;
        self.devices[MPPT].measure(Measured::Charger(charger));
        let Measured::Monitor(mut monitor) = self.devices[SHUNT].measured().clone() else {
            panic!("a monitor")
        };
        monitor.state_of_charge = Some(truth.soc);
        monitor.aux = Aux::Temperature(Some(truth.cells));
        self.devices[SHUNT].measure(Measured::Monitor(monitor));
    }

    pub fn begin(&mut self) {
        let mut hold = Hold { board: &mut self.board, disk: &mut self.disk };
        self.life = Some(Life::begin(self.now, &self.config, self.rules, &mut hold));
        self.judge.begins(self.now);
        self.look_at_pins();
    }

    /// The process is killed.
    pub fn kill(&mut self) {
        self.life = None;
        self.disk.crash();
        self.board.release_lease();
        self.waiting = Default::default();
        self.judge.dies(self.now);
    }

    /// The process is asked to end, and does within its limit.
    pub fn end(&mut self) {
        let Some(life) = &mut self.life else { return };
        let born = life.born;
        let limit = self.now + EXIT_LIMIT;
        self.judge.ends();
        let now = self.wall(self.now - born);
        if let Some(life) = &mut self.life {
            life.engine.handle(now, Event::Stop);
        }
        self.step();
        while self.now < limit && self.life.as_ref().is_some_and(|life| !life.engine.settled()) {
            self.advance(limit);
        }
        self.disk.close(self.now);
        self.life = None;
        self.board.release_lease();
        self.waiting = Default::default();
        self.judge.dies(self.now);
    }

    pub fn mode(&mut self, mode: Mode) {
        let now = self.life_now();
        if let Some(life) = &mut self.life {
            life.change_mode(now, mode, &mut self.disk);
        }
    }

    /// Somebody's telephone switches the load.
    pub fn foreign_load(&mut self) {
        let off = self.devices[MPPT].register(LOAD_OUTPUT_CONTROL).is_some_and(|raw| raw[0] == 0);
        self.devices[MPPT].set(LOAD_OUTPUT_CONTROL, &[u8::from(off)]);
        self.judge.foreign_load(self.now, !off);
    }

    /// The charger takes 3 A at most, and does not say so.
    pub fn clamp(&mut self) {
        let clamp = Clamp { register: CHARGE_LIMIT, max: 30 };
        self.devices[MPPT].faults_mut().clamps.push(clamp);
    }

    pub fn reload(&mut self, set: usize) {
        self.rules = set;
        let now = self.life_now();
        if let Some(life) = &mut self.life {
            life.reload(now, set);
        }
    }

    /// Lets time pass.
    pub fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while self.now < end {
            self.advance(end);
        }
    }

    pub fn pass_secs(&mut self, seconds: u64) {
        self.pass(Duration::from_secs(seconds));
    }

    /// Goes to the next moment at which anything may happen, `end` at the latest.
    fn advance(&mut self, end: Duration) {
        let mut next = end.min(self.tick_due);
        for device in &self.devices {
            next = next.min(device.next_wake());
        }
        if let Some(life) = &self.life {
            let deadlines = life.sessions.iter().filter_map(|session| session.deadline());
            next = deadlines.fold(next, |next, at| next.min(life.born + at));
            next = next.min(self.disk.next_wake().unwrap_or(next));
        }
        if self.board.expiry().is_some_and(|at| at >= self.now) {
            next = next.min(self.board.expiry().unwrap_or(next) + GRAIN);
        }
        let grain = GRAIN.as_nanos() as u64;
        let rounded = (next.as_nanos() as u64).div_ceil(grain) * grain;
        self.now =
            Duration::from_nanos(rounded).max(self.now + GRAIN).min(end.max(self.now + GRAIN));
        self.happen();
    }

    fn happen(&mut self) {
        let spoken = [MPPT, SHUNT].map(|device| self.devices[device].transmit(self.now));
        let mut news = self.now >= self.tick_due;
        if news {
            self.tick_due = self.now + TICK;
        }
        if self.life.is_some() {
            self.carry(spoken);
            if self.now >= self.hung_until {
                news |= self.converse();
                news |= self.acknowledge();
                if news {
                    self.step();
                }
            }
        }
        self.board.guard(self.now);
        self.look_at_pins();
        self.judge.devices(self.now, &self.devices, &mut self.disk, self.life.is_some());
        self.judge.look(self.now, &self.board);
    }

    /// Brings what devices say to the near ends of their cables.
    fn carry(&mut self, spoken: [Vec<u8>; 2]) {
        for port in 0..2 {
            let cable = self.cables[port];
            let Some(device) = cable.to else { continue };
            let mut bytes = spoken[device].clone();
            if cable.history_only && !is_history(&bytes) {
                continue;
            }
            if bytes.is_empty() {
                continue;
            }
            for byte in &mut bytes {
                if cable.noise > 0.0 && self.dice.unit() < cable.noise {
                    *byte ^= 1 << (self.dice.bits() % 8);
                }
            }
            // What is damaged may still have a whole part; truth is looked at beside.
            if port == device {
                self.judge.heard(self.now, device);
            }
            self.waiting[port].push_back(bytes);
        }
    }

    /// Ports and sessions: the same as the driver's tasks do.
    fn converse(&mut self) -> bool {
        let now = self.life_now();
        let Some(life) = &mut self.life else { return false };
        let mut news = false;
        for port in 0..2 {
            let cable = self.cables[port];
            life.connect(now, port, cable.to.is_some());
            let session = &mut life.sessions[port];
            for bytes in self.waiting[port].drain(..) {
                session.receive(now.monotonic, &bytes);
            }
            session.tick(now.monotonic);
            while let Some(frame) = session.transmit(now.monotonic) {
                self.judge.sent(port, &frame);
                if let Some(device) = cable.to.filter(|_| !cable.deaf) {
                    self.devices[device].receive(self.now, &frame);
                }
            }
            news |= life.listen(now, port);
        }
        news
    }

    fn acknowledge(&mut self) -> bool {
        let acks = self.disk.work(self.now);
        let now = self.life_now();
        let Some(life) = &mut self.life else { return false };
        for ack in &acks {
            let (ticket, result) = (ack.ticket, ack.result.clone());
            life.recorded(now, ticket, result);
        }
        !acks.is_empty()
    }

    fn step(&mut self) {
        let now = self.life_now();
        let mut hold = Hold { board: &mut self.board, disk: &mut self.disk };
        if let Some(life) = &mut self.life {
            life.step(self.now, now, &mut hold);
        }
    }

    fn look_at_pins(&mut self) {
        for act in self.board.moves() {
            self.judge.moved(self.now, act, &mut self.disk);
        }
    }
}

/// A block of a BMV's history, and nothing but that.
fn is_history(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.contains("\r\nH1\t") && !text.contains("\r\nSOC\t")
}
