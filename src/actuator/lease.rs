//! Keeps pins away from their safe level only while somebody is in charge.
//!
//! Every step of the engine renews the lease. Two seconds without, and this
//! module's own thread takes every pin to its safe level, whatever the engine is
//! stuck in; a panic does the same at once. A killed process is beyond its reach.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::ActuatorError;
use super::gpio::{Relay, Shown};
use crate::arbiter::Level;
use crate::clock::{Clock, SystemClock};

/// Without a step for this long, pins are taken to safe. Real time, whatever
/// clock the engine runs on.
pub const LEASE: Duration = Duration::from_secs(2);

/// How often the thread looks.
const LOOK: Duration = Duration::from_millis(200);

/// Claimed relays and who watches over them.
pub struct Leased {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    relays: Mutex<Vec<(Relay, Level)>>,
    clock: SystemClock,
    /// When the lease was renewed last, in ms on `clock`.
    renewed: AtomicU64,
    ended: AtomicBool,
}

impl Leased {
    /// Watches over relays, each with its safe level.
    ///
    /// # Errors
    /// When the system refuses the thread.
    pub fn new(relays: Vec<(Relay, Level)>) -> Result<Self, ActuatorError> {
        let shared = Arc::new(Shared {
            relays: Mutex::new(relays),
            clock: SystemClock::new(),
            renewed: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        });
        let watched = shared.clone();
        let thread = std::thread::Builder::new()
            .name("pins".to_owned())
            .spawn(move || watched.watch())
            .map_err(|cause| ActuatorError::Watch { cause: cause.to_string() })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// The engine has completed a step.
    pub fn renew(&self) {
        self.shared.renewed.store(self.shared.now_ms(), Ordering::Relaxed);
    }

    /// Switches the relay at this place and returns what it shows then.
    ///
    /// # Errors
    /// Says why the level could not be set or read.
    pub fn command(&self, place: usize, level: Level) -> Result<Shown, ActuatorError> {
        let now = self.shared.clock.now().monotonic;
        self.shared.lock()[place].0.command(now, level)
    }

    /// What the relay at this place shows.
    ///
    /// # Errors
    /// Says why it could not be read.
    pub fn shown(&self, place: usize) -> Result<Shown, ActuatorError> {
        let now = self.shared.clock.now().monotonic;
        self.shared.lock()[place].0.shown(now)
    }

    /// Nobody needs watching any more: pins stay where they are.
    pub fn end(&self) {
        self.shared.ended.store(true, Ordering::Relaxed);
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shared.all_safe();
        }
        self.end();
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It has nothing left to say.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn watch(&self) {
        let mut expired = false;
        while !self.ended.load(Ordering::Relaxed) {
            std::thread::park_timeout(LOOK);
            let idle = self.now_ms().saturating_sub(self.renewed.load(Ordering::Relaxed));
            let late = u128::from(idle) > LEASE.as_millis();
            if late && !expired && !self.ended.load(Ordering::Relaxed) {
                self.all_safe();
                tracing::error!(idle_ms = idle, "the engine does not step: pins are taken to safe");
            }
            expired = late;
        }
    }

    fn all_safe(&self) {
        let now = self.clock.now().monotonic;
        for (relay, safe) in self.lock().iter_mut() {
            if let Err(error) = relay.command(now, *safe) {
                tracing::error!(%error, "a pin could not be taken to safe");
            }
        }
    }

    fn now_ms(&self) -> u64 {
        // 584 million years fit.
        u64::try_from(self.clock.now().monotonic.as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Relay, Level)>> {
        self.relays.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actuator::gpio::{Backend, Pins, Wiring};

    fn leased(pins: &Pins, safe: Level) -> Leased {
        let relay = pins.claim(&Wiring::new(17, true), safe).unwrap();
        Leased::new(vec![(relay, safe)]).unwrap()
    }

    #[test]
    fn a_panic_takes_every_pin_to_its_safe_level() {
        for safe in [Level::Off, Level::On] {
            let pins = Pins::new(Backend::Simulated);
            let leased = leased(&pins, safe);
            leased.command(0, safe.opposite()).unwrap();
            let engine = std::thread::spawn(move || {
                let _held = leased;
                panic!("a bug in the engine");
            });
            assert!(engine.join().is_err());
            assert_eq!(pins.simulated().high(17), Some(safe == Level::On));
        }
    }

    #[test]
    fn a_lease_that_is_not_renewed_ends_in_safe() {
        let pins = Pins::new(Backend::Simulated);
        let leased = leased(&pins, Level::Off);
        leased.command(0, Level::On).unwrap();
        // The thread waits in real time; the watch itself does not.
        leased.shared.all_safe();
        assert_eq!(leased.shown(0).unwrap(), Shown::Level(Level::Off));
    }

    #[test]
    fn an_orderly_end_leaves_pins_where_they_are() {
        let pins = Pins::new(Backend::Simulated);
        let leased = leased(&pins, Level::Off);
        leased.command(0, Level::On).unwrap();
        leased.end();
        drop(leased);
        assert_eq!(pins.simulated().high(17), Some(true));
    }
}
