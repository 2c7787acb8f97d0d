//! Keeps pins away from their safe level only while somebody is in charge.
//!
//! Every step of the engine renews the lease. Two seconds without, and this
//! module's own thread takes every pin to its safe level, whatever the engine is
//! stuck in; a panic does the same at once. A killed process is beyond its reach.
//!
//! A driver may hang too. Each pin has a lock of its own and is taken to safe by a
//! thread of its own, so that one that hangs keeps no other from its safe level. It
//! keeps the step from completing, though: the watchdog starves, and whoever comes
//! after this process tries again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
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

/// How long a pin may take to its safe level before it counts as hung.
const DRIVER_LIMIT: Duration = Duration::from_secs(1);

/// Claimed relays and who watches over them.
pub struct Leased {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    /// Each with its safe level.
    relays: Vec<Mutex<(Relay, Level)>>,
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
            relays: relays.into_iter().map(Mutex::new).collect(),
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
        self.shared.with(place, |relay, _| relay.command(now, level))
    }

    /// What the relay at this place shows.
    ///
    /// # Errors
    /// Says why it could not be read.
    pub fn shown(&self, place: usize) -> Result<Shown, ActuatorError> {
        let now = self.shared.clock.now().monotonic;
        self.shared.with(place, |relay, _| relay.shown(now))
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
    fn watch(self: &Arc<Self>) {
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

    /// Every pin at once; waits for those that answer.
    fn all_safe(self: &Arc<Self>) {
        let (done, answers) = channel();
        for place in 0..self.relays.len() {
            let (shared, done) = (self.clone(), done.clone());
            let act = move || {
                shared.safe(place);
                // Nobody waits any more for one that was hung.
                let _ = done.send(());
            };
            if let Err(error) = std::thread::Builder::new().name("pin".to_owned()).spawn(act) {
                tracing::error!(%error, "no thread for a pin: it is taken to safe in line");
                self.safe(place);
            }
        }
        drop(done);
        let answered = std::iter::from_fn(|| answers.recv_timeout(DRIVER_LIMIT).ok()).count();
        let hung = self.relays.len().saturating_sub(answered);
        if hung > 0 {
            tracing::error!(hung, "drivers of pins do not answer: these pins are where they are");
        }
    }

    fn safe(&self, place: usize) {
        let now = self.clock.now().monotonic;
        let commanded = self.with(place, |relay, safe| relay.command(now, safe));
        if let Err(error) = commanded {
            tracing::error!(%error, "a pin could not be taken to safe");
        }
    }

    fn now_ms(&self) -> u64 {
        // 584 million years fit.
        u64::try_from(self.clock.now().monotonic.as_millis()).unwrap_or(u64::MAX)
    }

    /// Something with one relay and its safe level; waits while its driver hangs.
    fn with<T>(&self, place: usize, act: impl FnOnce(&mut Relay, Level) -> T) -> T {
        let mut held = self.relays[place].lock().unwrap_or_else(PoisonError::into_inner);
        let (relay, safe) = &mut *held;
        act(relay, *safe)
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

    #[test]
    fn a_driver_that_hangs_keeps_no_other_pin_from_its_safe_level() {
        let pins = Pins::new(Backend::Simulated);
        let board = pins.simulated();
        let claim = |pin| (pins.claim(&Wiring::new(pin, true), Level::Off).unwrap(), Level::Off);
        let leased = Leased::new(vec![claim(17), claim(18)]).unwrap();
        leased.command(0, Level::On).unwrap();
        leased.command(1, Level::On).unwrap();
        board.hang(17, true);
        std::thread::scope(|scope| {
            // The engine is stuck in it, and so is whoever comes to its help.
            let stuck = scope.spawn(|| leased.command(0, Level::Off));
            leased.shared.all_safe();
            assert_eq!(board.high(18), Some(false));
            assert_eq!(board.high(17), Some(true), "nothing can be done about it");
            assert!(!stuck.is_finished());
            board.hang(17, false);
        });
        assert_eq!(board.high(17), Some(false));
    }
}
