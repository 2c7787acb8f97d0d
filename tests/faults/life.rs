//! One life of the daemon in virtual time: sessions, engine, and the glue that
//! the real driver has between them. It dies by being dropped.

use std::collections::BTreeMap;
use std::time::Duration;

use sunkeep::actuator::hand::Hand as Register;
use sunkeep::actuator::originals::Originals;
use sunkeep::actuator::plan::Plan;
use sunkeep::actuator::series::{Next, Series};
use sunkeep::arbiter::{Gap, Level, OutputId, Saved, Want};
use sunkeep::clock::Now;
use sunkeep::config::{Actuator, Config};
use sunkeep::engine::{Effect, Engine, Event, Mode, Outcome, Setup};
use sunkeep::journal::{Entry, Kind};
use sunkeep::rules::Memory;
use sunkeep::session::{Event as Said, Link, Outcome as Answer, Session, Settings, TaskId};
use sunkeep::snapshot::Snapshot;
use sunkeep::units::Value;
use sunkeep::vedirect::hex::Version;
use sunkeep::vedirect::product;
use sunkeep::vedirect::text::Identity;

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
    Register(Box<Register>),
}

/// Writes that belong together, on their way.
struct Errand {
    output: OutputId,
    want: Want,
    series: Series,
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
    errands: BTreeMap<TaskId, Errand>,
    /// Values before the first write: on their way to the disk, and those that wait for it.
    to_keep: Vec<(Errand, f64)>,
    keeping: BTreeMap<u64, Errand>,
    next_kept: u64,
    originals: Originals,
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
        let originals = saved("originals").and_then(|json| serde_json::from_str(json).ok());
        let originals: Originals = originals.unwrap_or_default();
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
            hands: hands(config, &originals),
            originals,
            config: config.clone(),
            errands: BTreeMap::new(),
            to_keep: Vec::new(),
            keeping: BTreeMap::new(),
            next_kept: 1 << 62,
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
                Said::Identified(identity) => self.identified(now, port, &identity),
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
                // Nobody watches over these sessions: the judge does.
                Said::Leaving(..) => unreachable!(),
                Said::Done(task, answer) => self.done(now, task, &answer),
            }
        }
        news
    }

    fn registers(&mut self, port: usize) -> impl Iterator<Item = (OutputId, &mut Register)> {
        let hands = self.hands.iter_mut().enumerate().filter(move |_| port == MPPT);
        hands.filter_map(|(index, hand)| match hand {
            Hand::Relay { .. } => None,
            Hand::Register(hand) => Some((OutputId(index as u16), &mut **hand)),
        })
    }

    fn read_back(&mut self, now: Now, port: usize, quantity: &str, value: Option<&Value>) {
        let told: Vec<_> = self
            .registers(port)
            .filter_map(|(output, hand)| Some((output, hand.measured(quantity, value)?)))
            .collect();
        for (output, actual) in told {
            self.engine.handle(now, Event::Feedback { output, actual });
        }
    }

    fn unreadable(&mut self, now: Now, port: usize) {
        let lost = |(output, hand): (OutputId, &mut Register)| {
            hand.lost();
            output
        };
        let lost: Vec<_> = self.registers(port).map(lost).collect();
        for output in lost {
            self.engine.handle(now, Event::Feedback { output, actual: None });
        }
    }

    fn identified(&mut self, now: Now, port: usize, identity: &Identity) {
        let family = identity.product.and_then(product::find).map(|product| product.family);
        let firmware = identity.firmware.map(Version::number);
        if identity.product.is_some() {
            // With cables swapped it is another one, and refuses.
            for (_, hand) in self.registers(port) {
                let _ = hand.identified(firmware, family);
            }
        }
        self.look(now, port);
    }

    fn look(&mut self, now: Now, port: usize) {
        let reads: Vec<_> =
            self.registers(port).map(|(output, hand)| (output, hand.read())).collect();
        for (output, read) in reads {
            let task = self.sessions[port].submit(now.monotonic, read);
            self.reads.insert(task, output);
        }
    }

    fn done(&mut self, now: Now, task: TaskId, answer: &Answer) {
        if let Some(output) = self.reads.remove(&task) {
            if let Hand::Register(hand) = &mut self.hands[output.index()]
                && let Some(actual) = hand.looked(answer)
            {
                self.engine.handle(now, Event::Feedback { output, actual: Some(actual) });
            }
            return;
        }
        let Some(mut errand) = self.errands.remove(&task) else { return };
        errand.series.answered(answer);
        self.go_on(now, errand);
    }

    /// The next request of a series, or its result.
    fn go_on(&mut self, now: Now, mut errand: Errand) {
        loop {
            match errand.series.due() {
                Next::Ask(task) => {
                    let id = self.sessions[MPPT].submit(now.monotonic, task);
                    self.errands.insert(id, errand);
                    return;
                }
                Next::Keep { value, .. } => return self.to_keep.push((errand, value)),
                Next::Pause => {}
                Next::Ended(outcome) => {
                    let Errand { output, want, .. } = errand;
                    if let Hand::Register(hand) = &mut self.hands[output.index()] {
                        hand.applied(want, &outcome);
                    }
                    return self.applied(now, output, want, outcome);
                }
            }
        }
    }

    /// Puts down what registers have before they are written.
    fn keep(&mut self, at: Duration, now: Now, disk: &mut Disk) {
        for (mut errand, value) in std::mem::take(&mut self.to_keep) {
            if let Hand::Register(hand) = &mut self.hands[errand.output.index()] {
                hand.keep(value, &mut self.originals);
            }
            self.save_originals(disk);
            self.next_kept += 1;
            if disk.record(at, original(now, value), Some(self.next_kept)) {
                self.keeping.insert(self.next_kept, errand);
            } else {
                errand.series.kept(Err("the journal's queue is full".to_owned()));
                self.go_on(now, errand);
            }
        }
    }

    /// The disk has something, or does not take it.
    pub fn recorded(&mut self, now: Now, ticket: u64, result: Result<(), String>) {
        match self.keeping.remove(&ticket) {
            Some(mut errand) => {
                errand.series.kept(result);
                self.go_on(now, errand);
            }
            None => self.engine.handle(now, Event::Recorded { ticket, result }),
        }
    }

    fn save_originals(&self, disk: &mut Disk) {
        disk.save("originals", serde_json::to_string(&self.originals).expect("plain data"));
    }

    fn applied(&mut self, now: Now, output: OutputId, want: Want, outcome: Outcome) {
        self.engine.handle(now, Event::Applied { output, want, outcome });
    }

    /// Steps the engine until it wants nothing more.
    pub fn step(&mut self, at: Duration, now: Now, hold: &mut Hold<'_>) {
        self.keep(at, now, hold.disk);
        let mut given_back = false;
        for hand in &mut self.hands {
            if let Hand::Register(hand) = hand {
                given_back |= hand.given_back(&mut self.originals);
            }
        }
        if given_back {
            self.save_originals(hold.disk);
        }
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
        let series = match (&mut self.hands[output.index()], want) {
            (Hand::Relay { relay, active_high }, Want::Level(level)) => {
                let high = (level == Level::On) == *active_high;
                let outcome = match hold.board.write(*relay, high, Mover::Engine) {
                    Ok(read) if read == high => Outcome::Verified,
                    Ok(_) => Outcome::Failed("the pin reads back otherwise".to_owned()),
                    Err(error) => Outcome::Failed(error),
                };
                return self.applied(now, output, want, outcome);
            }
            (Hand::Relay { .. }, other) => panic!("{other} is no level"),
            (Hand::Register(hand), _) => match hand.apply(want) {
                Ok(series) => series,
                Err(refused) => return self.applied(now, output, want, refused),
            },
        };
        // A later wish replaces what is under way for the same register.
        let waiting = self.to_keep.iter_mut().map(|(errand, _)| errand);
        let under_way = self.errands.values_mut().chain(self.keeping.values_mut()).chain(waiting);
        for errand in under_way.filter(|errand| errand.output == output) {
            errand.series.give_up("replaced by a later wish");
        }
        self.go_on(now, Errand { output, want, series });
    }
}

fn original(at: Now, value: f64) -> Entry {
    Entry {
        at,
        kind: Kind::Result,
        subject: String::new(),
        what: format!("original {value}"),
        rule: None,
        reason: String::new(),
        used: Vec::new(),
        conditions: Vec::new(),
        intent: None,
    }
}

fn level_of(on: bool) -> Level {
    if on { Level::On } else { Level::Off }
}

fn hands(config: &Config, originals: &Originals) -> Vec<Hand> {
    let register = |plan: &Plan, safe| {
        let mut hand = Register::new(plan.clone(), safe);
        hand.remember(originals);
        Hand::Register(Box::new(hand))
    };
    let outputs = config.outputs.iter().map(|output| match &output.actuator {
        Actuator::Gpio(wiring) => {
            let relay = RELAYS.iter().position(|relay| relay.pin == wiring.pin);
            Hand::Relay { relay: relay.expect("a known pin"), active_high: wiring.active_high }
        }
        Actuator::Register(plan) => register(plan, output.policy.safe),
    });
    let setpoints =
        config.setpoints.iter().map(|setpoint| register(&setpoint.plan, setpoint.policy.safe));
    outputs.chain(setpoints).collect()
}
