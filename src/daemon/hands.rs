//! Carries out what the engine decided, on pins and over ports.
//!
//! A pin answers at once. A register answers later, through the inbox of the
//! control loop, because a serial port takes its time and control does not wait.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::desk::Desk;
use super::errand::{Errand, Turn};
use super::inbox::{Inbox, Input};
use super::relays::{Relays, Seen};
use crate::actuator::ActuatorError;
use crate::actuator::gpio::Pins;
use crate::actuator::hand::Hand as Register;
use crate::actuator::originals::Originals;
use crate::arbiter::{Level, OutputId, Want};
use crate::config::{self, Config};
use crate::engine::Outcome;
use crate::session::Outcome as Answer;
use crate::units::Value;
use crate::vedirect::register::Family;

enum Hand {
    /// By its place among the relays.
    Relay(usize),
    Register {
        hand: Box<Register>,
        latest: Arc<AtomicU64>,
        /// It has one value for ever, which is no way back: a budget holds for it.
        fixed: bool,
    },
}

impl Hand {
    fn register(hand: Register, fixed: bool) -> Self {
        Self::Register { hand: Box::new(hand), latest: Arc::default(), fixed }
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
                    let hand = Register::new(plan.clone(), output.policy.safe);
                    hands.push(Hand::register(hand, false));
                }
            }
        }
        for setpoint in &config.setpoints {
            let hand = Register::new(setpoint.plan.clone(), setpoint.policy.safe);
            hands.push(Hand::register(hand, setpoint.fixed));
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

    /// The value that an output is going to give back, in words.
    pub(super) fn owed(&self, output: OutputId) -> Option<String> {
        self.hands.get(output.index())?.as_register()?.owed()
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

    /// Whether some output or set-point is a register of this device.
    pub(super) fn writes_to(&self, device: &str) -> bool {
        self.hands.iter().filter_map(Hand::as_register).any(|hand| *hand.plan().device == *device)
    }

    /// The output or set-point that writes this register.
    pub(super) fn output_of(&self, device: &str, register: u16) -> Option<OutputId> {
        let writes = |hand: &Register| {
            let plan = hand.plan();
            *plan.device == *device && plan.writes().any(|own| own == register)
        };
        let found = self.hands.iter().position(|hand| hand.as_register().is_some_and(writes))?;
        // The configuration counts outputs in a u16.
        Some(OutputId(found as u16))
    }

    /// Brings an output to a level or value, which is the way back to safe or is not.
    /// `None`: the answer comes later, through the inbox or with what the relays show.
    pub(super) fn apply(&mut self, output: OutputId, want: Want, to_safe: bool) -> Option<Outcome> {
        let (series, device, turn, to_safe) = match (&mut self.hands[output.index()], want) {
            (Hand::Relay(place), Want::Level(level)) => {
                return self.relays.command(*place, level);
            }
            (Hand::Relay(_), other) => {
                return Some(Outcome::Failed(format!("a switched output cannot be {other}")));
            }
            (Hand::Register { hand, latest, fixed }, _) => match hand.apply(want) {
                Ok(series) => {
                    let device = hand.plan().device.clone();
                    (series, device, Turn::next(latest), to_safe && !*fixed)
                }
                Err(refused) => return Some(refused),
            },
        };
        let (desk, inbox) = (self.desk.clone(), self.inbox.clone());
        self.runtime.spawn(async move {
            let errand = Errand { output, device, to_safe, turn, desk, inbox };
            let outcome = errand.carry_out(series).await;
            errand.inbox.deliver(Input::Applied { output, want, outcome }).await;
        });
        None
    }
}
