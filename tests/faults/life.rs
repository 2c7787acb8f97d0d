//! One life of the daemon in virtual time: sessions, engine, and the glue that
//! the real driver has between them. It dies by being dropped.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use sunkeep::actuator::load_output;
use sunkeep::actuator::setpoint::Plan;
use sunkeep::arbiter::{Gap, Level, OutputId, Saved, Want};
use sunkeep::clock::Now;
use sunkeep::config::{Actuator, Config};
use sunkeep::engine::{Effect, Engine, Event, Mode, Outcome, Setup};
use sunkeep::rules::Memory;
use sunkeep::session::{Event as Said, Link, Outcome as Answer, Session, Settings, Task, TaskId};
use sunkeep::snapshot::Snapshot;
use sunkeep::units::Value;

use crate::board::{Board, Mover};
use crate::disk::Disk;
use crate::site::{DEVICES, MPPT, RELAYS, rules};

/// As in the driver.
const MAX_AGE: Duration = Duration::from_secs(60);
const ROUNDS_MAX: usize = 8;
const MEMORY_EVERY: Duration = Duration::from_secs(60);

/// What moves an output.
enum Hand {
    Relay { relay: usize, active_high: bool },
    LoadOutput { on_mode: u8 },
    Setpoint(Box<Plan>),
}

/// Writes that belong together, one after the other.
struct Series {
    output: OutputId,
    want: Want,
    rest: VecDeque<Task>,
    own: bool,
    result: Outcome,
}

/// What the world gives to a life: its board and its disk.
pub struct Hold<'a> {
    pub board: &'a mut Board,
    pub disk: &'a mut Disk,
}

pub struct Life {
    /// When it began, on the bench's clock; its own monotonic time starts at zero.
    pub born: Duration,
    pub engine: Engine,
    pub sessions: [Session; 2],
    pub connected: [bool; 2],
    pub snapshot: Snapshot,
    config: Config,
    hands: Vec<Hand>,
    series: BTreeMap<TaskId, Series>,
    reads: BTreeMap<TaskId, OutputId>,
    memory_due: Duration,
    pub steps: u64,
}

impl Life {
    /// Claims pins first, then remembers, then begins.
    pub fn begin(at: Duration, config: &Config, set: usize, hold: &mut Hold<'_>) -> Self {
        hold.board.all_safe(Mover::Claim);
        hold.board.renew(at);
        let saved = |key| hold.disk.saved(key);
        let memory = saved("rules").and_then(|json| serde_json::from_str::<Memory>(json).ok());
        let arbiter = saved("arbiter").and_then(|json| serde_json::from_str::<Saved>(json).ok());
        let mode = saved("mode").and_then(Mode::from_word).unwrap_or(Mode::Observe);
        let gap = Gap { at_least: Duration::ZERO, at_most: None };
        let mut snapshot = Snapshot::new();
        let mut rules = rules(config, set);
        rules.bind(&mut snapshot);
        let setup = Setup {
            rules,
            memory: memory.unwrap_or_default().after_restart(),
            policies: config.policies().cloned().collect(),
            interlocks: config.interlocks.clone(),
            // Nobody knows how long nobody lived.
            saved: arbiter.unwrap_or_default().after(gap).0,
            mode,
            first_intent: hold.disk.last_intent() + 1,
        };
        let session = |device: usize| {
            let device = &config.devices[device];
            Session::new(Settings {
                expected_serial: device.serial_number.clone(),
                expected_product: device.product,
                family: device.family,
                ..Settings::default()
            })
        };
        Self {
            born: at,
            engine: Engine::new(Duration::ZERO, setup),
            sessions: [session(0), session(1)],
            connected: [false; 2],
            snapshot,
            hands: hands(config),
            config: config.clone(),
            series: BTreeMap::new(),
            reads: BTreeMap::new(),
            memory_due: Duration::ZERO,
            steps: 0,
        }
    }

    pub fn reload(&mut self, now: Now, set: usize) {
        let mut rules = rules(&self.config, set);
        rules.bind(&mut self.snapshot);
        self.engine.handle(now, Event::Reload(Box::new(rules)));
    }

    pub fn change_mode(&mut self, now: Now, mode: Mode, disk: &mut Disk) {
        self.engine.handle(now, Event::Mode(mode));
        disk.save("mode", mode.word().to_owned());
    }

    /// Opens or closes a port.
    pub fn connect(&mut self, now: Now, port: usize, plugged: bool) {
        if self.connected[port] == plugged {
            return;
        }
        self.connected[port] = plugged;
        match plugged {
            true => self.sessions[port].connected(now.monotonic),
            false => {
                self.sessions[port].disconnected(now.monotonic);
                self.unreadable(now, port);
            }
        }
        self.listen(now, port);
    }

    /// Takes what a session has to say; whether the engine should step.
    pub fn listen(&mut self, now: Now, port: usize) -> bool {
        let mut news = false;
        while let Some(said) = self.sessions[port].event() {
            news = true;
            match said {
                Said::Measured(measured) => {
                    for measurement in &measured {
                        self.snapshot.accept(now, DEVICES[port], measurement, MAX_AGE);
                        self.read_back(now, port, &measurement.name, measurement.value.as_ref());
                    }
                }
                Said::Identified(_) => self.look(now, port),
                Said::IdentityMismatch { .. } => {
                    self.snapshot.forget_device(DEVICES[port]);
                    self.unreadable(now, port);
                }
                Said::Health(health) if health.hex != Link::Alive => self.unreadable(now, port),
                Said::Health(_) => {}
                Said::Restarted => {
                    self.snapshot.forget_device(DEVICES[port]);
                    self.look(now, port);
                }
                Said::Done(task, answer) => self.done(now, task, &answer),
            }
        }
        news
    }

    fn read_back(&mut self, now: Now, port: usize, quantity: &str, value: Option<&Value>) {
        if port != MPPT {
            return;
        }
        for index in 0..self.hands.len() {
            let actual = match &self.hands[index] {
                Hand::LoadOutput { .. } if quantity == load_output::POINT => {
                    value.and_then(Value::as_number).map(|raw| load_output::level_of(raw).into())
                }
                Hand::Setpoint(plan) if quantity == plan.register.name => plan.want_of(value),
                _ => continue,
            };
            let output = OutputId(index as u16);
            self.engine.handle(now, Event::Feedback { output, actual });
        }
    }

    fn unreadable(&mut self, now: Now, port: usize) {
        for (index, hand) in self.hands.iter().enumerate() {
            if port == MPPT && !matches!(hand, Hand::Relay { .. }) {
                let output = OutputId(index as u16);
                self.engine.handle(now, Event::Feedback { output, actual: None });
            }
        }
    }

    fn look(&mut self, now: Now, port: usize) {
        for (index, hand) in self.hands.iter().enumerate() {
            if let Hand::Setpoint(plan) = hand
                && port == MPPT
            {
                let task = self.sessions[port].submit(now.monotonic, plan.read());
                self.reads.insert(task, OutputId(index as u16));
            }
        }
    }

    fn done(&mut self, now: Now, task: TaskId, answer: &Answer) {
        if let Some(output) = self.reads.remove(&task) {
            if let Hand::Setpoint(plan) = &self.hands[output.index()]
                && let Some(actual) = plan.want_read(answer)
            {
                self.engine.handle(now, Event::Feedback { output, actual: Some(actual) });
            }
            return;
        }
        let Some(mut series) = self.series.remove(&task) else { return };
        let outcome = match &self.hands[series.output.index()] {
            Hand::Setpoint(plan) => plan.outcome(answer),
            _ => load_output::outcome(answer),
        };
        let ended = match outcome {
            Outcome::Failed(_) | Outcome::Postponed(_) => Some(outcome),
            Outcome::Took(_) if series.own => {
                series.result = outcome;
                None
            }
            Outcome::Took(_) => Some(Outcome::Failed("another is in charge".to_owned())),
            Outcome::Verified => None,
        };
        match ended {
            Some(outcome) => self.applied(now, series.output, series.want, outcome),
            None => self.next(now, series),
        }
    }

    /// The next write of a series, or its result.
    fn next(&mut self, now: Now, mut series: Series) {
        let Some(task) = series.rest.pop_front() else {
            let Series { output, want, result, .. } = series;
            return self.applied(now, output, want, result);
        };
        series.own = match &self.hands[series.output.index()] {
            Hand::Setpoint(plan) => plan.is_own(&task),
            _ => true,
        };
        let id = self.sessions[MPPT].submit(now.monotonic, task);
        self.series.insert(id, series);
    }

    fn applied(&mut self, now: Now, output: OutputId, want: Want, outcome: Outcome) {
        self.engine.handle(now, Event::Applied { output, want, outcome });
    }

    /// Steps the engine until it wants nothing more.
    pub fn step(&mut self, at: Duration, now: Now, hold: &mut Hold<'_>) {
        for _ in 0..ROUNDS_MAX {
            for (index, hand) in self.hands.iter().enumerate() {
                if let Hand::Relay { relay, active_high } = hand {
                    let level = hold.board.read(*relay).ok();
                    let actual = level.map(|high| level_of(high == *active_high).into());
                    let output = OutputId(index as u16);
                    self.engine.handle(now, Event::Feedback { output, actual });
                }
            }
            let effects = self.engine.step(now, &self.snapshot);
            self.steps += 1;
            if effects.is_empty() {
                break;
            }
            self.save(now, hold.disk);
            effects.into_iter().for_each(|effect| self.perform(at, now, effect, hold));
        }
        if now.monotonic >= self.memory_due {
            self.memory_due = now.monotonic + MEMORY_EVERY;
            self.save(now, hold.disk);
        }
        hold.board.renew(at);
    }

    fn save(&self, now: Now, disk: &mut Disk) {
        let (memory, saved) = self.engine.save(now.monotonic);
        disk.save("rules", serde_json::to_string(memory).expect("plain data"));
        disk.save("arbiter", serde_json::to_string(&saved).expect("plain data"));
    }

    fn perform(&mut self, at: Duration, now: Now, effect: Effect, hold: &mut Hold<'_>) {
        match effect {
            Effect::Record { entry, ticket } => {
                if !hold.disk.record(at, *entry, ticket)
                    && let Some(ticket) = ticket
                {
                    let result = Err("the journal's queue is full".to_owned());
                    self.engine.handle(now, Event::Recorded { ticket, result });
                }
            }
            Effect::Apply { output, want } | Effect::Renew { output, want } => {
                self.apply(now, output, want, hold);
            }
        }
    }

    fn apply(&mut self, now: Now, output: OutputId, want: Want, hold: &mut Hold<'_>) {
        let tasks = match (&self.hands[output.index()], want) {
            (Hand::Relay { relay, active_high }, Want::Level(level)) => {
                let high = (level == Level::On) == *active_high;
                let outcome = match hold.board.write(*relay, high, Mover::Engine) {
                    Ok(read) if read == high => Outcome::Verified,
                    Ok(_) => Outcome::Failed("the pin reads back otherwise".to_owned()),
                    Err(error) => Outcome::Failed(error),
                };
                return self.applied(now, output, want, outcome);
            }
            (Hand::LoadOutput { on_mode }, Want::Level(level)) => {
                vec![load_output::task(level, *on_mode)]
            }
            (Hand::Setpoint(plan), _) => plan.tasks(want),
            _ => panic!("{want} is no level"),
        };
        // A later wish replaces what is under way for the same set-point.
        if matches!(self.hands[output.index()], Hand::Setpoint(_)) {
            for series in self.series.values_mut().filter(|series| series.output == output) {
                series.rest.clear();
                series.result = Outcome::Postponed("replaced by a later wish".to_owned());
            }
        }
        let (rest, result) = (tasks.into(), Outcome::Verified);
        self.next(now, Series { output, want, rest, own: true, result });
    }
}

fn level_of(on: bool) -> Level {
    if on { Level::On } else { Level::Off }
}

fn hands(config: &Config) -> Vec<Hand> {
    let outputs = config.outputs.iter().map(|output| match &output.actuator {
        Actuator::Gpio(wiring) => {
            let relay = RELAYS.iter().position(|relay| relay.pin == wiring.pin);
            Hand::Relay { relay: relay.expect("a known pin"), active_high: wiring.active_high }
        }
        Actuator::LoadOutput { on_mode, .. } => Hand::LoadOutput { on_mode: on_mode.raw() },
    });
    let setpoints =
        config.setpoints.iter().map(|setpoint| Hand::Setpoint(Box::new(setpoint.plan.clone())));
    outputs.chain(setpoints).collect()
}
