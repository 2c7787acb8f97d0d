//! Pins of a board that keep their level whatever becomes of the process, and a
//! lease that takes them to safe when nobody steps.

use std::time::Duration;

use sunkeep::actuator::lease::LEASE;

use crate::site::RELAYS;

/// Who moved a pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mover {
    /// A start claims it.
    Claim,
    /// The engine.
    Engine,
    /// The lease, or the helper that runs after a death.
    Guard,
    /// Somebody with a wire.
    Foreign,
}

/// One change of level.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    pub relay: usize,
    pub high: bool,
    pub by: Mover,
}

pub struct Board {
    levels: [bool; RELAYS.len()],
    /// Pins that stay where they are.
    pub welded: [bool; RELAYS.len()],
    /// Pins that cannot be written or read.
    pub failing: [bool; RELAYS.len()],
    renewed: Option<Duration>,
    moves: Vec<Move>,
}

impl Board {
    pub fn new() -> Self {
        Self {
            levels: RELAYS.map(|relay| relay.safe_high),
            welded: [false; RELAYS.len()],
            failing: [false; RELAYS.len()],
            renewed: None,
            moves: Vec::new(),
        }
    }

    /// Brings a pin to a level; says what is read back.
    pub fn write(&mut self, relay: usize, high: bool, by: Mover) -> Result<bool, String> {
        if self.failing[relay] {
            return Err("the pin does not answer".to_owned());
        }
        if !self.welded[relay] || by == Mover::Foreign {
            let before = std::mem::replace(&mut self.levels[relay], high);
            if before != high || by == Mover::Claim {
                self.moves.push(Move { relay, high, by });
            }
        }
        self.read(relay)
    }

    pub fn read(&self, relay: usize) -> Result<bool, String> {
        if self.failing[relay] {
            Err("the pin cannot be read".to_owned())
        } else {
            Ok(self.levels[relay])
        }
    }

    pub fn is_safe(&self, relay: usize) -> bool {
        self.levels[relay] == RELAYS[relay].safe_high
    }

    /// Every pin to safe.
    pub fn all_safe(&mut self, by: Mover) {
        for (index, relay) in RELAYS.iter().enumerate() {
            // A pin that does not answer has been reported where it was wanted.
            let _ = self.write(index, relay.safe_high, by);
        }
    }

    pub fn renew(&mut self, now: Duration) {
        self.renewed = Some(now);
    }

    pub fn release_lease(&mut self) {
        self.renewed = None;
    }

    /// When the lease ends, if there is one.
    pub fn expiry(&self) -> Option<Duration> {
        self.renewed.map(|renewed| renewed + LEASE)
    }

    /// The lease's own thread.
    pub fn guard(&mut self, now: Duration) {
        if self.expiry().is_some_and(|expiry| now > expiry) {
            self.all_safe(Mover::Guard);
        }
    }

    /// Moves since the last call.
    pub fn moves(&mut self) -> Vec<Move> {
        std::mem::take(&mut self.moves)
    }
}
