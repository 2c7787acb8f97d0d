//! Carries out what the engine decided, on pins and over ports.
//!
//! A pin answers at once. A register answers later, through the inbox of the
//! control loop, because a serial port takes its time and control does not wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

use super::desk::Desk;
use super::inbox::{Inbox, Input};
use super::relays::{Relays, Seen};
use crate::actuator::ActuatorError;
use crate::actuator::gpio::Pins;
use crate::actuator::hand::Hand as Register;
use crate::actuator::originals::Originals;
use crate::actuator::series::{Next, Series};
use crate::arbiter::{Level, OutputId, Want};
use crate::config::{self, Config};
use crate::engine::Outcome;
use crate::session::Outcome as Answer;
use crate::units::Value;
use crate::vedirect::register::Family;

/// How long an original value may take to the disk.
const KEEP_PATIENCE: Duration = Duration::from_secs(5);

/// The pause that a [`Series`] asks for.
const PAUSE: Duration = Duration::from_secs(1);

enum Hand {
    /// By its place among the relays.
    Relay(usize),
    Register {
        hand: Box<Register>,
        latest: Arc<AtomicU64>,
    },
}

impl Hand {
    fn register(hand: Register) -> Self {
        Self::Register { hand: Box::new(hand), latest: Arc::default() }
    }

    fn as_register(&self) -> Option<&Register> {
        match self {
            Self::Relay(_) => None,
            Self::Register { hand, .. } => Some(hand),
        }
    }

    fn of_device(&mut self, device: &str) -> Option<&mut Register> {
        match self {
            Self::Register { hand, .. } if *hand.plan().device == *device => Some(hand),
            Self::Register { .. } | Self::Relay(_) => None,
        }
    }
}

/// All outputs and set-points, in order of configuration.
pub(super) struct Hands {
    hands: Vec<Hand>,
    relays: Relays,
    originals: Originals,
    desk: Arc<Desk>,
    runtime: tokio::runtime::Handle,
    inbox: Inbox,
}

impl Hands {
    /// Claims every pin at its safe level; registers are left alone until their
    /// device is identified.
    pub(super) fn claim(
        config: &Config,
        pins: &Pins,
        desk: Arc<Desk>,
        runtime: tokio::runtime::Handle,
        inbox: Inbox,
    ) -> Result<Self, ActuatorError> {
        let (mut relays, mut failed) = (Vec::new(), Vec::new());
        let mut hands = Vec::new();
        for output in &config.outputs {
            match &output.actuator {
                config::Actuator::Gpio(wiring) => {
                    // The configuration gives every switched output a level as its safe state.
                    let safe = output.policy.safe.level().unwrap_or(Level::Off);
                    hands.push(Hand::Relay(relays.len()));
                    // All pins are taken to safe, whatever is wrong with one of them.
                    match pins.claim(wiring, safe) {
                        Ok(relay) => relays.push((relay, safe)),
                        Err(error) => failed.push(error),
                    }
                }
                config::Actuator::Register(plan) => {
                    hands.push(Hand::register(Register::new(plan.clone(), output.policy.safe)));
                }
            }
        }
        for setpoint in &config.setpoints {
            let hand = Register::new(setpoint.plan.clone(), setpoint.policy.safe);
            hands.push(Hand::register(hand));
        }
        if !failed.is_empty() {
            return Err(ActuatorError::Several(failed));
        }
        let (relays, originals) = (Relays::new(relays)?, Originals::default());
        Ok(Self { hands, relays, originals, desk, runtime, inbox })
    }

    /// Takes what an earlier run has kept. Returns the values that nobody is going
    /// to give back.
    pub(super) fn remember(&mut self, originals: Originals) -> Vec<String> {
        for hand in &mut self.hands {
            if let Hand::Register { hand, .. } = hand {
                hand.remember(&originals);
            }
        }
        self.originals = originals;
        let registers = self.hands.iter().filter_map(Hand::as_register);
        self.originals.strays(registers.map(Register::plan))
    }

    /// What must be there after a restart.
    pub(super) const fn originals(&self) -> &Originals {
        &self.originals
    }

    /// The engine has completed a step.
    pub(super) fn renew(&self) {
        self.relays.renew();
    }

    /// Pins stay where they are from now on.
    pub(super) fn end(&self) {
        self.relays.end();
    }

    /// What the relays show now.
    pub(super) fn relays(&mut self) -> Vec<(OutputId, Seen)> {
        let numbered = self.hands.iter().enumerate();
        let seen = numbered.filter_map(|(index, hand)| match hand {
            // The configuration counts outputs in a u16.
            Hand::Relay(place) => Some((OutputId(index as u16), self.relays.look(*place))),
            Hand::Register { .. } => None,
        });
        seen.collect()
    }

    /// The outputs and set-points that are registers of `device`.
    fn registers_of<'a>(
        &'a mut self,
        device: &'a str,
    ) -> impl Iterator<Item = (OutputId, &'a mut Register)> + 'a {
        let numbered = self.hands.iter_mut().enumerate();
        // The configuration counts outputs in a u16.
        numbered.filter_map(move |(index, hand)| {
            Some((OutputId(index as u16), hand.of_device(device)?))
        })
    }

    /// A device cannot be read any more: the outputs that this concerns.
    pub(super) fn lost(&mut self, device: &str) -> Vec<OutputId> {
        let lost = |(output, hand): (OutputId, &mut Register)| {
            hand.lost();
            output
        };
        self.registers_of(device).map(lost).collect()
    }

    /// A device has said what it is. Returns outputs that it cannot be, and why.
    pub(super) fn identified(
        &mut self,
        device: &str,
        firmware: Option<u16>,
        family: Option<Family>,
    ) -> Vec<(OutputId, String)> {
        let refused = |(output, hand): (OutputId, &mut Register)| {
            Some((output, hand.identified(firmware, family)?.to_owned()))
        };
        let refused = self.registers_of(device).filter_map(refused).collect();
        self.look(device);
        refused
    }

    /// What a measurement of `device` tells of its outputs and set-points.
    pub(super) fn measured(
        &mut self,
        device: &str,
        point: &str,
        value: Option<&Value>,
    ) -> Vec<(OutputId, Option<Want>)> {
        let told = |(output, hand): (OutputId, &mut Register)| {
            Some((output, hand.measured(point, value)?))
        };
        self.registers_of(device).filter_map(told).collect()
    }

    /// Reads where the registers of a device are: it has just said what it is, or
    /// has restarted. The answers come through the inbox.
    pub(super) fn look(&mut self, device: &str) {
        let reads: Vec<_> =
            self.registers_of(device).map(|(output, hand)| (output, hand.read())).collect();
        for (output, read) in reads {
            // With a full queue the next poll tells.
            let Some(answer) = self.desk.submit(device, read) else { continue };
            let inbox = self.inbox.clone();
            self.runtime.spawn(async move {
                if let Ok(answer) = answer.await {
                    inbox.deliver(Input::Looked { output, answer }).await;
                }
            });
        }
    }

    /// What an answer to [`Hands::look`] tells.
    pub(super) fn looked(&mut self, output: OutputId, answer: &Answer) -> Option<Want> {
        self.register(output)?.looked(answer)
    }

    /// Keeps the value that a register had before the first write.
    pub(super) fn keep(&mut self, output: OutputId, value: f64) {
        if let Some(Hand::Register { hand, .. }) = self.hands.get_mut(output.index()) {
            hand.keep(value, &mut self.originals);
        }
    }

    /// What became of an act.
    pub(super) fn applied(&mut self, output: OutputId, want: Want, outcome: &Outcome) {
        if let Some(hand) = self.register(output) {
            hand.applied(want, outcome);
        }
    }

    /// Lets go of the originals that are there again.
    pub(super) fn given_back(&mut self) -> bool {
        let mut any = false;
        for hand in &mut self.hands {
            if let Hand::Register { hand, .. } = hand {
                any |= hand.given_back(&mut self.originals);
            }
        }
        any
    }

    fn register(&mut self, output: OutputId) -> Option<&mut Register> {
        match self.hands.get_mut(output.index())? {
            Hand::Relay(_) => None,
            Hand::Register { hand, .. } => Some(hand),
        }
    }

    /// Brings an output to a level or value. `None`: the answer comes later, through
    /// the inbox or with what the relays show.
    pub(super) fn apply(&mut self, output: OutputId, want: Want) -> Option<Outcome> {
        let (series, device, turn) = match (&mut self.hands[output.index()], want) {
            (Hand::Relay(place), Want::Level(level)) => {
                return self.relays.command(*place, level);
            }
            (Hand::Relay(_), other) => {
                return Some(Outcome::Failed(format!("a switched output cannot be {other}")));
            }
            (Hand::Register { hand, latest }, _) => match hand.apply(want) {
                Ok(series) => (series, hand.plan().device.clone(), Turn::next(latest)),
                Err(refused) => return Some(refused),
            },
        };
        let (desk, inbox) = (self.desk.clone(), self.inbox.clone());
        self.runtime.spawn(async move {
            let errand = Errand { output, device, turn, desk, inbox };
            let outcome = errand.carry_out(series).await;
            errand.inbox.deliver(Input::Applied { output, want, outcome }).await;
        });
        None
    }
}

/// One of several series of writes to one register: the latest alone goes on, so
/// that an older one cannot finish after it.
struct Turn {
    latest: Arc<AtomicU64>,
    mine: u64,
}

impl Turn {
    fn next(latest: &Arc<AtomicU64>) -> Self {
        let mine = latest.fetch_add(1, Ordering::Relaxed) + 1;
        Self { latest: latest.clone(), mine }
    }

    fn is_latest(&self) -> bool {
        self.latest.load(Ordering::Relaxed) == self.mine
    }
}

/// A series on its way between the port and the journal.
struct Errand {
    output: OutputId,
    device: Arc<str>,
    turn: Turn,
    desk: Arc<Desk>,
    inbox: Inbox,
}

impl Errand {
    async fn carry_out(&self, mut series: Series) -> Outcome {
        loop {
            let next = series.due();
            match next {
                Next::Ended(outcome) => return outcome,
                _ if !self.turn.is_latest() => series.give_up("replaced by a later wish"),
                Next::Ask(task) => match self.desk.submit(&self.device, task) {
                    None => series.answered(&Answer::QueueFull),
                    Some(answer) => match answer.await {
                        Ok(answer) => series.answered(&answer),
                        Err(_) => return Outcome::Failed("the port was lost".to_owned()),
                    },
                },
                Next::Keep { value, wait } => series.kept(self.keep(value, wait).await),
                Next::Pause => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Has the original value journaled, and waits until it is on the disk.
    async fn keep(&self, value: f64, wait: bool) -> Result<(), String> {
        let (recorded, answer) = oneshot::channel();
        self.inbox.deliver(Input::Original { output: self.output, value, recorded }).await;
        if !wait {
            return Ok(());
        }
        match tokio::time::timeout(KEEP_PATIENCE, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err("the program is ending".to_owned()),
            Err(_) => Err("it did not answer in time".to_owned()),
        }
    }
}
