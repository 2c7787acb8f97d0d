//! Pins that exist in memory only, for demos, desks and tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::drivers::{Pin, Sense};

/// Pins in memory; clones look at the same pins.
#[derive(Clone, Debug, Default)]
pub struct SimulatedPins {
    levels: Arc<Mutex<BTreeMap<u8, bool>>>,
}

impl SimulatedPins {
    /// The electrical level of a pin; `None` while nobody has claimed it.
    #[must_use]
    pub fn high(&self, pin: u8) -> Option<bool> {
        self.lock().get(&pin).copied()
    }

    /// Moves a pin behind the program's back, as a fault would.
    pub fn force(&self, pin: u8, high: bool) {
        self.lock().insert(pin, high);
    }

    pub(super) fn output(&self, pin: u8, high: bool) -> Box<dyn Pin> {
        self.force(pin, high);
        Box::new(Output { pin, pins: self.clone() })
    }

    /// A contact that follows a relay, as a healthy one does, until it is forced:
    /// `inverted` if it shows the opposite level.
    pub(super) fn contact(&self, pin: u8, relay: u8, inverted: bool) -> Box<dyn Sense> {
        Box::new(Contact { pin, relay, inverted, pins: self.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u8, bool>> {
        self.levels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Output {
    pin: u8,
    pins: SimulatedPins,
}

impl Pin for Output {
    fn write(&mut self, high: bool) -> Result<(), String> {
        self.pins.force(self.pin, high);
        Ok(())
    }

    fn read(&self) -> Result<bool, String> {
        self.pins.high(self.pin).ok_or_else(|| "not claimed".to_owned())
    }
}

struct Contact {
    pin: u8,
    relay: u8,
    inverted: bool,
    pins: SimulatedPins,
}

impl Sense for Contact {
    fn read(&self) -> Result<bool, String> {
        let follows = || Some(self.pins.high(self.relay)? != self.inverted);
        self.pins.high(self.pin).or_else(follows).ok_or_else(|| "not claimed".to_owned())
    }
}
