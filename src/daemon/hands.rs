//! Carries out what the engine decided, on pins and over ports.
//!
//! A pin answers at once. A register answers later, through the inbox of the
//! control loop, because a serial port takes its time and control does not wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::desk::Desk;
use super::inbox::{Inbox, Input};
use super::relays::{Relays, Seen};
use crate::actuator::gpio::Pins;
use crate::actuator::setpoint::Plan;
use crate::actuator::{ActuatorError, load_output};
use crate::arbiter::{Level, OutputId, Want};
use crate::config::{self, Config};
use crate::engine::Outcome;
use crate::session::Outcome as Answer;
use crate::units::Value;

enum Hand {
    /// By its place among the relays.
    Relay(usize),
    LoadOutput {
        device: Arc<str>,
        on_mode: u8,
    },
    Setpoint {
        plan: Plan,
        latest: Arc<AtomicU64>,
    },
}

impl Hand {
    fn device(&self) -> Option<&str> {
        match self {
            Self::Relay(_) => None,
            Self::LoadOutput { device, .. } => Some(device),
            Self::Setpoint { plan, .. } => Some(&plan.device),
        }
    }
}

/// All outputs and set-points, in order of configuration.
pub(super) struct Hands {
    hands: Vec<Hand>,
    relays: Relays,
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
                config::Actuator::LoadOutput { device, on_mode } => {
                    let device = device.as_str().into();
                    hands.push(Hand::LoadOutput { device, on_mode: on_mode.raw() });
                }
            }
        }
        for setpoint in &config.setpoints {
            hands.push(Hand::Setpoint { plan: setpoint.plan.clone(), latest: Arc::default() });
        }
        if !failed.is_empty() {
            return Err(ActuatorError::Several(failed));
        }
        Ok(Self { hands, relays: Relays::new(relays)?, desk, runtime, inbox })
    }

    /// The engine has completed a step.
    pub(super) fn renew(&self) {
        self.relays.renew();
    }

    /// Pins stay where they are from now on.
    pub(super) fn end(&self) {
        self.relays.end();
    }

    fn numbered(&self) -> impl Iterator<Item = (OutputId, &Hand)> {
        // The configuration counts outputs in a u16.
        self.hands.iter().enumerate().map(|(index, hand)| (OutputId(index as u16), hand))
    }

    /// What the relays show now.
    pub(super) fn relays(&mut self) -> Vec<(OutputId, Seen)> {
        let numbered = self.hands.iter().enumerate();
        let seen = numbered.filter_map(|(index, hand)| match hand {
            // The configuration counts outputs in a u16.
            Hand::Relay(place) => Some((OutputId(index as u16), self.relays.look(*place))),
            Hand::LoadOutput { .. } | Hand::Setpoint { .. } => None,
        });
        seen.collect()
    }

    /// The outputs and set-points that are registers of `device`.
    pub(super) fn registers_of<'a>(
        &'a self,
        device: &'a str,
    ) -> impl Iterator<Item = OutputId> + 'a {
        self.numbered()
            .filter(move |(_, hand)| hand.device() == Some(device))
            .map(|(output, _)| output)
    }

    /// The output whose read-back is this quantity of `device`, and what it says.
    pub(super) fn measured(
        &self,
        device: &str,
        quantity: &str,
        value: Option<&Value>,
    ) -> Option<(OutputId, Option<Want>)> {
        self.numbered().filter(|(_, hand)| hand.device() == Some(device)).find_map(
            |(output, hand)| match hand {
                Hand::LoadOutput { .. } if quantity == load_output::POINT => {
                    let number = value.and_then(Value::as_number);
                    Some((output, number.map(|raw| load_output::level_of(raw).into())))
                }
                Hand::Setpoint { plan, .. } if quantity == plan.register.name => {
                    Some((output, plan.want_of(value)))
                }
                _ => None,
            },
        )
    }

    /// Reads where the set-points of a device are: it has just said what it is, or
    /// has restarted. The answers come through the inbox.
    pub(super) fn look(&self, device: &str) {
        for (output, hand) in self.numbered() {
            let Hand::Setpoint { plan, .. } = hand else { continue };
            if *plan.device != *device {
                continue;
            }
            // With a full queue the next poll tells.
            let Some(answer) = self.desk.submit(device, plan.read()) else { continue };
            let (inbox, plan) = (self.inbox.clone(), plan.clone());
            self.runtime.spawn(async move {
                if let Ok(answer) = answer.await
                    && let Some(actual) = plan.want_read(&answer)
                {
                    inbox.deliver(Input::Feedback { output, actual: Some(actual) }).await;
                }
            });
        }
    }

    /// Brings an output to a level or value. `None`: the answer comes later, through
    /// the inbox or with what the relays show.
    pub(super) fn apply(&mut self, output: OutputId, want: Want) -> Option<Outcome> {
        match (&mut self.hands[output.index()], want) {
            (Hand::Relay(place), Want::Level(level)) => self.relays.command(*place, level),
            (Hand::LoadOutput { device, on_mode }, Want::Level(level)) => {
                let task = load_output::task(level, *on_mode);
                let Some(answer) = self.desk.submit(device, task) else {
                    return Some(load_output::outcome(&Answer::QueueFull));
                };
                let inbox = self.inbox.clone();
                self.runtime.spawn(async move {
                    let outcome = match answer.await {
                        Ok(answer) => load_output::outcome(&answer),
                        Err(_) => Outcome::Failed("the port was lost".to_owned()),
                    };
                    inbox.deliver(Input::Applied { output, want, outcome }).await;
                });
                None
            }
            (Hand::Setpoint { plan, latest }, _) => {
                let turn = Turn::next(latest);
                let (plan, desk, inbox) = (plan.clone(), self.desk.clone(), self.inbox.clone());
                self.runtime.spawn(async move {
                    let outcome = write_all(&plan, &desk, want, &turn).await;
                    inbox.deliver(Input::Applied { output, want, outcome }).await;
                });
                None
            }
            (Hand::Relay(_) | Hand::LoadOutput { .. }, other) => {
                Some(Outcome::Failed(format!("a switched output cannot be {other}")))
            }
        }
    }
}

/// One of several series of writes to one set-point: the latest alone goes on, so
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

/// Writes what belongs together, one after the other; the register's own write
/// says what became of it.
async fn write_all(plan: &Plan, desk: &Desk, want: Want, turn: &Turn) -> Outcome {
    let mut result = Outcome::Verified;
    for task in plan.tasks(want) {
        if !turn.is_latest() {
            return Outcome::Postponed("replaced by a later wish".to_owned());
        }
        let own = plan.is_own(&task);
        let outcome = match desk.submit(&plan.device, task) {
            None => plan.outcome(&Answer::QueueFull),
            Some(answer) => match answer.await {
                Ok(answer) => plan.outcome(&answer),
                Err(_) => Outcome::Failed("the port was lost".to_owned()),
            },
        };
        match outcome {
            Outcome::Failed(_) | Outcome::Postponed(_) => return outcome,
            Outcome::Took(_) if own => result = outcome,
            Outcome::Took(_) => {
                return Outcome::Failed("the device does not let a host take charge".to_owned());
            }
            Outcome::Verified => {}
        }
    }
    result
}
