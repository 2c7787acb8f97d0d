//! Pins that exist in memory only, for demos, desks and tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::drivers::{Pin, Sense};

/// Pins in memory; clones look at the same pins.
#[derive(Clone, Debug, Default)]
pub struct SimulatedPins {
    levels: Arc<Mutex<BTreeMap<u8, bool>>>,
    hung: Arc<(Mutex<BTreeSet<u8>>, Condvar)>,
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

    /// From now on the driver of this pin does not return from a write, or does again.
    pub fn hang(&self, pin: u8, hung: bool) {
        let (pins, changed) = &*self.hung;
        let mut pins = pins.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = if hung { pins.insert(pin) } else { pins.remove(&pin) };
        changed.notify_all();
    }

    fn wait_while_hung(&self, pin: u8) {
        let (pins, changed) = &*self.hung;
        let pins = pins.lock().unwrap_or_else(PoisonError::into_inner);
        drop(changed.wait_while(pins, |pins| pins.contains(&pin)));
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
        self.pins.wait_while_hung(self.pin);
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
